import { crc64 } from '#engine/bytes/crc64.ts'

/** Bytes of a DUMP payload behind its value: version (2) and CRC (8). */
const footerBytes = 10

/** The type code and the value of a payload that DUMP gave. */
export function openPayload(payload: Buffer): { readonly type: number; readonly value: Buffer } {
  return { type: payload[0]!, value: payload.subarray(1, payload.length - footerBytes) }
}

/** A payload that RESTORE takes, of the RDB version given. */
export function makePayload(type: number, value: Uint8Array, rdbVersion: number): Buffer {
  const payload = Buffer.alloc(1 + value.length + footerBytes)
  payload[0] = type
  payload.set(value, 1)
  const crcAt = payload.length - 8
  payload.writeUInt16LE(rdbVersion, crcAt - 2)
  payload.writeBigUInt64LE(crc64(payload.subarray(0, crcAt)), crcAt)
  return payload
}
