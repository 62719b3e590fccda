import type { Failure } from '#contract/failure.ts'
import type {
  ExpiryGuard,
  ShardProgress,
  SyncEvent,
  SyncEventCode,
  SyncPhase,
  SyncProgress,
} from '#contract/sync.ts'
import { Rates } from './rates.ts'
import { totalOf } from './shard-totals.ts'

const eventsKept = 50
const reportEveryMs = 250

/** What the parts of a sync know at a given moment; the rest of a progress report follows from it. */
export interface SyncFigures {
  readonly phase: SyncPhase
  /** Bytes received from all sources. */
  readonly received: number
  readonly targetKeys: number | null
  readonly guard: ExpiryGuard
  readonly waitingFor: Failure | null
  /** Of all sources together, where it is not told of each. */
  readonly copied?: { readonly keys: number; readonly bytes: number }
  readonly shards: readonly ShardProgress[]
}

/** Writes into the diary of a sync. */
export type Tell = (code: SyncEventCode, params?: SyncEvent['params'], level?: SyncEvent['level']) => void

/** Keeps the diary and the counts of a sync and makes its progress reports, at most four a second. */
export class SyncState {
  targetReconnects = 0
  /** Commands the target has taken, ours not counted. */
  writes = 0
  readonly #report: (progress: SyncProgress) => void
  readonly #started = Date.now()
  #events: SyncEvent[] = []
  #eventCount = 0
  #phase: SyncPhase = 'connecting'
  #phaseSince = Date.now()
  readonly #rates = new Rates()
  #reportedAt = 0

  constructor(report: (progress: SyncProgress) => void) {
    this.#report = report
  }

  readonly event: Tell = (code, params = {}, level = 'info') => {
    this.#eventCount += 1
    this.#events = [
      ...this.#events.slice(1 - eventsKept),
      { id: this.#eventCount, at: Date.now(), level, code, params },
    ]
  }

  /** Reports, unless it did so a moment ago and nothing but figures has changed; `last`: whatever was before. */
  tell(figures: SyncFigures, last = false): void {
    const now = Date.now()
    if (!last && figures.phase === this.#phase && now - this.#reportedAt < reportEveryMs) return
    this.#reportedAt = now
    this.#report(this.progress(figures))
  }

  progress(figures: SyncFigures): SyncProgress {
    const now = Date.now()
    if (figures.phase !== this.#phase) {
      this.#phase = figures.phase
      this.#phaseSince = now
    }
    const { received, copied, ...told } = figures
    const rates = this.#rates.look(now, this.writes, received)
    return {
      ...told,
      ...totalOf(told.shards),
      ...(copied !== undefined && {
        snapshotBytes: copied.bytes,
        copiedKeys: copied.keys,
        copiedBytes: copied.bytes,
      }),
      ...rates,
      writes: this.writes,
      phaseSince: this.#phaseSince,
      targetReconnects: this.targetReconnects,
      events: this.#events,
      elapsedMs: now - this.#started,
    }
  }
}
