/** Samples kept at most; when full, every other one of the older half goes, so that the whole way stays in view. */
const limit = 2400

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

  /** Adds a sample; one that is not newer than the last is left out. */
  add(at: number, values: readonly number[]): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && at <= last.at) return
    this.#samples = thin([...this.#samples, { at, values }])
  }
}

function thin(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= limit) return samples
  const half = limit / 2
  return samples.filter((_, at) => at >= half || at % 2 === 0)
}
