import type { ByteFeed } from '../bytes/feed.ts'
import { CompactWalk, type CompactFormat } from './compact.ts'
import { Element } from './element.ts'
import { digits } from './integer.ts'
import { need, type DerivedFeed, type Steps } from './steps.ts'

/** Reads the elements of a compact structure that passes by in a feed, however large it and they are. */
export class CompactReader {
  readonly #feed: ByteFeed | DerivedFeed
  readonly #walk: CompactWalk
  readonly #element = new Element()
  #opened = false
  #inElement = false

  /** The structure is the `size` bytes at the feed's cursor. */
  constructor(format: CompactFormat, feed: ByteFeed | DerivedFeed, size: number) {
    this.#feed = feed
    this.#walk = new CompactWalk(format, size)
  }

  /** The element last given where it is an integer, exact. */
  get integer(): number | bigint | undefined {
    return this.#walk.integer
  }

  /** Offset in the structure of the next element. */
  get offset(): number {
    return this.#walk.offset
  }

  /**
   * The next element, to be taken before the next call; null at the end, where the structure proved whole and
   * the cursor is behind it. @throws file.corrupt
   */
  *next(): Steps<Element | null> {
    const feed = this.#feed
    const walk = this.#walk
    if (!this.#opened) yield* this.#open()
    if (this.#inElement) yield* this.#leaveElement()
    if (walk.left <= 0) {
      const { endBytes } = walk.format
      if (feed.end - feed.position < endBytes) yield* need(feed, endBytes)
      walk.close(feed.buffer, feed.position)
      feed.position += endBytes
      return null
    }
    const headBytes = Math.min(walk.format.maxHeadBytes, walk.left)
    if (feed.end - feed.position < headBytes) yield* need(feed, headBytes)
    walk.readHead(feed.buffer, feed.position, feed.end)
    feed.position += walk.headBytes
    this.#inElement = true
    return walk.integer === undefined
      ? this.#element.setBytes(feed, walk.contentBytes)
      : this.#element.setText(digits(walk.integer))
  }

  *#open(): Steps<void> {
    const feed = this.#feed
    const { headerBytes } = this.#walk.format
    if (feed.end - feed.position < headerBytes) yield* need(feed, headerBytes)
    this.#walk.open(feed.buffer, feed.position)
    feed.position += headerBytes
    this.#opened = true
  }

  *#leaveElement(): Steps<void> {
    const feed = this.#feed
    const { tailBytes } = this.#walk
    if (feed.end - feed.position < tailBytes) yield* need(feed, tailBytes)
    this.#walk.pass(feed.buffer, feed.position)
    feed.position += tailBytes
    this.#inElement = false
  }
}
