import { ByteWriter } from '../bytes/byte-writer.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { pass, passOver, type DerivedFeed, type Steps } from './steps.ts'

/**
 * One string inside a value (a list's element, a hash's field …), standing at a feed's cursor. It has to be
 * taken, in one of three ways, before anything behind it can be read.
 */
export class Element {
  /** Bytes of it as a client gets it. */
  length = 0
  #feed: ByteFeed | DerivedFeed | null = null
  #text: Uint8Array = empty

  /** Makes it the `length` bytes at the feed's cursor. */
  setBytes(feed: ByteFeed | DerivedFeed, length: number): this {
    this.#feed = feed
    this.length = length
    return this
  }

  /** Makes it a text that is at hand. */
  setText(text: Uint8Array): this {
    this.#feed = null
    this.#text = text
    this.length = text.length
    return this
  }

  /** Appends all of it. */
  *appendTo(writer: ByteWriter): Steps<void> {
    const feed = this.#feed
    if (feed === null) writer.bytes(this.#text)
    else if (feed.end - feed.position >= this.length) {
      writer.bytes(feed.buffer.subarray(feed.position, feed.position + this.length))
      feed.position += this.length
    } else yield* pass(feed, this.length, (piece) => writer.bytes(piece))
  }

  /** Hands it on in pieces. */
  *inPieces(write: (piece: Uint8Array) => void | Promise<void>): Steps<void> {
    if (this.#feed !== null) return yield* pass(this.#feed, this.length, write)
    const waiting = write(this.#text)
    if (waiting !== undefined) yield waiting
  }

  /** The next `length` bytes of it as an element of their own, to be taken before the rest. */
  part(length: number): Element {
    if (this.#feed !== null) return new Element().setBytes(this.#feed, length)
    const part = new Element().setText(this.#text.subarray(0, length))
    this.#text = this.#text.subarray(length)
    return part
  }

  *skip(): Steps<void> {
    if (this.#feed !== null) yield* passOver(this.#feed, this.length)
  }

  /** A copy of it, which grows as the bytes come: a length that lies costs no memory. */
  *copy(): Steps<Buffer> {
    if (this.#feed === null) return Buffer.from(this.#text)
    const writer = new ByteWriter(Math.min(this.length, 4096))
    yield* this.appendTo(writer)
    return Buffer.from(writer.written())
  }
}

const empty = new Uint8Array(0)
