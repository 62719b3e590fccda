import type { Difference, DifferenceDetail, DifferenceKind } from '#contract/difference.ts'
import { escapeKey } from '#contract/escape-key.ts'
import { keptDifferences } from '#contract/verify.ts'

export interface KeyDifference {
  /** Of the target. */
  readonly db: number
  readonly key: Buffer
  readonly kind: DifferenceKind
  readonly detail: DifferenceDetail | null
}

/** The differences found so far. Beyond `keptDifferences` they are only counted. */
export class Findings {
  #kept: KeyDifference[] = []
  #beyond = 0

  get kept(): readonly KeyDifference[] {
    return this.#kept
  }

  get count(): number {
    return this.#kept.length + this.#beyond
  }

  /** There were more than are kept: the two sides are not the same data set. */
  get tooMany(): boolean {
    return this.#beyond > 0
  }

  get extra(): number {
    return this.#kept.filter(({ kind }) => kind === 'extra').length
  }

  note(found: readonly KeyDifference[]): void {
    const room = keptDifferences - this.#kept.length
    this.#kept.push(...found.slice(0, room))
    this.#beyond += Math.max(0, found.length - room)
  }

  /** Forgets those that are kept, because they are looked at again. */
  take(): readonly KeyDifference[] {
    return this.#kept.splice(0)
  }

  byKind(): Readonly<Partial<Record<DifferenceKind, number>>> {
    const counts: Partial<Record<DifferenceKind, number>> = {}
    for (const { kind } of this.#kept) counts[kind] = (counts[kind] ?? 0) + 1
    return counts
  }

  /** The first of them, as they are told. */
  list(most: number): readonly Difference[] {
    return this.#kept.slice(0, most).map(({ db, key, kind, detail }) => ({ db, ...named(key), kind, detail }))
  }
}

/** Bytes of a name that a list shows, and of one that is kept whole beside it. */
const shownBytes = 120
const exactBytes = 8 * 1024

function named(key: Buffer): Pick<Difference, 'key' | 'exact'> {
  const shown = escapeKey(key, shownBytes)
  if (key.length <= shownBytes) return { key: shown }
  return { key: shown, exact: key.length <= exactBytes ? key.toString('base64') : null }
}

/** The keys of differences, by their database. */
export function byDatabase(
  differences: readonly Pick<KeyDifference, 'db' | 'key'>[],
): ReadonlyMap<number, readonly Buffer[]> {
  const keys = new Map<number, Buffer[]>()
  for (const { db, key } of differences) {
    const known = keys.get(db)
    if (known === undefined) keys.set(db, [key])
    else known.push(key)
  }
  return keys
}
