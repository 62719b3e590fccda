import { guardMs } from '../plan/expiry.ts'
import { encoded, type PreparedCommand } from '../target/transaction-frame.ts'
import type { DbKey } from './checkpoint.ts'
import type { TtlGuard } from './ttl-guard.ts'

/** A key's expiry at one moment of the source's history: to be placed exactly there. */
export interface ExpiryCorrection extends DbKey {
  readonly offset: number
  /** Absolute milliseconds; -1: it does not expire. */
  readonly expireAt: number
}

/** The command that gives the key this expiry; on a key that is not there it does nothing. */
export function correctionCommand({ db, key, expireAt }: ExpiryCorrection, guard: TtlGuard): PreparedCommand {
  const words =
    expireAt < 0
      ? ['PERSIST', key]
      : ['PEXPIREAT', key, guard.timeToWrite(Math.min(expireAt, guardMs - 1), { db, key })]
  return { db, name: String(words[0]), ...encoded(words), keys: [{ db, key }] }
}

/** Corrections that wait for the stream to come to their offset. */
export class CorrectionsUnderWay {
  readonly #waiting = new Map<string, ExpiryCorrection>()

  get size(): number {
    return this.#waiting.size
  }

  add(correction: ExpiryCorrection): void {
    this.#waiting.set(`${correction.db}:${correction.key.toString('latin1')}`, correction)
  }

  /** Takes out those whose place is at or before `offset`, in the order of their places. */
  takeDue(offset: number): readonly ExpiryCorrection[] {
    if (this.#waiting.size === 0) return []
    const due = [...this.#waiting].filter(([, correction]) => correction.offset <= offset)
    for (const [id] of due) this.#waiting.delete(id)
    return due.map(([, correction]) => correction).sort((a, b) => a.offset - b.offset)
  }
}
