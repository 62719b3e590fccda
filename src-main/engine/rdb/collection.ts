import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import type { CompactFormat } from './compact.ts'
import { CompactReader } from './compact-reader.ts'
import { readAsciiDouble, readBinaryDouble } from './double.ts'
import { Element } from './element.ts'
import { intset } from './intset.ts'
import { listpack } from './listpack.ts'
import { type, valkeyHash2, type RdbFlavour } from './opcodes.ts'
import { readQuicklist } from './quicklist.ts'
import { need, type Steps } from './steps.ts'
import { readLength, StringReader } from './string.ts'
import { ziplist } from './ziplist.ts'
import { zipmap } from './zipmap.ts'

/** What is told of a list, set, hash or sorted set, unit by unit. */
export interface UnitVisitor {
  /** An element of the unit: the member (0); field (0) and value (1); member (0) and score (1). To be taken at once. */
  element(element: Element, position: number): Steps<void>
  /** The unit is whole. `expireAt` of a hash's field: milliseconds since the epoch, or 0 for none. */
  endUnit(expireAt: number): Steps<void>
}

/** Walks a list, set, hash or sorted set of any encoding. @throws file.unknown-type for any other type. */
export function* readCollection(
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
  visitor: UnitVisitor,
): Steps<void> {
  switch (code) {
    case type.LIST:
    case type.SET:
      return yield* readMembers(feed, visitor)
    case type.HASH:
      return yield* readFields(feed, visitor, 'none', 0)
    case valkeyHash2:
      return yield* readFields(feed, visitor, flavour === 'valkey' ? 'behind' : 'before', 0)
    case type.HASH_METADATA:
      return yield* readFields(feed, visitor, 'before', yield* readMilliseconds(feed))
    case type.ZSET:
      return yield* readScored(feed, visitor, readAsciiDouble)
    case type.ZSET_2:
      return yield* readScored(feed, visitor, readBinaryDouble)
    case type.LIST_QUICKLIST:
      return yield* readQuicklist(1, feed, single(visitor))
    case type.LIST_QUICKLIST_2:
      return yield* readQuicklist(2, feed, single(visitor))
    case type.LIST_ZIPLIST:
      return yield* readCompact(ziplist, feed, visitor, 1)
    case type.SET_INTSET:
      return yield* readCompact(intset, feed, visitor, 1)
    case type.SET_LISTPACK:
      return yield* readCompact(listpack, feed, visitor, 1)
    case type.HASH_ZIPMAP:
      return yield* readCompact(zipmap, feed, visitor, 2)
    case type.HASH_ZIPLIST:
    case type.ZSET_ZIPLIST:
      return yield* readCompact(ziplist, feed, visitor, 2)
    case type.HASH_LISTPACK:
    case type.ZSET_LISTPACK:
      return yield* readCompact(listpack, feed, visitor, 2)
    case type.HASH_LISTPACK_EX:
      yield* readMilliseconds(feed)
      return yield* readCompact(listpack, feed, visitor, 2, 'with expiry')
    case type.HASH_LISTPACK_EX_PRE_GA:
      return yield* readCompact(listpack, feed, visitor, 2, 'with expiry')
    default:
      fail('file.unknown-type', { type: code })
  }
}

function single(visitor: UnitVisitor): (element: Element) => Steps<void> {
  return function* (element) {
    yield* visitor.element(element, 0)
    yield* visitor.endUnit(0)
  }
}

function* readMembers(feed: ByteFeed, visitor: UnitVisitor): Steps<void> {
  const strings = new StringReader(feed)
  for (let left = yield* readLength(feed); left > 0; left -= 1) {
    yield* visitor.element(yield* strings.next(), 0)
    yield* visitor.endUnit(0)
  }
}

/**
 * Fields and values, with where a field's expiry stands:
 * - `before` (Redis 7.4 HASH_METADATA): a length, 0 for none, else one more than its distance from
 *   `minExpireAt`; in the types from before the release there is no such minimum and the length is the time;
 * - `behind` (Valkey 9 HASH_2): eight bytes, milliseconds, -1 for none.
 */
function* readFields(
  feed: ByteFeed,
  visitor: UnitVisitor,
  expiry: 'none' | 'before' | 'behind',
  minExpireAt: number,
): Steps<void> {
  const strings = new StringReader(feed)
  for (let left = yield* readLength(feed); left > 0; left -= 1) {
    const told = expiry === 'before' ? yield* readLength(feed) : 0
    yield* visitor.element(yield* strings.next(), 0)
    yield* visitor.element(yield* strings.next(), 1)
    if (expiry === 'behind') yield* visitor.endUnit(Math.max(0, yield* readMilliseconds(feed)))
    else if (told === 0) yield* visitor.endUnit(0)
    else yield* visitor.endUnit(minExpireAt === 0 ? told : minExpireAt + told - 1)
  }
}

function* readScored(
  feed: ByteFeed,
  visitor: UnitVisitor,
  readScore: (feed: ByteFeed) => Steps<Buffer>,
): Steps<void> {
  const strings = new StringReader(feed)
  const score = new Element()
  for (let left = yield* readLength(feed); left > 0; left -= 1) {
    yield* visitor.element(yield* strings.next(), 0)
    yield* visitor.element(score.setText(yield* readScore(feed)), 1)
    yield* visitor.endUnit(0)
  }
}

/** A compact structure in one string: units of `width` elements, perhaps each followed by its expiry (0 for none). */
function* readCompact(
  format: CompactFormat,
  feed: ByteFeed,
  visitor: UnitVisitor,
  width: 1 | 2,
  expiry?: 'with expiry',
): Steps<void> {
  const content = yield* new StringReader(feed).nextContent()
  const reader = new CompactReader(format, content.feed, content.length)
  for (;;) {
    const first = yield* reader.next()
    if (first === null) return
    yield* visitor.element(first, 0)
    if (width === 2) yield* visitor.element((yield* reader.next()) ?? torn(format), 1)
    let expireAt = 0
    if (expiry !== undefined) {
      const told = (yield* reader.next()) ?? torn(format)
      if (reader.integer === undefined) torn(format)
      yield* told.skip()
      expireAt = Number(reader.integer)
    }
    yield* visitor.endUnit(expireAt)
  }
}

function torn(format: CompactFormat): never {
  fail('file.corrupt', { structure: format.name })
}

/** `rdbSaveMillisecondTime`: eight bytes, signed, little-endian. */
function* readMilliseconds(feed: ByteFeed): Steps<number> {
  yield* need(feed, 8)
  const { buffer, position } = feed
  const time = new DataView(buffer.buffer, buffer.byteOffset + position, 8).getBigInt64(0, true)
  feed.position += 8
  return Number(time)
}
