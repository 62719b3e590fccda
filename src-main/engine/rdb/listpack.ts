import { ByteWriter } from '../bytes/byte-writer.ts'
import type { CompactFormat } from './compact.ts'
import { integerOf, readInteger, readUint16, readUint32 } from './integer.ts'

/**
 * Listpack (`listpack.c`, Redis 5.0 in streams, 7.0 everywhere): total bytes (4), number of elements (2; 65535
 * where there are more), elements, 0xff. An element is an encoding byte, perhaps with more bytes of length,
 * then the content, then the bytes of both counted backwards ("backlen").
 */
export const listpack: CompactFormat = {
  name: 'listpack',
  headerBytes: 6,
  endBytes: 1,
  maxHeadBytes: 9,

  readHeader(bytes, at, walk) {
    if (readUint32(bytes, at) !== walk.size) walk.corrupt()
    const count = readUint16(bytes, at + 4)
    if (count !== 0xffff) walk.declaredCount = count
  },

  readHead(bytes, at, end, walk) {
    const first = bytes[at]!
    const integerBytes = integerHeadBytes(first)
    if (integerBytes > 0) {
      walk.headBytes = integerBytes
      if (at + integerBytes > end) walk.corrupt()
      walk.integer = readHeadInteger(bytes, at, first)
    } else if (first < 0xc0) {
      walk.headBytes = 1
      walk.contentBytes = first & 0x3f
    } else if (first < 0xf0) {
      walk.headBytes = 2
      if (at + 2 > end) walk.corrupt()
      walk.contentBytes = ((first & 0x0f) << 8) | bytes[at + 1]!
    } else if (first === 0xf0) {
      walk.headBytes = 5
      if (at + 5 > end) walk.corrupt()
      walk.contentBytes = readUint32(bytes, at + 1)
    } else walk.corrupt()
    walk.tailBytes = backlenBytes(walk.headBytes + walk.contentBytes)
  },

  checkTail(bytes, at, walk) {
    let left = walk.headBytes + walk.contentBytes
    for (let byte = walk.tailBytes - 1; byte >= 0; byte -= 1) {
      // All but the first byte have the upper bit set: they are read from the right.
      if (bytes[at + byte] !== ((left & 0x7f) | (byte > 0 ? 0x80 : 0))) walk.corrupt()
      left = Math.floor(left / 128)
    }
  },
}

/** Bytes of an integer, its encoding byte included; 0 for a string. */
function integerHeadBytes(first: number): number {
  if (first < 0x80) return 1
  if ((first & 0xe0) === 0xc0) return 2
  if (first < 0xf1 || first > 0xf4) return 0
  return first === 0xf4 ? 9 : first - 0xf1 + 3
}

function readHeadInteger(bytes: Uint8Array, at: number, first: number): number | bigint {
  if (first < 0x80) return first
  // Thirteen bits, signed.
  if (first < 0xf0) return ((((first & 0x1f) << 8) | bytes[at + 1]!) << 19) >> 19
  return readInteger(bytes, at + 1, integerHeadBytes(first) - 1)
}

/** `lpEncodeBacklen`: its limits are one short of what so many seven-bit groups hold. */
function backlenBytes(length: number): number {
  if (length <= 127) return 1
  if (length < 16383) return 2
  if (length < 2097151) return 3
  return length < 268435455 ? 4 : 5
}

/** Packs `elements`; strings that are integers are kept as integers, as Redis does. */
export function encodeListpack(elements: Iterable<Uint8Array>): Buffer {
  const writer = new ByteWriter()
  writer.uint32(0)
  writer.uint16(0)
  let count = 0
  for (const element of elements) {
    const start = writer.length
    const integer = integerOf(element)
    if (integer === undefined) writeString(writer, element)
    else writeInteger(writer, integer)
    writeBacklen(writer, writer.length - start)
    count += 1
  }
  writer.uint8(0xff)
  const packed = writer.written()
  packed.writeUInt32LE(packed.length, 0)
  packed.writeUInt16LE(Math.min(count, 0xffff), 4)
  return packed
}

function writeString(writer: ByteWriter, text: Uint8Array): void {
  if (text.length < 64) writer.uint8(0x80 | text.length)
  else if (text.length < 4096) {
    writer.uint8(0xe0 | (text.length >> 8))
    writer.uint8(text.length & 0xff)
  } else {
    writer.uint8(0xf0)
    writer.uint32(text.length)
  }
  writer.bytes(text)
}

function writeInteger(writer: ByteWriter, value: number | bigint): void {
  if (value >= 0 && value <= 127) writer.uint8(Number(value))
  else if (value >= -4096 && value <= 4095) {
    const bits = Number(value) & 0x1fff
    writer.uint8(0xc0 | (bits >> 8))
    writer.uint8(bits & 0xff)
  } else {
    const size = integerSize(value)
    writer.uint8(size === 8 ? 0xf4 : 0xf1 + size - 2)
    writer.integer(value, size)
  }
}

/** The fewest of 2, 3, 4 or 8 bytes that hold `value`. */
function integerSize(value: number | bigint): number {
  if (value >= -(2 ** 15) && value < 2 ** 15) return 2
  if (value >= -(2 ** 23) && value < 2 ** 23) return 3
  return value >= -(2 ** 31) && value < 2 ** 31 ? 4 : 8
}

function writeBacklen(writer: ByteWriter, length: number): void {
  for (let group = backlenBytes(length) - 1, first = true; group >= 0; group -= 1, first = false)
    writer.uint8((Math.floor(length / 128 ** group) & 0x7f) | (first ? 0 : 0x80))
}
