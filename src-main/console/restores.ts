import { randomUUID } from 'node:crypto'
import type { Answer } from '#contract/api.ts'
import { addressOf } from '#contract/connection.ts'
import type { Difference } from '#contract/difference.ts'
import { fail, toFailure } from '#contract/failure.ts'
import { nameInput } from '#contract/input-name.ts'
import type { RestoreOrder } from '#contract/limits.ts'
import type { RestoreProgress, RestoreSpec } from '#contract/restore.ts'
import type { InterruptedView, RestoreComparison, RestoreNews, RestoreView } from '#contract/restore-view.ts'
import type { KeySight, SightPart } from '#contract/sight.ts'
import { Bell } from '#engine/flow/bell.ts'
import { forgetInterrupted, listInterrupted } from '#engine/flow/interrupted-restores.ts'
import { journalIdsOf } from '#engine/flow/journal-entry.ts'
import type { JobRunner } from '#engine/worker/pool.ts'
import { keyOf } from '#migration/difference-list.ts'
import { isStepOf, restoreNews } from './restore-board.ts'
import { backupOf, compareRestore, type ComparisonOptions } from './restore-comparison.ts'

/** The restores of this run of the app, under way and ended. They belong to the host: no window owns one. */
export interface Restores extends AsyncDisposable {
  /** Newest first. */
  list(): readonly RestoreView[]
  /** Those that ended without being done, in whatever run of the app; begun again they go on. */
  interrupted(): Promise<readonly InterruptedView[]>
  /** Forgets one of those. Fails with `restore.not-found`. */
  forget(id: string): Promise<void>
  start(spec: RestoreSpec): RestoreView
  /** Begins one that has failed or was cancelled once more; it goes on where it stopped. */
  again(id: string): RestoreView
  /** Asks it, or its comparison, to end; `watch` tells when it has. Ended ones stay as they are. */
  cancel(id: string): RestoreView
  /** Tells one that runs what to do from now on. */
  order(id: string, order: RestoreOrder): RestoreView
  /** Begins to compare the target of a finished one with its files; `watch` tells the rest. */
  compare(id: string, options: ComparisonOptions): RestoreView
  /** What its newest comparison has found. */
  differences(id: string): readonly Difference[]
  /** One of them, by its place among all, in its files and its target as they are now. */
  look(id: string, at: number, part: SightPart, signal?: AbortSignal): Promise<KeySight>
  /**
   * The newest view at once, then on changes until `signal` aborts: whoever compares an ended one, it is told. Steps are
   * told at once, mere figures at most twice a second; who takes them more slowly gets the newest and misses those between.
   */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Answer<RestoreView>, void, void>
  /** How all of them stand: at once, then those that have changed. */
  watchAll(signal?: AbortSignal): AsyncGenerator<Answer<RestoreNews>, void, void>
  countRunning(): number
}

/** How long after a step what is kept of a restore beside it says so at the latest (`restore-journal.ts`). */
const keptWithinMs = 1_500

/**
 * Disposing of it cancels what is running and waits for the last answers. `stateFolder`: see `RestoreSpec`. `onStep` hears
 * whenever one has come to another state or phase, and once more when that is kept: the list of interrupted ones may differ.
 */
export function createRestores(
  jobs: JobRunner,
  stateFolder?: string,
  onStep: () => void = () => undefined,
): Restores {
  const restores = new Map<string, Restore>()
  const changed = new Bell()
  const list = (): readonly RestoreView[] => [...restores.values()].map(({ view }) => view).reverse()

  const begin = (spec: RestoreSpec): RestoreView => {
    const restore = new Restore(jobs, spec, (before, now) => {
      changed.ring()
      if (!isStepOf(before, now)) return
      onStep()
      setTimeout(onStep, keptWithinMs).unref()
    })
    restores.set(restore.view.id, restore)
    changed.ring()
    // One that was interrupted is under way again.
    onStep()
    return restore.view
  }

  const find = (id: string): Restore => restores.get(id) ?? fail('restore.not-found', { id })

  return {
    list,

    async interrupted() {
      if (stateFolder === undefined) return []
      const runs = new Map<string, RestoreView>()
      for (const { view, journalIds } of restores.values()) for (const id of journalIds) runs.set(id, view)
      const left = await listInterrupted(stateFolder)
      return left.flatMap((one): InterruptedView[] => {
        const run = runs.get(one.id)
        if (run?.state === 'running') return []
        return [{ ...one, run: run === undefined || run.state === 'done' ? null : run.id }]
      })
    },

    async forget(id) {
      if (stateFolder === undefined) fail('restore.not-found', { id })
      await forgetInterrupted(stateFolder, id)
      onStep()
    },

    start(spec) {
      // Never a folder that a window names.
      const { stateFolder: _named, ...order } = spec
      return begin({ ...order, ...(stateFolder === undefined ? {} : { stateFolder }) })
    },

    again: (id) => begin(find(id).specAgain()),

    cancel(id) {
      const restore = find(id)
      restore.cancel()
      return restore.view
    },

    order(id, order) {
      const restore = find(id)
      restore.order(order)
      return restore.view
    },

    compare(id, options) {
      const restore = find(id)
      restore.compare(options)
      return restore.view
    },

    differences: (id) => find(id).differences,
    look: (id, at, part, signal) => find(id).look(at, part, signal),
    watch: (id, signal) => views(find(id), signal),
    watchAll: (signal) => restoreNews(list, changed, signal),

    countRunning: () => [...restores.values()].filter(({ view }) => view.state === 'running').length,

    async [Symbol.asyncDispose]() {
      for (const restore of restores.values()) restore.cancel()
      await Promise.all([...restores.values()].map((restore) => restore.ended))
    },
  }
}

/** One restore, from its start on. It keeps its spec, passwords and all, for the comparison; no view tells it. */
class Restore {
  view: RestoreView
  /** Resolves when nothing of it is under way. */
  ended: Promise<void>
  readonly changed = new Bell()
  readonly #jobs: JobRunner
  readonly #spec: RestoreSpec
  readonly #onChange: (before: RestoreView, now: RestoreView) => void
  /** Of its newest comparison: all of them, where the view tells only the first. */
  differences: readonly Difference[] = []
  #controller = new AbortController()
  #give: ((order: RestoreOrder) => void) | null = null

  constructor(jobs: JobRunner, spec: RestoreSpec, onChange: (before: RestoreView, now: RestoreView) => void) {
    this.#jobs = jobs
    this.#spec = spec
    this.#onChange = onChange
    this.view = {
      id: randomUUID(),
      files: spec.files.map(nameInput),
      target: addressOf(spec.target),
      onConflict: spec.onConflict,
      limits: spec.limits,
      startedAt: Date.now(),
      state: 'running',
      progress: nothingDone,
      result: null,
      failure: null,
      comparison: null,
    }
    this.ended = Promise.resolve().then(() => this.#run())
  }

  cancel(): void {
    this.#controller.abort()
  }

  order(order: RestoreOrder): void {
    if (this.view.state !== 'running') fail('restore.ended', { id: this.view.id })
    this.#give?.(order)
    if (order.type === 'limits') this.#change({ limits: order.limits })
  }

  /** Under which it may be kept how far it has come. */
  get journalIds(): readonly string[] {
    return Object.values(journalIdsOf(this.#spec))
  }

  /** What was asked for, to be asked for once more. */
  specAgain(): RestoreSpec {
    const { state, id } = this.view
    if (state !== 'failed' && state !== 'cancelled') fail('restore.not-again', { id })
    return this.#spec
  }

  compare(options: ComparisonOptions): void {
    if (this.view.state !== 'done' || isMoving(this.view))
      fail('restore.not-comparable', { id: this.view.id })
    this.#controller = new AbortController()
    this.differences = []
    const tell = (comparison: RestoreComparison, differences?: readonly Difference[]): void => {
      if (differences !== undefined) this.differences = differences
      this.#change({ comparison })
    }
    this.ended = compareRestore(this.#jobs, this.#spec, options, this.#controller.signal, tell)
  }

  async look(at: number, part: SightPart, signal: AbortSignal | undefined): Promise<KeySight> {
    const spec = {
      source: backupOf(this.#spec),
      target: this.#spec.target,
      part,
      ...keyOf(this.differences[at]),
    }
    return await this.#jobs.run('sight', spec, { signal })
  }

  async #run(): Promise<void> {
    try {
      const result = await this.#jobs.run('restore', this.#spec, {
        signal: this.#controller.signal,
        onProgress: (progress) => this.#change({ progress }),
        onStart: (give) => (this.#give = give),
      })
      this.#change({ state: 'done', result })
    } catch (thrown) {
      const failure = toFailure(thrown)
      const { progress } = this.view
      // The failure tells it to the last key; the last progress may be a quarter of a second older.
      const { written = progress.keysWritten } = failure.params
      this.#change({
        state: failure.code === 'job.cancelled' ? 'cancelled' : 'failed',
        failure,
        progress: { ...progress, keysWritten: Number(written) },
      })
    }
  }

  #change(changed: Partial<RestoreView>): void {
    const before = this.view
    this.view = { ...before, ...changed }
    this.changed.ring()
    this.#onChange(before, this.view)
  }
}

/** How often a watcher is told of mere figures at most: to draw them is what costs a window most. */
const figuresEveryMs = 500

async function* views(
  restore: Restore,
  signal: AbortSignal | undefined,
): AsyncGenerator<Answer<RestoreView>, void, void> {
  let told: RestoreView | undefined
  let toldAt = 0
  while (!signal?.aborted) {
    const { view } = restore
    const isStep = isStepOf(told, view) || told?.comparison?.state !== view.comparison?.state
    const dueInMs = isStep ? 0 : toldAt + figuresEveryMs - Date.now()
    if (told === view) await restore.changed.wait(signal)
    else if (dueInMs > 0) await restore.changed.wait(signal, dueInMs)
    else {
      told = view
      toldAt = Date.now()
      yield { ok: view }
    }
  }
}

/** Whether something of it is under way. */
function isMoving({ state, comparison }: RestoreView): boolean {
  return state === 'running' || comparison?.state === 'running'
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
  resumedFrom: null,
  madeUp: null,
}
