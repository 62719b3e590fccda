import { ByteWriter } from '#engine/bytes/byte-writer.ts'
import { crc64 } from '#engine/bytes/crc64.ts'
import { lzfCompress } from '#engine/bytes/lzf.ts'
import { writeLength, writeString } from '#engine/rdb/string.ts'

/** Parts of an RDB file: numbers are lengths, texts are strings, bytes are as they are. */
export type RdbPart = number | string | Uint8Array

/** The parts one behind the other. */
export function rdbBytes(...parts: readonly RdbPart[]): Buffer {
  const writer = new ByteWriter()
  for (const part of parts) {
    if (typeof part === 'number') writeLength(writer, part)
    else if (typeof part === 'string') writeString(writer, Buffer.from(part, 'latin1'))
    else writer.bytes(part)
  }
  return Buffer.from(writer.written())
}

/** One byte: a type code or an opcode. */
export function code(value: number): Uint8Array {
  return Uint8Array.of(value)
}

/** A string as LZF; plain where that saves nothing. */
export function packedString(bytes: Uint8Array): Uint8Array {
  const compressed = lzfCompress(bytes)
  return compressed === null
    ? rdbBytes(bytes.length, bytes)
    : rdbBytes(code(0xc3), compressed.length, bytes.length, compressed)
}

/** A string as an integer of 1, 2 or 4 bytes. */
export function integerString(value: number, size: 1 | 2 | 4): Uint8Array {
  const bytes = Buffer.alloc(1 + size)
  bytes[0] = 0xc0 + Math.log2(size)
  bytes.writeIntLE(value, 1, size)
  return bytes
}

/** Eight bytes, little-endian. */
export function int64(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes
}

/** A whole file of Redis's: magic, the parts, EOF and CRC. */
export function rdbFile(version: number, ...parts: readonly RdbPart[]): Buffer {
  const body = Buffer.concat([
    Buffer.from(`REDIS${String(version).padStart(4, '0')}`),
    rdbBytes(...parts),
    code(255),
  ])
  return Buffer.concat([body, int64(BigInt.asIntN(64, crc64(body)))])
}
