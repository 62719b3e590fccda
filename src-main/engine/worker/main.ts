import { parentPort } from 'node:worker_threads'
import { toFailure } from '#contract/failure.ts'
import { inspectFile } from '../rdb/inspect.ts'
import { runRestore } from '../flow/restore.ts'
import type { FromWorker, JobKind, JobProgress, JobResult, JobSpec, ToWorker } from './protocol.ts'

/** The work behind each kind of job. Adding a kind to `Jobs` without a line here does not compile. */
const work: {
  readonly [K in JobKind]: (
    spec: JobSpec<K>,
    report: (progress: JobProgress<K>) => void,
    signal: AbortSignal,
  ) => Promise<JobResult<K>>
} = {
  restore: runRestore,
  inspect: inspectFile,
}

const running = new Map<string, AbortController>()

function say(message: FromWorker): void {
  parentPort?.postMessage(message)
}

async function run(message: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  const { job, kind, spec } = message
  const controller = new AbortController()
  running.set(job, controller)
  try {
    // The protocol's types tie kind and spec together; the compiler cannot follow that through the table.
    const perform = work[kind] as (
      spec: unknown,
      report: (progress: unknown) => void,
      signal: AbortSignal,
    ) => Promise<unknown>
    const result = await perform(
      spec,
      (progress) => say({ type: 'progress', job, progress }),
      controller.signal,
    )
    say({ type: 'done', job, result })
  } catch (thrown) {
    say({ type: 'failed', job, failure: toFailure(thrown) })
  } finally {
    running.delete(job)
  }
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') running.get(message.job)?.abort()
  else void run(message)
})
