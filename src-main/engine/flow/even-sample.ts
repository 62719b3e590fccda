/** Some of a series whose length is not known beforehand, spread evenly over it: bounded, whatever goes past. */
export class EvenSample<T> {
  readonly #most: number
  /** One of so many is kept. */
  #every = 1
  #gonePast = 0
  #kept: T[] = []

  /** At most `most` are given in the end; up to so many all of them. */
  constructor(most: number) {
    this.#most = most
  }

  /** One more of the series goes past; `make` is called only where it is kept. */
  pass(make: () => T): void {
    if (this.#gonePast % this.#every === 0) {
      this.#kept.push(make())
      if (this.#kept.length > this.#most * 2) {
        this.#kept = this.#kept.filter((_, at) => at % 2 === 0)
        this.#every *= 2
      }
    }
    this.#gonePast += 1
  }

  get taken(): readonly T[] {
    return spread(this.#kept, this.#most)
  }
}

/** At most `most` of them, evenly. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all
  return Array.from({ length: most }, (_, at) => all[Math.floor((at * all.length) / most)]!)
}
