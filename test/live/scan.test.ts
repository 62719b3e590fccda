import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { masterOfSlot, startCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, differencesFromAll, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync, type SyncProcess } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const noPsync = ['--rename-command', 'PSYNC', '', '--rename-command', 'SYNC', '']
const telling = ['--notify-keyspace-events', 'AE']
const equal = { equal: true, differing: 0, differences: [], functions: 'equal' }

/** The writers have stopped. */
async function drain(sync: SyncProcess): Promise<void> {
  sync.give({ type: 'drainTo', offsets: [0] })
  await sync.until(({ phase }) => phase === 'drained')
}

/** A few slots of a cluster's writer that a master has in the beginning. */
function slotsOfTags(tags: number, master: number): readonly number[] {
  return Array.from({ length: tags }, (_, tag) => keySlot(Buffer.from(`{t${tag}}`)))
    .filter((slot) => masterOfSlot(slot, 3) === master)
    .slice(0, 3)
}

async function soon(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come about')
    await sleep(20)
  }
}

const codes = (sync: SyncProcess): readonly string[] => sync.progress!.events.map(({ code }) => code)

test('told to finish while its target is away, it brings back what that has lost since it was drained', async () => {
  await using source = await startRedis({ args: [...noPsync, ...telling] })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('MSET', 'a', '1', 'b', '1')
  await using sync = startSync({
    task: 'behind',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await target.call('SAVE')
  await source.call('MSET', 'b', '2', 'c', '2')
  await drain(sync)
  expect(await target.call('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '2'])
  await target.kill9()
  sync.give({ type: 'finish' })
  await sync.until(({ phase }) => phase === 'stopping')
  await target.restart()
  expect((await sync.done).outcome).toBe('finished')
  expect(await target.call('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '2'])
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
})

test('begun again while its target is away, it waits for it and goes on; begun for the first time, it says so at once', async () => {
  await using source = await startRedis({ args: [...noPsync, ...telling] })
  await using target = await startRedis({ args: ['--appendonly', 'yes'] })
  using folder = taskFolder()
  const request = {
    task: 'awaited',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  } as const
  await source.call('SET', 'before', '1')
  {
    await using first = startSync(request)
    await first.until(({ phase }) => phase === 'in-step')
    await first.kill9()
  }
  await target.kill9()
  await source.call('SET', 'while away', '1')
  await using again = startSync(request)
  const waiting = await again.until(({ phase }) => phase === 'waiting')
  expect(waiting.waitingFor?.code).toBe('connect.refused')
  await target.restart()
  await again.until(({ phase }) => phase === 'in-step')
  expect(codes(again)).toEqual(expect.arrayContaining(['target.lost', 'run.resumed', 'target.restarted']))
  expect(await target.call('MGET', 'before', 'while away')).toEqual(['1', '1'])
  again.give({ type: 'finish' })
  await again.until(({ events }) => events.some(({ code }) => code === 'order.refused'))
  await drain(again)
  again.give({ type: 'finish' })
  expect((await again.done).outcome).toBe('finished')

  await target.kill9()
  using fresh = taskFolder()
  await using never = startSync({ ...request, task: 'not-begun', folder: fresh.path })
  await expect(never.done).rejects.toThrow()
  expect(never.failure?.code).toBe('connect.refused')
})

test('a source that nobody may follow is read key by key under writers, and is equal in the end', async () => {
  await using source = await startRedis({ args: [...noPsync, ...telling] })
  await using target = await startRedis()
  using folder = taskFolder()
  await fillWithEveryType(source)
  const writer = startWriter({ port: source.port, rate: 3_000, prefix: 'written:' })
  await using sync = startSync({
    task: 'scanned',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 2_000)
  expect(sync.progress!.lagMs).toBeLessThan(1_000)
  sync.give({ type: 'finish' })
  await sync.until(({ events }) => events.some(({ code }) => code === 'order.refused'))
  await writer.stop()
  await drain(sync)
  expect((await differencesFromAll([source], target)).differences).toEqual([])
  expect(await compareAll(source, target)).toMatchObject(equal)
  sync.give({ type: 'finish' })
  expect((await sync.done).outcome).toBe('finished')
  expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
})

test('what events tell arrives by itself; what they do not tell is found by the next comparison', async () => {
  await using source = await startRedis({ args: telling })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('MSET', 'a', '1', 'b', '2', 'c', '3')
  await source.call('XGROUP', 'CREATE', 'stream', 'group', '0', 'MKSTREAM')
  await source.call('XADD', 'stream', '1-1', 'f', 'v')
  await using sync = startSync({
    task: 'told',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await source.call('RENAME', 'a', 'renamed')
  await soon(
    async () => (await target.call('EXISTS', 'renamed')) === 1 && (await target.call('EXISTS', 'a')) === 0,
  )
  await source.call('MOVE', 'b', '5')
  await source.call('COPY', 'c', 'copied')
  await source.call('PEXPIRE', 'c', '50')
  await soon(
    async () => (await target.call('GET', 'copied')) === '3' && (await target.call('EXISTS', 'c')) === 0,
  )
  await soon(async () => String(await target.call('INFO', 'keyspace')).includes('db5:keys=1'))
  // A flush has no event, and is noticed.
  await source.call('FLUSHALL')
  await source.call('SET', 'after', '1')
  await source.call('XGROUP', 'CREATE', 'stream', 'group', '0', 'MKSTREAM')
  await source.call('XADD', 'stream', '1-1', 'f', 'v')
  await soon(async () => (await target.call('EXISTS', 'renamed')) === 0)
  await soon(async () => (await target.call('XLEN', 'stream')) === 1)
  await sync.until(() => codes(sync).includes('scan.gap'))
  // Neither has what happens to pending entries.
  await source.call('XREADGROUP', 'GROUP', 'group', 'reader', 'STREAMS', 'stream', '>')
  // The link is lost, and with it what is told meanwhile.
  await source.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await source.call('CLIENT', 'KILL', 'TYPE', 'normal')
  await source.call('SET', 'untold', '1')
  await soon(async () => (await target.call('EXISTS', 'untold')) === 1)
  await drain(sync)
  expect(await compareAll(source, target)).toMatchObject(equal)
  expect(await target.call('XPENDING', 'stream', 'group')).toEqual([1, '1-1', '1-1', [['reader', '1']]])
})

test('a source that puts us out because we do not listen fast enough: noticed, and compared', async () => {
  await using source = await startRedis({
    args: [...telling, '--client-output-buffer-limit', 'pubsub 64kb 0 0', '--repl-diskless-sync-delay', '0'],
  })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('SET', 'first', '1')
  await using sync = startSync({
    task: 'put-out',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  const listeners = (): string => source.cli('CLIENT', 'LIST', 'TYPE', 'pubsub').trim()
  expect(listeners()).toContain('kf:put-out:source')
  process.kill(sync.pid, 'SIGSTOP')
  try {
    // More than the sockets of both sides hold.
    const fill = "for i = 1, 500 do redis.call('SET', KEYS[1] .. i .. string.rep('x', 16000), i) end"
    for (let turn = 0; listeners() !== ''; turn += 1) await source.call('EVAL', fill, '1', `k${turn}:`)
  } finally {
    process.kill(sync.pid, 'SIGCONT')
  }
  await sync.until(() => codes(sync).includes('scan.gap'))
  const keys = Number(await source.call('DBSIZE'))
  // What was told before we were put out, and what was not: none of it is touched again.
  await sync.until(({ phase, targetKeys }) => phase === 'in-step' && targetKeys === keys)
  await drain(sync)
  expect(await compareAll(source, target)).toMatchObject(equal)
}, 240_000)

test('what a source throws out for want of memory goes from the target too, and so does what it lets expire', async () => {
  await using source = await startRedis({
    args: [...telling, '--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-lru'],
  })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('SET', 'lives on', '1')
  await using sync = startSync({
    task: 'evicting',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  for (let key = 0; key < 20_000; key += 1_000)
    await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => source.call('SET', `k${key + at}`, 'x'.repeat(600))),
    )
  await Promise.all(Array.from({ length: 50 }, (_, at) => source.call('SET', `short${at}`, '1', 'PX', '300')))
  expect(Number(infoField(source, 'stats', 'evicted_keys'))).toBeGreaterThan(1_000)
  // A source that is full throws out some more while all of it is read and compared.
  await source.call('CONFIG', 'SET', 'maxmemory', '0')
  // Without a comparison: each was told.
  await soon(async () => Number(await source.call('DBSIZE')) === sync.progress!.targetKeys)
  expect(codes(sync).filter((code) => code === 'scan.reconciled')).toHaveLength(0)
  await drain(sync)
  expect(await compareAll(source, target)).toMatchObject(equal)
}, 120_000)

test('a source that tells nothing is gone through over and over', async () => {
  await using source = await startRedis({ args: noPsync })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('MSET', 'a', '1', 'b', '2')
  const rights = ['on', '>weak', '~*', 'resetchannels', '+@all', '-psync', '-config']
  await source.call('ACL', 'SETUSER', 'weak', ...rights)
  await using sync = startSync({
    task: 'silent',
    mode: 'scan',
    source: { ...connectionTo(source, 'weak'), username: 'weak' },
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await sync.until(() => codes(sync).includes('scan.unheard'))
  await source.call('SET', 'a', 'changed')
  await source.call('DEL', 'b')
  await soon(
    async () => (await target.call('GET', 'a')) === 'changed' && (await target.call('EXISTS', 'b')) === 0,
  )
  await drain(sync)
  expect(await compareAll(source, target)).toMatchObject(equal)
})

test('all keys are gone through no faster than allowed, and faster once that is changed', async () => {
  await using source = await startRedis({ args: [...noPsync, ...telling] })
  await using target = await startRedis()
  using folder = taskFolder()
  source.cli('DEBUG', 'POPULATE', '60000', 'filler', '10')
  await using sync = startSync({
    task: 'paced',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
    scanKeysPerSecond: 200,
  })
  const { copiedKeys, elapsedMs } = await sync.until((progress) => progress.copiedKeys > 200)
  // A quarter of a second may have been saved up, and a part be on its way.
  expect(copiedKeys).toBeLessThan((200 * elapsedMs) / 1000 + 150)
  // What the source tells of is not kept waiting by that.
  await source.call('SET', 'told', '1')
  await soon(async () => (await target.call('EXISTS', 'told')) === 1)
  expect(sync.progress!.phase).toBe('scanning')
  // It would take five minutes at this pace.
  sync.give({ type: 'pace', keysPerSecond: null })
  await sync.until(({ phase }) => phase === 'in-step')
  expect(await target.call('DBSIZE')).toBeGreaterThan(60_000)
})

test('a key that our account may not read ends it, and is not waited for for ever', async () => {
  await using source = await startRedis({ args: telling })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('MSET', 'open:1', '1', 'closed:1', '1')
  await source.call('ACL', 'SETUSER', 'half', 'on', '>half', '~open:*', '&*', '+@all')
  await using sync = startSync({
    task: 'half',
    mode: 'scan',
    source: { ...connectionTo(source, 'half'), username: 'half' },
    target: connectionTo(target),
    folder: folder.path,
  })
  await expect(sync.done).rejects.toThrow()
  expect(sync.failure).toMatchObject({ code: 'auth.no-permission', params: { command: 'DUMP' } })
})

test('the masters of a cluster are read key by key, while slots move, one joins and one is lost', async () => {
  await using cluster = await startCluster({ args: telling, replicas: 1 })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startClusterWriter({ ports: cluster.nodes.map(({ port }) => port), rate: 1_500, tags: 30 })
  await using sync = startSync({
    task: 'nodes',
    mode: 'scan',
    source: connectionTo(cluster.nodes[1]!),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ copiedKeys }) => copiedKeys > 0)
  for (const slot of slotsOfTags(30, 0)) await cluster.moveSlot(slot, 0, 1)
  await sync.until(({ phase }) => phase === 'in-step')
  // A key of a master that was not there before, and that nobody listened to when it came.
  const joined = await cluster.addMaster()
  await cluster.moveSlot(
    keySlot(Buffer.from('quiet')),
    masterOfSlot(keySlot(Buffer.from('quiet')), 3),
    joined,
  )
  await cluster.nodes[joined]!.call('SET', 'quiet', '1')
  await soon(async () => (await target.call('EXISTS', 'quiet')) === 1)
  for (const slot of slotsOfTags(30, 2)) await cluster.moveSlot(slot, 2, joined)
  await sync.until(({ phase }) => phase === 'in-step')
  // The one that was named, whose replica takes its place.
  await cluster.nodes[1]!.kill9()
  await soon(async () => (await cluster.owners()).every((owner) => owner !== undefined))
  await sync.until(({ sourceReconnects }) => sourceReconnects > 0)
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(sync)
  const standing = new Set((await cluster.owners()).flatMap((owner) => owner ?? []))
  const compared = await differencesFromAll([...standing], target)
  expect(compared.differences).toEqual([])
  expect(compared.compared).toBeGreaterThan(50)
})

test('several sources, a cluster among them, are read as one', async () => {
  await using small = await startRedis({ args: [...noPsync, ...telling, '--databases', '2'] })
  await using large = await startRedis({ args: [...noPsync, ...telling] })
  await using cluster = await startCluster({ args: telling })
  await using target = await startRedis()
  using folder = taskFolder()
  await large.call('SELECT', '9')
  await large.call('MSET', 'far', '1', 'stays', '1')
  await large.call('SELECT', '0')
  const sources = [small, large, cluster.nodes[0]!]
  const writers = [
    startWriter({ port: small.port, rate: 500, prefix: 'small:', oneDatabase: true }),
    startWriter({ port: large.port, rate: 500, prefix: 'large:' }),
    startClusterWriter({ ports: cluster.nodes.map(({ port }) => port), rate: 500, tags: 10 }),
  ]
  await using sync = startSync({
    task: 'several',
    mode: 'scan',
    sources: sources.map((source) => connectionTo(source)),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 500)
  expect(sync.progress!.shards.map(({ address }) => address)).toEqual(
    sources.map(({ host, port }) => `${host}:${port}`),
  )
  for (const { sourceKeys } of sync.progress!.shards) expect(sourceKeys).toBeGreaterThan(20)
  // What nobody has any more is asked of one that has the database.
  await large.call('SELECT', '9')
  await large.call('DEL', 'far')
  await soon(async () => String(await target.call('INFO', 'keyspace')).includes('db9:keys=1,'))
  // One of them is emptied: the others' keys stay.
  await small.call('FLUSHALL')
  await sync.until(() => codes(sync).includes('scan.gap'))
  await Promise.all(writers.map((writer) => writer.stop()))
  await drain(sync)
  expect((await differencesFromAll([small, large, ...cluster.nodes], target)).differences).toEqual([])
  sync.give({ type: 'finish' })
  expect((await sync.done).outcome).toBe('finished')
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
})

test('a cluster takes what is read key by key', async () => {
  await using source = await startRedis({ args: [...noPsync, ...telling] })
  await using cluster = await startCluster()
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, rate: 2_000, oneDatabase: true })
  await using sync = startSync({
    task: 'into',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(cluster.nodes[2]!),
    folder: folder.path,
  })
  await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 500)
  await writer.stop()
  await drain(sync)
  expect((await differencesFromAll([source], ...cluster.nodes)).differences).toEqual([])
  sync.give({ type: 'finish' })
  expect((await sync.done).outcome).toBe('finished')
  for (const node of cluster.nodes) expect(await node.call('KEYS', 'keyferry:*')).toEqual([])
})
