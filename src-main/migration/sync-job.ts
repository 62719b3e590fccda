import { FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { SyncOrder, SyncProgress, SyncResult, SyncSpec } from '#contract/sync.ts'
import type { JobRunner } from '#engine/worker/pool.ts'

export type SyncEnd = { readonly result: SyncResult } | { readonly failure: Failure }

/** A sync that runs in its thread: its newest progress, a way to tell it things, and how it ended. */
export class SyncJob {
  /** How it ended; never rejects. */
  readonly ended: Promise<SyncEnd>
  progress: SyncProgress | null = null
  #end: SyncEnd | null = null
  #give: ((order: SyncOrder) => void) | null = null
  readonly #cancelling = new AbortController()
  readonly #waiting = new Set<() => void>()

  constructor(jobs: JobRunner, spec: SyncSpec, onProgress: (progress: SyncProgress) => void) {
    this.ended = jobs
      .run('sync', spec, {
        signal: this.#cancelling.signal,
        onProgress: (progress) => {
          this.progress = progress
          onProgress(progress)
          this.#wake()
        },
        onStart: (give) => {
          this.#give = give
        },
      })
      .then(
        (result): SyncEnd => ({ result }),
        (thrown: unknown): SyncEnd => ({ failure: toFailure(thrown) }),
      )
      .then((end) => {
        this.#end = end
        this.#wake()
        return end
      })
  }

  order(order: SyncOrder): void {
    this.#give?.(order)
  }

  /** Ends it at once; what the target has taken is known by its own checkpoints. */
  cancel(): void {
    this.#cancelling.abort()
  }

  /** Resolves once the progress is as wanted. Rejects when the job ends before, or `signal` aborts. */
  async until(wanted: (progress: SyncProgress) => boolean, signal?: AbortSignal): Promise<SyncProgress> {
    for (;;) {
      if (signal?.aborted) throw new FailureError(makeFailure('job.cancelled'))
      if (this.#end !== null)
        throw new FailureError('failure' in this.#end ? this.#end.failure : makeFailure('job.cancelled'))
      if (this.progress !== null && wanted(this.progress)) return this.progress
      await this.#changed(signal)
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  #changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }
}
