import type { ByteWriter } from '../bytes/byte-writer.ts'
import { opcode, type RdbHeader } from './opcodes.ts'
import { writeLength, writeString } from './string.ts'

/** What DUMP gave of a key. `expireAt`: absolute milliseconds, or -1. */
export interface DumpedKey {
  readonly key: Uint8Array
  readonly expireAt: number
  readonly dump: Buffer
}

/** Behind a value, DUMP puts two bytes of RDB version and eight of checksum (`createDumpPayload`). */
const footerBytes = 10
/** From this RDB version on a payload is Valkey's. */
const valkeyVersions = 80

/** Which server's RDB format a payload is in. */
export function headerOf(dump: Buffer): RdbHeader {
  const version = dump.readUInt16LE(dump.length - footerBytes)
  return { flavour: version >= valkeyVersions ? 'valkey' : 'redis', version }
}

/** The first nine bytes of a file of this version. */
export function magicOf({ flavour, version }: RdbHeader): Buffer {
  return Buffer.from(
    flavour === 'valkey'
      ? `VALKEY${String(version).padStart(3, '0')}`
      : `REDIS${String(version).padStart(4, '0')}`,
  )
}

/** Keys of one database as entries of an RDB file. */
export function writeEntries(writer: ByteWriter, db: number, keys: readonly DumpedKey[]): void {
  writer.uint8(opcode.SELECTDB)
  writeLength(writer, db)
  for (const { key, expireAt, dump } of keys) {
    if (expireAt >= 0) {
      writer.uint8(opcode.EXPIRETIME_MS)
      writer.integer(expireAt, 8)
    }
    writer.uint8(dump[0]!)
    writeString(writer, key)
    writer.bytes(dump.subarray(1, -footerBytes))
  }
}

/** The end of a file, without a checksum. */
export const endOfEntries: Uint8Array = Uint8Array.of(opcode.EOF, 0, 0, 0, 0, 0, 0, 0, 0)
