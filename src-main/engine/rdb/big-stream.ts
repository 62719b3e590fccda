import { fail } from '#contract/failure.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import type { BigValueOptions, CommandSink } from './big-value.ts'
import { CommandBatch } from './command-batch.ts'
import type { Steps } from './steps.ts'
import {
  readStream,
  streamId,
  streamIdText,
  type StreamId,
  type StreamState,
  type StreamVisitor,
} from './stream.ts'

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

/**
 * Writes a stream as commands: XADD for every entry, XSETID for what it knows of itself, and for each group
 * XGROUP CREATE, XGROUP CREATECONSUMER, and XCLAIM for what was delivered and not acknowledged. Gives the
 * number of entries.
 *
 * As with the server's own AOF rewrite, two things have no command: the times a consumer was last seen and
 * active, and pending ids whose entry has been deleted. The pending ids of one group are held in memory, 32
 * bytes each, because the file tells when they were delivered before it tells to whom.
 */
export function* writeStream(
  version: 1 | 2 | 3,
  feed: ByteFeed,
  key: Uint8Array,
  sink: CommandSink,
  options: BigValueOptions,
): Steps<number> {
  const writer = new StreamWriter(key, sink, options)
  yield* readStream(version, feed, writer)
  return writer.entries
}

class StreamWriter implements StreamVisitor {
  entries = 0
  readonly #key: Uint8Array
  readonly #sink: CommandSink
  readonly #options: BigValueOptions
  readonly #entry: CommandBatch
  #partsLeft = 0
  #firstId: StreamId | null = null
  #state: StreamState | null = null
  #group: Buffer = ascii('')
  #consumer: Buffer = ascii('')
  #pending = new PendingEntries()
  #claim: Claim | null = null

  constructor(key: Uint8Array, sink: CommandSink, options: BigValueOptions) {
    this.#key = key
    this.#sink = sink
    this.#options = options
    this.#entry = new CommandBatch(sink, options, [ascii('XADD'), key])
  }

  entry(id: StreamId, fields: number): void {
    this.#firstId ??= id
    this.#partsLeft = fields * 2
    this.#entry.addText(streamIdText(id))
  }

  *part(element: Parameters<StreamVisitor['part']>[0]): Steps<void> {
    this.#partsLeft -= 1
    yield* this.#partsLeft === 0 ? this.#entry.addLast(element) : this.#entry.add(element)
  }

  *endEntry(): Steps<void> {
    this.#entry.endUnit()
    yield* this.#entry.flush()
    this.entries += 1
  }

  *state(state: StreamState): Steps<void> {
    this.#state = state
    if (this.entries === 0) yield* this.#makeEmpty()
    const { since7 } = state
    const offsets =
      since7 === undefined || !this.#options.streamOffsets
        ? []
        : [
            ascii('ENTRIESADDED'),
            ascii(String(since7.entriesAdded)),
            ascii('MAXDELETEDID'),
            streamIdText(since7.maxDeletedId),
          ]
    yield* this.#send(ascii('XSETID'), this.#key, streamIdText(state.lastId), ...offsets)
  }

  /** Only a group can make a stream without entries; the one made for that goes again. */
  *#makeEmpty(): Steps<void> {
    const group = ascii('0')
    yield* this.#send(ascii('XGROUP'), ascii('CREATE'), this.#key, group, ascii('0-0'), ascii('MKSTREAM'))
    yield* this.#send(ascii('XGROUP'), ascii('DESTROY'), this.#key, group)
  }

  *group(name: Buffer, lastId: StreamId, entriesRead: bigint | undefined): Steps<void> {
    this.#group = name
    this.#pending = new PendingEntries()
    const read = entriesRead ?? this.#estimateEntriesRead(lastId)
    const offset =
      read < 0n || !this.#options.streamOffsets ? [] : [ascii('ENTRIESREAD'), ascii(String(read))]
    yield* this.#send(ascii('XGROUP'), ascii('CREATE'), this.#key, name, streamIdText(lastId), ...offset)
  }

  /** What a server estimates on loading version 1 (`streamEstimateDistanceFromFirstEverEntry`); -1 where it cannot. */
  #estimateEntriesRead(id: StreamId): bigint {
    const state = this.#state!
    if (state.length === 0n || this.#firstId === null) return 0n
    const toLast = compareIds(id, state.lastId)
    if (toLast >= 0) return toLast === 0 ? state.length : -1n
    const toFirst = compareIds(id, this.#firstId)
    return toFirst < 0 ? 0n : toFirst === 0 ? 1n : -1n
  }

  // eslint-disable-next-line require-yield -- remembered, not written
  *pending(rawId: Uint8Array, deliveredAt: bigint, deliveries: number): Steps<void> {
    this.#pending.add(rawId, deliveredAt, deliveries)
  }

  *consumer(name: Buffer): Steps<void> {
    this.#consumer = name
    if (this.#options.streamConsumers)
      yield* this.#send(ascii('XGROUP'), ascii('CREATECONSUMER'), this.#key, this.#group, name)
  }

  *held(rawId: Uint8Array): Steps<void> {
    const found = this.#pending.find(rawId)
    const claim = this.#claim
    const joins =
      claim !== null &&
      claim.deliveredAt === found.deliveredAt &&
      claim.deliveries === found.deliveries &&
      claim.ids.length < this.#options.batchUnits
    if (joins) claim.ids.push(streamIdText(streamId(rawId)))
    else {
      yield* this.#sendClaim()
      this.#claim = { ...found, ids: [streamIdText(streamId(rawId))] }
    }
  }

  *endConsumer(): Steps<void> {
    yield* this.#sendClaim()
  }

  *#sendClaim(): Steps<void> {
    const claim = this.#claim
    if (claim === null) return
    this.#claim = null
    yield* this.#send(
      ...[ascii('XCLAIM'), this.#key, this.#group, this.#consumer, ascii('0'), ...claim.ids],
      ...[ascii('TIME'), ascii(String(claim.deliveredAt))],
      ...[ascii('RETRYCOUNT'), ascii(String(claim.deliveries)), ascii('FORCE'), ascii('JUSTID')],
    )
  }

  *#send(...args: Uint8Array[]): Steps<void> {
    const waiting = this.#sink.send(args)
    if (waiting !== undefined) yield waiting
  }
}

/** Ids that go into one XCLAIM, because they were delivered together. */
interface Claim {
  readonly deliveredAt: bigint
  readonly deliveries: number
  readonly ids: Buffer[]
}

const recordBytes = 32
const idBytes = 16

/** The pending entries of one group, in rising order of ids: id (16 bytes), time (8), deliveries (8). */
class PendingEntries {
  readonly #records = new ByteWriter()

  add(rawId: Uint8Array, deliveredAt: bigint, deliveries: number): void {
    const at = this.#records.length
    const records = this.#records.claim(recordBytes)
    records.set(rawId, at)
    records.writeBigInt64LE(deliveredAt, at + idBytes)
    records.writeDoubleLE(deliveries, at + idBytes + 8)
    if (at > 0 && records.compare(rawId, 0, idBytes, at - recordBytes, at - recordBytes + idBytes) >= 0)
      fail('file.corrupt', { structure: 'stream' })
  }

  /** @throws file.corrupt where the group does not know the id. */
  find(rawId: Uint8Array): { readonly deliveredAt: bigint; readonly deliveries: number } {
    const records = this.#records.written()
    let low = 0
    let high = records.length / recordBytes - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const at = middle * recordBytes
      const order = records.compare(rawId, 0, idBytes, at, at + idBytes)
      if (order === 0)
        return {
          deliveredAt: records.readBigInt64LE(at + idBytes),
          deliveries: records.readDoubleLE(at + idBytes + 8),
        }
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    fail('file.corrupt', { structure: 'stream' })
  }
}

function compareIds(one: StreamId, other: StreamId): number {
  if (one.ms !== other.ms) return one.ms < other.ms ? -1 : 1
  return one.seq === other.seq ? 0 : one.seq < other.seq ? -1 : 1
}
