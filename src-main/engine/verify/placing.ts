import type { RestoredAs } from '#contract/verify.ts'
import { makeKeyRules, type KeyRules } from '../plan/key-rules.ts'
import { goesAlong } from '../plan/selection.ts'
import { expiryByRule } from '../plan/ttl-rule.ts'
import { kindOf } from '../rdb/opcodes.ts'

/** A key that was to expire at a time that only the moment of its writing told (the TTL rule `set`). */
export const sometime = Infinity

/** What a restore made of a key: written; left out by a rule; past its time by now; of a type the target lacks. */
export type Placed = 'placed' | 'filtered' | 'expired' | 'lost'

/**
 * Where the keys of a backup should be in the target. One object for all keys: `take` says which one it is
 * about, then `db`, `expireAt` and `key()` are where it should be, until the next one is taken.
 */
export class Placing {
  readonly rules: KeyRules
  db = 0
  /** Absolute milliseconds, -1 for never, or `sometime`. */
  expireAt = -1
  readonly #restoredAs: RestoredAs
  readonly #holdsStreams: boolean
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0

  /** `targetVersion`: as `TargetLook.versionNumber`. */
  constructor(restoredAs: RestoredAs, targetVersion: number) {
    this.#restoredAs = restoredAs
    this.rules = makeKeyRules(restoredAs)
    this.#holdsStreams = targetVersion >= 500
  }

  /** A key of the backup, bytes[start, end). `now`: the target's time. */
  take(
    db: number,
    code: number,
    expireAt: number,
    now: number,
    bytes: Uint8Array,
    start = 0,
    end = bytes.length,
  ): Placed {
    const { selection, names, dbMap, ttl } = this.rules
    if (selection !== null && selection.judge(db, code, bytes, start, end) !== goesAlong) return 'filtered'
    if (!this.#holdsStreams && kindOf(code) === 'stream' && this.#restoredAs.cannotHold === 'skip')
      return 'lost'
    this.db = dbMap(db)
    this.expireAt = expireAt >= 0 && ttl.rule === 'set' ? sometime : expiryByRule(ttl, expireAt, now)
    if (names === null) {
      this.#bytes = bytes
      this.#start = start
      this.#end = end
    } else {
      names.take(db, bytes, start, end)
      this.#bytes = names.bytes
      this.#start = names.start
      this.#end = names.end
    }
    return this.expireAt >= 0 && this.expireAt <= now ? 'expired' : 'placed'
  }

  /** Its name in the target: a view, good until the next one is taken. */
  key(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  /** Whether a key of this kind may be missing because the target could not take it. */
  mayBeLost(code: number): boolean {
    const { cannotHold, fieldExpiry } = this.#restoredAs
    const kind = kindOf(code)
    return (
      (kind === 'module' && cannotHold === 'skip') || (kind === 'hash' && code > 21 && fieldExpiry === 'skip')
    )
  }
}
