import { nodeConnection, type Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { openControl, type Control, type ControlOptions } from '#engine/redis/control.ts'
import type { FreezeRecord, NodeRecord } from './record.ts'

/** Where a server is. */
export type Place = Pick<NodeRecord, 'host' | 'port'>

/** How we sign in while writes are frozen: as our own user, or before 6.0 with the new password alone. */
export function frozenConnection(record: FreezeRecord): Connection {
  const { username: _username, password: _password, ...rest } = record.connection
  return {
    ...rest,
    ...(record.nodes.every(({ acl }) => acl !== null) && { username: record.ownUser }),
    password: Buffer.from(record.secret, 'latin1').toString('utf8'),
  }
}

/** The same to one of the source's servers. */
export function frozenNode(record: FreezeRecord, node: Place & Pick<NodeRecord, 'acl'>): Connection {
  const { username: _username, ...reached } = nodeConnection(frozenConnection(record), node.host, node.port)
  return { ...reached, ...(node.acl !== null && { username: record.ownUser }) }
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
  const ways = [{ ...byPassword, username: record.ownUser }, byPassword, record.connection]
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
