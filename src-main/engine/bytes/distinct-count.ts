const bits = 12
const registers = 1 << bits

/**
 * Counts distinct byte strings roughly, in 4 KB however many there are: HyperLogLog with 4096 registers (Flajolet
 * et al., 2007), right to about two percent.
 */
export class DistinctCount {
  readonly #ranks = new Uint8Array(registers)

  /** `salt` tells equal strings apart that are not the same thing. */
  add(bytes: Uint8Array, salt = 0): void {
    const hash = hashOf(bytes, salt)
    const register = hash >>> (32 - bits)
    const rank = Math.clz32((hash << bits) | (1 << (bits - 1))) + 1
    if (rank > this.#ranks[register]!) this.#ranks[register] = rank
  }

  get estimate(): number {
    let sum = 0
    let empty = 0
    for (const rank of this.#ranks) {
      sum += 2 ** -rank
      if (rank === 0) empty += 1
    }
    const raw = ((0.7213 / (1 + 1.079 / registers)) * registers * registers) / sum
    if (raw <= 2.5 * registers && empty > 0) return Math.round(registers * Math.log(registers / empty))
    // Hashes of 32 bits meet by chance once there are very many.
    return Math.round(raw <= 2 ** 32 / 30 ? raw : -(2 ** 32) * Math.log(1 - raw / 2 ** 32))
  }
}

/** FNV-1a, its bits then mixed as MurmurHash3 ends. */
function hashOf(bytes: Uint8Array, salt: number): number {
  let hash = 0x811c9dc5 ^ salt
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
