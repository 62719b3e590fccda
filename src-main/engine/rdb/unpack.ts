import { lzfDecompress } from '../bytes/lzf.ts'
import { readInteger } from './integer.ts'
import { encoding, lengthAt, lengthSize } from './length.ts'
import { CorruptValue } from './skip.ts'

/** Bytes that the string at `at` takes unpacked, or a little more. */
export function unpackedLength(buffer: Uint8Array, at: number): number {
  const size = lengthSize(buffer, at)
  if (size > 0) return lengthAt(buffer, at)
  if ((buffer[at]! & 0x3f) !== encoding.LZF) return 11
  const packedSize = lengthSize(buffer, at + 1)
  return lengthAt(buffer, at + 1 + packedSize)
}

/** Writes the string at `at` (plain, integer or LZF) unpacked into `into`; gives its length. Throws `CorruptValue`. */
export function unpackString(
  buffer: Uint8Array,
  at: number,
  end: number,
  into: Uint8Array,
  offset: number,
): number {
  const size = lengthSize(buffer, at)
  if (size > 0) {
    const length = end - at - size
    if (into === buffer) buffer.copyWithin(offset, at + size, end)
    else into.set(buffer.subarray(at + size, end), offset)
    return length
  }
  switch (buffer[at]! & 0x3f) {
    case encoding.INT8:
      return writeDecimal(into, offset, readInteger(buffer, at + 1, 1))
    case encoding.INT16:
      return writeDecimal(into, offset, readInteger(buffer, at + 1, 2))
    case encoding.INT32:
      return writeDecimal(into, offset, readInteger(buffer, at + 1, 4))
    default: {
      const packedSize = lengthSize(buffer, at + 1)
      const lengthsEnd = at + 1 + packedSize + lengthSize(buffer, at + 1 + packedSize)
      const length = lengthAt(buffer, at + 1 + packedSize)
      try {
        lzfDecompress(buffer, lengthsEnd, end, into, offset, offset + length)
      } catch {
        throw new CorruptValue(at, 'a compressed string does not unpack to its length')
      }
      return length
    }
  }
}

/** Writes a 32-bit integer in decimal; gives the number of digits and sign. */
function writeDecimal(into: Uint8Array, offset: number, value: number | bigint): number {
  const text = String(value)
  for (let index = 0; index < text.length; index += 1) into[offset + index] = text.charCodeAt(index)
  return text.length
}
