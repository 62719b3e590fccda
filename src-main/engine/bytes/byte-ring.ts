/**
 * Bytes on their way from one who puts them in to one who takes them out, in the same memory again and again: nothing
 * is allocated for them. Whoever puts them in asks for `room`, whoever takes them out has each piece to itself until
 * it asks for the next.
 */
export class ByteRing {
  readonly #memory: Buffer
  /** Bytes that ever came in, that were handed out, and that are done with. */
  #in = 0
  #out = 0
  #done = 0

  constructor(capacity: number) {
    this.#memory = Buffer.allocUnsafeSlow(capacity)
  }

  get capacity(): number {
    return this.#memory.length
  }

  /** Bytes that can still come in. */
  get free(): number {
    return this.capacity - (this.#in - this.#done)
  }

  /** Memory for the next bytes, at most `limit` of them; empty only where nothing is free. What was given before is void. */
  room(limit: number = this.free): Buffer {
    // As long as nobody keeps up with it, it goes around; else it stays where it is in the processor's cache.
    if (this.#in === this.#done) this.#in = this.#out = this.#done = 0
    const at = this.#in % this.capacity
    return this.#memory.subarray(at, at + Math.min(limit, this.free, this.capacity - at))
  }

  /** So many bytes have been put where there was room. */
  came(count: number): void {
    this.#in += count
  }

  /** What has come, as much as stands in one piece, at most `limit` bytes; null: nothing. The piece before is void. */
  take(limit = Number.POSITIVE_INFINITY): Buffer | null {
    this.#done = this.#out
    if (this.#out === this.#in) return null
    const at = this.#out % this.capacity
    const piece = this.#memory.subarray(at, at + Math.min(limit, this.#in - this.#out, this.capacity - at))
    this.#out += piece.length
    return piece
  }
}
