/**
 * So much a second, of whatever is counted. What goes through may be more than is there, for a block goes whole:
 * the debt is waited off before the next one. Saves up a quarter of a second's worth at most.
 */
export class TokenBucket {
  #perSecond = Infinity
  #tokens = 0
  #at = 0

  /** Infinity where nothing is limited. What is owed never takes longer to wait off than it would have before. */
  setRate(perSecond: number, now: number): void {
    const owedMs = this.waitMs(now)
    const owed = Math.min(0, this.#tokens)
    this.#perSecond = perSecond
    this.#at = now
    this.#tokens = perSecond === Infinity ? 0 : Math.max(owed, (-owedMs * perSecond) / 1000)
  }

  get perSecond(): number {
    return this.#perSecond
  }

  /** How long until something may go through, whole ms. `now`: ms. */
  waitMs(now: number): number {
    if (this.#perSecond === Infinity) return 0
    this.#fill(now)
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#perSecond) * 1000)
  }

  take(count: number, now: number): void {
    if (this.#perSecond === Infinity) return
    this.#fill(now)
    this.#tokens -= count
  }

  #fill(now: number): void {
    const saved = this.#perSecond * saveSeconds
    this.#tokens = Math.min(saved, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }
}

const saveSeconds = 0.25
