import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { lzfMaxRunInput, lzfMaxRunOutput, lzfReach } from '../bytes/lzf.ts'
import { need, type DerivedFeed, type Steps } from './steps.ts'

/** How much is decompressed ahead. */
const aheadBytes = 64 * 1024
/** As much as can be asked for at once. */
const capacity = 2 * aheadBytes
const windowBytes = lzfReach + capacity + lzfMaxRunOutput

const empty = new Uint8Array(0)

/**
 * The content of an LZF string while it passes by, decompressed in a window that slides: a run reaches back at
 * most 8 KiB, so a string of any length needs no more memory than this. (The format: `bytes/lzf.ts`.)
 */
export class LzfFeed implements DerivedFeed {
  buffer = empty
  position = 0
  end = 0
  readonly #outer: ByteFeed
  /** Compressed bytes not yet read, and bytes not yet decompressed. */
  #stored = 0
  #pending = 0

  constructor(outer: ByteFeed) {
    this.#outer = outer
  }

  /** Begins a string whose `stored` compressed bytes at the outer feed's cursor make `length` bytes. */
  start(stored: number, length: number): void {
    // A short string, and most are, takes no more than it needs.
    const needed = Math.min(length, windowBytes)
    if (this.buffer.length < needed) this.buffer = new Uint8Array(needed)
    this.position = 0
    this.end = 0
    this.#stored = stored
    this.#pending = length
    this.#checkEnd()
  }

  async fill(bytes: number): Promise<boolean> {
    for (const waiting of this.refill(bytes)) await waiting
    return this.end - this.position >= bytes
  }

  *refill(bytes: number): Steps<void> {
    const wanted = Math.min(Math.max(bytes, aheadBytes), capacity)
    this.#slide()
    while (this.#pending > 0 && this.end - this.position < wanted) {
      // A run is read only when it is whole; the last ones are shorter than the longest can be.
      const runBytes = Math.min(lzfMaxRunInput, this.#stored)
      if (this.#outer.end - this.#outer.position < runBytes) {
        if (this.end - this.position >= bytes) return
        yield* need(this.#outer, runBytes)
      }
      this.#decompressRun()
    }
  }

  /** Keeps what is unread, and what runs to come may still reach. */
  #slide(): void {
    const keep = Math.max(0, Math.min(this.position, this.end - lzfReach))
    this.buffer.copyWithin(0, keep, this.end)
    this.position -= keep
    this.end -= keep
  }

  #decompressRun(): void {
    const { buffer: input } = this.#outer
    const start = this.#outer.position
    const last = start + this.#stored
    let from = start
    const control = input[from++]!
    if (control < 32) {
      const length = control + 1
      if (from + length > last || length > this.#pending) this.#corrupt()
      this.buffer.set(input.subarray(from, from + length), this.end)
      from += length
      this.#made(length)
    } else {
      let length = (control >> 5) + 2
      if (length === 9) length += from < last ? input[from++]! : this.#corrupt()
      const low = from < last ? input[from++]! : this.#corrupt()
      const back = this.end - (((control & 0x1f) << 8) | low) - 1
      if (back < 0 || length > this.#pending) this.#corrupt()
      // Byte by byte on purpose: a run may read what it has just written.
      for (let copied = 0; copied < length; copied += 1)
        this.buffer[this.end + copied] = this.buffer[back + copied]!
      this.#made(length)
    }
    this.#outer.position = from
    this.#stored -= from - start
    this.#checkEnd()
  }

  #made(bytes: number): void {
    this.end += bytes
    this.#pending -= bytes
  }

  #checkEnd(): void {
    if ((this.#stored === 0) !== (this.#pending === 0)) this.#corrupt()
  }

  #corrupt(): never {
    fail('file.corrupt', { structure: 'lzf' })
  }
}
