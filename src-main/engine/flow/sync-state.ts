import type { Failure } from '#contract/failure.ts'
import type {
  ExpiryGuard,
  ShardProgress,
  SyncEvent,
  SyncEventCode,
  SyncPhase,
  SyncProgress,
} from '#contract/sync.ts'
import { totalOf } from './shard-totals.ts'

const eventsKept = 50
const reportEveryMs = 250
const rateWindowMs = 3_000

interface Sample {
  readonly at: number
  readonly writes: number
  readonly bytes: number
}

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
  #samples: Sample[] = []
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
    const rates = this.#rates(now, received)
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

  #rates(now: number, bytes: number): { writesPerSecond: number; bytesPerSecond: number } {
    const { writes } = this
    this.#samples.push({ at: now, writes, bytes })
    while (this.#samples.length > 2 && this.#samples[1]!.at < now - rateWindowMs) this.#samples.shift()
    const first = this.#samples[0]!
    const seconds = (now - first.at) / 1000
    if (seconds < 0.2) return { writesPerSecond: 0, bytesPerSecond: 0 }
    return {
      writesPerSecond: Math.max(0, Math.round((writes - first.writes) / seconds)),
      bytesPerSecond: Math.max(0, Math.round((bytes - first.bytes) / seconds)),
    }
  }
}
