import type { Answer } from '#contract/api.ts'
import { toFailure } from '#contract/failure.ts'
import type { JobRunner } from '#engine/worker/pool.ts'
import type { JobKind, JobProgress, JobResult, JobSpec } from '#engine/worker/protocol.ts'

/** A job that is begun for one listener and ends with it. */
interface Heard<K extends JobKind, T> {
  readonly jobs: JobRunner
  readonly kind: K
  readonly spec: JobSpec<K>
  readonly signal: AbortSignal | undefined
  /** The last step, made of the job's result. */
  readonly last: (result: JobResult<K>) => T
}

/**
 * Runs a job as a stream of answers: its progress, only the newest where the listener is slower than the job, then
 * what its result is told as, or its failure. The job ends when nobody listens any more.
 */
export async function* jobSteps<K extends JobKind, T>(
  heard: Heard<K, T>,
): AsyncGenerator<Answer<T | { readonly progress: JobProgress<K> }>, void, void> {
  type Step = Answer<T | { readonly progress: JobProgress<K> }>
  const { jobs, kind, spec, signal, last } = heard
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  let newest: Step | null = null
  let wake = (): void => undefined
  let end: Step | null = null
  const tell = (step: Step): void => {
    newest = step
    wake()
  }
  void jobs
    .run(kind, spec, { signal: controller.signal, onProgress: (progress) => tell({ ok: { progress } }) })
    .then((result): Step => ({ ok: last(result) }))
    .catch((thrown: unknown): Step => ({ failed: toFailure(thrown) }))
    .then((step) => {
      end = step
      wake()
    })
  try {
    for (;;) {
      if (end !== null) return yield end
      const step: Step | null = newest
      newest = null
      if (step === null) await new Promise<void>((resolve) => (wake = resolve))
      else yield step
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    abort()
  }
}
