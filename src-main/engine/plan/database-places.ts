import { fail } from '#contract/failure.ts'
import type { FollowedRules } from '#contract/selection.ts'
import { makeDbMap, type DbMap } from './db-map.ts'

/**
 * Which databases of a source that is followed go where, as they come to be known. Two with the same names in one would
 * make one key of two, and which of them it is would be anybody's guess: the second one fails with `source.databases-meet`.
 */
export class DatabasePlaces {
  readonly #asked: FollowedRules
  readonly #map: DbMap
  readonly #address: string
  readonly #taken = new Map<string, number>()
  #last = -1
  #lastTo = -1

  /** `address`: the target's, for the failure. */
  constructor(asked: FollowedRules, address: string) {
    this.#asked = asked
    this.#map = makeDbMap(asked)
    this.#address = address
  }

  /** Where keys of this one go. */
  readonly to: DbMap = (db) => {
    if (db === this.#last) return this.#lastTo
    const to = this.#map(db)
    const place = `${to} ${this.#asked.dbPrefix?.[db] ?? ''}`
    const before = this.#taken.get(place) ?? db
    if (before !== db)
      fail('source.databases-meet', { address: this.#address, db: to, dbs: `${before}, ${db}` })
    this.#taken.set(place, db)
    this.#last = db
    this.#lastTo = to
    return to
  }

  /** The source has keys in these. */
  note(dbs: Iterable<number>): void {
    for (const db of dbs) if (this.#asked.dbs?.includes(db) !== false) this.to(db)
  }

  /** Those known whose keys go to this one of the target. */
  comingTo(db: number): readonly number[] {
    return [...this.#taken.values()].filter((from) => this.#map(from) === db)
  }
}
