import { guardMs } from '../plan/expiry.ts'
import { encoded, type PreparedCommand } from '../target/transaction-frame.ts'
import type { AtPlace } from './due-at-place.ts'
import type { TtlGuard } from './ttl-guard.ts'

/** A key's expiry at one moment of the source's history: to be placed exactly there. */
export interface ExpiryCorrection extends AtPlace {
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
