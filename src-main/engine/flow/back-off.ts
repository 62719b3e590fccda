/** How a target is doing, as one look at it tells. */
export interface TargetHealth {
  /** Round trip of a PING, ms. */
  readonly latencyMs: number
  /** Of its memory limit, 0 to 1, in use; 0 where it has none. */
  readonly memoryShare: number
}

/** From here on a target's memory is nearly used up. */
const memorySuffers = 0.9
/** Never slower than this, bytes a second: a target that suffers for another reason would be waited for in vain. */
const slowest = 64 * 1024
/** After so many good looks at the full pace the target is no longer held back. */
const looksToTrust = 16

/**
 * The pace a target is spared with: halved with every look that finds it suffering, then raised step by step, as
 * TCP does on a congested line (additive increase, multiplicative decrease).
 */
export class BackOff {
  /** Bytes a second; Infinity while nothing is held back. */
  pace = Infinity
  /** Why it is held back. */
  reason: 'latency' | 'memory' | null = null
  /** The pace at which it began to suffer. */
  #full = 0

  /** `limitMs`: the longest round trip that is no suffering. `bytesPerSecond`: what was sent since the last look. */
  look({ latencyMs, memoryShare }: TargetHealth, limitMs: number, bytesPerSecond: number): void {
    const suffers = latencyMs > limitMs ? 'latency' : memoryShare >= memorySuffers ? 'memory' : null
    if (suffers !== null) {
      if (this.pace === Infinity) this.#full = Math.max(bytesPerSecond, slowest)
      this.reason = suffers
      this.pace = Math.max(slowest, Math.min(this.pace, Math.max(bytesPerSecond, slowest)) / 2)
      return
    }
    if (this.pace === Infinity) return
    this.pace += Math.max(slowest, this.#full / looksToTrust)
    if (this.pace > this.#full * 2) this.forget()
  }

  /** Holds nothing back any more. */
  forget(): void {
    this.pace = Infinity
    this.reason = null
  }
}
