import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SyncRequest } from '#contract/sync.ts'
import type { TaskView } from '#contract/task.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { markStreams } from '#engine/source/stream-mark.ts'
import type { Migrations } from '#migration/open.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { masterOfSlot, startCluster, type RedisCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startCli } from '../support/run-cli.ts'
import { connectionTo, differencesFromAll, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'

const dataFolder = dataFolderForEachTest()

/** A server, or a cluster: its masters first. */
interface Side extends AsyncDisposable {
  readonly masters: readonly RedisServer[]
  readonly cluster: RedisCluster | null
}

const args = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes'] as const

async function startSide(kind: 'server' | 'cluster', replicas = 0): Promise<Side> {
  if (kind === 'server') {
    const server = await startRedis({ args })
    return { masters: [server], cluster: null, [Symbol.asyncDispose]: () => server.stop() }
  }
  const masters = 3
  const cluster = await startCluster({ masters, replicas, args })
  return {
    masters: cluster.nodes.slice(0, masters),
    cluster,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

function write({ masters, cluster }: Side, seed: number): ReturnType<typeof startClusterWriter> {
  const ports = masters.map(({ port }) => port)
  return startClusterWriter({ ports, rate: 1_500, seed, alone: cluster === null })
}

/** Freezes, proves, and finishes a migration or a way back while somebody writes until he is refused. */
async function cutOver(home: Migrations, id: string, writer: { stop(): Promise<void> }): Promise<TaskView> {
  await home.tasks.freeze(id)
  await untilTask(home, id, ({ state }) => state === 'frozen')
  await writer.stop()
  home.tasks.verify(id, 'full')
  const proven = await untilTask(
    home,
    id,
    ({ state, proof }) => state === 'frozen' && proof?.running === false,
  )
  expect(proven.proof?.result).toMatchObject({ equal: true, differing: 0 })
  return await home.tasks.finish(id, {})
}

/** Migrates, with a writer at work, until the way back is open: both tasks' ids. */
async function cutOverWithWayBack(home: Migrations, old: Side, fresh: Side): Promise<[string, string]> {
  const { id } = home.tasks.create(
    home.profiles.save({
      name: 'shop',
      source: { host: '127.0.0.1', port: old.masters[0]!.port },
      target: { host: '127.0.0.1', port: fresh.masters[0]!.port },
      options: { wayBack: true },
    }).id,
  )
  const writer = write(old, 1)
  while (writer.written < 500) await sleep(20)
  home.tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const one of checks?.results ?? []) if (one.state === 'warning') home.tasks.accept(id, one.id, true)
  home.tasks.start(id)
  await untilTask(home, id, ({ inStep, progress }) => inStep && progress!.writes > 1_000)
  const { state, wayBack } = await cutOver(home, id, writer)
  expect(state).toBe('way-back')
  return [id, wayBack!]
}

async function ownKeys({ masters }: Side): Promise<readonly unknown[]> {
  return (await Promise.all(masters.map((server) => server.call('KEYS', 'keyferry:*')))).flat()
}

test.each([
  ['server', 'cluster'],
  ['cluster', 'server'],
] as const)(
  'from a %s to a %s: what is written after the cutover goes back, and a roll back loses none of it',
  async (from, to) => {
    await using old = await startSide(from)
    await using fresh = await startSide(to)
    await using home = dataFolder.open()
    const [id, back] = await cutOverWithWayBack(home, old, fresh)
    expect(home.tasks.get(back).progress!.shards).toHaveLength(fresh.masters.length)
    const writer = write(fresh, 7)
    await untilTask(home, back, ({ progress }) => progress!.writes > 2_000)
    const rolledBack = await cutOver(home, back, writer)
    expect(writer.written).toBeGreaterThan(1_000)
    expect(rolledBack.state).toBe('finished')
    expect(rolledBack.progress!.fullResyncs).toBe(0)
    expect(home.tasks.get(id)).toMatchObject({ state: 'rolled-back', freeze: { state: 'undone' } })
    const { compared, differences } = await differencesFromAll(fresh.masters, ...old.masters)
    expect(differences).toEqual([])
    expect(compared).toBeGreaterThan(500)
    expect([...(await ownKeys(old)), ...(await ownKeys(fresh))]).toEqual([])
    // Whoever was let go takes writes again.
    for (const { masters } of [old, fresh])
      for (const server of masters) expect(await server.call('CONFIG', 'GET', 'requirepass')).toContain('')
  },
  180_000,
)

/** Five programs one after another, each with two clusters. */
const long = process.env['KEYFERRY_LONG'] !== undefined
test.runIf(long)(
  'from a cluster to a cluster on the command line: killed, paused and rolled back under a writer',
  async () => {
    await using old = await startSide('cluster')
    await using fresh = await startSide('cluster')
    const [source, target] = [old.masters[1]!, fresh.masters[2]!]
    {
      await using home = dataFolder.open()
      home.profiles.save({
        name: 'shop',
        source: { host: source.host, port: source.port },
        target: { host: target.host, port: target.port },
        options: { wayBack: true },
      })
    }
    const cli = { env: { KEYFERRY_HOME: dataFolder.path }, timeoutMs: 180_000 }
    const ends = ['-f', `${source.host}:${source.port}`, '-t', `${target.host}:${target.port}`]
    const before = write(old, 1)
    const run = startCli(['run', 'shop', '--cutover', 'auto', '--accept-warnings'], cli)
    await run.says(/The way back is open/)
    await before.stop()
    const writer = write(fresh, 7)
    while (writer.written < 1_000) await sleep(20)
    run.signal('SIGKILL')
    await run.ended
    const again = startCli(['sync', '--reverse', ...ends], cli)
    await again.says(/The way back is open/)
    while (writer.written < 2_000) await sleep(20)
    again.signal('SIGINT')
    const { stdout } = await again.ended
    expect(stdout).toContain('the 3 masters of')
    for (const { port } of fresh.masters) expect(stdout).toContain(`  127.0.0.1:${port} up to offset `)

    const rollingBack = startCli(['roll-back', ...ends], cli)
    await rollingBack.says(/Writes are frozen/)
    // Let in again at the end, it would write on.
    await writer.stop()
    const back = await rollingBack.ended
    expect(back.stderr + back.stdout).toContain('is the original again')
    expect(back.code).toBe(0)
    const { compared, differences } = await differencesFromAll(fresh.masters, ...old.masters)
    expect(differences).toEqual([])
    expect(compared).toBeGreaterThan(500)
    expect([...(await ownKeys(old)), ...(await ownKeys(fresh))]).toEqual([])
  },
  240_000,
)

test('killed, resharded, failed over and grown while the way back is open: each write comes back once', async () => {
  const patient = [...args, '--repl-backlog-size', '256mb', '--cluster-allow-replica-migration', 'no']
  await using fresh = await startCluster({ masters: 2, spare: 1, replicas: 1, args: patient })
  await using old = await startRedis({ args })
  using task = taskFolder()
  const [dying, second, spare, heir] = fresh.nodes as [RedisServer, RedisServer, RedisServer, RedisServer]
  // While it is asked for the marks, a master gives away the only slot it has.
  await fresh.moveSlot(0, 0, 2)
  await dying.call('CLUSTER', 'SETSLOT', 0, 'IMPORTING', fresh.ids[2]!)
  await spare.call('CLUSTER', 'SETSLOT', 0, 'MIGRATING', fresh.ids[0]!)
  const marking = markStreams(connectionTo(second), {
    name: 'kf:back:mark',
    key: 'keyferry:back:mark',
    signal: AbortSignal.timeout(60_000),
  })
  await expect
    .poll(async () => String(await spare.call('INFO', 'commandstats')), { timeout: 30_000 })
    .toContain('client|setname')
  await fresh.moveSlot(0, 2, 0)
  const from = await marking
  expect(from.map(({ master }) => master!.port)).toEqual([dying.port, second.port])
  const asked = {
    task: 'back',
    source: connectionTo(dying),
    target: connectionTo(old),
    folder: task.path,
    from: [...from],
  }
  const ports = [dying, second].map(({ port }) => port)
  const writer = startClusterWriter({ ports, tags: 30, rate: 1_000 })
  const slots = Array.from({ length: 10 }, (_, tag) => keySlot(Buffer.from(`t${tag}`)))
  {
    await using sync = startSync(asked)
    await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 1_000)
    await sync.kill9()
  }
  for (const slot of slots.slice(0, 5).filter((one) => masterOfSlot(one, 2) === 0))
    await fresh.moveSlot(slot, 0, 1)
  await using again = startSync(asked)
  await again.until(({ phase }) => phase === 'in-step', 60_000)
  // A master that is new to the cluster is copied: it has a stream from its first write on, and no mark.
  for (const slot of slots.slice(5).filter((one) => masterOfSlot(one, 2) === 1))
    await fresh.moveSlot(slot, 1, 2)
  await again.until(({ phase, shards }) => phase === 'in-step' && shards.length === 3, 60_000)
  await writer.stop()
  // What it wrote last has reached its replica: else the cluster itself would have lost it.
  await dying.call('WAIT', 1, 10_000)
  await dying.kill9()
  await again.until(({ shards }) => shards[0]!.address.endsWith(`:${heir.port}`), 60_000)
  const masters = [heir, second, spare]
  const more = startClusterWriter({ ports: masters.map(({ port }) => port), tags: 30, rate: 1_000, seed: 2 })
  while (more.written < 500) await sleep(20)
  await more.stop()
  await drain(again, ...masters)
  expect((await differencesFromAll(masters, old)).differences).toEqual([])
  expect(again.progress!.shards.map(({ fullResyncs }) => fullResyncs)).toEqual([0, 0, 1])
  again.give({ type: 'finish' })
  await again.done
  expect(await old.call('KEYS', 'keyferry:*')).toEqual([])
}, 240_000)

test('a way back is never copied again: where a master is flushed, the question says that only leaving it out goes on', async () => {
  await using fresh = await startCluster({ masters: 2, args })
  await using old = await startRedis({ args })
  using task = taskFolder()
  const [first] = fresh.nodes as [RedisServer, RedisServer]
  const from = await markStreams(connectionTo(first), {
    name: 'kf:back:mark',
    key: 'keyferry:back:mark',
    signal: AbortSignal.timeout(60_000),
  })
  const asked = {
    task: 'back',
    source: connectionTo(first),
    target: connectionTo(old),
    folder: task.path,
    from: [...from],
  }
  {
    await using sync = startSync(asked)
    await sync.until(({ phase }) => phase === 'in-step')
    await first.call('FLUSHALL')
    await expect(sync.done).rejects.toThrow()
  }
  const noCopy = { code: 'source.flushed', params: { address: `127.0.0.1:${first.port}`, noCopy: 1 } }
  let flushes: NonNullable<SyncRequest['flushes']> = []
  for (const answer of ['copy-again', 'leave-out'] as const) {
    await using sync = startSync({ ...asked, flushes })
    await expect(sync.done).rejects.toThrow()
    expect(sync.failure).toMatchObject(noCopy)
    const { shard, offset } = sync.failure!.params
    flushes = [{ shard: Number(shard), offset: Number(offset), answer }]
  }
  await using last = startSync({ ...asked, flushes })
  await last.until(({ phase }) => phase === 'in-step')
}, 120_000)
