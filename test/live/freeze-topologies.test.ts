import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeConnection, type Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import { freezeJournal, type FreezeJournal, type FreezeRecord } from '#migration/freeze/record.ts'
import { freezeWrites } from '#migration/freeze/freeze.ts'
import { freezeByHand, type HandLook } from '#migration/freeze/by-hand.ts'
import { planFreeze } from '#migration/freeze/plan.ts'
import { watchFrozen, type FrozenLook } from '#migration/freeze/watch.ts'
import { unfreezeWrites } from '#migration/freeze/unfreeze.ts'
import { frozenNode } from '#migration/freeze/sign-in.ts'
import { KeyBox } from '#migration/secrets.ts'
import { openStore, type Store } from '#store/open.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { openControl } from '#engine/redis/control.ts'
import { parseInfo, type Info } from '#engine/redis/info.ts'
import { atLeast } from '#engine/redis/version.ts'
import { application, doors } from '../support/doors.ts'
import { startCounting } from '../support/counting-writers.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { startWatched, type Watched } from '../support/sentinels.ts'

let dir: string
let store: Store
let journal: FreezeJournal

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyferry-freeze-'))
  store = openStore(join(dir, 'keyferry.db'))
  journal = freezeJournal(store.journal, new KeyBox(join(dir, 'key')))
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

/** What the watch sees when it begins. */
async function firstLook(record: FreezeRecord): Promise<FrozenLook> {
  const ending = new AbortController()
  const looks: FrozenLook[] = []
  await watchFrozen([record], {
    signal: ending.signal,
    onLook(look) {
      looks.push(look)
      ending.abort()
    },
  })
  return looks[0]!
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
        const connection: Connection = { host: primary.host, port: primary.port, ...auth }
        const placeOf = ({ host, port }: RedisServer): Connection => nodeConnection(connection, host, port)
        await using replica = await startRedis({ ...options, args: following(primary) })
        // One that begins while the other is still being copied into is copied into twice.
        await until(() => linkIsUp(placeOf(replica)), 'the link of a replica')
        // One behind the other: 2.4 and 2.6 know no such thing as an offset, and take both for one hop.
        await using second = await startRedis({ ...options, args: following(modern ? replica : primary) })
        const places = [primary, replica, second].map(placeOf)
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
        expect((await firstLook(record)).foreignClients).toBe(0)
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

  it('is frozen anew after one of two replicas was made the primary, found by the former one', async () => {
    const args = ['--masterauth', password, '--repl-diskless-sync-delay', '0']
    await using primary = await startRedis({ password, args })
    const following = [...args, '--replicaof', primary.host, String(primary.port)]
    await using promoted = await startRedis({ password, args: following })
    await using other = await startRedis({ password, args: following })
    const servers = [promoted, primary, other]
    const places = servers.map(({ host, port }): Connection => ({ host, port, password }))
    for (const place of [places[0]!, places[2]!]) await until(() => linkIsUp(place), 'the link of a replica')
    const before = await Promise.all(places.map(doors))
    const connection = places[1]!
    const { record } = await freezeWrites({ taskId: 'promoted', connection, journal })
    const nodeOf = ({ port }: RedisServer): Connection =>
      frozenNode(
        record,
        record.nodes.find((node) => node.port === port)!,
      )
    const watching = watchFrozen([record], {
      signal: AbortSignal.timeout(40_000),
      onLook: () => undefined,
    })
    for (const server of servers) {
      await using control = await openControl(nodeOf(server))
      if (server === promoted) await control.call('REPLICAOF', 'NO', 'ONE')
      else await control.call('REPLICAOF', promoted.host, promoted.port)
    }
    expect((await watching)?.breach).toBe('role-changed')
    for (const server of [primary, other])
      await until(() => linkIsUp(nodeOf(server)), 'the link to the new primary')

    const again = await freezeWrites({ taskId: 'promoted', connection, journal })
    const portsOf = (role: string): number[] =>
      again.record.nodes.flatMap((node) => (node.role === role ? [node.port] : [])).sort()
    expect(portsOf('master')).toEqual([promoted.port])
    expect(portsOf('replica')).toEqual([primary.port, other.port].sort())
    for (const place of places)
      await expect(openControl(place)).rejects.toMatchObject({ failure: { code: /^auth\./ } })
    expect((await firstLook(again.record)).foreignClients).toBe(0)
    expect(await unfreezeWrites({ kept: again, journal })).toEqual({ changedMeanwhile: [] })
    expect(await Promise.all(places.map(doors))).toEqual(before)
    const writer = application(promoted, { password })
    await writer.connect()
    await writer.set('later', 'yes')
    writer.disconnect()
    for (const server of [primary, other])
      await until(async () => (await server.call('GET', 'later')) === 'yes', 'what was written afterwards')
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

/** Whether a Sentinel is signed in at the primary and content with it. */
async function isContent({ sentinels, name }: Watched): Promise<boolean> {
  const answers = await Promise.all(sentinels.map((one) => one.call('SENTINEL', 'MASTER', name)))
  return answers.every((answer) => {
    const words = (answer as string[]).map(String)
    const field = (wanted: string): string => words[words.indexOf(wanted) + 1] ?? ''
    return field('flags') === 'master' && Number(field('last-ok-ping-reply')) < 1_500
  })
}

const primaryOf = async ({ sentinels, name }: Watched): Promise<unknown[]> =>
  Promise.all(sentinels.map((one) => one.call('SENTINEL', 'get-master-addr-by-name', name)))

/** Stays so for longer than a Sentinel would wait. */
async function staysPrimary(watched: Watched): Promise<void> {
  const before = await primaryOf(watched)
  await until(() => isContent(watched), 'the Sentinels content')
  await sleep(5_000)
  await until(() => isContent(watched), 'the Sentinels still content')
  expect(await primaryOf(watched)).toEqual(before)
  expect(String(before[0])).toContain(String(watched.primary.port))
}

describe('a primary that Sentinels watch', () => {
  const downAfterMs = 3_000

  it('is frozen and unfrozen without a failover, found by its own address', async () => {
    await using watched = await startWatched({ nodePassword: password, downAfterMs })
    const { primary, replica } = watched
    const places = [primary, replica].map(({ host, port }): Connection => ({ host, port, password }))
    const before = await Promise.all(places.map(doors))
    const writers = await startCounting(primary, ['a'], { password })
    await writers.wrote(100)
    const plan = await planFreeze('watched', places[0]!)
    expect(plan.refusal).toBeNull()
    expect(plan.nodes.map(({ role }) => role)).toEqual([
      ...['master', 'replica'],
      ...['sentinel', 'sentinel', 'sentinel'],
    ])
    const kept = await freezeWrites({ taskId: 'watched', connection: places[0]!, journal })
    await writers.stop()
    expect(kept.record.sentinels).toHaveLength(3)
    await staysPrimary(watched)
    await unfreezeWrites({ kept, journal })
    await staysPrimary(watched)
    expect(await Promise.all(places.map(doors))).toEqual(before)
  })

  it('is frozen anew after a failover broke the freeze, and unfrozen where it is then', async () => {
    await using watched = await startWatched({ nodePassword: password, downAfterMs })
    const { primary, replica, connection } = watched
    const places = [primary, replica].map(({ host, port }): Connection => ({ host, port, password }))
    const before = await Promise.all(places.map(doors))
    const kept = await freezeWrites({ taskId: 'failover', connection, journal })
    const ending = new AbortController()
    const watching = watchFrozen([kept.record], { signal: ending.signal, onLook: () => undefined })
    await until(() => isContent(watched), 'the Sentinels content')
    await until(
      () =>
        watched.sentinels[0]!.call('SENTINEL', 'FAILOVER', watched.name).then(
          () => true,
          () => false,
        ),
      'a failover begun',
    )
    expect((await watching)?.breach).toBe('role-changed')
    await watched.replicaTookOver()
    await until(async () => {
      const demoted = kept.record.nodes.find(({ port }) => port === primary.port)!
      return (await linkIsUp(frozenNode(kept.record, demoted))) && (await isContent(watched))
    }, 'the former primary following')

    const again = await freezeWrites({ taskId: 'failover', connection, journal })
    expect(again.journalId).toBe(kept.journalId)
    expect(again.record.nodes.map(({ port, role }) => [port, role])).toEqual([
      [replica.port, 'master'],
      [primary.port, 'replica'],
    ])
    for (const place of places)
      await expect(openControl(place)).rejects.toMatchObject({ failure: { code: /^auth\./ } })
    await unfreezeWrites({ kept: again, journal })
    expect(await Promise.all(places.map(doors))).toEqual(before)
    await until(() => isContent(watched), 'the Sentinels content at the end')
    const writer = application(replica, { password })
    await writer.connect()
    await writer.set('later', 'yes')
    writer.disconnect()
  })

  it('keeps users by which Sentinels and replicas sign in, without the right to write', async () => {
    await using watched = await startWatched({ nodePassword: password, downAfterMs })
    const { primary, replica, sentinels, name } = watched
    const places = [primary, replica].map(({ host, port }): Connection => ({ host, port, password }))
    for (const server of [primary, replica]) {
      await server.call('ACL', 'SETUSER', 'watcher', 'on', '>watcher-pass', 'allchannels', '~*', '+@all')
      await server.call('ACL', 'SETUSER', 'copier', 'on', '>copier-pass', '+psync', '+replconf', '+ping')
      await server.call('CONFIG', 'SET', 'masteruser', 'copier')
      await server.call('CONFIG', 'SET', 'masterauth', 'copier-pass')
    }
    for (const sentinel of sentinels) {
      await sentinel.call('SENTINEL', 'SET', name, 'auth-user', 'watcher')
      await sentinel.call('SENTINEL', 'SET', name, 'auth-pass', 'watcher-pass')
    }
    for (const server of [primary, replica]) await server.call('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(async () => {
      const clients = String(await primary.call('CLIENT', 'LIST'))
      return (clients.match(/ user=watcher /g) ?? []).length >= 6 && (await isContent(watched))
    }, 'the Sentinels signed in by their user')
    const before = await Promise.all(places.map(doors))
    const intruder = application(primary, { username: 'watcher', password: 'watcher-pass' })
    await intruder.connect()

    const kept = await freezeWrites({ taskId: 'users', connection: places[0]!, journal })
    expect(kept.record).toMatchObject({ sentinels: [], staying: ['watcher', 'copier'] })
    await expect(intruder.set('k', 'v')).rejects.toThrow()
    const again = application(primary, { username: 'watcher', password: 'watcher-pass' })
    await again.connect()
    await expect(again.set('k', 'v')).rejects.toThrow(/NOPERM/)
    again.disconnect()
    const node = kept.record.nodes[1]!
    await using own = await openControl(frozenNode(kept.record, node))
    // Has it connect anew, with what it was told.
    await own.call('CLIENT', 'KILL', 'TYPE', 'master')
    await until(() => linkIsUp(frozenNode(kept.record, node)), 'the link of the replica')
    await staysPrimary(watched)
    await unfreezeWrites({ kept, journal })
    expect(await Promise.all(places.map(doors))).toEqual(before)
  })

  it('is not frozen where a Sentinel would judge too soon, or cannot be told', async () => {
    await using watched = await startWatched({ nodePassword: password, downAfterMs: 500 })
    const { primary, sentinels, name } = watched
    const connection: Connection = { host: primary.host, port: primary.port, password }
    const before = await doors(connection)
    await expect(freezeWrites({ taskId: 'hasty', connection, journal })).rejects.toMatchObject({
      failure: { code: 'freeze.sentinel-hasty' },
    })
    for (const one of sentinels) await one.call('SENTINEL', 'SET', name, 'down-after-milliseconds', 3_000)
    await sentinels[2]!.kill9()
    await expect(
      freezeWrites({ taskId: 'hasty', connection: { ...watched.connection }, journal }),
    ).rejects.toMatchObject({ failure: { code: 'freeze.sentinel-unreachable' } })
    expect(await doors(connection)).toBe(before)
    expect(journal.open()).toEqual([])
  })
})

describe('a cluster', () => {
  it('is frozen at every primary at once, and unfrozen at every node', async () => {
    await using cluster = await startCluster({ replicas: 1, password })
    const places = cluster.nodes.map(({ host, port }): Connection => ({ host, port, password }))
    for (const node of cluster.nodes) await node.call('ACL', 'SETUSER', 'app', 'on', '>x', '~*', '+@all')
    const before = await Promise.all(places.map(doors))
    const copied = await Promise.all(places.map(fullSyncs))
    // Keys whose slots the first, second and third primary have.
    const keys = ['b', 'a', 'c'].map((tag) => `{${tag}}`)
    const owners = await cluster.owners()
    const writers = await Promise.all(
      keys.map((key) => startCounting(owners[keySlot(Buffer.from(key))]!, [key], { password })),
    )
    for (const writer of writers) await writer.wrote(100)

    const kept = await freezeWrites({ taskId: 'cluster', connection: places[4]!, journal })
    const { record } = kept
    for (const writer of writers) await writer.stop()
    expect(record.nodes.map(({ role }) => role)).toEqual([
      ...['master', 'master', 'master'],
      ...['replica', 'replica', 'replica'],
    ])
    for (const place of places)
      await expect(openControl(place)).rejects.toMatchObject({ failure: { code: /^auth\./ } })
    for (const node of record.nodes) {
      expect(await strangersAt(record, node)).toEqual([])
      const info = await infoOf(frozenNode(record, node))
      // Only pings have been told to the replicas since.
      const since = Number(info.get('master_repl_offset')) - node.offset!
      if (node.role === 'master') expect(since % 14).toBe(0)
      else await until(() => linkIsUp(frozenNode(record, node)), 'the link of a replica')
    }
    const ending = new AbortController()
    let looks = 0
    const watching = watchFrozen([record], { signal: ending.signal, onLook: () => (looks += 1) })
    await until(() => Promise.resolve(looks > 5), 'the watch')
    ending.abort()
    expect(await watching).toBeNull()

    expect(await unfreezeWrites({ kept, journal })).toEqual({ changedMeanwhile: [] })
    expect(await Promise.all(places.map(doors))).toEqual(before)
    expect(await Promise.all(places.map(fullSyncs))).toEqual(copied)
    for (const [at, writer] of writers.entries()) {
      const key = keys[at]!
      const value = Number(await owners[keySlot(Buffer.from(key))]!.call('GET', key))
      expect(value).toBeGreaterThanOrEqual(writer.acknowledged.get(key)!)
    }
  })

  it('is not frozen while a slot is on its way', async () => {
    await using cluster = await startCluster({ password })
    const [first, second] = cluster.nodes
    await second!.call('CLUSTER', 'SETSLOT', 7, 'IMPORTING', cluster.ids[0]!)
    await first!.call('CLUSTER', 'SETSLOT', 7, 'MIGRATING', cluster.ids[1]!)
    const places = cluster.nodes.map(({ host, port }): Connection => ({ host, port, password }))
    const before = await Promise.all(places.map(doors))
    await expect(freezeWrites({ taskId: 'moving', connection: places[2]!, journal })).rejects.toMatchObject({
      failure: { code: 'freeze.slot-moving' },
    })
    expect(await Promise.all(places.map(doors))).toEqual(before)
  })

  it('is frozen anew when a replica took over, when a slot moved, when a node joined and got a slot', async () => {
    await using cluster = await startCluster({ replicas: 1, password })
    const placeOf = ({ host, port }: RedisServer): Connection => ({ host, port, password })
    const before = await Promise.all(cluster.nodes.map(placeOf).map(doors))
    const connection = placeOf(cluster.nodes[0]!)
    const keySlots = new Map(['{a}', '{b}', '{c}'].map((key) => [keySlot(Buffer.from(key)), key]))
    const owners = await cluster.owners()
    for (const [slot, key] of keySlots) await owners[slot]!.call('SET', key, 'x')
    const moved = keySlot(Buffer.from('{b}'))
    const [from, to, promoted, demoted] = [0, 1, 5, 2].map((number) => cluster.nodes[number]!)
    expect(owners[moved]).toBe(from)
    let kept = await freezeWrites({ taskId: 'changing', connection, journal })

    /** As somebody does who may: at a server of a frozen cluster there is nobody else. */
    const tell = async (
      server: RedisServer,
      ...command: [string, ...(string | number)[]]
    ): Promise<unknown> => {
      const node = kept.record.nodes.find(({ port }) => port === server.port)
      await using control = await openControl(
        node === undefined ? placeOf(server) : frozenNode(kept.record, node),
        { name: 'kf:resharding' },
      )
      return await control.call(...command)
    }
    /** What breaks the freeze while something is done; then it is frozen again. */
    const breachBy = async (deed: () => Promise<void>): Promise<string | undefined> => {
      let looks = 0
      const watching = watchFrozen([kept.record], {
        signal: AbortSignal.timeout(40_000),
        onLook: () => (looks += 1),
      })
      await until(() => Promise.resolve(looks > 0), 'the watch')
      await deed()
      const broken = await watching
      await until(
        () =>
          freezeWrites({ taskId: 'changing', connection, journal }).then(
            (again) => {
              kept = again
              return true
            },
            (thrown: unknown) => {
              if (!['freeze.slot-moving', 'freeze.node-unreachable'].includes(toFailure(thrown).code))
                throw thrown
              return false
            },
          ),
        'frozen anew',
      )
      for (const node of kept.record.nodes) {
        await expect(openControl(nodeConnection(connection, node.host, node.port))).rejects.toMatchObject({
          failure: { code: /^auth\./ },
        })
        expect(await strangersAt(kept.record, node)).toEqual([])
      }
      return broken?.breach
    }
    const moveSlot = async (slot: number, source: RedisServer, target: RedisServer): Promise<void> => {
      const [sourceId, targetId] = [source, target].map((one) => cluster.ids[cluster.nodes.indexOf(one)]!)
      await tell(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId!)
      await tell(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId!)
      const auth = ['AUTH2', kept.record.ownUser, kept.record.secret]
      const key = keySlots.get(slot)
      if (key !== undefined)
        await tell(source, 'MIGRATE', target.host, target.port, '', 0, 5_000, ...auth, 'KEYS', key)
      for (const server of [target, source]) await tell(server, 'CLUSTER', 'SETSLOT', slot, 'NODE', targetId!)
    }

    expect(
      await breachBy(async () => {
        await tell(promoted!, 'CLUSTER', 'FAILOVER')
        await until(
          async () => String(await tell(promoted!, 'ROLE')).startsWith('master'),
          'the replica a primary',
        )
        await until(
          async () => String(await tell(demoted!, 'ROLE')).includes('connected'),
          'the other its replica',
        )
      }),
    ).toBe('role-changed')
    const roleOf = (server: RedisServer): string | undefined =>
      kept.record.nodes.find(({ port }) => port === server.port)?.role
    expect([roleOf(promoted!), roleOf(demoted!)]).toEqual(['master', 'replica'])

    expect(await breachBy(() => moveSlot(moved, from!, to!))).toBe('slots-moved')

    const fresh = cluster.nodes[await cluster.addMaster(true)]!
    const ofFresh = await doors(placeOf(fresh))
    // An empty one: no server counts a write.
    expect(await breachBy(() => moveSlot(0, from!, fresh))).toBe('slots-moved')
    expect(roleOf(fresh)).toBe('master')

    expect(await unfreezeWrites({ kept, journal })).toEqual({ changedMeanwhile: [] })
    expect(journal.open()).toEqual([])
    expect(await Promise.all(cluster.nodes.map(placeOf).map(doors))).toEqual([...before, ofFresh])
    const after = await cluster.owners()
    expect([after[0], after[moved]]).toEqual([fresh, to])
    expect(await to!.call('GET', '{b}')).toBe('x')
    await until(() => linkIsUp(placeOf(demoted!)), 'the link of the former primary')
  }, 120_000)

  it('is frozen anew after one of its primaries was replaced, the dead one left out', async () => {
    await using cluster = await startCluster({ replicas: 1, password })
    const places = cluster.nodes.map(({ host, port }): Connection => ({ host, port, password }))
    const before = await Promise.all(places.map(doors))
    const kept = await freezeWrites({ taskId: 'replaced', connection: places[0]!, journal })
    const watching = watchFrozen([kept.record], {
      signal: new AbortController().signal,
      onLook: () => undefined,
    })
    await cluster.nodes[0]!.kill9()
    expect((await watching)?.breach).toBe('role-changed')
    // As long as another node still takes the dead one for the owner of its slots, it is refused.
    await until(
      () =>
        freezeWrites({ taskId: 'replaced', connection: places[0]!, journal }).then(
          () => true,
          (thrown: unknown) => {
            if (toFailure(thrown).code !== 'freeze.node-unreachable') throw thrown
            return false
          },
        ),
      'frozen anew',
    )
    const again = journal.open()[0]!
    expect(again.record.nodes.filter(({ gone }) => gone).map(({ port }) => port)).toEqual([places[0]!.port])
    expect(again.record.nodes.find(({ port }) => port === places[3]!.port)?.role).toBe('master')
    await expect(unfreezeWrites({ kept: again, journal })).rejects.toMatchObject({
      failure: { code: 'connect.refused' },
    })
    expect(await Promise.all(places.slice(1).map(doors))).toEqual(before.slice(1))
    await cluster.nodes[0]!.restart()
    await unfreezeWrites({ kept: journal.open()[0]!, journal })
    expect(await Promise.all(places.map(doors))).toEqual(before)
  })
})

describe('a source that lets nobody change its passwords', () => {
  const managed = ['--rename-command', 'CONFIG', 'the-services-own']

  it('is frozen by hand: seen once the old password is refused, and watched like any other', async () => {
    await using server = await startRedis({ password, args: managed })
    const connection: Connection = { host: server.host, port: server.port, password }
    expect((await planFreeze('hand', connection)).refusal?.code).toBe('freeze.not-permitted')
    await expect(freezeWrites({ taskId: 'hand', connection, journal })).rejects.toMatchObject({
      failure: { code: 'freeze.not-permitted' },
    })
    const writers = await startCounting(server, ['a', 'b'], { password })
    const looks: HandLook[] = []
    const reached: Connection[] = []
    const freezing = freezeByHand({
      taskId: 'hand',
      sources: [connection],
      journal,
      newPassword: 'next-secret',
      onLook: (look) => looks.push(look),
      onCredentials: (_source, changed) => reached.push(changed),
    })
    await until(
      () =>
        Promise.resolve(looks.some((look) => look.writesPerSecond > 0 && (look.foreignClients ?? 0) >= 2)),
      'the writers seen',
    )
    // The person in the service's console; who is in stays in, until the connections are closed.
    await server.call('the-services-own', 'SET', 'requirepass', 'next-secret')
    await until(() => Promise.resolve(looks.at(-1)?.oldPassword === 'refused'), 'the old password refused')
    expect(journal.open()).toEqual([])
    await server.call('CLIENT', 'KILL', 'TYPE', 'normal')
    const kept = (await freezing)[0]!
    await writers.stop()
    expect(reached).toEqual([{ ...connection, password: 'next-secret' }])
    const [node] = kept.record.nodes
    const frozen = { ...connection, password: 'next-secret' }
    expect((await infoOf(frozen)).get('master_repl_offset')).toBe(String(node!.offset))
    await using own = await openControl(frozen)
    for (const [key, count] of writers.acknowledged)
      expect(Number(await own.call('GET', key))).toBeGreaterThanOrEqual(count)

    let looked = 0
    const watching = watchFrozen([kept.record], {
      signal: new AbortController().signal,
      onLook: () => (looked += 1),
    })
    await until(() => Promise.resolve(looked > 2), 'the watch')
    await own.call('SET', 'late', 'write')
    expect(await watching).toMatchObject({ breach: 'foreign-client' })
    expect(await unfreezeWrites({ kept, journal })).toEqual({ changedMeanwhile: [] })
    expect(journal.open()).toEqual([])
  })

  it('is frozen by hand: seen once nobody is left, as behind a firewall', async () => {
    await using server = await startRedis({ password, args: managed })
    const connection: Connection = { host: server.host, port: server.port, password }
    const writers = await startCounting(server, ['a'], { password })
    await writers.wrote(10)
    const looks: HandLook[] = []
    const freezing = freezeByHand({
      taskId: 'wall',
      sources: [connection],
      journal,
      onLook: (look) => looks.push(look),
    })
    await until(() => Promise.resolve(looks.length > 2), 'the watch')
    await writers.stop()
    const { record } = (await freezing)[0]!
    expect(looks.at(-1)).toEqual({ foreignClients: 0, writesPerSecond: 0, oldPassword: 'opens' })
    expect((await infoOf(connection)).get('master_repl_offset')).toBe(String(record.nodes[0]!.offset))
    expect(JSON.stringify(store.journal.open('freeze'))).not.toContain(password)
  })
})

describe('killed in the middle', () => {
  const mortal = new URL('../support/die-in-freeze.ts', import.meta.url).pathname

  /** Freezes in a process of its own and ends it, kill -9, some milliseconds after its journal was written. */
  async function freezeAndDie(server: RedisServer, afterMs: number): Promise<void> {
    const files = [join(dir, 'keyferry.db'), join(dir, 'key')]
    const dying = spawn(process.execPath, [
      ...[mortal, ...files, server.host, String(server.port), password, 'outside'],
    ])
    const ended = new Promise((resolve) => dying.once('exit', resolve))
    await until(() => Promise.resolve(dying.exitCode !== null || journal.open().length > 0), 'its journal')
    await sleep(afterMs)
    dying.kill('SIGKILL')
    await ended
  }

  it('a freeze of replicas is undone byte for byte, or made anew and then undone', async () => {
    await using primary = await startRedis({ password, args: ['--repl-diskless-sync-delay', '0'] })
    await using replica = await startRedis({
      password,
      args: ['--replicaof', primary.host, String(primary.port), '--masterauth', password],
    })
    const places = [primary, replica].map(({ host, port }): Connection => ({ host, port, password }))
    await until(() => linkIsUp(places[1]!), 'the link of the replica')
    const before = await Promise.all(places.map(doors))
    for (const [turn, afterMs] of [0, 5, 15, 30, 60, 100].entries()) {
      await freezeAndDie(primary, afterMs)
      if (turn % 2 === 1) await freezeWrites({ taskId: 'mortal', connection: places[0]!, journal })
      expect(await unfreezeWrites({ kept: journal.open()[0]!, journal })).toEqual({ changedMeanwhile: [] })
      expect(await Promise.all(places.map(doors))).toEqual(before)
    }
    await until(() => linkIsUp(places[1]!), 'the link of the replica afterwards')
    expect(await fullSyncs(places[0]!)).toBe('1')
  })

  it('a freeze of a cluster is undone byte for byte, or made anew and then undone', async () => {
    await using cluster = await startCluster({ replicas: 1, password })
    const places = cluster.nodes.map(({ host, port }): Connection => ({ host, port, password }))
    for (const node of cluster.nodes) await node.call('ACL', 'SETUSER', 'app', 'on', '>x', '~*', '+@all')
    const before = await Promise.all(places.map(doors))
    for (const [turn, afterMs] of [0, 20, 50, 90].entries()) {
      await freezeAndDie(cluster.nodes[0]!, afterMs)
      if (turn % 2 === 1) await freezeWrites({ taskId: 'mortal', connection: places[0]!, journal })
      expect(await unfreezeWrites({ kept: journal.open()[0]!, journal })).toEqual({ changedMeanwhile: [] })
      expect(await Promise.all(places.map(doors))).toEqual(before)
    }
  })
})
