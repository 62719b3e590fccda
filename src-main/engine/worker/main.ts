import { parentPort } from 'node:worker_threads'
import { toFailure } from '#contract/failure.ts'
import { inspectFile } from '../aof/inspect.ts'
import { runBackup } from '../flow/backup.ts'
import { runDump } from '../flow/dump.ts'
import { runSync } from '../flow/live.ts'
import { planRestore } from '../flow/plan-restore.ts'
import { runRestore } from '../flow/restore.ts'
import { judgeReadiness } from '../readiness/readiness.ts'
import { lookAtKey } from '../sight/sight.ts'
import { runVerify } from '../verify/verify.ts'
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

/** The work behind each kind of job. Adding a kind to `Jobs` without a line here does not compile. */
const work: {
  readonly [K in JobKind]: (
    spec: JobSpec<K>,
    report: (progress: JobProgress<K>) => void,
    signal: AbortSignal,
    orders: OrderInbox<JobOrder<K>>,
  ) => Promise<JobResult<K>>
} = {
  restore: runRestore,
  plan: planRestore,
  inspect: inspectFile,
  sync: runSync,
  backup: runBackup,
  dump: runDump,
  sight: lookAtKey,
  readiness: judgeReadiness,
  verify: runVerify,
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
    const perform = work[kind] as (
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
  else void run(message)
})
