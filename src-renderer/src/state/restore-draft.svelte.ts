import { keysOf, placeOf, type Connection } from '#contract/connection.ts'
import type { CannotHoldPolicy, FieldExpiryPolicy } from '#contract/loss.ts'
import type { AskedRestore, ConflictPolicy, InterruptedRestore, RestoreRequest } from '#contract/restore.ts'
import type { SavedConnection } from '#contract/saved-connection.ts'
import type { ConsoleClient } from '../client.ts'
import type { RestoreStep } from '../router.svelte.ts'
import { ConnectionDraft, type Problem } from './connection-draft.svelte.ts'
import { ConnectionTest } from './connection-test.svelte.ts'
import { LimitsDraft } from './limits-draft.svelte.ts'
import { isWithin } from './restore-fields.ts'
import { RestoreInputs, type RestoreInput } from './restore-inputs.svelte.ts'
import { RestoreScope } from './restore-scope.svelte.ts'
import { Trial } from './trial.svelte.ts'

/** A restore being put together, step by step. */
export class RestoreDraft {
  readonly inputs = new RestoreInputs()
  readonly target = new ConnectionDraft('target')
  readonly test = new ConnectionTest()
  readonly scope = new RestoreScope(this.inputs)
  onConflict = $state<ConflictPolicy>('fail')
  cannotHold = $state<CannotHoldPolicy>('stop')
  fieldExpiry = $state<FieldExpiryPolicy>('stop')
  connections = $state('8')
  readonly limits = new LimitsDraft()
  /** The dry run; it belongs to the very plan it was made with. */
  readonly trial = new Trial()
  #earlier = $state.raw<{
    readonly restore: InterruptedRestore
    readonly asked: AskedRestore
    /** The rules as the form had them when it was filled. */
    readonly decided: string
  } | null>(null)

  get problems(): Readonly<Record<RestoreStep, readonly Problem[]>> {
    return {
      file: [
        ...this.inputs.problems,
        ...(this.missingInputs.length > 0
          ? [{ field: 'restore-file', word: 'restore.file.again' } as const]
          : []),
      ],
      target: this.target.problems,
      scope: this.scope.problems,
      options: this.#optionProblems(),
      review: [],
    }
  }

  /** Keys the target holds, by the last test of these very settings; null while unknown. */
  get keysInTarget(): number | null {
    const { facts } = this.test
    if (facts === null || !this.test.isAbout(this.target.connection)) return null
    return keysOf(facts)
  }

  /** Null while something is missing. */
  get request(): RestoreRequest | null {
    const { connection } = this.target
    if (connection === null || Object.values(this.problems).some((problems) => problems.length > 0))
      return null
    const { goesOn, hasChanged } = this
    return {
      files: this.#inputs.map(({ input }) => input),
      target: connection,
      connections: Number(this.connections),
      limits: this.limits.limits,
      ...this.#decided,
      ...(goesOn && this.#again(connection)),
      ...(hasChanged && { resume: 'afresh' as const }),
    }
  }

  /** Whether it goes on with the interrupted restore it was filled from: nothing that decides what is written was changed. */
  get goesOn(): boolean {
    return this.isOfEarlier && !this.hasChanged && this.#earlier?.decided === JSON.stringify(this.#decided)
  }

  /** Whether it is about the same inputs and the same target as the interrupted restore it was filled from. */
  get isOfEarlier(): boolean {
    const { connection } = this.target
    if (this.#earlier === null || connection === null) return false
    const { files, target } = this.#earlier.asked.spec
    const names = this.#inputs.map(({ name }) => name)
    return JSON.stringify(names) === JSON.stringify(files) && placeOf(connection) === placeOf(target)
  }

  /** It is, but a file is no longer what it was: it can only begin anew. */
  get hasChanged(): boolean {
    return this.isOfEarlier && this.earlier!.changed.length > 0
  }

  /** Addresses of the interrupted restore that held a secret, and have not been typed again. */
  get missingInputs(): readonly string[] {
    const { shortened = [] } = this.#earlier?.asked ?? {}
    return shortened.filter((name) => this.inputs.all.every((one) => one.name !== name))
  }

  /** The interrupted restore it was filled from. */
  get earlier(): InterruptedRestore | null {
    return this.#earlier?.restore ?? null
  }

  /**
   * Fills it as an interrupted restore was asked for, and has its files read; secrets are left to be typed, but for those
   * that a saved connection keeps. Whether all files could be read.
   */
  async reopen(
    client: ConsoleClient,
    restore: InterruptedRestore,
    asked: AskedRestore,
    saved: readonly SavedConnection[],
  ): Promise<boolean> {
    const { spec, secrets, shortened } = asked
    this.target.reopen(spec.target, secrets, saved)
    this.onConflict = spec.onConflict
    this.cannotHold = spec.cannotHold
    this.fieldExpiry = spec.fieldExpiry
    this.connections = String(spec.connections)
    this.limits.show(spec.limits)
    const whole = spec.files.filter((file) => !shortened.includes(file))
    // With one that is not known, the keys of all together are not: reading the others would tell nothing.
    const isComplete = shortened.length === 0
    if (!isComplete) this.inputs.name(whole)
    const areRead = !isComplete || (await this.inputs.addAll(client, whole))
    this.scope.reopen(spec)
    this.#earlier = { restore, asked, decided: JSON.stringify(this.#decided) }
    return areRead
  }

  /** The inputs; those of an interrupted restore in its order, by which it is known again. */
  get #inputs(): readonly RestoreInput[] {
    const files: readonly string[] = this.#earlier?.asked.spec.files ?? []
    const place = ({ name }: RestoreInput): number =>
      files.includes(name) ? files.indexOf(name) : files.length
    return [...this.inputs.all].sort((one, other) => place(one) - place(other))
  }

  /** All that decides what is written, but for the inputs. */
  get #decided(): Partial<RestoreRequest> {
    const { onConflict, cannotHold, fieldExpiry } = this
    return { onConflict, ...this.scope.request, cannotHold, fieldExpiry }
  }

  /** The very rules of the earlier order, also where the form says them in other words or has none for them. */
  #again(connection: Connection): Partial<RestoreRequest> {
    const { files: _files, connections: _connections, limits: _limits, ...rules } = this.#earlier!.asked.spec
    const isProxy = rules.target.proxy === true
    return { ...rules, target: { ...connection, ...(isProxy && { proxy: true }) } }
  }

  /** The first step that still lacks something, up to and without `step`. */
  firstGapBefore(step: RestoreStep): RestoreStep | null {
    for (const name of ['file', 'target', 'scope', 'options'] as const) {
      if (name === step) return null
      if (this.problems[name].length > 0) return name
    }
    return null
  }

  #optionProblems(): readonly Problem[] {
    const problems: Problem[] = []
    if (!isWithin(this.connections, 1, 256))
      problems.push({ field: 'restore-connections', word: 'restore.connections.wrong' })
    return [...problems, ...this.limits.problems('restore')]
  }
}
