import { randomBytes } from 'node:crypto'
import type { Connection } from '#contract/connection.ts'
import type { LocalServer } from './local-server.ts'

/** The ways applications sign in: the password of the server and, where there are users (6.0), one of them. */
export async function accountsOf({ connection, control }: LocalServer, major: number): Promise<Connection[]> {
  if (major < 6) return [connection, connection]
  const username = 'shop'
  const password = randomBytes(12).toString('hex')
  await control.call('ACL', 'SETUSER', username, 'on', `>${password}`, '~*', '+@all')
  const asUser = { ...connection, username, password }
  return [connection, connection, asUser, asUser]
}
