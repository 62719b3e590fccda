import { ByteWriter } from '../bytes/byte-writer.ts'
import type { CompactFormat } from './compact.ts'
import { integerOf, readInteger, readUint16, readUint32 } from './integer.ts'

/**
 * Ziplist (`ziplist.c`, Redis 2.2 … 6.2): total bytes (4), offset of the last element (4), number of elements
 * (2; 65535 where there are more), elements, 0xff. An element begins with the bytes of the one before it
 * (one byte, or 0xfe and four), then an encoding with its length, then the content.
 */
export const ziplist: CompactFormat = {
  name: 'ziplist',
  headerBytes: 10,
  endBytes: 1,
  maxHeadBytes: 14,

  readHeader(bytes, at, walk) {
    if (readUint32(bytes, at) !== walk.size) walk.corrupt()
    walk.declaredLast = readUint32(bytes, at + 4)
    const count = readUint16(bytes, at + 8)
    if (count !== 0xffff) walk.declaredCount = count
  },

  readHead(bytes, at, end, walk) {
    const previousBytes = bytes[at] === bigPrevious ? 5 : 1
    const encodingAt = at + previousBytes
    if (encodingAt >= end) walk.corrupt()
    const previous = previousBytes === 1 ? bytes[at]! : readUint32(bytes, at + 1)
    if (previous !== walk.lastBytes) walk.corrupt()
    const first = bytes[encodingAt]!
    const encodingBytes = first < 0xc0 ? stringHeadBytes(first) : 1 + integerBytes(first)
    if (encodingBytes === 0 || encodingAt + encodingBytes > end) walk.corrupt()
    walk.headBytes = previousBytes + encodingBytes
    if (first >= 0xc0)
      walk.integer =
        encodingBytes === 1 ? (first & 0x0f) - 1 : readInteger(bytes, encodingAt + 1, encodingBytes - 1)
    else walk.contentBytes = stringBytes(bytes, encodingAt, encodingBytes)
  },

  checkEnd(walk) {
    if (walk.declaredLast !== walk.lastOffset) walk.corrupt()
  },
}

/** Says that the length of the element before follows in four bytes. 0xff would be the end. */
const bigPrevious = 0xfe

function stringHeadBytes(first: number): number {
  if (first < 0x40) return 1
  return first < 0x80 ? 2 : 5
}

/** Lengths of strings are big-endian, alone in this format. */
function stringBytes(bytes: Uint8Array, at: number, headBytes: number): number {
  if (headBytes === 1) return bytes[at]!
  if (headBytes === 2) return ((bytes[at]! & 0x3f) << 8) | bytes[at + 1]!
  return ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0
}

/** Bytes behind the encoding byte of an integer: 0 for 0 … 12, which stand in that byte itself; -1 for no integer. */
function integerBytes(first: number): number {
  switch (first) {
    case 0xc0:
      return 2
    case 0xd0:
      return 4
    case 0xe0:
      return 8
    case 0xf0:
      return 3
    case 0xfe:
      return 1
    default:
      return first >= 0xf1 && first <= 0xfd ? 0 : -1
  }
}

/** Packs `elements`; strings that are integers are kept as integers, as Redis does. */
export function encodeZiplist(elements: Iterable<Uint8Array>): Buffer {
  const writer = new ByteWriter()
  writer.uint32(0)
  writer.uint32(0)
  writer.uint16(0)
  let count = 0
  let last = ziplist.headerBytes
  let previous = 0
  for (const element of elements) {
    last = writer.length
    if (previous < bigPrevious) writer.uint8(previous)
    else {
      writer.uint8(bigPrevious)
      writer.uint32(previous)
    }
    const integer = integerOf(element)
    if (integer === undefined) writeString(writer, element)
    else writeInteger(writer, integer)
    previous = writer.length - last
    count += 1
  }
  writer.uint8(0xff)
  const packed = writer.written()
  packed.writeUInt32LE(packed.length, 0)
  packed.writeUInt32LE(last, 4)
  packed.writeUInt16LE(Math.min(count, 0xffff), 8)
  return packed
}

function writeString(writer: ByteWriter, text: Uint8Array): void {
  if (text.length < 0x40) writer.uint8(text.length)
  else if (text.length < 0x4000) {
    writer.uint8(0x40 | (text.length >> 8))
    writer.uint8(text.length & 0xff)
  } else {
    writer.uint8(0x80)
    writer.uint32BigEndian(text.length)
  }
  writer.bytes(text)
}

function writeInteger(writer: ByteWriter, value: number | bigint): void {
  if (value >= 0 && value <= 12) writer.uint8(0xf1 + Number(value))
  else if (value >= -(2 ** 7) && value < 2 ** 7) write(writer, 0xfe, value, 1)
  else if (value >= -(2 ** 15) && value < 2 ** 15) write(writer, 0xc0, value, 2)
  else if (value >= -(2 ** 23) && value < 2 ** 23) write(writer, 0xf0, value, 3)
  else if (value >= -(2 ** 31) && value < 2 ** 31) write(writer, 0xd0, value, 4)
  else write(writer, 0xe0, value, 8)
}

function write(writer: ByteWriter, encoding: number, value: number | bigint, size: number): void {
  writer.uint8(encoding)
  writer.integer(value, size)
}
