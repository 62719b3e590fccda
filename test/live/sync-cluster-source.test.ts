import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keySlot } from '../../src-main/engine/bytes/crc16.ts'
import { parseClusterNodes } from '../../src-main/engine/redis/topology.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { masterOfSlot, startCluster, type RedisCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { connectionTo, differencesFromAll, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'

/** What is written while a master is being replaced is still to be had from the one that takes its place. */
const patient = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']

test('every master of a cluster is followed, found from one of its nodes', async () => {
  await using cluster = await startCluster({ args: patient })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startClusterWriter({ ports: cluster.nodes.map(({ port }) => port) })
  const request = {
    task: 'cluster',
    source: connectionTo(cluster.nodes[1]!),
    target: connectionTo(target),
    folder: folder.path,
  }
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    expect(sync.progress!.shards.map(({ address }) => address)).toEqual(
      cluster.nodes.map(({ port }) => `127.0.0.1:${port}`),
    )
    await sync.kill9()
  }
  await using again = startSync(request)
  await again.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  expect(writer.written).toBeGreaterThan(500)
  await drain(again, ...cluster.nodes)
  expect((await differencesFromAll(cluster.nodes, target)).differences).toEqual([])
  for (const node of cluster.nodes) expect(infoField(node, 'stats', 'sync_full')).toBe('1')
})

test('slots that move back and forth under writers lose no key and double no write', async () => {
  await using cluster = await startCluster({ args: patient })
  await using target = await startRedis()
  using folder = taskFolder()
  await using sync = startSync({
    task: 'moving',
    source: connectionTo(cluster.nodes[0]!),
    target: connectionTo(target),
    folder: folder.path,
  })
  const writer = startClusterWriter({ ports: cluster.nodes.map(({ port }) => port), tags: 30, rate: 1_500 })
  await sync.until(({ phase }) => phase === 'in-step')
  const slots = Array.from({ length: 30 }, (_, tag) => keySlot(Buffer.from(`t${tag}`)))
  const ofFirst = slots.filter((slot) => masterOfSlot(slot, 3) === 0)
  // All one way, then all back: a cluster whose masters take slots from each other in turns may end with one that none has.
  for (const slot of ofFirst) await cluster.moveSlot(slot, 0, 1)
  for (const slot of ofFirst) await allKnowOwner(cluster, slot, 1)
  for (const slot of ofFirst.slice(0, 4)) await cluster.moveSlot(slot, 1, 0)
  for (const slot of ofFirst.slice(0, 4)) await allKnowOwner(cluster, slot, 0)
  await sleep(1_000)
  await writer.stop()
  expect((await cluster.owners()).indexOf(undefined)).toBe(-1)
  await drain(sync, ...cluster.nodes)
  expect((await differencesFromAll(cluster.nodes, target)).differences).toEqual([])
  for (const node of cluster.nodes) expect(infoField(node, 'stats', 'sync_full')).toBe('1')
})

test('a master that dies under writers: its replica is found, and nothing is lost or doubled', async () => {
  await using cluster = await startCluster({ replicas: 1, args: patient })
  await using target = await startRedis()
  using folder = taskFolder()
  const ports = cluster.nodes.map(({ port }) => port)
  await using sync = startSync({
    task: 'failover',
    source: connectionTo(cluster.nodes[0]!),
    target: connectionTo(target),
    folder: folder.path,
  })
  const first = startClusterWriter({ ports })
  await sync.until(({ phase }) => phase === 'in-step')
  await first.stop()
  const [dying, b, c, replica] = cluster.nodes as [RedisServer, RedisServer, RedisServer, RedisServer]
  // What it wrote last has reached its replica: else the cluster itself would have lost it, and the copy be made again.
  await dying.call('WAIT', 1, 10_000)
  const second = startClusterWriter({ ports: [b.port, c.port], seed: 2 })
  await dying.kill9()
  await sync.until(({ shards }) => shards[0]!.address.endsWith(`:${replica.port}`), 60_000)
  await sync.until(({ phase }) => phase === 'in-step', 60_000)
  await second.stop()
  await drain(sync, replica, b, c)
  expect((await differencesFromAll([replica, b, c], target)).differences).toEqual([])
  expect(sync.progress!.events.map(({ code }) => code)).toContain('source.new-replid')
  expect(infoField(replica, 'stats', 'sync_full')).toBe('0')
}, 120_000)

test('a master that gets its first slots is followed from then on too', async () => {
  await using cluster = await startCluster({ masters: 2, spare: 1, args: patient })
  await using target = await startRedis()
  using folder = taskFolder()
  await using sync = startSync({
    task: 'grown',
    source: connectionTo(cluster.nodes[0]!),
    target: connectionTo(target),
    folder: folder.path,
  })
  const writer = startClusterWriter({ ports: cluster.nodes.map(({ port }) => port), tags: 20 })
  await sync.until(({ phase, shards }) => phase === 'in-step' && shards.length === 2)
  for (let tag = 0; tag < 6; tag += 1) {
    const slot = keySlot(Buffer.from(`t${tag}`))
    await cluster.moveSlot(slot, masterOfSlot(slot, 2), 2)
  }
  await sync.until(({ phase, shards }) => phase === 'in-step' && shards.length === 3, 60_000)
  await writer.stop()
  await drain(sync, ...cluster.nodes)
  expect((await differencesFromAll(cluster.nodes, target)).differences).toEqual([])
  for (const node of cluster.nodes) expect(infoField(node, 'stats', 'sync_full')).toBe('1')
}, 120_000)

/** Moved again before everybody knows, a slot can end with no owner at all. */
async function allKnowOwner(cluster: RedisCluster, slot: number, owner: number): Promise<void> {
  const deadline = Date.now() + 20_000
  const knows = async (node: RedisServer): Promise<boolean> =>
    parseClusterNodes(String(await node.call('CLUSTER', 'NODES')), '').some(
      ({ id, slots }) =>
        id === cluster.ids[owner] && slots.some(({ from, to }) => from <= slot && slot <= to),
    )
  while (!(await Promise.all(cluster.nodes.map(knows))).every(Boolean)) {
    if (Date.now() > deadline) throw new Error(`not everybody knows the owner of slot ${slot}`)
    await sleep(20)
  }
}
