import { nodeConnection, type Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { openControl, type Control, type ControlOptions } from '#engine/redis/control.ts'
import { freezeOf, type FreezeRecord, type KeptFreeze, type NodeRecord } from './record.ts'

/** Where a server is. */
export type Place = Pick<NodeRecord, 'host' | 'port'>

/** How we sign in while writes are frozen: as our own user, or before 6.0 with the new password alone. */
export function frozenConnection(record: FreezeRecord): Connection {
  const { username: _username, password: _password, ...rest } = record.connection
  if (record.byHand) return { ...record.connection, ...passwordOf(record) }
  return {
    ...rest,
    ...(record.nodes.every(({ acl }) => acl !== null) && { username: record.ownUser }),
    ...passwordOf(record),
  }
}

function passwordOf({ secret }: FreezeRecord): Pick<Connection, 'password'> {
  return secret === '' ? {} : { password: Buffer.from(secret, 'latin1').toString('utf8') }
}

/** How a server that was frozen lets us in at this moment: by the freeze's password or, restarted say, as before. */
export async function connectionNow(
  record: FreezeRecord,
  before: Connection,
  signal?: AbortSignal,
): Promise<Connection> {
  const frozen = frozenConnection(record)
  try {
    const control = await openControl(frozen, { signal })
    control.close()
    return frozen
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code.startsWith('auth.')) return before
    throw thrown
  }
}

/** Each source as it lets us in: those that are frozen as ourselves, the others as before. */
export function asFrozen(sources: readonly Connection[], kept: readonly KeptFreeze[]): readonly Connection[] {
  return sources.map((source) => {
    const frozen = freezeOf(kept, source)
    return frozen === undefined ? source : frozenConnection(frozen.record)
  })
}

/** The same to one of the source's servers. */
export function frozenNode(record: FreezeRecord, node: Place & Pick<NodeRecord, 'acl'>): Connection {
  const reached = nodeConnection(frozenConnection(record), node.host, node.port)
  if (record.byHand) return reached
  const { username: _username, ...byPassword } = reached
  return { ...byPassword, ...(node.acl !== null && { username: record.ownUser }) }
}

/**
 * Reaches a server of the source (or, without `node`, whichever the connection means) in whatever state a crash, a
 * restart or another person has left it: as ourselves, with the new password of `default`, as before.
 */
export async function signInAnyhow(
  record: FreezeRecord,
  options: ControlOptions = {},
  node?: Place,
): Promise<Control> {
  const { username: _username, ...byPassword } = frozenConnection(record)
  const ways = record.byHand
    ? [frozenConnection(record), record.connection]
    : [{ ...byPassword, username: record.ownUser }, byPassword, record.connection]
  let refused: unknown
  for (const way of ways) {
    try {
      return await openControl(node === undefined ? way : nodeConnection(way, node.host, node.port), options)
    } catch (thrown) {
      if (!(thrown instanceof FailureError) || !thrown.failure.code.startsWith('auth.')) throw thrown
      refused = thrown
    }
  }
  throw refused
}
