import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { openControl, type Control, type ControlOptions } from '#engine/redis/control.ts'
import type { FreezeRecord } from './record.ts'

/** How we sign in while writes are frozen: as our own user, or before 6.0 with the new password alone. */
export function frozenConnection(record: FreezeRecord): Connection {
  const { username: _username, password: _password, ...rest } = record.connection
  return {
    ...rest,
    ...(record.ownUser !== null && { username: record.ownUser }),
    password: Buffer.from(record.secret, 'latin1').toString('utf8'),
  }
}

/** The same with the new password of `default`, should our own user be gone. */
function defaultConnection(record: FreezeRecord): Connection {
  const { username: _username, ...rest } = frozenConnection(record)
  return rest
}

/**
 * Reaches the source in whatever state a crash, a restart or another person has left it: as ourselves, with
 * the new password, with the old one.
 */
export async function signInAnyhow(record: FreezeRecord, options: ControlOptions = {}): Promise<Control> {
  const ways = [frozenConnection(record), defaultConnection(record), record.connection]
  let refused: unknown
  for (const way of ways) {
    try {
      return await openControl(way, options)
    } catch (thrown) {
      if (!(thrown instanceof FailureError) || !thrown.failure.code.startsWith('auth.')) throw thrown
      refused = thrown
    }
  }
  throw refused
}
