/**
 * Chooses `wanted` of `total` keys as they go by, one at random out of each stretch of equal length: spread
 * over all of them, and never twice the same.
 */
export class Sampler {
  readonly #stretch: number
  readonly #random: () => number
  #seen = 0
  #chosen = 0
  #next: number

  constructor(total: number, wanted: number, random: () => number = Math.random) {
    this.#stretch = Math.max(1, total / wanted)
    this.#random = random
    this.#next = this.#place()
  }

  /** Is the key that goes by now one of them? To be asked once for each. */
  take(): boolean {
    const at = this.#seen
    this.#seen += 1
    if (at < this.#next) return false
    this.#chosen += 1
    this.#next = Math.max(at + 1, this.#place())
    return true
  }

  #place(): number {
    return Math.floor((this.#chosen + this.#random()) * this.#stretch)
  }
}
