import { nodeConnection } from '#contract/connection.ts'
import { fail, FailureError } from '#contract/failure.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { isOff, onlyOpensWith, userOf } from './acl.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import { carryOut, signOutOf } from './node-changes.ts'
import type { FreezeRecord, NodeRecord } from './record.ts'

/**
 * Holds a freeze to its word at one server: the old password opens nothing, the new one is the only one, every user
 * but ours is off, and nobody who was in is left. Returns how the server now stands.
 */
export async function proveShut(
  control: Control,
  node: NodeRecord,
  record: FreezeRecord,
): Promise<AuthState> {
  const { address } = control
  const notProven = (found: string): never => fail('freeze.not-proven', { address, found })
  if (await oldOpens(node, record)) notProven('old-password')
  // Who came in between the change and now has not signed in, and could not; sent away all the same.
  await carryOut(control, signOutOf({ ...node, requirepass: record.secret }))
  const now = await readAuthState(control)
  if (now.requirepass !== record.secret) notProven('requirepass')
  for (const line of now.acl ?? []) {
    const user = userOf(line)
    if (user === record.ownUser || record.staying.includes(user)) continue
    const shut = user === 'default' ? onlyOpensWith(line, record.secret) || isOff(line) : isOff(line)
    if (!shut) notProven('user')
  }
  return now
}

/** Whether a connection with the old password can still do anything. */
async function oldOpens({ host, port }: NodeRecord, { connection, staying }: FreezeRecord): Promise<boolean> {
  // A user by which replicas sign in still opens, but its writes are refused.
  if (connection.username !== undefined && staying.includes(connection.username)) return false
  try {
    await using control = await openControl(nodeConnection(connection, host, port))
    await control.call('PING')
    return true
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code.startsWith('auth.')) return false
    throw thrown
  }
}
