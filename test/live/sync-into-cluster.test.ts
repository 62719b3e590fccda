import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keySlot } from '#engine/bytes/crc16.ts'
import { startProxy } from '../support/proxy.ts'
import { masterOfSlot, startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import {
  compareAll,
  connectionTo,
  differencesFromAll,
  drain,
  infoField,
  taskFolder,
} from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

const patient = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']
const equal = { equal: true, differing: 0, differences: [] }

test('a server into a cluster under a writer, killed three times: nothing lost, nothing doubled, nothing of ours left', async () => {
  await using source = await startRedis({ args: patient })
  await using cluster = await startCluster()
  using folder = taskFolder()
  const request = {
    task: 'into',
    source: connectionTo(source),
    target: connectionTo(cluster.nodes[1]!),
    folder: folder.path,
  }
  const writer = startWriter({ port: source.port, oneDatabase: true, rate: 1_000 })
  const random = randomFrom(3)
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    await sync.kill9()
  }
  for (let kill = 1; kill < 3; kill += 1) {
    await using sync = startSync(request)
    await sync.until((now) => now.appliedOffset !== null && now.writes > 0)
    await sleep(random(400))
    await sync.kill9()
  }
  await using last = startSync(request)
  await last.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(last, source)
  expect((await differencesFromAll([source], ...cluster.nodes)).differences).toEqual([])
  expect(await compareAll(source, cluster.nodes[2]!)).toMatchObject(equal)
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  await last.until(({ sourceKeys, targetKeys }) => sourceKeys !== null && sourceKeys === targetKeys)
  last.give({ type: 'finish' })
  expect(await last.done).toMatchObject({ outcome: 'finished' })
  for (const node of cluster.nodes) expect(await node.call('KEYS', 'keyferry:*')).toEqual([])
}, 240_000)

test('a source that is emptied, copied again, or writes to another database', async () => {
  await using source = await startRedis({ args: [...patient.slice(0, 2), '--repl-backlog-size', '16kb'] })
  await using cluster = await startCluster()
  await using wire = await startProxy(source.port)
  using folder = taskFolder()
  for (let key = 0; key < 200; key += 1) await source.call('SET', `old:${key}`, key, 'EX', 5_000)
  await using sync = startSync({
    task: 'again',
    source: connectionTo(wire),
    target: connectionTo(cluster.nodes[0]!),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  const held = async (): Promise<number> =>
    (await Promise.all(cluster.nodes.map((node) => node.call('KEYS', '*old:*')))).flat().length
  expect(await held()).toBe(200)

  await source.call('FLUSHALL')
  await source.call('RPUSH', 'list', 'a', 'b')
  await sync.until(({ targetKeys }) => targetKeys === 1)
  expect(await held()).toBe(0)

  wire.closed = true
  wire.cut()
  // More than the backlog holds: what is copied again begins with nothing, and "list" anew.
  await source.call('DEL', 'list')
  await source.call('SET', 'much', 'x'.repeat(100_000))
  wire.closed = false
  await sync.until(({ shards }) => shards[0]!.fullResyncs === 2)
  // It may be told in step for a moment more.
  await sync.until(({ events }) => events.some(({ code }) => code === 'copy.cleared'))
  await sync.until(({ phase }) => phase === 'in-step')
  await source.call('RPUSH', 'list', 'c')
  await source.call('SET', 'near', '1', 'PX', 40_000)
  await source.call('SET', 'far', '1', 'EX', 4_000)
  sync.give({ type: 'settle' })
  await sync.until(({ guard }) => guard === 'settled')
  await drain(sync, source)
  expect((await differencesFromAll([source], ...cluster.nodes)).differences).toEqual([])

  sync.give({ type: 'follow' })
  source.cli('-n', '3', 'SET', 'elsewhere', '1')
  await expect(sync.done).rejects.toThrow()
  expect(sync.failure).toMatchObject({ code: 'target.cluster-one-db', params: { dbs: '3' } })
}, 60_000)

test('one of two sources that has lost our place is copied again into the cluster, without the other', async () => {
  await using a = await startRedis({ args: patient })
  await using b = await startRedis({ args: [...patient.slice(0, 2), '--repl-backlog-size', '16kb'] })
  await using cluster = await startCluster()
  await using wire = await startProxy(b.port)
  using folder = taskFolder()
  await a.call('SET', 'of-a', '1')
  await b.call('MSET', 'kept', '1', 'gone', '1', 'back', '5', 'side', '7')
  await using sync = startSync({
    task: 'stale',
    sources: [connectionTo(a), connectionTo(wire)],
    target: connectionTo(cluster.nodes[0]!),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  wire.closed = true
  wire.cut()
  await b.call('DEL', 'gone', 'back', 'side')
  await b.call('SET', 'much', 'x'.repeat(100_000))
  wire.closed = false
  await sync.until(({ shards }) => shards[1]?.fullResyncs === 2)
  await sync.until(({ phase }) => phase === 'in-step')
  // Both are of the earlier copy, and of different slots.
  await b.call('EVAL', "redis.call('INCR', KEYS[1]); redis.call('INCR', KEYS[2])", 2, 'back', 'side')
  await drain(sync, a, b)
  expect((await differencesFromAll([a, b], ...cluster.nodes)).differences).toEqual([])
  expect(infoField(a, 'stats', 'sync_full')).toBe('1')
}, 60_000)

test('from a cluster into one whose slots have moved: expiries are put right, and the source is asked for many keys at a time', async () => {
  await using source = await startCluster({ args: patient })
  await using target = await startCluster()
  using folder = taskFolder()
  const keys = 1_500
  await Promise.all(
    Array.from({ length: keys }, async (_, at) => {
      const key = `key:${at}`
      const master = source.nodes[masterOfSlot(keySlot(Buffer.from(key)), 3)]!
      await master.call('SET', key, at, 'PX', 5_000_000 + at)
    }),
  )
  const request = {
    task: 'together',
    source: connectionTo(source.nodes[0]!),
    target: connectionTo(target.nodes[0]!),
    folder: folder.path,
  }
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    await sync.kill9()
  }
  for (let at = 0; at < 3; at += 1) {
    const slot = keySlot(Buffer.from(`key:${at}`))
    const from = masterOfSlot(slot, 3)
    await target.moveSlot(slot, from, (from + 1) % 3)
  }
  const asked = (): number =>
    source.nodes.reduce((sum, node) => sum + callsOf(node, 'pexpiretime') - callsOf(node, 'multi'), 0)
  await using sync = startSync(request)
  await sync.until(({ phase }) => phase === 'in-step')
  await drain(sync, ...source.nodes)
  // Each key is in a transaction with the keys of its slot alone, or in none.
  expect(asked()).toBeGreaterThan(keys / 2)
  expect((await differencesFromAll(source.nodes, ...target.nodes)).differences).toEqual([])
}, 120_000)

function callsOf(node: RedisServer, command: string): number {
  return Number(/calls=(\d+)/.exec(infoField(node, 'commandstats', `cmdstat_${command}`))?.[1] ?? 0)
}
