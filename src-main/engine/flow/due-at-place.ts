import { idOfKey, type DbKey } from './checkpoint.ts'

/** Something about a key that is true at one place of the source's stream alone. */
export interface AtPlace extends DbKey {
  readonly offset: number
}

/** Is this offset, of the history that had this id when it was asked for, a place of the stream that is followed? */
export type IsOurPlace = (replid: string, offset: number) => boolean

/**
 * What waits for the stream to come to its place, one for each key. A source may die when it has said what it is, and
 * before it has sent the stream up to there: whoever takes its place goes on without that, and counts other writes by the
 * same offsets. So the history is kept beside the place.
 */
export class DueAtPlace<T extends AtPlace> {
  readonly #waiting = new Map<string, { readonly one: T; readonly replid: string }>()

  get size(): number {
    return this.#waiting.size
  }

  has(key: DbKey): boolean {
    return this.#waiting.has(idOfKey(key))
  }

  /** `replid`: the history's id, as it was known before it was asked for. */
  add(one: T, replid: string): void {
    this.#waiting.set(idOfKey(one), { one, replid })
  }

  /** Takes out those whose place is at or before `offset`, in the order of their places, and those that never come. */
  takeDue(offset: number, isOurs: IsOurPlace): { readonly due: readonly T[]; readonly lost: readonly T[] } {
    const due: T[] = []
    const lost: T[] = []
    for (const [id, { one, replid }] of this.#waiting) {
      if (!isOurs(replid, one.offset)) lost.push(one)
      else if (one.offset <= offset) due.push(one)
      else continue
      this.#waiting.delete(id)
    }
    return { due: due.sort((a, b) => a.offset - b.offset), lost }
  }
}
