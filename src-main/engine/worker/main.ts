import { parentPort } from 'node:worker_threads'
import { toFailure } from '#contract/failure.ts'
import { keepOrders, type KeptOrders } from './orders.ts'
import type {
  FromWorker,
  JobKind,
  JobOrder,
  JobProgress,
  JobResult,
  JobSpec,
  OrderInbox,
  ToWorker,
} from './protocol.ts'

type Work<K extends JobKind> = (
  spec: JobSpec<K>,
  report: (progress: JobProgress<K>) => void,
  signal: AbortSignal,
  orders: OrderInbox<JobOrder<K>>,
) => Promise<JobResult<K>>

/**
 * How the work behind each kind of job is had: a thread loads what its job needs and no more, which is most of what it
 * takes to begin. Adding a kind to `Jobs` without a line here does not compile.
 */
const load: { readonly [K in JobKind]: () => Promise<Work<K>> } = {
  restore: async () => (await import('../flow/restore.ts')).runRestore,
  plan: async () => (await import('../flow/plan-restore.ts')).planRestore,
  inspect: async () => (await import('../aof/inspect.ts')).inspectFile,
  sync: async () => (await import('../flow/live.ts')).runSync,
  backup: async () => (await import('../flow/backup.ts')).runBackup,
  dump: async () => (await import('../flow/dump.ts')).runDump,
  sight: async () => (await import('../sight/sight.ts')).lookAtKey,
  readiness: async () => (await import('../readiness/readiness.ts')).judgeReadiness,
  verify: async () => (await import('../verify/verify.ts')).runVerify,
}

interface RunningJob {
  readonly controller: AbortController
  readonly orders: KeptOrders<unknown>
}

const running = new Map<string, RunningJob>()

function say(message: FromWorker): void {
  parentPort?.postMessage(message)
}

async function run(message: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  const { job, kind, spec } = message
  const controller = new AbortController()
  const orders = keepOrders<unknown>()
  running.set(job, { controller, orders })
  try {
    // The protocol's types tie kind and spec together; the compiler cannot follow that through the table.
    const perform = (await load[kind]()) as (
      spec: unknown,
      report: (progress: unknown) => void,
      signal: AbortSignal,
      orders: OrderInbox<unknown>,
    ) => Promise<unknown>
    const result = await perform(
      spec,
      (progress) => say({ type: 'progress', job, progress }),
      controller.signal,
      orders,
    )
    say({ type: 'done', job, result })
  } catch (thrown) {
    say({ type: 'failed', job, failure: toFailure(thrown) })
  } finally {
    running.delete(job)
  }
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') running.get(message.job)?.controller.abort()
  else if (message.type === 'order') running.get(message.job)?.orders.give(message.order)
  else if (message.type === 'prepare')
    // What cannot be loaded is told by the job itself.
    void load[message.kind]().catch(() => undefined)
  else void run(message)
})
