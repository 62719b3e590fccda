import { leftOutRules, type KeyKind, type LeftOut, type LeftOutRule } from '#contract/selection.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import { keySlot } from '../bytes/crc16.ts'
import { kindOf } from '../rdb/opcodes.ts'
import { matchesGlob } from './filter.ts'

/** What `Selection.judge` gives of a key that no rule leaves out. */
export const goesAlong = 0
/** Of a key whose type is not known, as in a command of an append-only file: no rule on types is asked. */
export const unknownType = -1

/** What `Selection.judge` gives of a key that this rule leaves out. */
export function placeOf(rule: LeftOutRule): number {
  return leftOutRules.indexOf(rule) + 1
}

type Rules = Pick<RestoreSpec, 'include' | 'exclude' | 'dbs' | 'types' | 'excludeTypes' | 'slots'>

/** Decides which keys go along, without an object a key. Names, databases and slots are the file's. */
export class Selection {
  readonly #dbs: ReadonlySet<number> | null
  /** By RDB type code: 1 where a value of it goes along. */
  readonly #types: Uint8Array | null
  /** By slot. */
  readonly #slots: Uint8Array | null
  readonly #include: readonly Uint8Array[]
  readonly #exclude: readonly Uint8Array[]
  #lastDb = -1
  #lastDbGoes = false

  constructor({ include, exclude, dbs, types, excludeTypes, slots }: Rules) {
    this.#dbs = dbs === undefined ? null : new Set(dbs)
    this.#types = types === undefined && excludeTypes === undefined ? null : codesOf(types, excludeTypes)
    this.#slots = slots === undefined ? null : new Uint8Array(16384)
    for (const { from, to } of slots ?? []) this.#slots?.fill(1, from, to + 1)
    this.#include = include.map((glob) => Buffer.from(glob))
    this.#exclude = exclude.map((glob) => Buffer.from(glob))
  }

  /** The first rule that leaves out the key bytes[start, end), by its `placeOf`; or `goesAlong`. */
  judge(db: number, code: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
    if (this.#dbs !== null && !this.#goesDb(db)) return 1
    if (this.#types !== null && code !== unknownType && this.#types[code] === 0) return 2
    if (this.#slots !== null && this.#slots[keySlot(bytes, start, end)] === 0) return 3
    if (this.#include.length > 0 && !matchesAny(this.#include, bytes, start, end)) return 4
    if (this.#exclude.length > 0 && matchesAny(this.#exclude, bytes, start, end)) return 5
    return goesAlong
  }

  #goesDb(db: number): boolean {
    if (db !== this.#lastDb) {
      this.#lastDb = db
      this.#lastDbGoes = this.#dbs!.has(db)
    }
    return this.#lastDbGoes
  }
}

/** Null where every key goes along, so that nobody asks. */
export function makeSelection(rules: Rules): Selection | null {
  const { include, exclude, dbs, types, excludeTypes, slots } = rules
  const all = [dbs, types, excludeTypes, slots].every((rule) => rule === undefined)
  return all && include.length === 0 && exclude.length === 0 ? null : new Selection(rules)
}

/** Function libraries belong to no key: they go along unless certain keys are asked for. */
export function takesFunctions({ include, dbs, types, slots }: Rules): boolean {
  return include.length === 0 && dbs === undefined && types === undefined && slots === undefined
}

/** Counts by rule, at the places that `judge` gives, as the contract tells them. */
export function leftOutOf(counts: ArrayLike<number>): LeftOut {
  return Object.fromEntries(leftOutRules.map((rule, at) => [rule, counts[at + 1] ?? 0])) as LeftOut
}

function codesOf(types: readonly KeyKind[] | undefined, not: readonly KeyKind[] | undefined): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => {
    const kind = kindOf(code)
    if (kind === undefined) return 1
    return (types?.includes(kind) ?? true) && !(not?.includes(kind) ?? false) ? 1 : 0
  })
}

function matchesAny(globs: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  for (const glob of globs) if (matchesGlob(glob, bytes, start, end)) return true
  return false
}
