import { startJobs } from './data-folder.ts'
import { bringToProof } from './proven-task.ts'
import type { SyncOrder } from '#contract/sync.ts'
import { openMigrations, type MigrationsRequest } from '#migration/open.ts'
import type { FinishRequest } from '#migration/tasks.ts'

/**
 * Run as a process of its own: `die-in-finish.ts FOLDER TASK REQUEST`. Takes a task that was never started to its end, and
 * ends as by kill -9 when the sync is about to be ended for good.
 */
const [folder = '', id = '', request = ''] = process.argv.slice(2)

const jobs = startJobs()
const mortal: MigrationsRequest['jobs'] = {
  prepare: (kind) => jobs.prepare(kind),
  run: (kind, spec, options) =>
    jobs.run(kind, spec, {
      ...options,
      onStart: (give) =>
        options.onStart?.((order) => {
          if ((order as SyncOrder).type === 'finish') process.kill(process.pid, 'SIGKILL')
          give(order)
        }),
    }),
}
const home = openMigrations({ folder, jobs: mortal })
await bringToProof(home, id)
await home.tasks.finish(id, JSON.parse(request) as FinishRequest)
