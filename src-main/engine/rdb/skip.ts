import { encoding, lengthAt, lengthSize } from './length.ts'
import { opcode, type, valkeyHash2, type RdbFlavour } from './opcodes.ts'

/** More bytes are needed than the window holds. */
export const more = -1

/** Found by the walk where the format leaves no doubt that the bytes are wrong. */
export class CorruptValue extends Error {
  /** Position in the buffer at which it was found. */
  readonly position: number

  constructor(position: number, reason: string) {
    super(reason)
    this.name = 'CorruptValue'
    this.position = position
  }
}

/** The largest string a server can hold (`proto-max-bulk-len` may be raised, but RDB loading stops at 4 GiB). */
const maxStringBytes = 2 ** 32

/** Three bytes of LZF make 264 at the most (`lzf_c.c`): a length beyond that is a lie, and not to be allocated. */
const bestLzfRatio = 88

/** Where the length at `at` ends; `more` where it is not whole. */
export function skipLength(buffer: Uint8Array, at: number, end: number): number {
  if (at >= end) return more
  const size = lengthSize(buffer, at)
  if (size <= 0) throw new CorruptValue(at, 'a length was expected')
  return at + size > end ? more : at + size
}

/** Where the string at `at` ends: plain, an integer, or LZF. */
export function skipString(buffer: Uint8Array, at: number, end: number): number {
  if (at >= end) return more
  const first = buffer[at]!
  // The two short forms are nearly all of a file.
  if (first < 0x40) {
    const next = at + 1 + first
    return next > end ? more : next
  }
  const size = lengthSize(buffer, at)
  if (size > 0) {
    if (at + size > end) return more
    const length = lengthAt(buffer, at)
    if (length > maxStringBytes) throw new CorruptValue(at, `a string of ${length} bytes`)
    const next = at + size + length
    return next > end ? more : next
  }
  if (size < 0) throw new CorruptValue(at, 'no length starts like this')
  switch (first & 0x3f) {
    case encoding.INT8:
      return at + 2 > end ? more : at + 2
    case encoding.INT16:
      return at + 3 > end ? more : at + 3
    case encoding.INT32:
      return at + 5 > end ? more : at + 5
    case encoding.LZF: {
      const lengthsAt = skipLength(buffer, at + 1, end)
      if (lengthsAt < 0) return more
      const bytesAt = skipLength(buffer, lengthsAt, end)
      if (bytesAt < 0) return more
      const packed = lengthAt(buffer, at + 1)
      if (packed === 0 || packed > maxStringBytes || lengthAt(buffer, lengthsAt) > packed * bestLzfRatio)
        throw new CorruptValue(at, `an LZF string of ${packed} bytes`)
      const next = bytesAt + packed
      return next > end ? more : next
    }
    default:
      throw new CorruptValue(at, 'a string encoding nobody defined')
  }
}

function skipStrings(buffer: Uint8Array, at: number, end: number, count: number): number {
  let position = at
  for (let left = count; left > 0; left -= 1) {
    position = skipString(buffer, position, end)
    if (position < 0) return more
  }
  return position
}

/** `rdbSaveDoubleValue`: a byte of length and ASCII, or 253 nan, 254 +inf, 255 -inf. */
function skipAsciiDouble(buffer: Uint8Array, at: number, end: number): number {
  if (at >= end) return more
  const length = buffer[at]!
  const next = length >= 253 ? at + 1 : at + 1 + length
  return next > end ? more : next
}

function skipBytes(at: number, end: number, bytes: number): number {
  return at + bytes > end ? more : at + bytes
}

/** A count, then that many rounds of `each`. */
function skipCounted(buffer: Uint8Array, at: number, end: number, each: (at: number) => number): number {
  let position = skipLength(buffer, at, end)
  if (position < 0) return more
  for (let left = lengthAt(buffer, at); left > 0; left -= 1) {
    position = each(position)
    if (position < 0) return more
  }
  return position
}

function skipLengths(buffer: Uint8Array, at: number, end: number, count: number): number {
  let position = at
  for (let left = count; left > 0 && position >= 0; left -= 1) position = skipLength(buffer, position, end)
  return position
}

/**
 * `rdbSaveObject` for streams: listpacks by master id, length, last id, [v2: first id, max deleted id,
 * entries added], groups with their pending entries and consumers ([v3: active time]).
 */
function skipStream(buffer: Uint8Array, at: number, end: number, version: 1 | 2 | 3): number {
  const bytes = (from: number, count: number): number => (from < 0 ? more : skipBytes(from, end, count))
  const string = (from: number): number => (from < 0 ? more : skipString(buffer, from, end))
  const counted = (from: number, each: (at: number) => number): number =>
    from < 0 ? more : skipCounted(buffer, from, end, each)
  const lengths = (from: number, count: number): number =>
    from < 0 ? more : skipLengths(buffer, from, end, count)
  const pending = (from: number): number => lengths(bytes(from, 16 + 8), 1)
  const consumer = (from: number): number =>
    counted(bytes(string(from), version >= 3 ? 16 : 8), (id) => bytes(id, 16))
  const group = (from: number): number =>
    counted(counted(lengths(string(from), version >= 2 ? 3 : 2), pending), consumer)
  const listpacks = counted(at, (from) => string(string(from)))
  return counted(lengths(listpacks, version >= 2 ? 8 : 3), group)
}

/** Module values and aux data: opcodes that say what follows, ended by 0 (`RDB_MODULE_OPCODE_*`). */
function skipModuleOpcodes(buffer: Uint8Array, at: number, end: number): number {
  let position = at
  for (;;) {
    const next = skipLength(buffer, position, end)
    if (next < 0) return more
    const code = lengthAt(buffer, position)
    if (code === 0) return next
    if (code === 1 || code === 2) position = skipLength(buffer, next, end)
    else if (code === 3) position = skipBytes(next, end, 4)
    else if (code === 4) position = skipBytes(next, end, 8)
    else if (code === 5) position = skipString(buffer, next, end)
    else throw new CorruptValue(position, `module opcode ${code}`)
    if (position < 0) return more
  }
}

/** The types whose value is one string: all compact encodings, packed into it. */
const oneString: ReadonlySet<number> = new Set([
  type.STRING,
  type.HASH_ZIPMAP,
  type.LIST_ZIPLIST,
  type.SET_INTSET,
  type.ZSET_ZIPLIST,
  type.HASH_ZIPLIST,
  type.HASH_LISTPACK,
  type.ZSET_LISTPACK,
  type.SET_LISTPACK,
  type.HASH_LISTPACK_EX_PRE_GA,
])

/**
 * Where the value at `at` ends, without decoding it (`rdbLoadObject` in `rdb.c`); `more` where it goes on
 * behind `end`. Throws `CorruptValue`; null for a type whose layout is not known.
 */
export function skipValue(
  buffer: Uint8Array,
  code: number,
  at: number,
  end: number,
  flavour: RdbFlavour,
): number | null {
  if (oneString.has(code)) return skipString(buffer, at, end)
  switch (code) {
    case type.LIST:
    case type.SET:
    case type.LIST_QUICKLIST:
    case type.HASH: {
      const members = skipLength(buffer, at, end)
      if (members < 0) return more
      return skipStrings(buffer, members, end, lengthAt(buffer, at) * (code === type.HASH ? 2 : 1))
    }
    case type.ZSET:
      return skipCounted(buffer, at, end, (member) => {
        const score = skipString(buffer, member, end)
        return score < 0 ? more : skipAsciiDouble(buffer, score, end)
      })
    case type.ZSET_2:
      return skipCounted(buffer, at, end, (member) => {
        const score = skipString(buffer, member, end)
        return score < 0 ? more : skipBytes(score, end, 8)
      })
    case type.LIST_QUICKLIST_2:
      return skipCounted(buffer, at, end, (container) => {
        const node = skipLength(buffer, container, end)
        return node < 0 ? more : skipString(buffer, node, end)
      })
    case type.STREAM_LISTPACKS:
      return skipStream(buffer, at, end, 1)
    case type.STREAM_LISTPACKS_2:
      return skipStream(buffer, at, end, 2)
    case type.STREAM_LISTPACKS_3:
      return skipStream(buffer, at, end, 3)
    case type.MODULE_2: {
      const opcodes = skipLength(buffer, at, end)
      return opcodes < 0 ? more : skipModuleOpcodes(buffer, opcodes, end)
    }
    case valkeyHash2:
      return skipCounted(buffer, at, end, (field) =>
        flavour === 'valkey'
          ? chain(skipStrings(buffer, field, end, 2), (ttl) => skipBytes(ttl, end, 8))
          : skipFieldWithTtl(buffer, field, end),
      )
    case type.HASH_METADATA: {
      // The smallest expiry of all fields stands before them, milliseconds, 8 bytes.
      const fields = skipBytes(at, end, 8)
      return fields < 0
        ? more
        : skipCounted(buffer, fields, end, (field) => skipFieldWithTtl(buffer, field, end))
    }
    case type.HASH_LISTPACK_EX: {
      const listpack = skipBytes(at, end, 8)
      return listpack < 0 ? more : skipString(buffer, listpack, end)
    }
    default:
      return null
  }
}

function skipFieldWithTtl(buffer: Uint8Array, at: number, end: number): number {
  return chain(skipLength(buffer, at, end), (field) => skipStrings(buffer, field, end, 2))
}

function chain(at: number, then: (at: number) => number): number {
  return at < 0 ? more : then(at)
}

/**
 * Where the operand of an opcode ends that stands between keys and carries no key: what we go past, or note.
 * Null for opcodes that the reader itself understands, and for unknown ones.
 */
export function skipOpcode(buffer: Uint8Array, code: number, at: number, end: number): number | null {
  switch (code) {
    case opcode.SLOT_IMPORT: {
      // Valkey 9 `rdbSaveSlotImport`: the job's name, then ranges of slots.
      return chain(skipString(buffer, at, end), (ranges) =>
        skipCounted(buffer, ranges, end, (range) => skipLengths(buffer, range, end, 2)),
      )
    }
    case opcode.SLOT_INFO:
      return skipLengths(buffer, at, end, 3)
    case opcode.RESIZEDB:
      return skipLengths(buffer, at, end, 2)
    case opcode.FUNCTION_PRE_GA: {
      // 7.0 before its release: name, engine, whether described, [description], code.
      const described = skipStrings(buffer, at, end, 2)
      if (described < 0) return more
      const rest = skipLength(buffer, described, end)
      return rest < 0 ? more : skipStrings(buffer, rest, end, lengthAt(buffer, described) === 0 ? 1 : 2)
    }
    case opcode.MODULE_AUX:
      return chain(skipLength(buffer, at, end), (opcodes) => skipModuleOpcodes(buffer, opcodes, end))
    default:
      return null
  }
}
