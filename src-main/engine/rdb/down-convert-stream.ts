import { ByteWriter } from '../bytes/byte-writer.ts'
import { MemoryFeed, passOver, runNow, type Steps } from './steps.ts'
import { readLength, readUint64, skipString } from './string.ts'

type StreamVersion = 1 | 2 | 3

/**
 * Turns a stream's RDB value (`stream.ts` has the format) into one of an earlier version: everything is copied
 * but the numbers that version does not have. @throws file.corrupt, file.truncated
 */
export function convertStream(from: StreamVersion, to: StreamVersion, value: Uint8Array): Buffer {
  const converter = new Converter(value)
  runNow(converter.stream(from, to))
  return converter.out.written()
}

const millisecondBytes = 8
const rawIdBytes = 16

class Converter {
  readonly out: ByteWriter
  readonly #feed: MemoryFeed
  /** Everything before this has been copied or left out. */
  #copied = 0

  constructor(value: Uint8Array) {
    this.#feed = new MemoryFeed(value)
    this.out = new ByteWriter(value.length)
  }

  *stream(from: StreamVersion, to: StreamVersion): Steps<void> {
    const feed = this.#feed
    for (let nodes = yield* readLength(feed); nodes > 0; nodes -= 1) {
      yield* skipString(feed)
      yield* skipString(feed)
    }
    // Length and last id; since 2 the first id, the last one deleted, and the entries added.
    yield* this.#numbers(3)
    if (from >= 2) {
      if (to < 2) this.#copy()
      yield* this.#numbers(5)
      if (to < 2) this.#leaveOut()
    }
    for (let groups = yield* readLength(feed); groups > 0; groups -= 1) yield* this.#group(from, to)
    this.#copy()
  }

  *#group(from: StreamVersion, to: StreamVersion): Steps<void> {
    const feed = this.#feed
    yield* skipString(feed)
    yield* this.#numbers(2)
    if (from >= 2) {
      if (to < 2) this.#copy()
      yield* this.#numbers(1)
      if (to < 2) this.#leaveOut()
    }
    for (let pending = yield* readLength(feed); pending > 0; pending -= 1) {
      yield* passOver(feed, rawIdBytes + millisecondBytes)
      yield* readLength(feed)
    }
    for (let consumers = yield* readLength(feed); consumers > 0; consumers -= 1) {
      yield* skipString(feed)
      yield* passOver(feed, millisecondBytes)
      if (from >= 3) {
        if (to < 3) this.#copy()
        yield* passOver(feed, millisecondBytes)
        if (to < 3) this.#leaveOut()
      }
      yield* passOver(feed, (yield* readLength(feed)) * rawIdBytes)
    }
  }

  *#numbers(count: number): Steps<void> {
    for (let left = count; left > 0; left -= 1) yield* readUint64(this.#feed)
  }

  /** Takes over everything up to the cursor. */
  #copy(): void {
    this.out.bytes(this.#feed.buffer.subarray(this.#copied, this.#feed.position))
    this.#copied = this.#feed.position
  }

  #leaveOut(): void {
    this.#copied = this.#feed.position
  }
}
