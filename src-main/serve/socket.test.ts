import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { sessionCookie } from './cookie.ts'
import { isThisMachine } from './origin.ts'
import { createSessions } from './sessions.ts'
import { createSocketDoor } from './socket.ts'

test('a page that asks for the points of its plots by itself keeps no session from ending unused', async () => {
  let now = 0
  const sessions = createSessions({ idleMs: 100, longestMs: 10_000 }, () => now)
  const exchange = sessions.exchange(sessions.invite())
  if (typeof exchange === 'string') return expect.fail(exchange)
  const { session } = exchange
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  let heard = (): void => undefined
  const premises = { files: new Map(), sessions, port, scheme: 'http', isOwnHost: isThisMachine } as const
  const door = createSocketDoor(premises, (channel) => channel.onFrame(() => heard()))
  server.on('upgrade', (request, socket, head: Buffer) => door.upgrade(request, socket, head))
  const page = new WebSocket(`ws://127.0.0.1:${port}/rpc`, {
    headers: { cookie: sessionCookie(port, session, false), origin: `http://127.0.0.1:${port}` },
  })
  try {
    await once(page, 'open')
    const ask = async (path: string): Promise<void> => {
      const arrived = new Promise<void>((resolve) => (heard = resolve))
      page.send(JSON.stringify({ i: '1', p: { u: path, b: {} } }))
      await arrived
    }
    now = 60
    await ask('/tasks/freeze')
    now = 120
    await ask('/tasks/history')
    expect(sessions.isKnown(session)).toBe(true)
    now = 170
    expect(sessions.isKnown(session)).toBe(false)
  } finally {
    page.terminate()
    door.close()
    server.close()
  }
})
