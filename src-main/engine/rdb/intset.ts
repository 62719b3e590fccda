import { ByteWriter } from '../bytes/byte-writer.ts'
import type { CompactFormat } from './compact.ts'
import { readInteger, readUint32 } from './integer.ts'

/**
 * Intset (`intset.c`, sets of integers): bytes of an integer (4: 2, 4 or 8), number of integers (4), then the
 * integers, signed, little-endian, in rising order.
 */
export const intset: CompactFormat = {
  name: 'intset',
  headerBytes: 8,
  endBytes: 0,
  maxHeadBytes: 8,

  readHeader(bytes, at, walk) {
    walk.elementBytes = readUint32(bytes, at)
    walk.declaredCount = readUint32(bytes, at + 4)
    if (walk.elementBytes !== 2 && walk.elementBytes !== 4 && walk.elementBytes !== 8) walk.corrupt()
    if (walk.size !== intset.headerBytes + walk.elementBytes * walk.declaredCount) walk.corrupt()
  },

  readHead(bytes, at, end, walk) {
    walk.headBytes = walk.elementBytes
    if (at + walk.elementBytes > end) walk.corrupt()
    walk.integer = readInteger(bytes, at, walk.elementBytes)
  },
}

/** Packs integers, which may come in any order but each only once. */
export function encodeIntset(integers: readonly (number | bigint)[]): Buffer {
  const rising = [...integers].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const lowest = rising[0] ?? 0
  const highest = rising.at(-1) ?? 0
  const size =
    [2, 4].find((bytes) => lowest >= -(2 ** (bytes * 8 - 1)) && highest < 2 ** (bytes * 8 - 1)) ?? 8
  const writer = new ByteWriter(intset.headerBytes + size * rising.length)
  writer.uint32(size)
  writer.uint32(rising.length)
  for (const integer of rising) writer.integer(integer, size)
  return writer.written()
}
