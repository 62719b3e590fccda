import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore, type Store } from '#store/open.ts'
import { createConnections, type Connections } from './connections.ts'
import { createProfiles, type Profiles } from './profiles.ts'
import { KeyBox } from './secrets.ts'

let folder: string
let store: Store
let connections: Connections
let profiles: Profiles

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-connections-'))
  store = openStore(join(folder, 'keyferry.db'))
  const box = new KeyBox(join(folder, 'keyferry.key'))
  connections = createConnections(store, box)
  profiles = createProfiles(store, box, () => undefined)
})

afterEach(() => {
  store[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

const hop = { host: 'bastion', port: 22, username: 'kim', agent: false } as const
const shop = {
  host: 'shop',
  port: 6379,
  username: 'ops',
  password: 'of the shop',
  via: { kind: 'ssh', hops: [{ ...hop, password: 'of the bastion' }], acceptedKeys: [] },
} as const
/** The same server as a window knows it: nothing secret in it. */
const bare = {
  host: 'shop',
  port: 6379,
  username: 'ops',
  via: { kind: 'ssh', hops: [hop], acceptedKeys: [] },
} as const

const failing = (code: string): unknown =>
  expect.objectContaining({ failure: expect.objectContaining({ code }) })

test('what is kept comes back without its secrets, and opens with them', () => {
  const saved = connections.save({ name: 'Shop', reach: { ...shop, via: { ...shop.via } } as never })

  expect(JSON.stringify(connections.list())).not.toMatch(/of the (shop|bastion)/)
  expect(saved.reach).toMatchObject({ host: 'shop', passwordKept: 'stored' })
  expect(connections.open(saved.id)).toMatchObject({
    password: 'of the shop',
    via: { hops: [{ password: 'of the bastion' }] },
  })
})

test('its secrets stand in for those left out, for this user at this server only', () => {
  const { id } = connections.save({ name: 'Shop', reach: shop as never })
  const complete = (other: object): unknown => connections.complete({ ...bare, ...other, saved: id } as never)

  expect(complete({})).toMatchObject({
    password: 'of the shop',
    via: { hops: [{ password: 'of the bastion' }] },
  })
  expect(complete({ password: 'typed' })).toMatchObject({ password: 'typed' })
  expect(JSON.stringify(complete({ host: 'elsewhere' }))).not.toMatch(/of the/)
  expect(JSON.stringify(complete({ username: 'other' }))).not.toMatch(/of the/)
  expect(JSON.stringify(complete({ via: undefined }))).not.toMatch(/of the/)
  // What is kept of an order has no secrets: by this they are found again.
  expect(complete({})).toHaveProperty('saved', id)
})

test('a profile takes over what it needs, and is listed as using it; removing leaves the profile whole', () => {
  const { id } = connections.save({ name: 'Shop', reach: shop as never })
  const source = { ...bare, saved: id }
  const profile = profiles.save({ name: 'Night move', source: source as never, target: null })

  expect(profile.source).toMatchObject({ passwordKept: 'stored' })
  expect(connections.list()[0]?.usedBy).toEqual([{ id: profile.id, name: 'Night move' }])
  connections.remove(id)
  expect(connections.list()).toEqual([])
  expect(profiles.connections(profile.id, 'source')).toMatchObject([{ password: 'of the shop' }])
})

test('names are its own, copies get one, and another address forgets what was tested', () => {
  const { id } = connections.save({ name: 'Shop', reach: shop as never })
  const facts = { address: 'shop:6379', version: '7.0.15' } as never
  expect(connections.tested(id, facts).lastTest?.facts).toEqual(facts)

  expect(() => connections.save({ name: 'SHOP', reach: shop as never })).toThrow(
    failing('connection.name-taken'),
  )
  const copy = connections.duplicate(id, 'Shop')
  expect(copy).toMatchObject({ name: 'Shop (2)', reach: { passwordKept: 'stored' } })
  const moved = connections.save({ id, name: 'Shop', reach: { ...bare, port: 6380 } as never })
  expect(moved.lastTest).toBeNull()
  expect(() => connections.remove('nowhere')).toThrow(failing('connection.not-found'))
})

test('what somebody else has saved since it was read is not overwritten, unless that is asked for', () => {
  const { id, updatedAt } = connections.save({ name: 'Shop', reach: bare as never })
  expect(() => connections.save({ id, basedOn: updatedAt - 1, name: 'Till', reach: bare as never })).toThrow(
    failing('connection.changed-meanwhile') as Error,
  )
  expect(connections.list()).toMatchObject([{ name: 'Shop' }])
  // What a test tells changes nothing that a person edits.
  connections.tested(id, { version: '7.2.0' } as never)
  expect(connections.save({ id, basedOn: updatedAt, name: 'Till', reach: bare as never })).toMatchObject({
    name: 'Till',
  })
  expect(connections.save({ id, name: 'Shop', reach: bare as never })).toMatchObject({ name: 'Shop' })
})
