import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askFeed } from './updates.ts'

let server: Server
let says: string
let feed: string

beforeEach(async () => {
  server = createServer((_request, response) => response.end(says))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  feed = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

afterEach(() => {
  server.close()
  server.closeAllConnections()
})

test.each([
  ['0.2.0', '0.1.9', true],
  ['0.10.0', '0.9.0', true],
  ['1.0.0', '1.0.0', false],
  ['0.9.9', '1.0.0', false],
])('%s beside our %s: newer is %s', async (version, ours, isNewer) => {
  says = JSON.stringify({ version, page: 'https://keyferry.example/', more: 1 })
  expect(await askFeed(feed, ours)).toEqual({ version, isNewer, page: 'https://keyferry.example/' })
})

test.each(['', 'no JSON', '{"version":"1"}', '{"version":"1.0.0","page":"javascript:alert(1)"}'])(
  'a feed that says %j is told as one that cannot be read',
  async (text) => {
    says = text
    await expect(askFeed(feed, '0.1.0')).rejects.toMatchObject({ failure: { code: 'update.unreadable' } })
  },
)
