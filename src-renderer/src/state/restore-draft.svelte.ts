import type { FileReport } from '#contract/inspect.ts'
import type { Failure } from '#contract/failure.ts'
import type { ConflictPolicy, RestoreRequest } from '#contract/restore.ts'
import type { ConsoleClient } from '../client.ts'
import type { RestoreStep } from '../router.svelte.ts'
import { ConnectionDraft, type Problem } from './connection-draft.svelte.ts'
import { ConnectionTest } from './connection-test.svelte.ts'
import { parseDbMap, parsePatterns } from './restore-fields.ts'

/** A restore being put together, step by step. */
export class RestoreDraft {
  file = $state('')
  report = $state.raw<FileReport | null>(null)
  reportFailure = $state.raw<Failure | null>(null)
  inspecting = $state(false)
  readonly target = new ConnectionDraft('target')
  readonly test = new ConnectionTest()
  onConflict = $state<ConflictPolicy>('fail')
  connections = $state('8')
  databases = $state<'keep' | 'one' | 'map'>('keep')
  targetDb = $state('0')
  dbMap = $state('')
  include = $state('')
  exclude = $state('')

  /** The path `report` is about. */
  #readPath = $state('')

  /** The file card is about the file chosen now. */
  get isRead(): boolean {
    return this.report !== null && this.#readPath === this.file
  }

  get problems(): Readonly<Record<RestoreStep, readonly Problem[]>> {
    return {
      file: this.#fileProblems(),
      target: this.target.problems,
      options: this.#optionProblems(),
      review: [],
    }
  }

  /** Keys the target holds, by the last test of these very settings; null while unknown. */
  get keysInTarget(): number | null {
    const { facts } = this.test
    if (facts === null || !this.test.isAbout(this.target.connection)) return null
    return Object.values(facts.keysPerDb).reduce((sum, db) => sum + db.keys, 0)
  }

  /** Null while something is missing. */
  get request(): RestoreRequest | null {
    const { connection } = this.target
    const dbMap = parseDbMap(this.dbMap)
    if (this.#isIncomplete() || connection === null) return null
    return {
      files: [this.file],
      target: connection,
      connections: Number(this.connections),
      onConflict: this.onConflict,
      ...(this.databases === 'one' && { targetDb: Number(this.targetDb) }),
      ...(this.databases === 'map' && dbMap !== null && { dbMap }),
      include: parsePatterns(this.include),
      exclude: parsePatterns(this.exclude),
    }
  }

  async inspect(client: ConsoleClient, path: string): Promise<void> {
    this.file = path
    this.report = null
    this.reportFailure = null
    this.inspecting = true
    const answer = await client.files.inspect({ path })
    // Another file may have been chosen meanwhile; the newest choice wins.
    if (this.file !== path) return
    this.inspecting = false
    this.#readPath = path
    if ('ok' in answer) this.report = answer.ok
    else this.reportFailure = answer.failed
  }

  /** The first step that still lacks something, up to and without `step`. */
  firstGapBefore(step: RestoreStep): RestoreStep | null {
    for (const name of ['file', 'target', 'options'] as const) {
      if (name === step) return null
      if (this.problems[name].length > 0) return name
    }
    return null
  }

  #isIncomplete(): boolean {
    return Object.values(this.problems).some((problems) => problems.length > 0)
  }

  #fileProblems(): readonly Problem[] {
    if (this.file.trim() === '') return [{ field: 'restore-file', word: 'restore.file.missing' }]
    if (!this.isRead) return [{ field: 'restore-file', word: 'restore.file.unread' }]
    return []
  }

  #optionProblems(): readonly Problem[] {
    const problems: Problem[] = []
    if (!isWithin(this.connections, 1, 256))
      problems.push({ field: 'restore-connections', word: 'restore.connections.wrong' })
    if (this.databases === 'one' && !isWithin(this.targetDb, 0, 65535))
      problems.push({ field: 'restore-target-db', word: 'restore.targetDb.wrong' })
    if (this.databases === 'map' && parseDbMap(this.dbMap) === null)
      problems.push({ field: 'restore-db-map', word: 'restore.dbMap.wrong' })
    return problems
  }
}

function isWithin(text: string, low: number, high: number): boolean {
  return /^\d{1,5}$/.test(text.trim()) && Number(text) >= low && Number(text) <= high
}
