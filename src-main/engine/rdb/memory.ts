import type { ByteFeed } from '../bytes/feed.ts'
import { skipOver } from './skip-over.ts'
import { kindOf, type, type RdbFlavour } from './opcodes.ts'
import type { Steps } from './steps.ts'

/**
 * An estimate of what a data set takes on a server, from what can be seen without decoding any value.
 *
 * The model is a 64-bit server of 7.0 with jemalloc (`used_memory`, without what an empty server has already).
 * Each allocation is rounded up to jemalloc's size class. A key is a table entry and a string; a value an object
 * of 16 bytes with what it points to: a packed structure by its size; a table by its entries, strings and
 * buckets (the next power of two); a sorted set's skiplist besides. Hashes and sorted sets that a server would
 * pack are counted packed. 8.0 and Valkey 8 need somewhat less for small keys, servers before 7.0 about as much.
 */
const objectBytes = 16
const tableEntryBytes = 24
const tableBytes = 56
/** A skiplist node has 1⅓ levels on average. */
const skiplistNodeBytes = 46
const skiplistBytes = 600
const quicklistBytes = 40
const quicklistNodeBytes = 32
const streamBytes = 120
/** A radix tree's node and its part of the path, for each listpack of a stream. */
const streamNodeBytes = 90
/** An entry delivered and not acknowledged: the record, and its place in two radix trees. */
const pendingBytes = 150
const fieldExpiryBytes = 40
/** At most so many units, none longer than this, are packed (`hash-max-listpack-*` and their kin). */
const packedUnits = 128
const packedElementBytes = 64
/** Up to here a string lies in one allocation with its object. */
const embeddedBytes = 44

/** Bytes jemalloc sets aside for `bytes`: eight classes up to 64, then four for each doubling. */
export function allocated(bytes: number): number {
  if (bytes <= 64) return Math.max(8, Math.ceil(bytes / 8) * 8)
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3)
  return Math.ceil(bytes / step) * step
}

/** A string as the server keeps it (`sds.h`): a header of 1, 3, 5 or 9 bytes, the text, a zero. */
export function textMemory(length: number): number {
  const header = length < 32 ? 1 : length < 256 ? 3 : length < 65536 ? 5 : 9
  return allocated(header + length + 1)
}

/** A value that is a string. `length` is 0 for one kept as an integer. */
export function stringMemory(length: number): number {
  if (length === 0) return objectBytes
  if (length <= embeddedBytes) return allocated(objectBytes + 4 + length)
  return objectBytes + textMemory(length)
}

/** A value that is one packed structure of `length` bytes. */
export function packedMemory(length: number): number {
  return objectBytes + allocated(length)
}

/** A key's entry in its database, with its name and perhaps its expiry, but for the buckets. */
export function keyMemory(length: number, expires: boolean): number {
  return tableEntryBytes + textMemory(length) + (expires ? tableEntryBytes : 0)
}

/** The buckets of a table. */
export function bucketsMemory(entries: number): number {
  return entries === 0 ? 0 : 8 * 2 ** Math.max(2, Math.ceil(Math.log2(entries)))
}

/** Goes past the value at the feed's cursor, and estimates what it takes. Throws as `skipOver` does. */
export function* valueMemory(code: number, feed: ByteFeed, flavour: RdbFlavour): Steps<number> {
  let strings = 0
  let bytes = 0
  let longest = 0
  let texts = 0
  let structures = 0
  let pending = 0
  yield* skipOver(code, feed, flavour, {
    string(length) {
      strings += 1
      bytes += length
      if (length > longest) longest = length
      texts += textMemory(length)
      structures += allocated(length)
    },
    pending() {
      pending += 1
    },
  })
  const table = (units: number): number => tableBytes + units * tableEntryBytes + bucketsMemory(units) + texts
  const packs = (units: number): boolean => units <= packedUnits && longest <= packedElementBytes
  switch (code) {
    case type.STRING:
      return stringMemory(bytes)
    case type.LIST:
      return objectBytes + quicklistBytes + bytes + 2 * strings + Math.ceil(bytes / 8192) * quicklistNodeBytes
    case type.LIST_QUICKLIST:
    case type.LIST_QUICKLIST_2:
      return objectBytes + quicklistBytes + strings * quicklistNodeBytes + structures
    case type.SET:
      return objectBytes + table(strings)
    case type.HASH:
      return packs(strings / 2) ? packedMemory(bytes + strings * 2 + 7) : objectBytes + table(strings / 2)
    case type.HASH_METADATA:
    case type.HASH_METADATA_PRE_GA:
      return objectBytes + table(strings / 2) + (strings / 2) * fieldExpiryBytes
    case type.ZSET:
    case type.ZSET_2:
      return packs(strings)
        ? packedMemory(bytes + strings * 10 + 7)
        : objectBytes + table(strings) + skiplistBytes + strings * skiplistNodeBytes
    default:
      if (kindOf(code) === 'stream')
        return (
          objectBytes + streamBytes + structures + (strings / 2) * streamNodeBytes + pending * pendingBytes
        )
      return kindOf(code) === 'module' ? objectBytes + texts : objectBytes + structures
  }
}
