import { escapeKey } from '#contract/escape-key.ts'
import type { FailureCode } from '#contract/failure.ts'
import type { PlannedKey, PlannedSizes, PlannedWay } from '#contract/restore-plan.ts'
import { leftOutRules, type KeyKind } from '#contract/selection.ts'
import type { WindowFeed } from '../bytes/feed.ts'
import type { Conversion } from '../plan/conversion.ts'
import { nameOf, type KeyRules } from '../plan/key-rules.ts'
import { goesAlong } from '../plan/selection.ts'
import { expiryByRule } from '../plan/ttl-rule.ts'
import { bucketsMemory, keyMemory, ValueSizes } from '../rdb/memory.ts'
import { kindOf, type RdbHeader } from '../rdb/opcodes.ts'
import { run } from '../rdb/steps.ts'
import type { Visitor } from '../source/rdb-file.ts'
import { entryKind, type BigEntry, type EntryBatch } from './entry.ts'
import { remake } from './remake.ts'

/** At most so many keys are told of one by one. */
const sampleSize = 100

interface TallyParts {
  readonly rules: KeyRules
  /** Keys of the files, so that the sample can be spread over them. */
  readonly keys: number
  /** The target's time, ms. */
  readonly now: number
  /** By RDB type code: 1 where the target cannot hold a value of it in any way. */
  readonly leftOut: Uint8Array
  readonly hasModules: boolean
  /** Keys past their time are written all the same. */
  readonly keepsPast: boolean
}

/** A key of the sample, and what it is called on the target. */
interface Sampled {
  readonly planned: PlannedKey
  readonly name: Uint8Array
}

/** How one key would fare. */
interface Fate {
  readonly way: PlannedWay
  readonly reason: PlannedKey['reason']
}

const asItIs: Fate = { way: 'as-it-is', reason: '' }
const inPieces: Fate = { way: 'commands', reason: '' }
const hasExpired: Fate = { way: 'expired', reason: '' }
const madeAnew: Fate = { way: 'converted', reason: '' }
const byRule: readonly Fate[] = leftOutRules.map((reason) => ({ way: 'left-out', reason }))

function cannotHold(reason: FailureCode = 'target.cannot-hold'): Fate {
  return { way: 'cannot-hold', reason }
}

interface Sizes {
  keys: number
  bytes: number
  memoryBytes: number
}

/** Counts what would become of every key of some files, as the writer would decide it. Writes nothing. */
export class PlanTally {
  readonly ways: Record<PlannedWay, number> = {
    'as-it-is': 0,
    converted: 0,
    commands: 0,
    'left-out': 0,
    expired: 0,
    'cannot-hold': 0,
    exists: 0,
  }
  readonly sample: Sampled[] = []
  renamed = 0
  readonly #parts: TallyParts
  readonly #sizes = new ValueSizes()
  readonly #kinds = new Map<KeyKind, Sizes>()
  readonly #dbs = new Map<number, Sizes & { expiring: number }>()
  #keys = 0
  #bigMemory = 0

  constructor(parts: TallyParts) {
    this.#parts = parts
  }

  /** To be led past every key of one file. `conversion`: what of it must be made anew. */
  visitor(conversion: Conversion | null): Visitor {
    return {
      batch: (batch, header) => this.#batch(batch, header, conversion),
      bigValue: (entry, feed, header) => this.#bigValue(entry, feed, header),
      big: (entry, bytes) => {
        this.#meet(entry, bytes, this.#bigMemory, (code) =>
          this.#parts.leftOut[code] === 1 || kindOf(code) === 'module' ? cannotHold() : inPieces,
        )
      },
    }
  }

  /** Of the keys to be written. */
  get kinds(): readonly (PlannedSizes & { readonly kind: KeyKind })[] {
    return [...this.#kinds].map(([kind, sizes]) => ({ kind, ...sizes }))
  }

  /** The same by database of the file, and where it goes. */
  get dbs(): readonly (PlannedSizes & { readonly from: number; readonly to: number })[] {
    return [...this.#dbs]
      .map(([from, { keys, bytes, memoryBytes }]) => ({
        from,
        to: this.#parts.rules.dbMap(from),
        keys,
        bytes,
        memoryBytes,
      }))
      .sort((a, b) => a.from - b.from)
  }

  /** All of it. */
  get toWrite(): PlannedSizes {
    const total: Sizes = { keys: 0, bytes: 0, memoryBytes: 0 }
    for (const sizes of this.#dbs.values()) add(total, sizes)
    return total
  }

  /** What the tables of the databases take, beside the keys. */
  get bucketBytes(): number {
    const byTarget = new Map<number, { keys: number; expiring: number }>()
    for (const [from, { keys, expiring }] of this.#dbs) {
      const to = this.#parts.rules.dbMap(from)
      const before = byTarget.get(to) ?? { keys: 0, expiring: 0 }
      byTarget.set(to, { keys: before.keys + keys, expiring: before.expiring + expiring })
    }
    return [...byTarget.values()].reduce(
      (sum, { keys, expiring }) => sum + bucketsMemory(keys) + bucketsMemory(expiring),
      0,
    )
  }

  #batch(batch: EntryBatch, { flavour }: RdbHeader, conversion: Conversion | null): void {
    const { leftOut, hasModules } = this.#parts
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.kind[index] !== entryKind.KEY) continue
      const code = batch.type[index]!
      const start = batch.valueStart[index]!
      const end = batch.valueEnd[index]!
      const entry = {
        type: code,
        db: batch.db[index]!,
        key: batch.key(index),
        expireAt: batch.expireAt[index]!,
      }
      const memory = this.#sizes.ofValue(code, batch.buffer, start, end, flavour)
      this.#meet(entry, end - start, memory, () => {
        if (kindOf(code) === 'module') return hasModules ? asItIs : cannotHold()
        if (conversion === null || conversion.needed[code] !== 1)
          return leftOut[code] === 1 ? cannotHold() : asItIs
        const remade = remake(batch, index, flavour, conversion)
        if (remade.as === 'nothing') return cannotHold(remade.reason)
        if (remade.as === 'expired') return hasExpired
        return remade.as === 'value' ? madeAnew : inPieces
      })
    }
  }

  async #bigValue({ type: code }: BigEntry, feed: WindowFeed, { flavour }: RdbHeader): Promise<void> {
    this.#bigMemory = await run(this.#sizes.ofFeed(code, feed, flavour))
  }

  /** `wayOf` is asked only of keys that are to be written. */
  #meet(
    entry: Pick<BigEntry, 'type' | 'db' | 'key' | 'expireAt'>,
    bytes: number,
    valueMemory: number,
    wayOf: (code: number) => Fate,
  ): void {
    const { rules, keys, now, keepsPast } = this.#parts
    const { type: code, db, key } = entry
    const rule = rules.selection === null ? goesAlong : rules.selection.judge(db, code, key)
    const expiry = expiryByRule(rules.ttl, entry.expireAt, now)
    const isPast = !keepsPast && expiry >= 0 && expiry <= now
    const fate = rule !== goesAlong ? byRule[rule - 1]! : isPast ? hasExpired : wayOf(code)
    const isWritten = fate === asItIs || fate === madeAnew || fate === inPieces
    this.ways[fate.way] += 1
    const name = nameOf(rules, db, key)
    const kind = kindOf(code) ?? 'module'
    if (isWritten) {
      const isChanged = rules.names !== null && rules.names.changed
      if (isChanged) this.renamed += 1
      const sizes = { keys: 1, bytes, memoryBytes: valueMemory + keyMemory(name.length, expiry >= 0) }
      add(this.#kind(kind), sizes)
      const row = this.#db(db)
      add(row, sizes)
      if (expiry >= 0) row.expiring += 1
    }
    if (
      this.#keys >= Math.floor((this.sample.length * keys) / sampleSize) &&
      this.sample.length < sampleSize
    ) {
      this.sample.push({
        name: Buffer.from(name),
        planned: {
          ...{ db, key: escapeKey(key), kind, bytes, ...fate },
          newDb: rules.dbMap(db),
          newKey: escapeKey(name),
          ttlMs: isWritten && expiry >= 0 ? Math.max(0, Math.round(expiry - now)) : null,
        },
      })
    }
    this.#keys += 1
  }

  #kind(kind: KeyKind): Sizes {
    let sizes = this.#kinds.get(kind)
    if (sizes === undefined) this.#kinds.set(kind, (sizes = { keys: 0, bytes: 0, memoryBytes: 0 }))
    return sizes
  }

  #db(db: number): Sizes & { expiring: number } {
    let row = this.#dbs.get(db)
    if (row === undefined) this.#dbs.set(db, (row = { keys: 0, bytes: 0, memoryBytes: 0, expiring: 0 }))
    return row
  }
}

function add(into: Sizes, { keys, bytes, memoryBytes }: Sizes): void {
  into.keys += keys
  into.bytes += bytes
  into.memoryBytes += memoryBytes
}
