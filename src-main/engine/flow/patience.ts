import type { Failure, FailureCode } from '#contract/failure.ts'

/** How long, without a single step forward, a state of the other side is waited for, milliseconds. */
const patience: Partial<Record<FailureCode, number>> = {
  'connect.refused': 300_000,
  'connect.lost': 300_000,
  'connect.timeout': 300_000,
  'connect.unreachable': 300_000,
  'connect.unknown-host': 300_000,
  'tls.silent': 300_000,
  'fetch.broken': 300_000,
  'fetch.unavailable': 300_000,
  'tunnel.lost': 300_000,
  'tunnel.not-reached': 300_000,
  'sentinel.not-reached': 300_000,
  'sentinel.no-primary': 300_000,
  'target.loading': 1_800_000,
  'target.read-only': 300_000,
  'target.cluster-down': 300_000,
  'target.cluster-changed': 60_000,
  'target.slot-moving': 300_000,
  'target.no-replicas': 120_000,
  'target.cannot-persist': 30_000,
  'server.busy': 120_000,
  'server.too-many-clients': 60_000,
  // Keys may expire or be evicted; but a full target mostly stays full until somebody acts.
  'target.out-of-memory': 10_000,
}

/** As often may a target come back with less than it had, and have lost it again before it gets further than ever. */
const fallsAllowed = 5
const shortestPauseMs = 250
const longestPauseMs = 3_000

/**
 * Whether it is worth waiting for a target once more. States that pass by themselves often enough are waited
 * for, each for its own time from the last step forward; but not a target that falls at the same place over and
 * over (killed, say, for the memory it takes).
 */
export class Patience {
  #position = -1
  #furthest = -1
  #falls = 0
  readonly #since = new Map<FailureCode, number>()

  /** Milliseconds to wait after a failure at this position; null when it is enough. `now`: milliseconds. */
  pauseMs({ code }: Failure, position: number, now: number): number | null {
    if (position !== this.#position) this.#since.clear()
    if (position < this.#position) this.#falls += 1
    else if (position > this.#furthest) this.#falls = 0
    this.#position = position
    this.#furthest = Math.max(this.#furthest, position)
    const since = this.#since.get(code) ?? now
    this.#since.set(code, since)
    const allowed = patience[code]
    if (allowed === undefined || now - since > allowed || this.#falls > fallsAllowed) return null
    return Math.min(longestPauseMs, shortestPauseMs + (now - since) / 4)
  }
}
