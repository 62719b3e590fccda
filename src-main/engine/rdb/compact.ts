import { fail } from '#contract/failure.ts'
import { digits } from './integer.ts'

/**
 * Listpack, ziplist, zipmap and intset are one idea: a header, elements one behind the other, an end. A
 * `CompactFormat` says how one of them writes its header and elements; the walk over them, whether the whole
 * structure is in memory (`CompactCursor`) or passes by in pieces (`big-value.ts`), is the same for all four.
 */
export interface CompactFormat {
  readonly name: 'listpack' | 'ziplist' | 'zipmap' | 'intset'
  readonly headerBytes: number
  /** 1 where a byte 0xff ends the structure. */
  readonly endBytes: 0 | 1
  /** The most bytes that stand before an element's content. */
  readonly maxHeadBytes: number
  /** Reads what the header says of size and count into the walk. */
  readHeader(bytes: Uint8Array, at: number, walk: CompactWalk): void
  /**
   * Reads what stands before the content of the element at `at`, of which `end - at` bytes are there, into the
   * walk: `headBytes`, `contentBytes`, `tailBytes`, `integer`. Lengths are checked by the walk.
   */
  readHead(bytes: Uint8Array, at: number, end: number, walk: CompactWalk): void
  /** Checks the bytes behind the content, which begin at `at`. */
  checkTail?(bytes: Uint8Array, at: number, walk: CompactWalk): void
  /** Checks what the header said against what was met. */
  checkEnd?(walk: CompactWalk): void
}

/**
 * Where a walk stands. Offsets count from the first byte of the structure. All lengths come from the bytes
 * themselves and are checked before they are used, so that no walk leaves its structure or fails to end.
 */
export class CompactWalk {
  readonly format: CompactFormat
  /** Bytes of the whole structure. */
  readonly size: number
  /** Of the next element. */
  offset = 0
  /** Elements gone past. */
  count = 0
  /** As the header says; -1 where it does not. */
  declaredCount = -1
  /** Where the header says the last element begins; -1 where it does not. */
  declaredLast = -1
  /** Where the last element gone past began, and how many bytes it took in all. */
  lastOffset = 0
  lastBytes = 0
  /** Bytes of an element where the header sets them, as in an intset. */
  elementBytes = 0

  headBytes = 0
  /** 0 for an integer that stands in the head. */
  contentBytes = 0
  tailBytes = 0
  /** The element's value where it is an integer, exact. */
  integer: number | bigint | undefined = undefined

  constructor(format: CompactFormat, size: number) {
    this.format = format
    this.size = size
    if (size < format.headerBytes + format.endBytes) this.corrupt()
  }

  /** Reads the header, whose bytes begin at `at`. */
  open(bytes: Uint8Array, at: number): void {
    this.format.readHeader(bytes, at, this)
    this.offset = this.format.headerBytes
    this.lastOffset = this.offset
  }

  /** Bytes left for elements. */
  get left(): number {
    return this.size - this.format.endBytes - this.offset
  }

  /** Reads the head of the next element, of which the bytes [at, end) are there. */
  readHead(bytes: Uint8Array, at: number, end: number): void {
    this.integer = undefined
    this.contentBytes = 0
    this.tailBytes = 0
    this.format.readHead(bytes, at, Math.min(end, at + this.left), this)
    if (this.headBytes + this.contentBytes + this.tailBytes > this.left) this.corrupt()
  }

  /** Goes past the element whose head was read; the bytes behind its content begin at `at`. */
  pass(bytes: Uint8Array, at: number): void {
    this.format.checkTail?.(bytes, at, this)
    this.lastOffset = this.offset
    this.lastBytes = this.headBytes + this.contentBytes + this.tailBytes
    this.offset += this.lastBytes
    this.count += 1
  }

  /** Checks the end of the structure, whose end mark, if it has one, is at `at`. */
  close(bytes: Uint8Array, at: number): void {
    if (this.left !== 0 || (this.format.endBytes === 1 && bytes[at] !== 0xff)) this.corrupt()
    if (this.declaredCount >= 0 && this.declaredCount !== this.count) this.corrupt()
    this.format.checkEnd?.(this)
  }

  /** Fails with `file.corrupt`, telling the structure and the offset in it. */
  corrupt(): never {
    fail('file.corrupt', { structure: this.format.name, offsetInValue: this.offset })
  }
}

/** Goes over a compact structure that is in memory, one element after the other, without copying. */
export class CompactCursor {
  readonly bytes: Uint8Array
  /** The element's bytes are bytes[start, end), unless it is an integer. */
  start: number
  end: number
  readonly #walk: CompactWalk
  #at: number

  /** @throws file.corrupt here and in `next` where bytes[start, end) is not a whole structure of the format. */
  constructor(format: CompactFormat, bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.#walk = new CompactWalk(format, end - start)
    this.#walk.open(bytes, start)
    this.#at = start + format.headerBytes
    this.start = this.#at
    this.end = this.#at
  }

  /** The element where it is an integer (an intset's, or a string that read as one), exact. */
  get integer(): number | bigint | undefined {
    return this.#walk.integer
  }

  /** Goes to the next element; false at the end, where the structure proved whole. */
  next(): boolean {
    const walk = this.#walk
    if (walk.left <= 0) {
      walk.close(this.bytes, this.#at)
      return false
    }
    walk.readHead(this.bytes, this.#at, this.bytes.length)
    this.start = this.#at + walk.headBytes
    this.end = this.start + walk.contentBytes
    walk.pass(this.bytes, this.end)
    this.#at += walk.lastBytes
    return true
  }

  /** The element as a client gets it: a view of its bytes, or the digits of the integer. */
  text(): Uint8Array {
    return this.integer === undefined ? this.bytes.subarray(this.start, this.end) : digits(this.integer)
  }
}
