/**
 * RDB lengths (`rdb.h`: RDB_6BITLEN, RDB_14BITLEN, RDB_32BITLEN 0x80, RDB_64BITLEN 0x81, RDB_ENCVAL). A length
 * is read in two steps, size then value, so that the hot path allocates nothing.
 */

/** Special encodings of a string, told by the low six bits of an RDB_ENCVAL byte. */
export const encoding = { INT8: 0, INT16: 1, INT32: 2, LZF: 3 } as const

/** Bytes that the length at `at` takes, by its first byte: 1, 2, 5 or 9; 0 for a string's special encoding. */
export function lengthSize(buffer: Uint8Array, at: number): number {
  const first = buffer[at]!
  if (first < 0x40) return 1
  if (first < 0x80) return 2
  if (first === 0x80) return 5
  if (first === 0x81) return 9
  return first < 0xc0 ? -1 : 0
}

/** The length at `at`, all of whose bytes are there. Beyond 2^53 it loses precision: callers bound it. */
export function lengthAt(buffer: Uint8Array, at: number): number {
  const first = buffer[at]!
  if (first < 0x40) return first
  if (first < 0x80) return ((first & 0x3f) << 8) | buffer[at + 1]!
  if (first === 0x80) return uint32At(buffer, at + 1)
  return uint32At(buffer, at + 1) * 2 ** 32 + uint32At(buffer, at + 5)
}

function uint32At(buffer: Uint8Array, at: number): number {
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0
}
