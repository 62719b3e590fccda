import { createContext } from 'svelte'
import type { ConnectionState, ConsoleClient, ConsoleConnection } from '../client.ts'
import type { HostCapabilities } from '#contract/api.ts'
import type { AskedRestore, InterruptedRestore } from '#contract/restore.ts'
import { GuidedBackups } from './guided-backups.svelte.ts'
import { Kept } from './kept.ts'
import { Connections } from './connections.svelte.ts'
import { MigrationDraft } from './migration-draft.svelte.ts'
import { Profiles } from './profiles.svelte.ts'
import { Restores } from './restores.svelte.ts'
import { RestoreDraft } from './restore-draft.svelte.ts'
import { Tasks } from './tasks.svelte.ts'

/** What every view may reach: the host, what it can do, and what is under way there. */
export class Console {
  readonly client: ConsoleClient
  readonly signOut: ConsoleConnection['signOut']
  readonly kept: Kept
  readonly restores: Restores
  readonly tasks: Tasks
  readonly profiles: Profiles
  readonly connections: Connections
  readonly guidedBackups: GuidedBackups
  #link = $state<ConnectionState>('connecting')
  #capabilities = $state.raw<HostCapabilities | null>(null)
  #secretsLocked = $state(false)
  #restoreDraft = $state.raw(new RestoreDraft())
  #migrationDraft = $state.raw(new MigrationDraft())

  constructor(connection: ConsoleConnection) {
    this.client = connection.client
    this.signOut = connection.signOut
    this.kept = new Kept(connection.client)
    this.restores = new Restores(connection.client, this.kept)
    this.tasks = new Tasks(connection.client)
    this.profiles = new Profiles(connection.client, this.kept)
    this.connections = new Connections(connection.client, this.kept)
    this.guidedBackups = new GuidedBackups(connection.client, this.kept)
    this.#link = connection.state
    connection.onState((state) => {
      this.#link = state
      if (state === 'connected') void this.#meet()
    })
    if (connection.state === 'connected') void this.#meet()
    this.kept.on('preferences', () => this.takeLimits())
    this.kept.on('secrets', () => void this.#lookAtSecrets())
  }

  get link(): ConnectionState {
    return this.#link
  }

  /** Null until the host has answered for the first time. */
  get capabilities(): HostCapabilities | null {
    return this.#capabilities
  }

  /** Stored passwords cannot be read before their passphrase has been typed. */
  get secretsLocked(): boolean {
    return this.#secretsLocked
  }

  /** The restore being put together; it lives as long as the window, its passwords nowhere else. */
  get restoreDraft(): RestoreDraft {
    return this.#restoreDraft
  }

  /** The migration being put together; its passwords nowhere else, until the profile keeps them. */
  get migrationDraft(): MigrationDraft {
    return this.#migrationDraft
  }

  startMigrationAfresh(): MigrationDraft {
    this.#migrationDraft = new MigrationDraft()
    return this.#migrationDraft
  }

  startAfresh(): void {
    // Else it would read on beside what was begun.
    this.#restoreDraft.trial.cancel()
    this.#restoreDraft = new RestoreDraft()
    this.takeLimits()
  }

  /** Fills a restore as an interrupted one was asked for; null where a file could not be read, or another was begun meanwhile. */
  async reopenRestore(restore: InterruptedRestore, asked: AskedRestore): Promise<RestoreDraft | null> {
    const draft = new RestoreDraft()
    this.#restoreDraft = draft
    await this.connections.refresh()
    const areRead = await draft.reopen(this.client, restore, asked, this.connections.all)
    return areRead && this.#restoreDraft === draft ? draft : null
  }

  /** Has the restore being put together begin with the limits a person prefers, unless it is under way already. */
  takeLimits(): void {
    const draft = this.#restoreDraft
    if (draft.inputs.all.length > 0 || draft.earlier !== null) return
    void this.client.preferences.get().then((answer) => {
      if ('ok' in answer) draft.limits.show(answer.ok.limits)
    })
  }

  async #lookAtSecrets(): Promise<void> {
    const answer = await this.client.secrets.standing()
    if ('ok' in answer) this.#secretsLocked = answer.ok.locked
  }

  async #meet(): Promise<void> {
    const answer = await this.client.host.capabilities()
    if ('ok' in answer) this.#capabilities = answer.ok
    void this.kept.watch()
    void this.tasks.watchAll()
    void this.restores.watchAll()
  }
}

export const [getConsole, setConsole] = createContext<Console>()
