interface Sample {
  readonly at: number
  readonly writes: number
  readonly bytes: number
}

/** Over the last few seconds. */
export interface RatesNow {
  readonly writesPerSecond: number
  readonly bytesPerSecond: number
}

const windowMs = 3_000
/** Nearer looks would tell of nothing but chance. */
const leastMs = 200

/** Tells from counts that grow how fast they grow. */
export class Rates {
  #samples: Sample[] = []

  /** To be called with what has been counted by now, milliseconds since the epoch. */
  look(at: number, writes: number, bytes: number): RatesNow {
    this.#samples.push({ at, writes, bytes })
    while (this.#samples.length > 2 && this.#samples[1]!.at < at - windowMs) this.#samples.shift()
    const first = this.#samples[0]!
    const ms = at - first.at
    const perSecond = (now: number, before: number): number =>
      ms < leastMs ? 0 : Math.max(0, Math.round(((now - before) * 1_000) / ms))
    return {
      writesPerSecond: perSecond(writes, first.writes),
      bytesPerSecond: perSecond(bytes, first.bytes),
    }
  }
}
