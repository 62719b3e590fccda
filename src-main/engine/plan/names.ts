import type { RestoreSpec } from '#contract/restore.ts'

type Renaming = Pick<RestoreSpec, 'stripPrefix' | 'addPrefix' | 'dbPrefix'>

const firstScratchBytes = 4096
/** Below this a loop beats the call of a built-in. */
const shortCopy = 48
const nothing = new Uint8Array(0)

/**
 * What keys are called on the target. One object for all keys: `take` says whose name it is about, then the name
 * is bytes[start, end), until the next one is taken. Nothing is allocated for a key.
 */
export class Names {
  bytes: Uint8Array = nothing
  start = 0
  end = 0
  /** The last one taken has another name than in the file; and it lost a prefix on the way. */
  changed = false
  stripped = false
  /** A name is longer than the old one by so many bytes at most. */
  readonly longer: number
  readonly #strip: Uint8Array
  readonly #add: Uint8Array
  /** What stands in front of a name by its database in the file. */
  readonly #fronts: ReadonlyMap<number, Uint8Array>
  #scratch = new Uint8Array(firstScratchBytes)
  #front: Uint8Array = nothing
  #frontDb = -1

  constructor({ stripPrefix = '', addPrefix = '', dbPrefix = {} }: Renaming) {
    this.#strip = Buffer.from(stripPrefix)
    this.#add = Buffer.from(addPrefix)
    this.#fronts = new Map(
      Object.entries(dbPrefix).map(([db, prefix]) => [Number(db), Buffer.from(addPrefix + prefix)]),
    )
    this.longer = Math.max(this.#add.length, ...[...this.#fronts.values()].map(({ length }) => length))
  }

  /** From now on it is about the key of[start, end), of this database of the file. */
  take(db: number, of: Uint8Array, start = 0, end = of.length): void {
    if (db !== this.#frontDb) {
      this.#frontDb = db
      this.#front = this.#fronts.get(db) ?? this.#add
    }
    this.stripped = this.#strip.length > 0 && beginsWith(of, start, end, this.#strip)
    const from = this.stripped ? start + this.#strip.length : start
    const front = this.#front.length
    this.changed = this.stripped || front > 0
    if (front === 0) {
      this.bytes = of
      this.start = from
      this.end = end
      return
    }
    const length = front + end - from
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2)
    const scratch = this.#scratch
    for (let at = 0; at < front; at += 1) scratch[at] = this.#front[at]!
    if (end - from > shortCopy) scratch.set(of.subarray(from, end), front)
    else for (let at = from, to = front; at < end; at += 1, to += 1) scratch[to] = of[at]!
    this.bytes = scratch
    this.start = 0
    this.end = length
  }

  /** The name of one key, to keep. */
  nameOf(db: number, key: Uint8Array): Buffer {
    this.take(db, key)
    return Buffer.from(this.bytes.subarray(this.start, this.end))
  }
}

function beginsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false
  for (let at = 0; at < prefix.length; at += 1) if (bytes[start + at] !== prefix[at]) return false
  return true
}
