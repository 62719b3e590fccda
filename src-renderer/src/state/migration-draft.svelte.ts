import { placeOf, type ServerFacts } from '#contract/connection.ts'
import { keptCommandSchema, lineOfCommand, wordsOfCommand } from '#contract/cutover-command.ts'
import type { Failure } from '#contract/failure.ts'
import {
  defaultProfileOptions,
  type Passwords,
  type ProfileOptions,
  type ProfileView,
} from '#contract/profile.ts'
import { databasesMeeting, nameMeeting } from '#contract/selection.ts'
import type { ConsoleClient } from '../client.ts'
import type { MigrationStep } from '../router.svelte.ts'
import { ConnectionDraft, type Problem } from './connection-draft.svelte.ts'
import { ConnectionTest } from './connection-test.svelte.ts'
import { KeyScope } from './key-scope.svelte.ts'
import { scanPaceIn } from './scan-pace.ts'
import { typedPasswords } from './typed-passwords.ts'

/** A migration being put together; every step forward saves it as a profile. */
export class MigrationDraft {
  id = $state<string | null>(null)
  name = $state('')
  readonly source = new ConnectionDraft('source')
  readonly target = new ConnectionDraft('target')
  readonly tests = { source: new ConnectionTest(), target: new ConnectionTest() }
  readonly scope = new KeyScope()
  onConflict = $state<ProfileOptions['onConflict']>(defaultProfileOptions.onConflict)
  mode = $state<ProfileOptions['mode']>(defaultProfileOptions.mode)
  prefer = $state<ProfileOptions['prefer']>(defaultProfileOptions.prefer)
  proof = $state<ProfileOptions['proof']>(defaultProfileOptions.proof)
  afterFinish = $state<ProfileOptions['afterFinish']>(defaultProfileOptions.afterFinish)
  wayBack = $state(defaultProfileOptions.wayBack)
  adjustSettings = $state(defaultProfileOptions.adjustSettings)
  pauseSaves = $state(defaultProfileOptions.pauseSaves)
  lockTarget = $state(defaultProfileOptions.lockTarget)
  lanes = $state(String(defaultProfileOptions.lanes))
  copyConnections = $state(String(defaultProfileOptions.copyConnections))
  /** Empty: no limit. */
  scanPace = $state(String(defaultProfileOptions.scanKeysPerSecond ?? ''))
  /** A command to be run at the cutover, as it is typed; empty: none. */
  onCutover = $state('')
  /** The command that somebody at the host's machine has consented to, as far as that is known here. */
  #consentedTo = $state<string | null>(null)
  /** When it was last saved, milliseconds since the epoch; 0: never. */
  savedAt = $state(0)
  #saved = $state('')

  /** A way back goes to one source, a cluster too: of several, nothing tells whose a new key is. */
  get hasOneSource(): boolean {
    return this.source.others.list.length === 0
  }

  /** The command for the cutover in words; null where there is none, or it cannot be read as one. */
  get command(): string[] | null {
    return keptCommandSchema.safeParse(wordsOfCommand(this.onCutover)).data ?? null
  }

  /** Whether it lacks the consent that it needs to be run. */
  get wantsConsent(): boolean {
    return this.command !== null && this.#consentedTo !== JSON.stringify(this.command)
  }

  /** Somebody has consented to this very command. */
  consentedTo(command: readonly string[]): void {
    this.#consentedTo = JSON.stringify(command)
  }

  get mayGoBack(): boolean {
    return this.hasOneSource && this.scope.isPlain
  }

  /** What the source told at its test; null where that says nothing of the whole: of one server of several. */
  get factsOfAll(): ServerFacts | null {
    const { facts } = this.tests.source
    return this.hasOneSource && (facts?.cluster ?? null) === null ? facts : null
  }

  get problems(): Readonly<Record<MigrationStep, readonly Problem[]>> {
    return {
      source: [
        ...(this.name.trim() === ''
          ? [{ field: 'migration-name', word: 'migration.name.missing' } as const]
          : []),
        ...this.source.problems,
        ...this.source.otherProblems,
      ],
      target: [
        ...this.target.problems,
        ...(this.#sidesAgree() ? [{ field: 'target-host', word: 'migration.target.same' } as const] : []),
      ],
      scope: [...this.scope.problems, ...this.#rulesNotFollowed()],
      options: [
        ...(this.onCutover.trim() === '' || this.command !== null
          ? []
          : [{ field: 'migration-on-cutover', word: 'command.wrong' } as const]),
        ...(isWithin(this.lanes, 64)
          ? []
          : [{ field: 'migration-lanes', word: 'migration.lanes.wrong' } as const]),
        ...(isWithin(this.copyConnections, 256)
          ? []
          : [{ field: 'migration-copy', word: 'restore.connections.wrong' } as const]),
        ...(this.mode !== 'stream' && scanPaceIn(this.scanPace) === undefined
          ? [{ field: 'migration-scan-pace', word: 'limits.keys.wrong' } as const]
          : []),
      ],
      check: [],
      review: [],
    }
  }

  /** Passwords typed here that the profile does not keep: needed at every check and start. */
  get passwords(): Passwords {
    return typedPasswords(this.source, this.target)
  }

  /** Takes over a saved profile; what is stored sealed stays with the host. */
  open(profile: ProfileView): void {
    this.id = profile.id
    this.name = profile.name
    if (profile.source !== null) this.source.open(profile.source)
    if (profile.target !== null) this.target.open(profile.target)
    const { options } = profile
    this.onConflict = options.onConflict
    this.mode = options.mode
    // A profile of before has none.
    this.prefer = (options as Partial<ProfileOptions>).prefer ?? defaultProfileOptions.prefer
    this.proof = options.proof
    this.afterFinish = options.afterFinish
    this.wayBack = options.wayBack ?? false
    this.adjustSettings = options.adjustSettings
    this.pauseSaves = options.pauseSaves
    this.lockTarget = options.lockTarget
    this.scope.open(options.rules)
    this.lanes = String(options.lanes)
    this.copyConnections = String(options.copyConnections)
    const { scanKeysPerSecond = defaultProfileOptions.scanKeysPerSecond } = options as Partial<ProfileOptions>
    this.scanPace = String(scanKeysPerSecond ?? '')
    this.onCutover = options.onCutover ? lineOfCommand(options.onCutover) : ''
    this.#keptAs(profile)
    this.savedAt = profile.updatedAt
    this.#saved = this.#fingerprint()
  }

  /** Is nothing changed since it was opened, or saved? */
  get isSaved(): boolean {
    return this.#saved === this.#fingerprint()
  }

  /** What was saved is gone: it is one not saved yet, and what was kept sealed is to be typed again. */
  beginAnew(): void {
    this.id = null
    this.savedAt = 0
    this.#saved = ''
    this.source.forgetStored()
    this.target.forgetStored()
  }

  /** Saves it as a profile of its own, under a name that is free, beside what another console has made of it. */
  async saveAsCopy(client: ConsoleClient, name: string): Promise<Failure | null> {
    const answer = await client.profiles.duplicate({ id: this.id!, name })
    if ('failed' in answer) return answer.failed
    this.id = answer.ok.id
    this.name = answer.ok.name
    return await this.save(client, 'over')
  }

  /**
   * Saves what has been answered so far; why it could not, or null. `over`: also where another console has saved it since.
   */
  async save(client: ConsoleClient, over?: 'over'): Promise<Failure | null> {
    if (this.isSaved) return null
    const answer = await client.profiles.save({
      ...(this.id !== null && { id: this.id }),
      ...(this.id !== null && over === undefined && { basedOn: this.savedAt }),
      name: this.name.trim(),
      source: this.source.endpoint,
      target: this.target.endpoint,
      options: {
        onConflict: this.onConflict,
        mode: this.mode,
        prefer: this.prefer,
        proof: this.proof,
        afterFinish: this.afterFinish,
        wayBack: this.wayBack && this.mayGoBack,
        adjustSettings: this.adjustSettings,
        pauseSaves: this.pauseSaves,
        lockTarget: this.lockTarget,
        ...(!this.scope.isPlain && { rules: this.scope.rules }),
        lanes: isWithin(this.lanes, 64) ? Number(this.lanes) : defaultProfileOptions.lanes,
        copyConnections: isWithin(this.copyConnections, 256)
          ? Number(this.copyConnections)
          : defaultProfileOptions.copyConnections,
        scanKeysPerSecond: scanPaceIn(this.scanPace) ?? null,
        onCutover: this.command,
      },
    })
    if ('failed' in answer) return answer.failed
    this.id = answer.ok.id
    this.savedAt = answer.ok.updatedAt
    this.#keptAs(answer.ok)
    for (const side of ['source', 'target'] as const) {
      const kept = answer.ok[side]
      if (kept === null) continue
      const isTested = this.tests[side].isAbout(this[side].connection)
      this[side].keptAs(kept)
      const { connection } = this[side]
      if (isTested && connection !== null) this.tests[side].keptAs(connection)
    }
    this.#saved = this.#fingerprint()
    return null
  }

  #keptAs({ options: { onCutover }, commandConsent }: ProfileView): void {
    if (commandConsent?.given && onCutover) this.consentedTo(onCutover)
  }

  /** The first step that still lacks something, up to and without `step`. */
  firstGapBefore(step: MigrationStep): MigrationStep | null {
    for (const name of ['source', 'target', 'scope', 'options'] as const) {
      if (name === step) return null
      if (this.problems[name].length > 0) return name
    }
    return null
  }

  /** What rules of a restore mean, and those of a live sync cannot. */
  #rulesNotFollowed(): readonly Problem[] {
    const { isPlain, rules } = this.scope
    if (isPlain) return []
    const there = Object.keys(this.tests.source.facts?.keysPerDb ?? {}).map(Number)
    return [
      ...(nameMeeting(rules) === null ? [] : [{ field: 'scope-strip', word: 'scope.strip.partly' } as const]),
      ...(databasesMeeting(rules, there) === null
        ? []
        : [{ field: 'scope-db-prefix', word: 'scope.dbs.meet' } as const]),
    ]
  }

  #sidesAgree(): boolean {
    const { connection: source } = this.source
    const { connection: target } = this.target
    return source !== null && target !== null && placeOf(source) === placeOf(target)
  }

  #fingerprint(): string {
    return JSON.stringify([
      this.name,
      this.source.endpoint,
      this.target.endpoint,
      this.onConflict,
      this.mode,
      this.prefer,
      this.proof,
      this.afterFinish,
      this.wayBack,
      this.adjustSettings,
      this.pauseSaves,
      this.lockTarget,
      this.lanes,
      this.copyConnections,
      this.scanPace,
      this.onCutover,
      this.scope.rules,
    ])
  }
}

function isWithin(text: string, most: number): boolean {
  return /^\d{1,3}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most
}
