import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { CompactReader } from './compact-reader.ts'
import { Element } from './element.ts'
import { listpack } from './listpack.ts'
import { type } from './opcodes.ts'
import { need, type Steps } from './steps.ts'
import { readLength, readUint64, StringReader } from './string.ts'

/** Two unsigned 64-bit numbers. */
export interface StreamId {
  readonly ms: bigint
  readonly seq: bigint
}

/** What the stream knows of itself beside its entries. */
export interface StreamState {
  readonly length: bigint
  readonly lastId: StreamId
  /** Since version 2 (Redis 7.0). */
  readonly since7?: {
    readonly firstId: StreamId
    readonly maxDeletedId: StreamId
    readonly entriesAdded: bigint
  }
}

/** When a consumer last tried to read, and last did; milliseconds since the epoch. No command sets either. */
export interface ConsumerTimes {
  readonly seenAt: bigint
  /** Since version 3 (Redis 7.2); -1 where it never did. */
  readonly activeAt?: bigint
}

/** What is told of a stream, in the order of the file. */
export interface StreamVisitor {
  /** An entry begins, with so many fields. Deleted entries are not told. */
  entry(id: StreamId, fields: number): void
  /** Its fields and values in turn, to be taken at once. */
  part(element: Element): Steps<void>
  endEntry(): Steps<void>
  /** After the last entry. */
  state(state: StreamState): Steps<void>
  /** `entriesRead` since version 2; -1 where the server did not know. */
  group(name: Buffer, lastId: StreamId, entriesRead: bigint | undefined): Steps<void>
  /** An entry delivered and not acknowledged, by its id (16 bytes), in the order of ids. */
  pending(rawId: Uint8Array, deliveredAt: bigint, deliveries: number): Steps<void>
  /** A consumer of the group told last; the ids it holds follow. */
  consumer(name: Buffer, times: ConsumerTimes): Steps<void>
  held(rawId: Uint8Array): Steps<void>
  endConsumer(): Steps<void>
}

const rawIdBytes = 16

/**
 * Walks a stream (`rdbSaveObject` and `rdbLoadObject` in `rdb.c`). Version 1: STREAM_LISTPACKS (5.0); 2: with
 * offsets (7.0); 3: with the time a consumer was last active (7.2).
 */
export function* readStream(version: 1 | 2 | 3, feed: ByteFeed, visitor: StreamVisitor): Steps<void> {
  const strings = new StringReader(feed)
  for (let nodes = yield* readLength(feed); nodes > 0; nodes -= 1) {
    const masterId = yield* (yield* strings.next()).copy()
    if (masterId.length !== rawIdBytes) corrupt()
    const content = yield* strings.nextContent()
    yield* readNode(new CompactReader(listpack, content.feed, content.length), streamId(masterId), visitor)
  }
  yield* visitor.state(yield* readState(version, feed))
  for (let groups = yield* readLength(feed); groups > 0; groups -= 1)
    yield* readGroup(version, feed, strings, visitor)
}

/** Of a type of RDB value; undefined where it is no stream. */
export function streamVersion(code: number): 1 | 2 | 3 | undefined {
  if (code === type.STREAM_LISTPACKS) return 1
  if (code === type.STREAM_LISTPACKS_2) return 2
  return code === type.STREAM_LISTPACKS_3 ? 3 : undefined
}

/** The id in 16 bytes, big-endian. */
export function streamId(raw: Uint8Array): StreamId {
  const view = new DataView(raw.buffer, raw.byteOffset, rawIdBytes)
  return { ms: view.getBigUint64(0), seq: view.getBigUint64(8) }
}

/** The id as clients write it. */
export function streamIdText({ ms, seq }: StreamId): Buffer {
  return Buffer.from(`${ms}-${seq}`, 'latin1')
}

function* readId(feed: ByteFeed): Steps<StreamId> {
  const ms = yield* readUint64(feed)
  return { ms, seq: yield* readUint64(feed) }
}

function* readState(version: number, feed: ByteFeed): Steps<StreamState> {
  const length = yield* readUint64(feed)
  const lastId = yield* readId(feed)
  if (version < 2) return { length, lastId }
  const firstId = yield* readId(feed)
  const maxDeletedId = yield* readId(feed)
  return { length, lastId, since7: { firstId, maxDeletedId, entriesAdded: yield* readUint64(feed) } }
}

/** Flags of an entry (`t_stream.c`). */
const deleted = 1
const sameFields = 2

/**
 * A listpack of entries: first count, deleted count, the fields of its first entry ("master") and a 0; then each
 * entry: flags, id as distances from the master id, fields and values (values alone where the fields are the
 * master's), and how many elements the entry took, to be read backwards.
 */
function* readNode(reader: CompactReader, master: StreamId, visitor: StreamVisitor): Steps<void> {
  const live = yield* readCount(reader)
  const dead = yield* readCount(reader)
  const masterFields: Buffer[] = []
  for (let left = yield* readCount(reader); left > 0; left -= 1)
    masterFields.push(yield* ((yield* reader.next()) ?? corrupt()).copy())
  if ((yield* readCount(reader)) !== 0) corrupt()
  const field = new Element()
  for (let entry = 0; entry < live + dead; entry += 1) {
    const flags = yield* readCount(reader)
    const id = {
      ms: BigInt.asUintN(64, master.ms + BigInt(yield* readInteger(reader))),
      seq: BigInt.asUintN(64, master.seq + BigInt(yield* readInteger(reader))),
    }
    const isSame = (flags & sameFields) !== 0
    const isDeleted = (flags & deleted) !== 0
    const fields = isSame ? masterFields.length : yield* readCount(reader)
    if (!isDeleted) visitor.entry(id, fields)
    for (let index = 0; index < fields; index += 1) {
      for (const isField of [true, false]) {
        const element =
          isField && isSame ? field.setText(masterFields[index]!) : ((yield* reader.next()) ?? corrupt())
        if (isDeleted) yield* element.skip()
        else yield* visitor.part(element)
      }
    }
    if (!isDeleted) yield* visitor.endEntry()
    if ((yield* readCount(reader)) !== (isSame ? fields + 3 : fields * 2 + 4)) corrupt()
  }
  if ((yield* reader.next()) !== null) corrupt()
}

function* readInteger(reader: CompactReader): Steps<number | bigint> {
  if ((yield* reader.next()) === null) corrupt()
  return reader.integer ?? corrupt()
}

function* readCount(reader: CompactReader): Steps<number> {
  const count = yield* readInteger(reader)
  return typeof count === 'number' && count >= 0 ? count : corrupt()
}

function* readGroup(
  version: number,
  feed: ByteFeed,
  strings: StringReader,
  visitor: StreamVisitor,
): Steps<void> {
  const name = yield* (yield* strings.next()).copy()
  const lastId = yield* readId(feed)
  const entriesRead = version >= 2 ? BigInt.asIntN(64, yield* readUint64(feed)) : undefined
  yield* visitor.group(name, lastId, entriesRead)
  for (let left = yield* readLength(feed); left > 0; left -= 1) {
    const rawId = yield* readRawId(feed)
    const deliveredAt = yield* readMilliseconds(feed)
    yield* visitor.pending(rawId, deliveredAt, yield* readLength(feed))
  }
  for (let consumers = yield* readLength(feed); consumers > 0; consumers -= 1) {
    const consumer = yield* (yield* strings.next()).copy()
    const seenAt = yield* readMilliseconds(feed)
    yield* visitor.consumer(
      consumer,
      version >= 3 ? { seenAt, activeAt: yield* readMilliseconds(feed) } : { seenAt },
    )
    for (let left = yield* readLength(feed); left > 0; left -= 1) yield* visitor.held(yield* readRawId(feed))
    yield* visitor.endConsumer()
  }
}

function* readMilliseconds(feed: ByteFeed): Steps<bigint> {
  yield* need(feed, 8)
  const { buffer, position } = feed
  feed.position += 8
  return new DataView(buffer.buffer, buffer.byteOffset + position, 8).getBigInt64(0, true)
}

/** A copy: what follows may move the feed's window. */
function* readRawId(feed: ByteFeed): Steps<Buffer> {
  yield* need(feed, rawIdBytes)
  feed.position += rawIdBytes
  return Buffer.from(feed.buffer.subarray(feed.position - rawIdBytes, feed.position))
}

function corrupt(): never {
  fail('file.corrupt', { structure: 'stream' })
}
