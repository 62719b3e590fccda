import { escapeKey } from '#contract/escape-key.ts'
import { fail } from '#contract/failure.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import { keysOfCommand } from '../plan/command-keys.ts'
import { CommandRules } from '../plan/command-rules.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { walkRdbFile } from '../source/rdb-file.ts'
import type { SeriesPart } from './aof-series.ts'
import { examplesTold, hashesAtOnce, NameHash, namesLookedAt } from './collisions.ts'
import { keysToWrite, type VisitKey } from './keys-to-write.ts'
import type { RestoreMeter } from './restore-meter.ts'
import { UnitFrame } from './units.ts'

interface Search {
  readonly parts: readonly SeriesPart[]
  readonly arena: Crc64Arena
  readonly rules: KeyRules
  readonly meter: RestoreMeter
  readonly signal: AbortSignal
}

/** What a command of an append-only file takes away from whatever stands there. */
const emptying: readonly string[] = ['FLUSHALL', 'FLUSHDB', 'SWAPDB']

/**
 * Makes sure that no two inputs of a series concern the same key, and none removes what those before it have
 * brought. Fails with `file.collisions`, `usage.would-empty` or `job.cancelled`.
 *
 * The keys that a command names count, whether it writes or reads them; those that a script makes up for itself are
 * not seen. Bounded memory (128 MiB), as in `findCollisions`: hashes in shares, then the names of those that seem to be equal.
 */
export async function assertNothingShared(search: Search): Promise<void> {
  for (const { input, survey } of search.parts.slice(1)) {
    const command = emptying.find((name) => survey.byName.has(name))
    if (command !== undefined) fail('usage.would-empty', { file: input.name, command })
  }
  const keys = search.parts.reduce(
    (sum, { base, survey }) => sum + (base?.surveyed.keys ?? 0) + survey.keys,
    0,
  )
  const shares = Math.max(1, Math.ceil(keys / hashesAtOnce))
  const hash = new NameHash()
  const suspects = new Set<number>()
  let uncounted = 0
  for (let share = 0; share < shares; share += 1)
    for (const suspect of await inSeveral(search, hash, { share, shares }))
      if (suspects.size < namesLookedAt) suspects.add(suspect)
      else uncounted += 1
  if (suspects.size === 0) return
  const found = await lookAt(search, hash, suspects)
  const count = found.length + uncounted
  if (count > 0) fail('file.collisions', { keys: count, examples: found.slice(0, examplesTold).join('; ') })
}

/** The hashes of this share of the names that come in more than one input. */
async function inSeveral(
  search: Search,
  hash: NameHash,
  { share, shares }: { readonly share: number; readonly shares: number },
): Promise<readonly number[]> {
  const hashes = new DistinctHashes()
  for (const part of search.parts) {
    await walkKeys(part, search, (db, name) => {
      hash.take(db, name)
      if (hash.share % shares === share) hashes.add(hash.value)
      return undefined
    })
    hashes.endInput()
  }
  return hashes.inSeveral()
}

/** Hashes of one input after another, of each input every one but once. */
class DistinctHashes {
  #hashes = new Float64Array(64 * 1024)
  #inputFrom = 0
  #count = 0

  add(hash: number): void {
    if (this.#count === this.#hashes.length) this.#makeRoom()
    this.#hashes[this.#count] = hash
    this.#count += 1
  }

  /** What is added from now on is another input's. */
  endInput(): void {
    this.#compact()
    this.#inputFrom = this.#count
  }

  inSeveral(): readonly number[] {
    const sorted = this.#hashes.subarray(0, this.#count).sort()
    const found: number[] = []
    for (let at = 1; at < sorted.length; at += 1)
      if (sorted[at] === sorted[at - 1] && found.at(-1) !== sorted[at]) found.push(sorted[at]!)
    return found
  }

  #makeRoom(): void {
    this.#compact()
    if (this.#count < this.#hashes.length * 0.75) return
    const larger = new Float64Array(this.#hashes.length * 2)
    larger.set(this.#hashes)
    this.#hashes = larger
  }

  /** Of the input at hand. */
  #compact(): void {
    const own = this.#hashes.subarray(this.#inputFrom, this.#count).sort()
    let kept = 0
    for (let at = 0; at < own.length; at += 1)
      if (at === 0 || own[at] !== own[kept - 1]) {
        own[kept] = own[at]!
        kept += 1
      }
    this.#count = this.#inputFrom + kept
  }
}

/** Those of the suspects that are in several inputs indeed, each in words. */
async function lookAt(
  search: Search,
  hash: NameHash,
  suspects: ReadonlySet<number>,
): Promise<readonly string[]> {
  const owners = new Map<string, { readonly name: string; readonly inputs: Set<string> }>()
  for (const part of search.parts)
    await walkKeys(part, search, (db, name) => {
      hash.take(db, name)
      if (!suspects.has(hash.value)) return undefined
      const place = `${db} ${Buffer.from(name).toString('latin1')}`
      const owner = owners.get(place) ?? { name: escapeKey(name), inputs: new Set() }
      owners.set(place, owner)
      owner.inputs.add(part.input.name)
      return undefined
    })
  return [...owners.values()]
    .filter(({ inputs }) => inputs.size > 1)
    .map(({ name, inputs }) => `${name} (${[...inputs].join(', ')})`)
}

/** Walks past every key of an input: those of its RDB, whether past their time or not, and those its commands name. */
async function walkKeys(
  { base, survey }: SeriesPart,
  { arena, rules, meter, signal }: Search,
  visit: VisitKey,
): Promise<void> {
  const progress = (bytesDone: number): void => meter.advance(bytesDone)
  if (base !== null)
    await walkRdbFile(base.file, arena, { ...keysToWrite(rules, 0, visit), progress }, signal)
  const commandRules = new CommandRules(rules)
  for (const { file, from, to } of survey.parts) {
    const frame = new UnitFrame(0, (offset, reason) =>
      fail('file.corrupt', { file: file.path, offset, reason }),
    )
    const reader = file.reader(from, to)
    for await (const batch of reader.batches()) {
      if (signal.aborted) fail('job.cancelled')
      for (const command of batch)
        for (const one of frame.take(command)?.commands ?? []) {
          const ruled = commandRules.apply(one)
          if (typeof ruled === 'string' || ruled.shape === null) continue
          for (const { db, key } of keysOfCommand(ruled)) void visit(db, key, db, key)
        }
      progress(file.start + reader.position)
    }
  }
}
