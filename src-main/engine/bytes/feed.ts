/**
 * Bytes as they come, with a cursor: unread bytes are `buffer[position, end)`. Parsing them is synchronous;
 * only refills are awaited.
 */
export interface ByteFeed {
  readonly buffer: Uint8Array
  position: number
  readonly end: number
  /**
   * Makes at least `bytes` unread bytes available, moving them to the front of the window if need be. False
   * where the input ends before. `bytes` must not exceed the capacity of the window.
   */
  fill(bytes: number): Promise<boolean>
}

/** Reads up to `length` bytes into `buffer` at `offset`; resolves with how many, 0 at the end of the input. */
export type ReadBytes = (buffer: Uint8Array, offset: number, length: number) => Promise<number>

/** Told of every byte that the cursor has gone past, once and in order, before it leaves the window. */
export type Consumed = (offset: number, length: number) => void

/** As much is read at once, unless more is asked for: small enough to stay in a processor's cache. */
const readAhead = 1024 * 1024

/**
 * A window over an input of any length. It lies in `buffer[start, start + capacity)` (a shared memory, so
 * that a CRC can be computed where the bytes are), and counts the absolute offset of everything in it.
 */
export class WindowFeed implements ByteFeed {
  readonly buffer: Uint8Array
  readonly capacity: number
  position: number
  #end: number
  readonly #start: number
  readonly #read: ReadBytes
  readonly #consumed: Consumed | undefined
  /** Bytes of the input that lie before the window's first byte. */
  #before: number
  #told: number
  #ended = false

  constructor(
    buffer: Uint8Array,
    start: number,
    capacity: number,
    read: ReadBytes,
    options: { readonly offset?: number; readonly consumed?: Consumed } = {},
  ) {
    this.buffer = buffer
    this.#start = start
    this.capacity = capacity
    this.position = start
    this.#end = start
    this.#told = start
    this.#read = read
    this.#before = options.offset ?? 0
    this.#consumed = options.consumed
  }

  get end(): number {
    return this.#end
  }

  /** Absolute offset in the input of the byte at `position` of the buffer. */
  offsetOf(position: number): number {
    return this.#before + position - this.#start
  }

  /** Tells `consumed` of everything up to the cursor. */
  tell(): void {
    if (this.position > this.#told) this.#consumed?.(this.#told, this.position - this.#told)
    this.#told = this.position
  }

  async fill(bytes: number): Promise<boolean> {
    if (this.#end - this.position >= bytes) return true
    if (bytes > this.capacity) throw new RangeError(`${bytes} bytes do not fit a window of ${this.capacity}`)
    this.#moveToFront()
    const wanted = this.position + Math.min(Math.max(bytes, readAhead), this.capacity)
    while (!this.#ended && this.#end - this.position < bytes) {
      const got = await this.#read(this.buffer, this.#end, wanted - this.#end)
      if (got === 0) this.#ended = true
      this.#end += got
    }
    return this.#end - this.position >= bytes
  }

  #moveToFront(): void {
    this.tell()
    if (this.position === this.#start) return
    this.buffer.copyWithin(this.#start, this.position, this.#end)
    const gone = this.position - this.#start
    this.#before += gone
    this.#end -= gone
    this.position = this.#start
    this.#told = this.#start
  }
}
