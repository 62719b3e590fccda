/** Samples kept at most; when full, every other one of the older half goes, so that the whole way stays in view. */
const limit = 2400
/** The longer the way, the farther apart its samples: one nearer to the last than this part of it would not be seen. */
const finest = 1 / 600

export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly values: readonly number[]
}

/** Values over time, bounded in size however long it runs. */
export class Series {
  #samples = $state.raw<readonly Sample[]>([])

  get samples(): readonly Sample[] {
    return this.#samples
  }

  /** Adds a sample; one that is not newer than the last, or hardly, is left out. */
  add(at: number, values: readonly number[]): void {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first !== undefined && last !== undefined && at - last.at <= (at - first.at) * finest) return
    this.#samples = thin([...this.#samples, { at, values }])
  }
}

function thin(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= limit) return samples
  const half = limit / 2
  return samples.filter((_, at) => at >= half || at % 2 === 0)
}
