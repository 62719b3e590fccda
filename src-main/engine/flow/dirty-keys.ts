import { Bell } from './bell.ts'
import { idOfKey, type DbKey } from './checkpoint.ts'

/** Keys, and what their names may take together. */
const mostKeys = 500_000
const mostBytes = 64 * 1024 * 1024

interface Dirty extends DbKey {
  /** When it was told to have changed, milliseconds; null for one that is merely to be looked at. */
  readonly since: number | null
}

/** Keys taken to be carried over; to be told done, or put back. */
export interface TakenKeys {
  readonly keys: readonly DbKey[]
  /** All but these, which wait on, as long as they have waited already. */
  readonly done: (but?: readonly DbKey[]) => void
  readonly putBack: () => void
}

/**
 * Keys that the target may hold otherwise than the source, each once, the longest told first. There is room for so
 * many: what is refused has to be found another way.
 */
export class DirtyKeys {
  /** Rings when keys came, and when there is more room. */
  readonly changed = new Bell()
  readonly #room: { readonly keys: number; readonly bytes: number }
  #told = new Map<string, Dirty>()
  #listed = new Map<string, Dirty>()
  readonly #taken = new Set<readonly Dirty[]>()
  #bytes = 0

  constructor(room = { keys: mostKeys, bytes: mostBytes }) {
    this.#room = room
  }

  /** How many of those that were only to be looked at are still to be, those taken among them. */
  get listed(): number {
    const taken = [...this.#taken].flat().filter(({ since }) => since === null)
    return this.#listed.size + taken.length
  }

  /** Since when the oldest of the changes told waits, milliseconds; null where none does. */
  get oldest(): number | null {
    const first = this.#told.values().next().value?.since ?? Infinity
    const taken = [...this.#taken].map((keys) => Math.min(...keys.map(({ since }) => since ?? Infinity)))
    const oldest = Math.min(first, ...taken)
    return oldest === Infinity ? null : oldest
  }

  /** Has all been carried over that was listed, and all that was told up to this moment? */
  hasCarried(upTo: number): boolean {
    return this.listed === 0 && (this.oldest ?? Infinity) > upTo
  }

  /** It was changed just now. False where there is no room for it. */
  tell(db: number, key: Buffer, now: number): boolean {
    const id = idOfKey({ db, key })
    if (this.#told.has(id)) return true
    // What was listed is told from now on; it has its room already.
    const listed = this.#listed.get(id)
    if (listed === undefined && !this.#hasRoom) return false
    if (listed === undefined) this.#bytes += key.length
    else this.#listed.delete(id)
    this.#told.set(id, { db, key, since: now })
    this.changed.ring()
    return true
  }

  /** Is to be looked at, some time. Waits for room. */
  async list(keys: readonly DbKey[], signal: AbortSignal): Promise<void> {
    for (const { db, key } of keys) {
      const id = idOfKey({ db, key })
      if (this.#told.has(id) || this.#listed.has(id)) continue
      while (this.#listed.size >= this.#room.keys / 4 || !this.#hasRoom) {
        signal.throwIfAborted()
        await this.changed.wait(signal, 1_000)
      }
      this.#bytes += key.length
      this.#listed.set(id, { db, key, since: null })
    }
    this.changed.ring()
  }

  /** So many at most; of both kinds where there are both, so that neither waits for ever. Null where there are none. */
  take(most: number): TakenKeys | null {
    const told = takeFrom(this.#told, Math.max(most - this.#listed.size, Math.ceil(most / 2)))
    const taken = [...told, ...takeFrom(this.#listed, most - told.length)]
    if (taken.length === 0) return null
    for (const { key } of taken) this.#bytes -= key.length
    this.#taken.add(taken)
    return {
      keys: taken,
      done: (but = []) => {
        const left = new Set(but.map(idOfKey))
        this.#taken.delete(taken)
        this.#putBack(taken.filter((one) => left.has(idOfKey(one))))
      },
      putBack: () => {
        this.#taken.delete(taken)
        this.#putBack(taken)
      },
    }
  }

  get #hasRoom(): boolean {
    return this.#told.size + this.#listed.size < this.#room.keys && this.#bytes < this.#room.bytes
  }

  /** In front of all others: they have waited longest. */
  #putBack(taken: readonly Dirty[]): void {
    if (taken.length > 0) this.#putInFront(taken)
    this.changed.ring()
  }

  #putInFront(taken: readonly Dirty[]): void {
    const front = new Map(taken.filter(({ since }) => since !== null).map(named))
    for (const [id, one] of this.#told) if (!front.has(id)) front.set(id, one)
    this.#told = front
    for (const one of taken)
      if (one.since === null && !this.#told.has(idOfKey(one))) this.#listed.set(...named(one))
    this.#bytes = [...this.#told.values(), ...this.#listed.values()].reduce(
      (sum, { key }) => sum + key.length,
      0,
    )
  }
}

function takeFrom(keys: Map<string, Dirty>, most: number): readonly Dirty[] {
  const taken: Dirty[] = []
  for (const [id, key] of keys) {
    if (taken.length >= most) break
    keys.delete(id)
    taken.push(key)
  }
  return taken
}

function named(one: Dirty): [string, Dirty] {
  return [idOfKey(one), one]
}
