/** An integer as the decimal digits a client gets. */
export function digits(integer: number | bigint): Uint8Array {
  return Buffer.from(integer.toString(), 'latin1')
}

const minus = 0x2d
const zero = 0x30
const nine = 0x39
const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n

/**
 * The integer that `text` is the one canonical way to write of (`string2ll` in `util.c`), within int64; else
 * undefined. Redis keeps such strings as integers in its compact structures.
 */
export function integerOf(text: Uint8Array): number | bigint | undefined {
  const from = text[0] === minus ? 1 : 0
  const length = text.length - from
  if (length < 1 || length > 19) return undefined
  if (text[from] === zero && text.length > 1) return undefined
  for (let at = from; at < text.length; at += 1) if (text[at]! < zero || text[at]! > nine) return undefined
  const written = Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1')
  if (length <= 15) return Number(written)
  const value = BigInt(written)
  return value < int64Min || value > int64Max ? undefined : narrow(value)
}

/** A number where that is exact. */
function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** The little-endian signed integer of `size` bytes (1, 2, 3, 4, 8) at `at`, exact. */
export function readInteger(bytes: Uint8Array, at: number, size: number): number | bigint {
  switch (size) {
    case 1:
      return (bytes[at]! << 24) >> 24
    case 2:
      return ((bytes[at]! << 16) | (bytes[at + 1]! << 24)) >> 16
    case 3:
      return ((bytes[at]! << 8) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 24)) >> 8
    case 4:
      return readUint32(bytes, at) | 0
    default:
      return readInt64(bytes, at)
  }
}

function readInt64(bytes: Uint8Array, at: number): number | bigint {
  const high = readUint32(bytes, at + 4) | 0
  const low = readUint32(bytes, at)
  const value = high * 2 ** 32 + low
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low)
}

/** The little-endian unsigned 32 bits at `at`. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

/** The little-endian unsigned 16 bits at `at`. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}
