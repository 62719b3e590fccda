import { ByteWriter } from '../bytes/byte-writer.ts'
import type { CompactFormat } from './compact.ts'
import { readUint32 } from './integer.ts'

/**
 * Zipmap (`zipmap.c`, hashes of Redis 2.2 … 2.4): number of pairs (1; 254 or 255 where there are more), then
 * fields and values in turn, 0xff. Each is a length (one byte, or 0xfe and four) and its bytes; behind a value's
 * length stands one byte that says how many unused bytes follow the value.
 */
export const zipmap: CompactFormat = {
  name: 'zipmap',
  headerBytes: 1,
  endBytes: 1,
  maxHeadBytes: 6,

  readHeader(bytes, at, walk) {
    const pairs = bytes[at]!
    if (pairs < bigLength) walk.declaredCount = pairs * 2
  },

  readHead(bytes, at, end, walk) {
    const first = bytes[at]!
    if (first > bigLength) walk.corrupt()
    const lengthBytes = first === bigLength ? 5 : 1
    const isValue = walk.count % 2 === 1
    walk.headBytes = lengthBytes + (isValue ? 1 : 0)
    if (at + walk.headBytes > end) walk.corrupt()
    walk.contentBytes = lengthBytes === 1 ? first : readUint32(bytes, at + 1)
    walk.tailBytes = isValue ? bytes[at + lengthBytes]! : 0
  },

  checkEnd(walk) {
    if (walk.count % 2 === 1) walk.corrupt()
  },
}

const bigLength = 254

/** Packs fields and values, given in turn. */
export function encodeZipmap(elements: readonly Uint8Array[]): Buffer {
  const writer = new ByteWriter()
  writer.uint8(Math.min(elements.length / 2, bigLength))
  for (const [index, element] of elements.entries()) {
    if (element.length < bigLength) writer.uint8(element.length)
    else {
      writer.uint8(bigLength)
      writer.uint32(element.length)
    }
    if (index % 2 === 1) writer.uint8(0)
    writer.bytes(element)
  }
  writer.uint8(0xff)
  return writer.written()
}
