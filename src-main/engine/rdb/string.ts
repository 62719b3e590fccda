import { fail } from '#contract/failure.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { Element } from './element.ts'
import { digits, readInteger } from './integer.ts'
import { encoding, lengthAt, lengthSize } from './length.ts'
import { LzfFeed } from './lzf-feed.ts'
import { need, passOver, type DerivedFeed, type Steps } from './steps.ts'

/** Longer strings no server loads. */
const maxStringBytes = 2 ** 32

/** What stands before the bytes of a string in an RDB file (`rdbGenericLoadStringObject` in `rdb.c`). */
interface StringHead {
  readonly kind: 'plain' | 'integer' | 'lzf'
  /** Bytes that follow in the file. */
  readonly storedBytes: number
  /** Bytes of the string as a client gets it; 0 for an integer. */
  readonly length: number
  readonly integer: number
}

/** Reads a length and goes past it. @throws file.corrupt where a string's special encoding stands there. */
export function* readLength(feed: ByteFeed): Steps<number> {
  yield* need(feed, 1)
  const size = lengthSize(feed.buffer, feed.position)
  if (size <= 0) fail('file.corrupt', { structure: 'length' })
  yield* need(feed, size)
  const length = lengthAt(feed.buffer, feed.position)
  feed.position += size
  return length
}

/** A length that uses all its 64 bits, as the parts of stream ids do: exact. */
export function* readUint64(feed: ByteFeed): Steps<bigint> {
  yield* need(feed, 1)
  const size = lengthSize(feed.buffer, feed.position)
  if (size !== 9) return BigInt(yield* readLength(feed))
  yield* need(feed, size)
  const high = lengthAt32(feed.buffer, feed.position + 1)
  const low = lengthAt32(feed.buffer, feed.position + 5)
  feed.position += size
  return (BigInt(high) << 32n) | BigInt(low)
}

function lengthAt32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

/** Reads what stands before a string's bytes and goes past it. Asks for no byte beyond the string. */
function* readStringHead(feed: ByteFeed): Steps<StringHead> {
  yield* need(feed, 1)
  const first = feed.buffer[feed.position]!
  if (first < 0xc0) {
    const length = yield* readLength(feed)
    if (length > maxStringBytes) fail('file.corrupt', { structure: 'string' })
    return { kind: 'plain', storedBytes: length, length, integer: 0 }
  }
  feed.position += 1
  const special = first & 0x3f
  if (special === encoding.LZF) {
    const storedBytes = yield* readLength(feed)
    const length = yield* readLength(feed)
    if (storedBytes > maxStringBytes || length > maxStringBytes) fail('file.corrupt', { structure: 'string' })
    return { kind: 'lzf', storedBytes, length, integer: 0 }
  }
  if (special > encoding.INT32) fail('file.corrupt', { structure: 'string' })
  const size = 1 << special
  yield* need(feed, size)
  const integer = Number(readInteger(feed.buffer, feed.position, size))
  feed.position += size
  return { kind: 'integer', storedBytes: 0, length: 0, integer }
}

/** Writes a length as `rdbSaveLen` does. */
export function writeLength(writer: ByteWriter, length: number): void {
  if (length < 0x40) writer.uint8(length)
  else if (length < 0x4000) {
    writer.uint8(0x40 | (length >> 8))
    writer.uint8(length & 0xff)
  } else if (length < 2 ** 32) {
    writer.uint8(0x80)
    writer.uint32BigEndian(length)
  } else {
    writer.uint8(0x81)
    writer.uint32BigEndian(Math.floor(length / 2 ** 32))
    writer.uint32BigEndian(length % 2 ** 32)
  }
}

/** Writes a string plainly. */
export function writeString(writer: ByteWriter, text: Uint8Array): void {
  writeLength(writer, text.length)
  writer.bytes(text)
}

/** Goes past a string without decompressing it; gives its length as a client gets it. */
export function* skipString(feed: ByteFeed): Steps<number> {
  const { kind, storedBytes, length, integer } = yield* readStringHead(feed)
  yield* passOver(feed, storedBytes)
  return kind === 'integer' ? digits(integer).length : length
}

/** Reads the strings of a value one after the other; one window serves all that are compressed. */
export class StringReader {
  readonly #feed: ByteFeed
  readonly #element = new Element()
  #lzf: LzfFeed | null = null

  constructor(feed: ByteFeed) {
    this.#feed = feed
  }

  /** The next string as an element: to be taken before the next call. */
  *next(): Steps<Element> {
    const feed = this.#feed
    const first = feed.position < feed.end ? feed.buffer[feed.position]! : 0xff
    if (first < 0x40) {
      feed.position += 1
      return this.#element.setBytes(feed, first)
    }
    const head = yield* readStringHead(feed)
    if (head.kind === 'integer') return this.#element.setText(digits(head.integer))
    return this.#element.setBytes(this.#open(head), head.length)
  }

  /** The next string as bytes that can be looked into: its length, and a feed that stands at its first byte. */
  *nextContent(): Steps<{ readonly feed: ByteFeed | DerivedFeed; readonly length: number }> {
    const head = yield* readStringHead(this.#feed)
    if (head.kind === 'integer') fail('file.corrupt', { structure: 'string' })
    return { feed: this.#open(head), length: head.length }
  }

  #open(head: StringHead): ByteFeed | DerivedFeed {
    if (head.kind === 'plain') return this.#feed
    this.#lzf ??= new LzfFeed(this.#feed)
    this.#lzf.start(head.storedBytes, head.length)
    return this.#lzf
  }
}
