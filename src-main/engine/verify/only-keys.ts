import type { RestoredAs } from '#contract/verify.ts'
import { idOfKey } from '../flow/checkpoint.ts'
import { makeKeyRules, nameOf, type KeyJudge } from '../plan/key-rules.ts'
import { goesAlong, placeOf } from '../plan/selection.ts'
import type { KeyDifference } from './findings.ts'

/** Keys named one by one, by their databases and names in the target. */
export class NamedKeys {
  readonly #keys: ReadonlySet<string>

  constructor(differences: readonly KeyDifference[]) {
    this.#keys = new Set(differences.map(({ db, key }) => idOf(db, key)))
  }

  has(db: number, key: Uint8Array): boolean {
    return this.#keys.has(idOf(db, key))
  }
}

/** Lets of a backup only these keys of the target go along, of those that the restore would have written. */
export function onlyKeys(differences: readonly KeyDifference[], restoredAs: RestoredAs): KeyJudge {
  const keys = new NamedKeys(differences)
  const rules = makeKeyRules(restoredAs)
  return {
    judge(db, code, bytes, start = 0, end = bytes.length) {
      const rule = rules.selection?.judge(db, code, bytes, start, end) ?? goesAlong
      if (rule !== goesAlong) return rule
      const key = nameOf(rules, db, bytes.subarray(start, end))
      return keys.has(rules.dbMap(db), key) ? goesAlong : notNamed
    },
  }
}

/** Counted where keys are counted that a glob leaves out: as names that were not asked for. */
const notNamed = placeOf('include')

function idOf(db: number, key: Uint8Array): string {
  return idOfKey({ db, key: Buffer.from(key.buffer, key.byteOffset, key.length) })
}
