import { Redis } from 'ioredis'
import type { Connection } from '../../src-main/contract/connection.ts'
import { openControl } from '../../src-main/engine/redis/control.ts'
import type { RedisServer } from './redis-server.ts'

/** Everything about who may sign in at a server, and how it signs in at its primary, as the server writes it. */
export async function doors(connection: Connection): Promise<string> {
  await using control = await openControl(connection)
  const acl = await control.callBuffer('ACL', 'LIST').catch(() => [])
  const lines = (acl as Buffer[]).map((line) => line.toString('latin1'))
  const settings = await Promise.all(
    ['requirepass', 'masterauth', 'masteruser'].map((name) => control.call('CONFIG', 'GET', name)),
  )
  return JSON.stringify([lines, settings])
}

/** A client of an application: signs in, and is not told anything. */
export function application(
  { host, port }: Pick<RedisServer, 'host' | 'port'>,
  auth: { readonly username?: string; readonly password?: string } = {},
): Redis {
  const client = new Redis({
    host,
    port,
    ...auth,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  })
  client.on('error', () => undefined)
  return client
}
