const looksKept = 400
/** Looks come more often than this as long as the source answers. */
const unheardMs = 1_000

interface Look {
  readonly at: number
  readonly offset: number
}

/** Tells how far one is behind a source in time, from looks at how far the source had written when. */
export class LagClock {
  #looks: Look[] = []
  #everReached = false

  /** The newest offset seen; null while none was. */
  get offset(): number | null {
    return this.#looks.at(-1)?.offset ?? null
  }

  note(at: number, offset: number): void {
    this.#looks = [...this.#looks.slice(1 - looksKept), { at, offset }]
  }

  /** The stream has come as far as this. Counts where the source itself has not been heard of for a while. */
  hear(at: number, offset: number): void {
    const newest = this.#looks.at(-1)
    if (newest !== undefined && offset > newest.offset && at - newest.at >= unheardMs) this.note(at, offset)
  }

  /** Numbers of another history are of no use. */
  forget(): void {
    this.#looks = []
    this.#everReached = false
  }

  /**
   * How long ago the source wrote the oldest byte that is not applied, at most, milliseconds: that was after the
   * last look that has been reached. 0 when the newest look saw no more than is applied; infinite while no look
   * has ever been reached, since nobody knows when that byte was written.
   */
  lagMs(applied: number, now: number): number {
    const newest = this.#looks.at(-1)
    if (newest === undefined) return Number.POSITIVE_INFINITY
    const reached = this.#looks.findLast(({ offset }) => offset <= applied)
    if (reached !== undefined) this.#everReached = true
    if (newest.offset <= applied) return 0
    if (reached !== undefined) return now - reached.at
    return this.#everReached ? now - this.#looks[0]!.at : Number.POSITIVE_INFINITY
  }
}
