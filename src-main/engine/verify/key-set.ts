/**
 * Which keys were seen, by a hash of 64 bits each (8 bytes a key, at most twice that while there is room to
 * grow). It may take a key for one it has seen, once in 2^64 / n; never the other way round.
 */
export class KeySet {
  #slots = new Uint32Array(2 * 1024)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** False where it was there before. */
  add(db: number, key: Uint8Array): boolean {
    if ((this.#size + 1) * 4 > this.#slots.length * 1.5) this.#grow()
    return this.#put(this.#slots, hash(key, db, firstSeed), hash(key, db, secondSeed))
  }

  has(db: number, key: Uint8Array): boolean {
    const [low, high] = [hash(key, db, firstSeed), hash(key, db, secondSeed)]
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    for (let at = low & mask; ; at = (at + 1) & mask) {
      if (slots[at * 2] === 0 && slots[at * 2 + 1] === 0) return false
      if (slots[at * 2] === low && slots[at * 2 + 1] === high) return true
    }
  }

  #put(slots: Uint32Array, low: number, high: number): boolean {
    const mask = slots.length / 2 - 1
    for (let at = low & mask; ; at = (at + 1) & mask) {
      if (slots[at * 2] === 0 && slots[at * 2 + 1] === 0) {
        slots[at * 2] = low
        slots[at * 2 + 1] = high
        this.#size += 1
        return true
      }
      if (slots[at * 2] === low && slots[at * 2 + 1] === high) return false
    }
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Uint32Array(before.length * 2)
    this.#size = 0
    for (let at = 0; at < before.length; at += 2)
      if (before[at] !== 0 || before[at + 1] !== 0) this.#put(this.#slots, before[at]!, before[at + 1]!)
  }
}

const firstSeed = 0x9747b28c
const secondSeed = 0x85ebca6b

/** MurmurHash3 (x86, 32 bits) of the database and the key; never 0, which is an empty slot. */
function hash(key: Uint8Array, db: number, seed: number): number {
  let h = mixIn(seed, db)
  const whole = key.length & ~3
  for (let at = 0; at < whole; at += 4)
    h = mixIn(h, key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24))
  let rest = 0
  for (let at = key.length - 1; at >= whole; at -= 1) rest = (rest << 8) | key[at]!
  h = mixIn(h, rest) ^ key.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0 || 1
}

function mixIn(hashed: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hashed ^ k
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}
