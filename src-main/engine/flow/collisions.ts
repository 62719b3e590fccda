import { randomBytes } from 'node:crypto'
import { escapeKey } from '#contract/escape-key.ts'
import { fail } from '#contract/failure.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { Visitor } from '../source/rdb-file.ts'
import { keysToWrite, type VisitKey } from './keys-to-write.ts'

/** So many hashes are held at once, eight bytes each: 64 MiB, however many keys there are. */
export const hashesAtOnce = 8 * 1024 * 1024
/** So many names that seem to collide are looked at as they are; beyond that they are counted by their hashes. */
export const namesLookedAt = 1000
export const examplesTold = 5

interface Search {
  /** How many keys there are to write, at most. */
  readonly keys: number
  readonly rules: KeyRules
  /** The target's time, ms. */
  readonly now: number
  /** Reads all that is to be written, from the start to the end. */
  readonly walk: (visitor: Visitor) => Promise<unknown>
  readonly hashesAtOnce?: number
}

export interface Collisions {
  /** Names that two or more keys would have. */
  readonly names: number
  /** Some of them, escaped, each with the keys it stands for. */
  readonly examples: readonly string[]
}

/**
 * Finds keys that would get the same name in the same database of the target. Bounded memory: names are compared
 * by 53-bit hashes, a share of them in each reading of the file (one reading for eight million keys), and those
 * that seem equal are read again as they are. More than a thousand are counted by their hashes alone, of which one
 * in a few hundred searches may count one too many.
 */
export async function findCollisions(search: Search): Promise<Collisions> {
  const shares = Math.max(1, Math.ceil(search.keys / (search.hashesAtOnce ?? hashesAtOnce)))
  const hash = new NameHash()
  const suspects = new Set<number>()
  let uncounted = 0
  for (let share = 0; share < shares; share += 1) {
    for (const suspect of await doubled(search, hash, share, shares))
      if (suspects.size < namesLookedAt) suspects.add(suspect)
      else uncounted += 1
  }
  if (suspects.size === 0) return { names: 0, examples: [] }
  const found = await lookAt(search, hash, suspects)
  return { names: found.length + uncounted, examples: found.slice(0, examplesTold) }
}

/** Fails with `file.collisions` where there are any. */
export async function assertNoCollisions(search: Search): Promise<void> {
  const { names, examples } = await findCollisions(search)
  if (names > 0) fail('file.collisions', { keys: names, examples: examples.join('; ') })
}

/** The hashes of this share of the names that come more than once. */
async function doubled(
  { keys, rules, now, walk }: Search,
  hash: NameHash,
  share: number,
  shares: number,
): Promise<readonly number[]> {
  let hashes = new Float64Array(Math.ceil(keys / shares) + 1024)
  let count = 0
  const visit: VisitKey = (db, name) => {
    hash.take(db, name)
    if (hash.share % shares !== share) return undefined
    if (count === hashes.length) {
      const larger = new Float64Array(Math.ceil(count * 1.25))
      larger.set(hashes)
      hashes = larger
    }
    hashes[count] = hash.value
    count += 1
    return undefined
  }
  await walk(keysToWrite(rules, now, visit))
  const sorted = hashes.subarray(0, count).sort()
  const found: number[] = []
  for (let at = 1; at < count; at += 1)
    if (sorted[at] === sorted[at - 1] && found.at(-1) !== sorted[at]) found.push(sorted[at]!)
  return found
}

/** Those of the suspects that are collisions indeed, each in words. */
async function lookAt(
  { rules, now, walk }: Search,
  hash: NameHash,
  suspects: ReadonlySet<number>,
): Promise<readonly string[]> {
  const owners = new Map<string, string[]>()
  const visit: VisitKey = (db, name, fileDb, fileName) => {
    hash.take(db, name)
    if (!suspects.has(hash.value)) return undefined
    const place = `${db} ${Buffer.from(name).toString('latin1')}`
    const owner = `db ${fileDb} ${escapeKey(fileName)}`
    const others = owners.get(place)
    if (others === undefined) owners.set(place, [escapeKey(name), owner])
    else others.push(owner)
    return undefined
  }
  await walk(keysToWrite(rules, now, visit))
  return [...owners.values()]
    .filter((owner) => owner.length > 2)
    .map(([name, ...keys]) => `${name} (${keys.join(', ')})`)
}

/** A hash of a key's place on the target, seeded anew for each search, so that no file can be made to mislead it. */
export class NameHash {
  /** Below 2^53. */
  value = 0
  /** Eleven bits that are not among those of `value`. */
  share = 0
  readonly #seeds = new Int32Array(new Uint8Array(randomBytes(8)).buffer)

  /** FNV-1a and a sum of products side by side, each stirred at the end as in MurmurHash3. */
  take(db: number, name: Uint8Array): void {
    let one = this.#seeds[0]! ^ db
    let two = (this.#seeds[1]! + db) | 0
    for (let at = 0; at < name.length; at += 1) {
      const byte = name[at]!
      one = Math.imul(one ^ byte, 0x01000193)
      two = Math.imul(two + byte + 1, 0x2c1b3c6d) ^ (two >>> 15)
    }
    one = stir(one)
    two = stir(two ^ name.length)
    this.value = one * 0x200000 + (two >>> 11)
    this.share = two & 0x7ff
  }
}

function stir(bits: number): number {
  let mixed = bits
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
