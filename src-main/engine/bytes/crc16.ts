/** CRC16-XMODEM (polynomial 0x1021, starting at 0), as `crc16.c` computes it for cluster slots. */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0
  for (let at = start; at < end; at += 1) crc = ((crc << 8) & 0xffff) ^ table[(crc >> 8) ^ bytes[at]!]!
  return crc
}

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc & 0xffff
})

const slotCount = 16384
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * The cluster slot of the key bytes[start, end), 0 … 16383 (`keyHashSlot` in `cluster.c`): where the key has
 * a `{`, and a `}` after it with something between, only what stands between the first two counts.
 */
export function keySlot(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let open = start
  while (open < end && bytes[open] !== openBrace) open += 1
  let close = open + 1
  while (close < end && bytes[close] !== closeBrace) close += 1
  const tagged = close < end && close > open + 1
  return (tagged ? crc16(bytes, open + 1, close) : crc16(bytes, start, end)) & (slotCount - 1)
}
