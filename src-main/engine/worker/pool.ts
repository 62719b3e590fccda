import { Worker } from 'node:worker_threads'
import { FailureError, makeFailure } from '#contract/failure.ts'
import type { FromWorker, JobKind, JobOrder, JobProgress, JobResult, JobSpec, ToWorker } from './protocol.ts'

/** Runs jobs, each in a thread of its own, so that neither a console nor another job waits for one. */
export interface JobRunner {
  /**
   * Runs one job to its end. Rejects with a `FailureError`; an aborted signal ends the job with
   * `job.cancelled`, after what was under way has been answered for.
   */
  run<K extends JobKind>(kind: K, spec: JobSpec<K>, options: RunOptions<K>): Promise<JobResult<K>>
  /** Has a thread ready for a job of this kind, which then begins at once. For when every moment counts. */
  prepare(kind: JobKind): void
}

export interface RunOptions<K extends JobKind> {
  readonly signal?: AbortSignal | undefined
  /** Called at most four times a second, and once with the last state. */
  readonly onProgress?: ((progress: JobProgress<K>) => void) | undefined
  /** Called once the job's thread is there, with the way to give it orders. Orders given after its end are lost. */
  readonly onStart?: ((give: (order: JobOrder<K>) => void) => void) | undefined
}

/**
 * What passes by is short-lived: with the room that V8 takes for such objects by default a thread grows by 50 MB
 * before it looks for what is left of them. The commands of a stream live longer, until they are answered for: with
 * too little room they are carried over again and again, which takes more time than all else.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }
const limitsToFollow = { maxYoungGenerationSizeMb: 64 }

/** A runner whose threads start from `entry`: `worker/main.ts` in the source tree, `worker.js` in a build. */
export function createJobRunner(entry: URL): JobRunner {
  let started = 0
  let spare: Worker | null = null
  const takeSpare = (): Worker | null => {
    const taken = spare
    spare = null
    taken?.removeAllListeners()
    taken?.ref()
    return taken
  }
  return {
    prepare(kind) {
      if (spare !== null) return
      const worker = new Worker(entry, { name: 'keyferry spare', resourceLimits })
      const forget = (): void => void (spare === worker && (spare = null))
      // One that cannot be made ready is told by the job itself, which then starts its own.
      worker.on('error', forget)
      worker.on('exit', forget)
      worker.postMessage({ type: 'prepare', kind } satisfies ToWorker)
      worker.unref()
      spare = worker
    },

    run(kind, spec, { signal, onProgress, onStart }) {
      started += 1
      const job = `job-${started}`
      const worker =
        kind === 'sync'
          ? new Worker(entry, { name: 'keyferry sync', resourceLimits: limitsToFollow })
          : (takeSpare() ?? new Worker(entry, { name: `keyferry ${kind}`, resourceLimits }))
      const say = (message: ToWorker): void => worker.postMessage(message)
      const cancel = (): void => say({ type: 'cancel', job })
      return new Promise<JobResult<typeof kind>>((resolve, reject) => {
        worker.on('message', (message: FromWorker) => {
          if (message.type === 'progress') onProgress?.(message.progress as JobProgress<typeof kind>)
          else if (message.type === 'done') resolve(message.result as JobResult<typeof kind>)
          else reject(new FailureError(message.failure))
        })
        worker.on('error', (error) =>
          reject(new FailureError(makeFailure('job.crashed', { message: error.message }, error.stack))),
        )
        worker.on('exit', () =>
          reject(
            new FailureError(makeFailure('job.crashed', { message: 'the thread ended without an answer' })),
          ),
        )
        signal?.addEventListener('abort', cancel, { once: true })
        say({ type: 'run', job, kind, spec } as ToWorker)
        onStart?.((order) => say({ type: 'order', job, order }))
        if (signal?.aborted) cancel()
      }).finally(() => {
        signal?.removeEventListener('abort', cancel)
        return worker.terminate().then(() => undefined)
      })
    },
  }
}
