import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { keySlot } from '#engine/bytes/crc16.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { masterOfSlot, startCluster, type RedisCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, connectionTo, differencesFromAll, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync, type SyncProcess } from '../support/sync-process.ts'
import { randomFrom, startWriter, type Writer } from '../support/writer.ts'

/** Kills of a run, of ours; more of them with `KEYFERRY_KILLS`. */
const kills = Number(process.env['KEYFERRY_KILLS'] ?? 2)
/** The long form, for more seconds than every run can spare. */
const isLong = process.env['KEYFERRY_LONG'] !== undefined
const patient = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']
const equal = { equal: true, differing: 0, differences: [] }

async function mastersOf(cluster: RedisCluster): Promise<readonly RedisServer[]> {
  return [...new Set((await cluster.owners()).flatMap((node) => (node === undefined ? [] : [node])))]
}

/** Ends the writers and the sync; then nothing may differ. */
async function expectEqual(
  sync: SyncProcess,
  writers: readonly Pick<Writer, 'stop'>[],
  sources: readonly RedisServer[],
  target: RedisCluster,
): Promise<void> {
  await sync.until(({ phase }) => phase === 'in-step', 60_000)
  await Promise.all(writers.map((writer) => writer.stop()))
  await drain(sync, ...sources)
  const { compared, differences } = await differencesFromAll(sources, ...(await mastersOf(target)))
  expect(differences).toEqual([])
  expect(compared).toBeGreaterThan(100)
}

describe('a server into a cluster whose replicas are at hand, under a writer', () => {
  test('slots moved on the target, a master killed and replaced, ours killed in between: each write is in it once', async () => {
    await using source = await startRedis({ args: patient })
    await using cluster = await startCluster({ replicas: 1 })
    using folder = taskFolder()
    const request = {
      task: 'hard',
      source: connectionTo(source),
      target: connectionTo(cluster.nodes[1]!),
      folder: folder.path,
    }
    const writer = startWriter({ port: source.port, oneDatabase: true, rate: 1_500, keys: 200, seed: 9 })
    const random = randomFrom(9)
    // All one way: masters that take slots from each other in turns may end with one that none has.
    const slots = [
      ...new Set(Array.from({ length: 200 }, (_, key) => keySlot(Buffer.from(`list:${key}`)))),
    ].filter((slot) => masterOfSlot(slot, 3) === 0)
    for (let kill = 0; kill < kills; kill += 1) {
      await using sync = startSync(request)
      await sync.until(({ phase }) => phase === 'in-step', 60_000)
      for (const slot of slots.splice(0, 10)) await cluster.moveSlot(slot, 0, 1)
      await sleep(random(300))
      await sync.kill9()
    }
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step', 60_000)
    await cluster.nodes[2]!.kill9()
    await sync.until(({ phase }) => phase !== 'in-step', 60_000)
    await expectEqual(sync, [writer], [source], cluster)
    expect(await compareAll(source, cluster.nodes[0]!)).toMatchObject(equal)
  }, 240_000)

  test.runIf(isLong)(
    'every master started anew with its append-only file: it is fed again, nothing lost, nothing doubled',
    async () => {
      await using source = await startRedis({ args: patient })
      await using cluster = await startCluster({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] })
      using folder = taskFolder()
      await using sync = startSync({
        task: 'anew',
        source: connectionTo(source),
        target: connectionTo(cluster.nodes[0]!),
        folder: folder.path,
      })
      const writer = startWriter({ port: source.port, oneDatabase: true, rate: 1_500, keys: 200, seed: 4 })
      await sync.until(({ phase }) => phase === 'in-step', 60_000)
      for (const node of cluster.nodes) {
        await node.kill9()
        await sync.until(({ phase }) => phase === 'waiting', 60_000)
        await node.restart()
        await sync.until(({ phase }) => phase === 'in-step', 60_000)
      }
      await expectEqual(sync, [writer], [source], cluster)
    },
    240_000,
  )
})

test.each(isLong ? [3, 5] : [3])(
  'a cluster of three masters into one of %i, ours killed and slots moved on both sides: every key is where it belongs, once',
  async (masters) => {
    await using source = await startCluster({ args: patient })
    await using target = await startCluster({ masters })
    using folder = taskFolder()
    const request = {
      task: 'clusters',
      source: connectionTo(source.nodes[0]!),
      target: connectionTo(target.nodes[1]!),
      folder: folder.path,
    }
    const writer = startClusterWriter({ ports: source.nodes.map(({ port }) => port), tags: 40 })
    {
      await using sync = startSync(request)
      await sync.until(({ phase }) => phase === 'in-step', 60_000)
      await sync.kill9()
    }
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step', 60_000)
    const slots = Array.from({ length: 40 }, (_, tag) => keySlot(Buffer.from(`t${tag}`)))
    for (const slot of slots.filter((one) => masterOfSlot(one, 3) === 0)) await source.moveSlot(slot, 0, 1)
    for (const slot of slots.filter((one) => masterOfSlot(one, masters) === 1))
      await target.moveSlot(slot, 1, 2)
    await expectEqual(sync, [writer], source.nodes, target)
  },
  240_000,
)

test('four servers into one cluster, ours killed: nothing lost, nothing doubled', async () => {
  await using a = await startRedis({ args: patient })
  await using b = await startRedis({ args: patient })
  await using c = await startRedis({ args: patient })
  await using d = await startRedis({ args: patient })
  await using cluster = await startCluster()
  using folder = taskFolder()
  const sources = [a, b, c, d]
  const request = {
    task: 'four',
    sources: sources.map((server) => connectionTo(server)),
    target: connectionTo(cluster.nodes[0]!),
    folder: folder.path,
  }
  const writers = sources.map(({ port }, index) =>
    startWriter({ port, seed: index, prefix: `${index}:`, rate: 500, keys: 100, oneDatabase: true }),
  )
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step', 60_000)
    await sync.kill9()
  }
  await using sync = startSync(request)
  await expectEqual(sync, writers, sources, cluster)
}, 240_000)
