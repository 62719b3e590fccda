import { homedir } from 'node:os'
import { join } from 'node:path'
import type { HostCapabilities } from '#contract/api.ts'
import { makeFailure } from '#contract/failure.ts'
import { probeServer } from '#engine/redis/probe.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { dataFolder } from './data-folder.ts'
import { openLog } from './log.ts'
import { findParts } from './parts.ts'
import { createRestores } from './restores.ts'
import type { ConsoleServices } from './services.ts'
import { version } from './version.ts'
import { migrationsWithoutStore } from './without-store.ts'

export interface ShellTraits {
  readonly shell: HostCapabilities['shell']
  /** The system's dialog, where the shell has one. */
  readonly pickFile?: () => Promise<string | null>
}

/** Puts the services together for a shell. Disposing of them cancels what runs and waits for its end. */
export function composeServices({ shell, pickFile }: ShellTraits): ConsoleServices & AsyncDisposable {
  const jobs = createJobRunner(findParts().worker)
  const restores = createRestores(jobs)
  const migrations = migrationsWithoutStore(makeFailure('store.unavailable'))
  return {
    host: {
      shell,
      version,
      platform: process.platform,
      filePicker: pickFile === undefined ? 'browse' : 'native',
      home: homedir(),
    },
    pickFile,
    jobs,
    restores,
    ...migrations,
    probe: probeServer,
    log: openLog(join(dataFolder(), 'logs', 'keyferry.log')),
    async [Symbol.asyncDispose]() {
      await Promise.all([restores[Symbol.asyncDispose](), migrations.tasks[Symbol.asyncDispose]()])
    },
  }
}
