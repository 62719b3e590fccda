import { homedir } from 'node:os'
import { join } from 'node:path'
import type { HostCapabilities } from '#contract/api.ts'
import { toFailure } from '#contract/failure.ts'
import type { Locale } from '#contract/words/say-failure.ts'
import { probeServer } from '#engine/redis/probe.ts'
import { createJobRunner, type JobRunner } from '#engine/worker/pool.ts'
import { openMigrations } from '#migration/open.ts'
import type { KeyRing } from '#migration/secrets.ts'
import { dataFolder, restoresFolder } from './data-folder.ts'
import { KeptChanges } from './kept-changes.ts'
import { openLog } from './log.ts'
import { findParts } from './parts.ts'
import { createPractice } from './practice/practice.ts'
import { createRestores } from './restores.ts'
import type { ConsoleServices } from './services.ts'
import { version } from './version.ts'
import { migrationsWithoutStore, type MaybeKept } from './without-store.ts'

export interface ShellTraits {
  readonly shell: HostCapabilities['shell']
  /** The system's dialog, where the shell has one. */
  readonly pickFile?: () => Promise<string | null>
  /** The system's own, where the shell knows one. */
  readonly keyRing?: KeyRing
  /** Whether plans may get commands to be run on this machine from its consoles. */
  readonly commands: boolean
  /** The console is shown in this language from now on. */
  readonly speak?: (locale: Locale) => void
}

/** Puts the services together for a shell. Disposing of them cancels what runs and waits for its end. */
export function composeServices({
  shell,
  pickFile,
  keyRing,
  commands,
  speak,
}: ShellTraits): ConsoleServices & Pick<MaybeKept, 'withoutStore'> & AsyncDisposable {
  const jobs = createJobRunner(findParts().worker)
  const migrations = openOrRefuse(jobs, keyRing)
  const kept = new KeptChanges(migrations.revisions)
  const restores = createRestores(jobs, restoresFolder(), () => kept.note('interrupted'))
  const practice = createPractice(migrations.profiles, migrations.tasks)
  return {
    withoutStore: migrations.withoutStore,
    host: {
      shell,
      version,
      platform: process.platform,
      filePicker: pickFile === undefined ? 'browse' : 'native',
      home: homedir(),
      commands,
    },
    pickFile,
    speak,
    jobs,
    restores,
    practice,
    profiles: migrations.profiles,
    consents: migrations.consents,
    connections: migrations.connections,
    preferences: migrations.preferences,
    housekeeping: { dataFolder: dataFolder() },
    secrets: migrations.secrets,
    tasks: migrations.tasks,
    guidedBackups: migrations.guidedBackups,
    kept,
    probe: probeServer,
    log: openLog(join(dataFolder(), 'logs', 'keyferry.log')),
    async [Symbol.asyncDispose]() {
      // Before what it is made of: it gives up what runs between its servers.
      await practice[Symbol.asyncDispose]()
      await Promise.all([restores[Symbol.asyncDispose](), migrations[Symbol.asyncDispose]()])
    },
  }
}

function openOrRefuse(jobs: JobRunner, keyRing: KeyRing | undefined): MaybeKept {
  try {
    const migrations = openMigrations({ folder: dataFolder(), jobs, keyRing })
    migrations.tasks.keepForAll()
    return { ...migrations, withoutStore: null }
  } catch (thrown) {
    return migrationsWithoutStore(toFailure(thrown))
  }
}
