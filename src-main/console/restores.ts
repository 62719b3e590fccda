import { randomUUID } from 'node:crypto'
import type { Answer, RestoreView } from '#contract/api.ts'
import { addressOf } from '#contract/connection.ts'
import { fail, toFailure } from '#contract/failure.ts'
import { nameInputs } from '#contract/input-name.ts'
import type { RestoreProgress, RestoreSpec } from '#contract/restore.ts'
import type { JobRunner } from '#engine/worker/pool.ts'

/** The restores of this run of the app, under way and ended. They belong to the host: no window owns one. */
export interface Restores extends AsyncDisposable {
  list(): readonly RestoreView[]
  start(spec: RestoreSpec): RestoreView
  /** Asks it to end; `watch` tells when it has. Ended ones stay as they are. */
  cancel(id: string): RestoreView
  /**
   * The newest view at once, then on changes until it has ended or `signal` aborts. Jobs report at most four
   * times a second; who takes them more slowly than that gets the newest and misses those between.
   */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Answer<RestoreView>, void, void>
  countRunning(): number
}

interface Restore {
  view: RestoreView
  readonly cancel: () => void
  readonly ended: Promise<void>
  /** Those waiting for the next change. */
  readonly waiting: Set<() => void>
}

/** Disposing of it cancels what is running and waits for the last answers. */
export function createRestores(jobs: JobRunner): Restores {
  const restores = new Map<string, Restore>()

  const find = (id: string): Restore => restores.get(id) ?? fail('restore.not-found', { id })

  return {
    list: () => [...restores.values()].map(({ view }) => view).reverse(),

    start(spec) {
      const controller = new AbortController()
      const id = randomUUID()
      const change = (changed: Partial<RestoreView>): void => {
        restore.view = { ...restore.view, ...changed }
        const waiting = [...restore.waiting]
        restore.waiting.clear()
        for (const wake of waiting) wake()
      }
      const run = async (): Promise<void> => {
        try {
          const onProgress = (progress: RestoreProgress): void => change({ progress })
          const result = await jobs.run('restore', spec, { signal: controller.signal, onProgress })
          change({ state: 'done', result })
        } catch (thrown) {
          const failure = toFailure(thrown)
          change({ state: failure.code === 'job.cancelled' ? 'cancelled' : 'failed', failure })
        }
      }
      const restore: Restore = {
        view: {
          id,
          file: nameInputs(spec.files),
          target: addressOf(spec.target),
          onConflict: spec.onConflict,
          startedAt: Date.now(),
          state: 'running',
          progress: nothingDone,
          result: null,
          failure: null,
        },
        cancel: () => controller.abort(),
        ended: Promise.resolve().then(run),
        waiting: new Set(),
      }
      restores.set(id, restore)
      return restore.view
    },

    cancel(id) {
      const restore = find(id)
      restore.cancel()
      return restore.view
    },

    watch: (id, signal) => views(find(id), signal),

    countRunning: () => [...restores.values()].filter(({ view }) => view.state === 'running').length,

    async [Symbol.asyncDispose]() {
      for (const { cancel } of restores.values()) cancel()
      await Promise.all([...restores.values()].map(({ ended }) => ended))
    },
  }
}

async function* views(
  restore: Restore,
  signal: AbortSignal | undefined,
): AsyncGenerator<Answer<RestoreView>, void, void> {
  let told: RestoreView | undefined
  while (!signal?.aborted) {
    if (told === restore.view) await changeOf(restore, signal)
    else {
      told = restore.view
      yield { ok: told }
      if (told.state !== 'running') return
    }
  }
}

/** Resolves at the next change, or when `signal` aborts. */
function changeOf(restore: Restore, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      restore.waiting.delete(wake)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    restore.waiting.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}

const nothingDone: RestoreProgress = {
  phase: 'checking',
  bytesDone: 0,
  bytesTotal: 0,
  keysDone: 0,
  keysTotal: null,
  keysWritten: 0,
  keysSkipped: 0,
  keysFiltered: 0,
  keysExpired: 0,
  keysFailed: 0,
  keysPerSecond: 0,
  bytesPerSecond: 0,
  etaSeconds: null,
  elapsedMs: 0,
  waitingFor: null,
  cannotHold: [],
  limitedBy: null,
}
