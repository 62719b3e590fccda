import { ByteWriter } from '../bytes/byte-writer.ts'
import { crc64 } from '../bytes/crc64.ts'
import { doubleText } from './double.ts'
import type { Element } from './element.ts'
import { type } from './opcodes.ts'
import type { Steps } from './steps.ts'
import { writeLength } from './string.ts'

/**
 * A payload's version is only an upper bound of what is in it: a server refuses those above its own, and else
 * goes by the type. 6 is what the oldest server with RESTORE wrote (2.6).
 */
export const oldestPayloadVersion = 6

/** What RESTORE takes (`createDumpPayload` in `cluster.c`): type, value, RDB version (2 bytes), CRC-64 of all before. */
export function makePayload(code: number, value: Uint8Array, version: number): Buffer {
  const payload = new ByteWriter(value.length + 11)
  payload.uint8(code)
  payload.bytes(value)
  payload.uint16(version)
  const crc = crc64(payload.written())
  const at = payload.length
  payload.claim(8).writeBigUInt64LE(crc, at)
  return payload.written()
}

/** Types that a server of 2.6 reads, or of 4.0 (ZSET_2): a count, then one string behind the other. */
export type PlainType =
  typeof type.LIST | typeof type.SET | typeof type.HASH | typeof type.ZSET | typeof type.ZSET_2

/**
 * Writes a list, set, hash or sorted set plainly, as every server reads it. On reading it the server makes of
 * it whatever encoding its own settings ask for.
 */
export class PlainWriter {
  readonly #type: PlainType
  readonly #body = new ByteWriter(4096)
  #units = 0
  /** Where the whole units end. */
  #wholeBytes = 0

  constructor(plainType: PlainType) {
    this.#type = plainType
  }

  /** Bytes so far. */
  get length(): number {
    return this.#body.length
  }

  /** Appends a member, a field or a value. */
  *string(element: Element): Steps<void> {
    writeLength(this.#body, element.length)
    yield* element.appendTo(this.#body)
  }

  /** Appends a member's score. */
  score(score: number): void {
    if (this.#type === type.ZSET_2) writeBinaryDouble(this.#body, score)
    else writeAsciiDouble(this.#body, score)
  }

  endUnit(): void {
    this.#units += 1
    this.#wholeBytes = this.#body.length
  }

  /** Takes back what was written since the last unit. */
  dropUnit(): void {
    this.#body.cut(this.#wholeBytes)
  }

  get isEmpty(): boolean {
    return this.#units === 0
  }

  /** The value, without its type code. */
  finish(): Buffer {
    const value = new ByteWriter(this.#body.length + 9)
    writeLength(value, this.#units)
    value.bytes(this.#body.written())
    return value.written()
  }
}

/** `rdbSaveBinaryDoubleValue`: eight bytes, little-endian. */
function writeBinaryDouble(writer: ByteWriter, value: number): void {
  const at = writer.length
  writer.claim(8).writeDoubleLE(value, at)
}

/** `rdbSaveDoubleValue`: a length and ASCII, or one byte for the infinities. */
function writeAsciiDouble(writer: ByteWriter, value: number): void {
  if (value === Infinity) writer.uint8(254)
  else if (value === -Infinity) writer.uint8(255)
  else {
    const text = doubleText(value)
    writer.uint8(text.length)
    writer.bytes(Buffer.from(text, 'latin1'))
  }
}
