import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeConnection, type Connection } from '#contract/connection.ts'
import { freezeJournal, type FreezeJournal, type FreezeRecord } from '#migration/freeze/record.ts'
import { freezeWrites } from '#migration/freeze/freeze.ts'
import { planFreeze } from '#migration/freeze/plan.ts'
import { unfreezeWrites } from '#migration/freeze/unfreeze.ts'
import { frozenNode } from '#migration/freeze/sign-in.ts'
import { keyFileBox } from '#migration/secrets.ts'
import { openStore, type Store } from '#store/open.ts'
import { openControl } from '#engine/redis/control.ts'
import { parseInfo, type Info } from '#engine/redis/info.ts'
import { atLeast } from '#engine/redis/version.ts'
import { application, doors } from '../support/doors.ts'
import { startCounting } from '../support/frozen-writers.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'

let dir: string
let store: Store
let journal: FreezeJournal

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyferry-freeze-'))
  store = openStore(join(dir, 'keyferry.db'))
  journal = freezeJournal(store.journal, keyFileBox(join(dir, 'key')))
})

afterEach(() => {
  store[Symbol.dispose]()
  rmSync(dir, { recursive: true })
})

/** A server's word for it, as somebody who may ask. */
async function infoOf(connection: Connection): Promise<Info> {
  await using control = await openControl(connection)
  return parseInfo(String(await control.call('INFO')))
}

async function until(met: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 40_000
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error(`not within 40 s: ${what}`)
    await sleep(50)
  }
}

const linkIsUp = async (connection: Connection): Promise<boolean> =>
  (await infoOf(connection)).get('master_link_status') === 'up'

/** Of one server: how often it was copied from the beginning. */
const fullSyncs = async (connection: Connection): Promise<string | undefined> =>
  (await infoOf(connection)).get('sync_full')

/** Who is in at a frozen server and is neither us nor a part of the replication. */
async function strangersAt(record: FreezeRecord, node: FreezeRecord['nodes'][number]): Promise<string[]> {
  await using control = await openControl(frozenNode(record, node), { name: 'kf:look' })
  const list = String(await control.call('CLIENT', 'LIST'))
  return list
    .split('\n')
    .filter((line) => line !== '' && !/ (name=kf:|flags=[SM] )/.test(line) && !/ cmd=client/.test(line))
}

const password = 'old-secret'
const binaries = [{ name: 'redis', version: '7.0', binary: 'redis-server' }, ...otherServers()].sort(
  (one, other) => one.version.localeCompare(other.version, undefined, { numeric: true }),
)

describe('a primary with replicas', () => {
  for (const { name, version, binary } of binaries)
    for (const auth of [{ password }, {}])
      it(`${name} ${version} ${'password' in auth ? 'with' : 'without'} a password: nobody writes, replication goes on`, async () => {
        const atOnce = atLeast(version, 3, 0) ? ['--repl-diskless-sync-delay', '0'] : []
        const options = { binary, ...auth }
        const modern = atLeast(version, 2, 8)
        await using primary = await startRedis({ ...options, args: atOnce })
        const following = (server: RedisServer): string[] => [
          ...[...atOnce, '--slaveof', server.host, String(server.port)],
          ...('password' in auth ? ['--masterauth', password] : []),
        ]
        await using replica = await startRedis({ ...options, args: following(primary) })
        // One behind the other: 2.4 and 2.6 know no such thing as an offset, and take both for one hop.
        await using second = await startRedis({ ...options, args: following(modern ? replica : primary) })
        const connection: Connection = { host: primary.host, port: primary.port, ...auth }
        const places = [primary, replica, second].map(({ host, port }) =>
          nodeConnection(connection, host, port),
        )
        for (const place of places.slice(1)) await until(() => linkIsUp(place), 'the link of a replica')
        if (atLeast(version, 6, 0))
          for (const server of [primary, replica, second])
            await server.call('ACL', 'SETUSER', 'app', 'on', '>app-secret', '~app:*', '+@all', '-@dangerous')
        const before = await Promise.all(places.map(doors))
        const copied = await Promise.all(places.map(fullSyncs))
        const writers = await startCounting(primary, ['a', 'b', 'c'], auth)
        await writers.wrote(200)
        const reader = application(replica, auth)
        await reader.connect()
        await reader.get('a')

        const kept = await freezeWrites({ taskId: 'tree', connection, journal })
        await writers.stop()
        const { record } = kept
        expect(record.nodes.map(({ role }) => role)).toEqual(['master', 'replica', 'replica'])
        await expect(reader.get('a')).rejects.toThrow()
        for (const place of places)
          await expect(openControl(place)).rejects.toMatchObject({ failure: { code: /^auth\./ } })
        for (const node of record.nodes) expect(await strangersAt(record, node)).toEqual([])
        const frozen = record.nodes.map((node) => frozenNode(record, node))
        for (const place of frozen.slice(1))
          await until(() => linkIsUp(place), 'the link of a frozen replica')
        if (modern) {
          expect(Number((await infoOf(frozen[0]!)).get('master_repl_offset'))).toBeGreaterThanOrEqual(
            record.nodes[0]!.offset!,
          )
          expect(await Promise.all(frozen.map(fullSyncs))).toEqual(copied)
        }
        await using own = await openControl(frozen[0]!)
        for (const [key, count] of writers.acknowledged)
          expect(Number(await own.call('GET', key))).toBeGreaterThanOrEqual(count)

        expect(await unfreezeWrites({ kept, journal })).toEqual({ changedMeanwhile: [] })
        expect(await Promise.all(places.map(doors))).toEqual(before)
        expect(journal.open()).toEqual([])
        const again = application(primary, auth)
        await again.connect()
        await again.set('later', 'yes')
        again.disconnect()
        const values = new Set<unknown>()
        for (const place of places) {
          await using control = await openControl(place)
          await until(
            async () => (await control.call('GET', 'later')) === 'yes',
            'what was written afterwards',
          )
          values.add(String(await control.call('MGET', 'a', 'b', 'c')))
        }
        expect(values.size).toBe(1)
        if (modern) expect(await Promise.all(places.map(fullSyncs))).toEqual(copied)
      })

  it('is refused while a replica cannot be reached, and nothing is changed', async () => {
    await using primary = await startRedis({ password })
    await using replica = await startRedis({
      args: ['--replicaof', primary.host, String(primary.port), '--masterauth', password],
    })
    const connection: Connection = { host: primary.host, port: primary.port, password }
    await until(() => linkIsUp({ host: replica.host, port: replica.port }), 'the link of the replica')
    await replica.call('CONFIG', 'SET', 'replica-announce-port', '1')
    await replica.call('REPLICAOF', primary.host, String(primary.port))
    await primary.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await until(async () => /port=1,/.test((await infoOf(connection)).get('slave0') ?? ''), 'the other port')
    const before = await doors(connection)
    await expect(freezeWrites({ taskId: 'gone', connection, journal })).rejects.toMatchObject({
      failure: { code: 'freeze.node-unreachable', params: { address: '127.0.0.1:1' } },
    })
    expect((await planFreeze('gone', connection)).refusal?.code).toBe('freeze.node-unreachable')
    expect(await doors(connection)).toBe(before)
    expect(journal.open()).toEqual([])
  })
})
