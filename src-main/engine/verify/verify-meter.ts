import { setTimeout as sleep } from 'node:timers/promises'
import type { VerifyPhase, VerifyProgress } from '#contract/verify.ts'
import { reportEveryMs } from '../flow/pace.ts'
import type { Findings } from './findings.ts'

/** Tells how a comparison gets on, at most four times a second, and holds it back to the rate that was asked for. */
export class VerifyMeter {
  readonly #startedAt = performance.now()
  readonly #report: (progress: VerifyProgress) => void
  readonly #findings: Findings
  readonly #keysPerSecond: number
  readonly #signal: AbortSignal
  #phase: VerifyPhase = 'counting'
  #phaseAt = this.#startedAt
  #keysDone = 0
  #keysTotal = 0
  #reportedAt = -Infinity
  #loading: VerifyProgress['loading'] = null

  constructor(
    report: (progress: VerifyProgress) => void,
    findings: Findings,
    keysPerSecond: number | undefined,
    signal: AbortSignal,
  ) {
    this.#report = report
    this.#findings = findings
    this.#keysPerSecond = keysPerSecond ?? Infinity
    this.#signal = signal
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  /** A new phase is told at once. */
  enter(phase: VerifyPhase, keysTotal = 0): void {
    this.#phase = phase
    this.#phaseAt = performance.now()
    this.#keysDone = 0
    this.#keysTotal = keysTotal
    this.#loading = null
    this.#say()
  }

  /** So far has a server of ours loaded an append-only file. */
  load(bytesDone: number, bytesTotal: number): void {
    this.#phase = 'loading'
    this.#loading = { bytesDone, bytesTotal }
    this.#say()
  }

  /** So many keys more have been gone through. */
  pass(keys: number): void {
    this.#keysDone += keys
    if (performance.now() - this.#reportedAt >= reportEveryMs) this.#say()
  }

  /** The same for keys that a server was asked for: resolves when it may go on, which only a limit delays. */
  async advance(keys: number): Promise<void> {
    this.pass(keys)
    const dueMs = (this.#keysDone / this.#keysPerSecond) * 1000
    const waitMs = this.#phaseAt + dueMs - performance.now()
    if (waitMs > 1) await sleep(waitMs, undefined, { signal: this.#signal })
  }

  #say(): void {
    const now = performance.now()
    this.#reportedAt = now
    const inPhaseMs = Math.max(1, now - this.#phaseAt)
    this.#report({
      phase: this.#phase,
      loading: this.#loading,
      keysDone: this.#keysDone,
      keysTotal: Math.max(this.#keysTotal, this.#keysDone),
      differing: this.#findings.count,
      extra: this.#findings.extra,
      keysPerSecond: Math.round((this.#keysDone / inPhaseMs) * 1000),
      elapsedMs: Math.round(this.elapsedMs),
    })
  }
}
