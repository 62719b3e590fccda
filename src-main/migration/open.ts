import { join } from 'node:path'
import type { CheckResult } from '#contract/precheck.ts'
import type { JobRunner } from '#engine/worker/pool.ts'
import { openStore } from '#store/open.ts'
import type { RevisionTable } from '#store/revisions.ts'
import { checkServers } from './checking.ts'
import { commandConsents, type CommandConsents } from './command-consent.ts'
import { createGuidedBackups, type GuidedBackups } from './guided-backup/guided-backups.ts'
import { freezeJournal, type FreezeJournal } from './freeze/record.ts'
import type { Clock } from './clock.ts'
import type { CheckRequest } from './prechecks/context.ts'
import { createConnections, type Connections } from './connections.ts'
import { preferenceBook, type PreferenceBook } from './preferences.ts'
import { createProfiles, type Profiles } from './profiles.ts'
import { KeyBox, type KeyRing, passphraseVariable } from './secrets.ts'
import { TaskBook } from './task-book.ts'
import { createTasks } from './create-tasks.ts'
import type { Tasks } from './tasks.ts'

export interface Migrations extends AsyncDisposable {
  readonly profiles: Profiles
  readonly consents: CommandConsents
  readonly connections: Connections
  readonly preferences: PreferenceBook
  /** How stored secrets are kept. */
  readonly secrets: Pick<KeyBox, 'standing' | 'unlock' | 'keep'>
  readonly tasks: Tasks
  readonly guidedBackups: GuidedBackups
  readonly freezes: FreezeJournal
  /** How often each list that is kept was changed, by whatever process. */
  readonly revisions: RevisionTable
  /** Looks at two sides as a task's checks do. Changes nothing. */
  check(
    request: Pick<CheckRequest, 'sources' | 'target' | 'options' | 'signal'>,
  ): Promise<readonly CheckResult[]>
}

export interface MigrationsRequest {
  /** Keyferry's data folder; made if it is not there. */
  readonly folder: string
  readonly jobs: JobRunner
  /** The system's own, where the shell knows one. */
  readonly keyRing?: KeyRing | undefined
  readonly clock?: Clock
}

/**
 * Opens everything a shell needs to run migrations. The key of stored secrets lies in the folder; a passphrase for it is
 * taken from the environment (`KEYFERRY_PASSPHRASE`). Disposing of it interrupts what runs, resumable.
 */
export function openMigrations({ folder, jobs, keyRing, clock }: MigrationsRequest): Migrations {
  const store = openStore(join(folder, 'keyferry.db'))
  const passphrase = process.env[passphraseVariable]
  const sealed = new KeyBox(join(folder, 'keyferry.key'), { passphrase, keyRing })
  const book = new TaskBook(store)
  const freezes = freezeJournal(store.journal, sealed)
  const services = { store, book, jobs, freezes, folder: join(folder, 'tasks') }
  const tasks = createTasks(services, sealed, clock)
  sealed.onUnlocked = () => tasks.secretsUnlocked()
  const guidedBackups = createGuidedBackups(services, sealed, join(folder, 'guided-backups'))
  return {
    profiles: createProfiles(store, sealed, (id) => tasks.planChanged(id)),
    consents: commandConsents(store),
    connections: createConnections(store, sealed),
    preferences: preferenceBook(store),
    secrets: sealed,
    tasks,
    guidedBackups,
    freezes,
    revisions: store.revisions,
    check: (request) => checkServers(services, request),
    async [Symbol.asyncDispose]() {
      await Promise.all([tasks[Symbol.asyncDispose](), guidedBackups[Symbol.asyncDispose]()])
      store[Symbol.dispose]()
    },
  }
}
