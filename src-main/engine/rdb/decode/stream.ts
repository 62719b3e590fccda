import type { ByteFeed } from '../../bytes/feed.ts'
import type { Element } from '../element.ts'
import type { Steps } from '../steps.ts'
import {
  readStream,
  streamId,
  streamIdText,
  type ConsumerTimes,
  type StreamId,
  type StreamState,
  type StreamVisitor,
} from '../stream.ts'
import type { JsonWriter } from './json-writer.ts'

/**
 * Writes a stream as an object: `entries` (`{"id":…,"fields":[[field, value], …]}`, without those deleted),
 * `length`, `lastId`, since 7.0 `firstId`, `maxDeletedId` and `entriesAdded`, and `groups`, each with `name`,
 * `lastId`, since 7.0 `entriesRead` (-1: unknown), `pending` (`id`, `deliveredAt`, `deliveries`) and
 * `consumers` (`name`, `seenAt`, since 7.2 `activeAt`, and the ids of what is `pending` with it). Times are
 * milliseconds since the epoch; `activeAt` is -1 for a consumer that has never read anything.
 */
export function* writeStreamJson(version: 1 | 2 | 3, feed: ByteFeed, json: JsonWriter): Steps<void> {
  json.raw('{"entries":[')
  const writer = new StreamJson(json)
  yield* readStream(version, feed, writer)
  writer.end()
}

class StreamJson implements StreamVisitor {
  readonly #json: JsonWriter
  /** Nothing has been written yet of the array that is open. */
  #isFirst = true
  #parts = 0
  /** Of the group told last: null before the first. */
  #within: 'pending' | 'consumers' | null = null

  constructor(json: JsonWriter) {
    this.#json = json
  }

  entry(id: StreamId): void {
    this.#comma()
    this.#json.raw(`{"id":"${text(id)}","fields":[`)
    this.#parts = 0
  }

  *part(element: Element): Steps<void> {
    const isField = this.#parts % 2 === 0
    this.#json.raw(isField ? (this.#parts === 0 ? '[' : ',[') : ',')
    yield* this.#json.element(element)
    if (!isField) this.#json.raw(']')
    this.#parts += 1
  }

  *endEntry(): Steps<void> {
    this.#json.raw(']}')
    yield* this.#json.drain()
  }

  // eslint-disable-next-line require-yield -- short, and what follows drains
  *state({ length, lastId, since7 }: StreamState): Steps<void> {
    const json = this.#json
    json.raw('],"length":')
    json.integer(length)
    json.raw(`,"lastId":"${text(lastId)}"`)
    if (since7 !== undefined) {
      json.raw(`,"firstId":"${text(since7.firstId)}","maxDeletedId":"${text(since7.maxDeletedId)}"`)
      json.raw(',"entriesAdded":')
      json.integer(since7.entriesAdded)
    }
    json.raw(',"groups":[')
    this.#isFirst = true
  }

  *group(name: Buffer, lastId: StreamId, entriesRead: bigint | undefined): Steps<void> {
    const json = this.#json
    this.#endGroup()
    json.comma(this.#within === null)
    json.raw('{"name":')
    json.string(name)
    json.raw(`,"lastId":"${text(lastId)}"`)
    if (entriesRead !== undefined) {
      json.raw(',"entriesRead":')
      json.integer(entriesRead)
    }
    json.raw(',"pending":[')
    this.#within = 'pending'
    this.#isFirst = true
    yield* json.drain()
  }

  *pending(rawId: Uint8Array, deliveredAt: bigint, deliveries: number): Steps<void> {
    this.#comma()
    const id = text(streamId(rawId))
    this.#json.raw(`{"id":"${id}","deliveredAt":${deliveredAt},"deliveries":${deliveries}}`)
    yield* this.#json.drain()
  }

  // eslint-disable-next-line require-yield -- short, and what follows drains
  *consumer(name: Buffer, { seenAt, activeAt }: ConsumerTimes): Steps<void> {
    const json = this.#json
    if (this.#within === 'pending') this.#beginConsumers()
    this.#comma()
    json.raw('{"name":')
    json.string(name)
    json.raw(`,"seenAt":${seenAt}`)
    if (activeAt !== undefined) json.raw(`,"activeAt":${activeAt}`)
    json.raw(',"pending":[')
    this.#isFirst = true
  }

  *held(rawId: Uint8Array): Steps<void> {
    this.#comma()
    this.#json.raw(`"${text(streamId(rawId))}"`)
    yield* this.#json.drain()
  }

  *endConsumer(): Steps<void> {
    this.#json.raw(']}')
    this.#isFirst = false
    yield* this.#json.drain()
  }

  end(): void {
    this.#endGroup()
    this.#json.raw(']}')
  }

  #beginConsumers(): void {
    this.#json.raw('],"consumers":[')
    this.#within = 'consumers'
    this.#isFirst = true
  }

  #endGroup(): void {
    if (this.#within === null) return
    if (this.#within === 'pending') this.#beginConsumers()
    this.#json.raw(']}')
  }

  #comma(): void {
    this.#json.comma(this.#isFirst)
    this.#isFirst = false
  }
}

function text(id: StreamId): string {
  return streamIdText(id).toString('latin1')
}
