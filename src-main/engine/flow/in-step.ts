/** As often is a source asked that is about to be in step. */
export const lookEveryMs = 100
const looksNeeded = 3
const enterLagMs = 1_000
const leaveLagMs = 3_000

/**
 * Whether a target is in step: everything its source had written a second before was applied, three looks in a
 * row. It is out of step again beyond three seconds, so that the state does not flicker.
 */
export class InStep {
  #lookedAt = Number.NEGATIVE_INFINITY
  #looks = 0
  #yes = false

  /** Good looks are being counted. */
  get isClose(): boolean {
    return this.#looks > 0 && !this.#yes
  }

  get yes(): boolean {
    return this.#yes
  }

  /** May be called at any time; looks closer together than a tenth of a second count as one. */
  look(lagMs: number, now: number): void {
    if (now - this.#lookedAt < lookEveryMs) return
    this.#lookedAt = now
    this.#looks = lagMs <= enterLagMs ? this.#looks + 1 : 0
    this.#yes = this.#looks >= looksNeeded || (this.#yes && lagMs <= leaveLagMs)
  }
}
