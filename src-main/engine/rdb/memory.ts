import type { ByteFeed } from '../bytes/feed.ts'
import { encoding, lengthAt, lengthSize } from './length.ts'
import { kindOf, type, type RdbFlavour } from './opcodes.ts'
import { unpackedLength } from './unpack.ts'
import { skipOver, type SkipWatcher } from './skip-over.ts'
import { skipString } from './skip.ts'
import { MemoryFeed, runNow, type Steps } from './steps.ts'

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
function allocated(bytes: number): number {
  if (bytes <= 64) return Math.max(8, (bytes + 7) & ~7)
  const doublings = bytes < 2 ** 31 ? 31 - Math.clz32(bytes - 1) : Math.ceil(Math.log2(bytes)) - 1
  const step = 2 ** (doublings - 2)
  return Math.ceil(bytes / step) * step
}

/** A string as the server keeps it (`sds.h`): a header of 1, 3, 5 or 9 bytes, the text, a zero. */
function textMemory(length: number): number {
  const header = length < 32 ? 1 : length < 256 ? 3 : length < 65536 ? 5 : 9
  return allocated(header + length + 1)
}

/** A value that is a string. `length` is 0 for one kept as an integer. */
function stringMemory(length: number): number {
  if (length === 0) return objectBytes
  if (length <= embeddedBytes) return allocated(objectBytes + 4 + length)
  return objectBytes + textMemory(length)
}

/** A value that is one packed structure of `length` bytes. */
function packedMemory(length: number): number {
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

/** What a value consists of, and what that takes. One serves all values of a file. */
export class ValueSizes implements SkipWatcher {
  #strings = 0
  #bytes = 0
  #longest = 0
  /** All strings, kept as strings; and as packed structures. */
  #texts = 0
  #structures = 0
  #pending = 0

  /** A value that is all in memory, in bytes[start, end), and has been gone past without fault before. */
  ofValue(code: number, bytes: Uint8Array, start: number, end: number, flavour: RdbFlavour): number {
    if (code === type.STRING) {
      const isInteger = lengthSize(bytes, start) === 0 && bytes[start]! < 0xc0 + encoding.LZF
      return stringMemory(isInteger ? 0 : unpackedLength(bytes, start))
    }
    if (packedTypes.has(code)) return packedMemory(unpackedLength(bytes, start))
    const row = rows.get(code)
    if (row === undefined) return runNow(this.ofFeed(code, new MemoryFeed(bytes, start, end), flavour))
    this.#clear()
    let at = start + lengthSize(bytes, start)
    for (let left = lengthAt(bytes, start); left > 0; left -= 1) {
      at += row.before
      for (let strings = row.strings; strings > 0; strings -= 1) {
        this.string(unpackedLength(bytes, at))
        at = skipString(bytes, at, end)
      }
      at += row.behind
    }
    return this.#memory(code)
  }

  /** A value that passes by: the feed is left behind it. Throws as `skipOver` does. */
  *ofFeed(code: number, feed: ByteFeed, flavour: RdbFlavour): Steps<number> {
    this.#clear()
    yield* skipOver(code, feed, flavour, this)
    return this.#memory(code)
  }

  string(length: number): void {
    this.#strings += 1
    this.#bytes += length
    if (length > this.#longest) this.#longest = length
    this.#texts += textMemory(length)
    this.#structures += allocated(length)
  }

  pending(): void {
    this.#pending += 1
  }

  #clear(): void {
    this.#strings = 0
    this.#bytes = 0
    this.#longest = 0
    this.#texts = 0
    this.#structures = 0
    this.#pending = 0
  }

  #memory(code: number): number {
    const strings = this.#strings
    const bytes = this.#bytes
    const structures = this.#structures
    switch (code) {
      case type.STRING:
        return stringMemory(bytes)
      case type.LIST: {
        const nodes = Math.ceil(bytes / 8192)
        return objectBytes + quicklistBytes + bytes + 2 * strings + nodes * quicklistNodeBytes
      }
      case type.LIST_QUICKLIST:
      case type.LIST_QUICKLIST_2:
        return objectBytes + quicklistBytes + strings * quicklistNodeBytes + structures
      case type.SET:
        return this.#table(strings)
      case type.HASH:
        return this.#packs(strings / 2) ? packedMemory(bytes + strings * 2 + 7) : this.#table(strings / 2)
      case type.HASH_METADATA:
      case type.HASH_METADATA_PRE_GA:
        return this.#table(strings / 2) + (strings / 2) * fieldExpiryBytes
      case type.ZSET:
      case type.ZSET_2:
        return this.#packs(strings)
          ? packedMemory(bytes + strings * 10 + 7)
          : this.#table(strings) + skiplistBytes + strings * skiplistNodeBytes
      default:
        if (kindOf(code) === 'module') return objectBytes + this.#texts
        if (kindOf(code) !== 'stream') return objectBytes + structures
        return (
          objectBytes +
          streamBytes +
          structures +
          (strings / 2) * streamNodeBytes +
          this.#pending * pendingBytes
        )
    }
  }

  #table(units: number): number {
    return objectBytes + tableBytes + units * tableEntryBytes + bucketsMemory(units) + this.#texts
  }

  #packs(units: number): boolean {
    return units <= packedUnits && this.#longest <= packedElementBytes
  }
}

/** Types that are one packed structure in one string. */
const packedTypes: ReadonlySet<number> = new Set([
  ...[type.HASH_ZIPMAP, type.LIST_ZIPLIST, type.SET_INTSET, type.ZSET_ZIPLIST, type.HASH_ZIPLIST],
  ...[type.HASH_LISTPACK, type.ZSET_LISTPACK, type.SET_LISTPACK],
])

/** Types that are a count and so many rows: strings, and bytes before and behind them. */
const rows: ReadonlyMap<
  number,
  { readonly before: number; readonly strings: number; readonly behind: number }
> = new Map([
  [type.LIST, { before: 0, strings: 1, behind: 0 }],
  [type.SET, { before: 0, strings: 1, behind: 0 }],
  [type.HASH, { before: 0, strings: 2, behind: 0 }],
  [type.ZSET_2, { before: 0, strings: 1, behind: 8 }],
  [type.LIST_QUICKLIST, { before: 0, strings: 1, behind: 0 }],
  // What kind of node follows is a length of one byte.
  [type.LIST_QUICKLIST_2, { before: 1, strings: 1, behind: 0 }],
])
