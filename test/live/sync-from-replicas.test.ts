import { expect, test } from 'vitest'
import { profileOptionsSchema } from '../../src-main/contract/profile.ts'
import type { SyncProgress } from '../../src-main/contract/sync.ts'
import { at, look } from '../support/checks.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'
import { startWatched } from '../support/sentinels.ts'
import {
  compareAll,
  connectionTo,
  differencesFromAll,
  drain,
  infoField,
  taskFolder,
} from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

/** Who serves a snapshot does so at once, and keeps enough of the stream for whoever was away. */
const patient = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '64mb']

const dataFolder = dataFolderForEachTest()
const portOf = (server: RedisServer): string => `127.0.0.1:${server.port}`
const codesOf = ({ events }: SyncProgress): readonly string[] => events.map(({ code }) => code)

test('a healthy replica is followed, another one when it dies, the primary when none is left: nothing is lost', async () => {
  await using primary = await startRedis({ args: patient })
  const args = ['--replicaof', `127.0.0.1 ${primary.port}`, ...patient]
  await using one = await startRedis({ args })
  await using other = await startRedis({ args })
  await using target = await startRedis()
  using folder = taskFolder()
  await known(primary, 2)
  const writer = startWriter({ port: primary.port, rate: 1_500 })
  await using sync = startSync({
    task: 'prefers',
    source: connectionTo(primary),
    target: connectionTo(target),
    folder: folder.path,
    prefer: 'replica',
  })
  const { shards } = await sync.until(({ phase }) => phase === 'in-step')
  expect(shards[0]!.address).toBe(portOf(primary))
  const [first, second] = shards[0]!.replica === portOf(one) ? [one, other] : [other, one]
  expect(shards[0]!.replica).toBe(portOf(first))

  await first.kill9()
  await sync.until((seen) => seen.phase === 'in-step' && seen.shards[0]!.replica === portOf(second))
  await second.kill9()
  await sync.until((seen) => seen.phase === 'in-step' && seen.shards[0]!.replica === undefined)
  await writer.stop()
  await drain(sync, primary)

  expect((await differencesFromAll([primary], target)).differences).toEqual([])
  expect(sync.progress).toMatchObject({ fullResyncs: 1, partialResyncs: 2 })
  expect(codesOf(sync.progress!).filter((code) => code === 'source.replica')).toHaveLength(2)
  expect(codesOf(sync.progress!).filter((code) => code === 'source.no-replica')).toHaveLength(1)
  // A snapshot for each replica of its own, and none for us.
  expect(infoField(primary, 'stats', 'sync_full')).toBe('2')
}, 120_000)

test('of a cluster a replica of each master is followed: one is killed, one is promoted, all under a writer', async () => {
  await using cluster = await startCluster({ replicas: 1, args: patient })
  await using target = await startRedis()
  using folder = taskFolder()
  const [a, b, c, ofA, ofB, ofC] = cluster.nodes as [
    ...[RedisServer, RedisServer, RedisServer],
    ...[RedisServer, RedisServer, RedisServer],
  ]
  for (const master of [a, b, c]) await known(master, 1)
  await using sync = startSync({
    task: 'prefers-all',
    source: connectionTo(b),
    target: connectionTo(target),
    folder: folder.path,
    prefer: 'replica',
  })
  const first = startClusterWriter({ ports: [a, b, c].map(({ port }) => port) })
  const { shards } = await sync.until(({ phase }) => phase === 'in-step')
  expect(shards.map(({ address, replica }) => [address, replica])).toEqual([
    [portOf(a), portOf(ofA)],
    [portOf(b), portOf(ofB)],
    [portOf(c), portOf(ofC)],
  ])
  for (const master of [a, b, c]) expect(infoField(master, 'stats', 'sync_full')).toBe('1')

  await ofA.kill9()
  await sync.until((seen) => seen.phase === 'in-step' && seen.shards[0]!.replica === undefined)
  await first.stop()
  // What it wrote last has reached its replica: else the cluster itself would have lost it, and the copy be made again.
  await b.call('WAIT', 1, 10_000)
  const second = startClusterWriter({ ports: [a.port, c.port], seed: 2 })
  await b.kill9()
  await sync.until(({ shards: seen }) => seen[1]!.address === portOf(ofB), 60_000)
  await sync.until(({ phase }) => phase === 'in-step', 60_000)
  await second.stop()
  await drain(sync, a, ofB, c)

  expect((await differencesFromAll([a, ofB, c], target)).differences).toEqual([])
  expect(sync.progress!.shards.map(({ replica }) => replica)).toEqual([undefined, undefined, portOf(ofC)])
  expect(sync.progress!.shards.map(({ fullResyncs }) => fullResyncs)).toEqual([1, 1, 1])
}, 180_000)

test('a name that Sentinels know: its replica is followed, and goes on being so as the new primary', async () => {
  await using watched = await startWatched()
  await using target = await startRedis()
  using folder = taskFolder()
  const { primary, replica } = watched
  await known(primary, 1)
  const first = startWriter({ port: primary.port, rate: 1_500 })
  await using sync = startSync({
    task: 'prefers-watched',
    source: watched.connection,
    target: connectionTo(target),
    folder: folder.path,
    prefer: 'replica',
  })
  await sync.until(({ phase }) => phase === 'in-step')
  expect(sync.progress!.shards[0]!.replica).toBe(portOf(replica))
  await first.stop()
  await primary.call('WAIT', 1, 10_000)
  await primary.kill9()
  await watched.replicaTookOver()
  const second = startWriter({ port: replica.port, rate: 1_500, seed: 2 })
  await sync.until((seen) => seen.phase === 'in-step' && seen.shards[0]!.replica === undefined, 60_000)
  await second.stop()
  await drain(sync, replica)
  expect((await differencesFromAll([replica], target)).differences).toEqual([])
  expect(sync.progress).toMatchObject({ fullResyncs: 1 })
}, 120_000)

test('a whole migration from a replica: checked, set, frozen at the primary, drained to its offset, all put back', async () => {
  const password = 'of the source'
  const masterauth = ['--masterauth', password, '--repl-diskless-sync-delay', '0']
  await using primary = await startRedis({ password, args: masterauth })
  await using replica = await startRedis({
    password,
    args: ['--replicaof', `127.0.0.1 ${primary.port}`, ...masterauth],
  })
  await using target = await startRedis()
  const servers = [primary, replica]
  await known(primary, 1)
  const before = await Promise.all(servers.map(standing))
  {
    await using home = dataFolder.open()
    home.profiles.save({
      name: 'from a replica',
      source: { host: primary.host, port: primary.port, password },
      target: { host: target.host, port: target.port },
      options: profileOptionsSchema.parse({ prefer: 'replica' }),
    })
  }
  const writer = startWriter({ port: primary.port, password, rate: 1_500 })
  const env = { KEYFERRY_HOME: dataFolder.path }
  const run = await runCli(['run', 'from a replica', '--cutover', 'auto', '--json', '--accept-warnings'], {
    env,
    timeoutMs: 120_000,
  })
  await writer.stop()
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' })
  expect(writer.refused).toBeGreaterThan(0)
  expect(await compareAll(primary, target, { source: password })).toMatchObject({ equal: true, differing: 0 })
  expect(await Promise.all(servers.map(standing))).toEqual(before)
  expect(infoField(primary, 'stats', 'sync_full')).toBe('1')

  await using home = dataFolder.open()
  const view = home.tasks.get(home.tasks.list()[0]!.id)
  expect(view.progress!.shards).toMatchObject([{ address: portOf(primary), replica: portOf(replica) }])
  expect(view.freeze.shards).toMatchObject([{ address: portOf(primary) }])
  expect(view.progress!.appliedOffset).toBeGreaterThanOrEqual(view.freeze.shards[0]!.offset!)
  const set = view.settings.filter(({ server }) => server === portOf(replica))
  expect(set.map(({ name, state }) => `${name} ${state}`)).toContain('repl-backlog-size restored')
}, 120_000)

test('the checks say whose stream it will be', async () => {
  await using primary = await startRedis({ args: patient })
  await using target = await startRedis()
  const prefer = { prefer: 'replica' } as const
  expect((await look(at(primary), at(target))).says('source-replica')).toBe('passed replica-not-preferred')
  expect((await look(at(primary), at(target), prefer)).says('source-replica')).toBe('warning replica-none')
  await using replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${primary.port}`, ...patient] })
  await known(primary, 1)
  expect((await look(at(primary), at(target), prefer)).of('source-replica')).toMatchObject({
    finding: 'replica-found',
    params: { replica: portOf(replica) },
  })
  expect((await look(at(replica), at(target), prefer)).says('source-replica')).toBe('passed replica-itself')
  // One whose link is down is none.
  await replica.call('CONFIG', 'SET', 'masterauth', 'wrong')
  await primary.call('CONFIG', 'SET', 'requirepass', 'new')
  await primary.call('CLIENT', 'KILL', 'TYPE', 'replica')
  const signedIn = at(primary, { password: 'new' })
  expect((await look(signedIn, at(target), prefer)).says('source-replica')).toBe('warning replica-none')
})

/** What a migration may change of a server, and puts back. */
async function standing(server: RedisServer): Promise<unknown> {
  return [await server.call('ACL', 'LIST'), await server.call('CONFIG', 'GET', '*l*b*')]
}

/** Its primary tells of a replica once that has acknowledged the snapshot. */
async function known(primary: RedisServer, replicas: number): Promise<void> {
  const online = (): number => primary.cli('INFO', 'replication').split('state=online').length - 1
  await expect.poll(online, { timeout: 30_000 }).toBe(replicas)
}
