import { untilTask, startJobs } from './data-folder.ts'
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
  prepare: () => jobs.prepare(),
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
const { tasks } = home
tasks.check(id)
const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
for (const one of checks?.results ?? []) if (one.state === 'warning') tasks.accept(id, one.id, true)
tasks.start(id)
await untilTask(home, id, ({ inStep }) => inStep)
await tasks.freeze(id)
await untilTask(home, id, ({ state }) => state === 'frozen')
tasks.verify(id, 'full')
await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.running === false)
await tasks.finish(id, JSON.parse(request) as FinishRequest)
