import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { syncSpecSchema, type SyncOrder } from '#contract/sync.ts'
import { runSync } from '#engine/flow/live.ts'
import { keepOrders } from '#engine/worker/orders.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, infoField, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

/** What is written while we are being started again, however long that takes, is still to be had from the source. */
const quickSnapshot = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']

test('killed twenty times while following, every write is applied once and the source makes one snapshot', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const request = {
    task: 'killed',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  }
  const random = randomFrom(7)
  const writer = startWriter({ port: source.port, seed: 7 })
  const first = startSync(request)
  await first.until(({ phase }) => phase === 'in-step')
  await first.kill9()
  for (let kill = 1; kill < 20; kill += 1) {
    await using sync = startSync(request)
    // What is applied at first may be of the spool: the source is to have let it go on as well.
    const { writes } = await sync.until(
      ({ appliedOffset, writes, shards }) =>
        appliedOffset !== null && writes > 0 && shards[0]!.partialResyncs > 0,
    )
    expect(writes).toBeGreaterThan(0)
    await sleep(random(250))
    await sync.kill9()
  }
  await using last = startSync(request)
  await last.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(last, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  expect(Number(infoField(source, 'stats', 'sync_partial_ok'))).toBeGreaterThanOrEqual(19)
}, 400_000)

test('killed while copying, the copy is made again from the snapshot that was kept', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  for (let batch = 0; batch < 40; batch += 1)
    source.cli('DEBUG', 'POPULATE', '20000', `filler${batch}`, '100')
  const request = {
    task: 'copying',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
    copyConnections: 1,
  }
  const writer = startWriter({ port: source.port, rate: 2_000, seed: 11 })
  {
    await using sync = startSync(request)
    // The snapshot is in; of the keys only some are written.
    await sync.until(
      ({ snapshotBytes, copiedKeys, phase }) => phase === 'copying' && snapshotBytes > 0 && copiedKeys > 0,
    )
    await sync.kill9()
  }
  expect(Number(await target.call('DBSIZE'))).toBeLessThan(800_000)
  await using again = startSync(request)
  await again.until(({ phase }) => phase === 'in-step', 60_000)
  await writer.stop()
  await drain(again, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
}, 400_000)

test('the target killed five times, its append-only file on: it is fed again, nothing lost, nothing doubled', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] })
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, seed: 3 })
  await using sync = startSync({
    task: 'target-killed',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  for (let kill = 0; kill < 5; kill += 1) {
    await target.kill9()
    await sync.until(({ phase }) => phase === 'waiting')
    await target.restart()
    await sync.until(({ phase }) => phase === 'in-step')
  }
  await writer.stop()
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(sync.progress).toMatchObject({ targetReconnects: 5, fullResyncs: 1 })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
}, 400_000)

test('a target that falls back to an older snapshot of its own is fed from the spool', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis({ args: ['--dbfilename', 'own.rdb'] })
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, seed: 4 })
  await using sync = startSync({
    task: 'rolled-back',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await target.call('SAVE')
  await sleep(2_000)
  await target.kill9()
  await target.restart()
  await sync.until(({ events }) => events.some(({ code }) => code === 'target.rolled-back'))
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
})

test.each(['our process killed', 'our process running on'])(
  'bytes held back on the wire for five seconds and delivered after we have come again change nothing: %s',
  async (how) => {
    await using source = await startRedis({ args: quickSnapshot })
    await using target = await startRedis()
    await using wire = await startProxy(target.port)
    using folder = taskFolder()
    const request = {
      task: 'held-back',
      source: connectionTo(source),
      target: connectionTo(wire),
      folder: folder.path,
    }
    const writer = startWriter({ port: source.port, seed: 5 })
    let sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    wire.hold()
    await sleep(1_000)
    if (how === 'our process killed') {
      await sync.kill9()
      sync = startSync(request)
    } else {
      // The control connection is found dead only by its own time limit: what is awaited is that we come again.
      await sync.until(({ targetReconnects }) => targetReconnects > 0, 40_000)
    }
    await using last = sync
    await last.until(({ phase }) => phase === 'in-step', 40_000)
    await sleep(how === 'our process killed' ? 4_000 : 0)
    wire.release()
    await sleep(1_000)
    await last.until(({ phase }) => phase === 'in-step')
    await writer.stop()
    await drain(last, source)
    expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
    expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  },
  120_000,
)

test('links to both sides cut again and again: partial resyncs, no second copy', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  await using toSource = await startProxy(source.port)
  await using toTarget = await startProxy(target.port)
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, seed: 6 })
  const random = randomFrom(6)
  await using sync = startSync({
    task: 'cut',
    source: connectionTo(toSource),
    target: connectionTo(toTarget),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  for (let cut = 0; cut < 12; cut += 1) {
    await sleep(100 + random(500))
    if (cut % 2 === 0) toSource.cut()
    else toTarget.cut()
  }
  await sync.until(({ partialResyncs, targetReconnects }) => partialResyncs >= 3 && targetReconnects >= 3)
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
})

test('a source that has lost our place copies again; what it no longer has goes from the target', async () => {
  await using source = await startRedis({ args: [...quickSnapshot, '--repl-backlog-size', '16kb'] })
  await using target = await startRedis()
  await using wire = await startProxy(source.port)
  using folder = taskFolder()
  await source.call('MSET', 'kept', '1', 'gone', '1')
  const writer = startWriter({ port: source.port, seed: 8, rate: 2_000 })
  await using sync = startSync({
    task: 'again',
    source: connectionTo(wire),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  wire.closed = true
  wire.cut()
  await source.call('DEL', 'gone')
  await sleep(1_500)
  wire.closed = false
  await sync.until(({ fullResyncs }) => fullResyncs === 2)
  await sync.until(({ events }) => events.some(({ code }) => code === 'copy.cleared'))
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(await target.call('EXISTS', 'gone')).toBe(0)
})

test('a source that crashed and came back older, while the target stood still with much on its way: a copy, and equal', async () => {
  await using source = await startRedis({ args: [...quickSnapshot, '--save', '3600 1000000'] })
  await using target = await startRedis()
  await using wire = await startProxy(target.port)
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, seed: 10, rate: 10_000, comesBack: true })
  await using sync = startSync({
    task: 'older',
    source: connectionTo(source),
    target: connectionTo(wire),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await source.call('SAVE')
  await sleep(1_000)
  wire.hold()
  const { appliedOffset } = sync.progress!
  await sync.until(({ spooledOffset }) => spooledOffset! > appliedOffset! + 300_000)
  await source.kill9()
  await source.restart()
  await sync.until(({ fullResyncs }) => fullResyncs === 2)
  wire.release()
  await sync.until(({ events }) => events.filter(({ code }) => code === 'copy.done').length === 2)
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
})

test('told to end while its target refuses everything, it ends, and goes on from there when it is started again', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const asked = { task: 'ended', target: connectionTo(target), folder: folder.path }
  const spec = syncSpecSchema.parse({ ...asked, sources: [connectionTo(source)] })
  const writer = startWriter({ port: source.port, seed: 10, rate: 20_000 })
  const ending = new AbortController()
  let refused = false
  const ended = runSync(
    spec,
    ({ phase, waitingFor, lagBytes }) => {
      if (phase === 'in-step' && !refused) {
        refused = true
        void target.call('CONFIG', 'SET', 'maxmemory', '1mb')
      }
      // There is more than is held for it.
      if (waitingFor?.code === 'target.out-of-memory' && lagBytes! > 2_000_000) ending.abort()
    },
    ending.signal,
    keepOrders<SyncOrder>(),
  )
  await expect(ended).rejects.toMatchObject({ failure: { code: 'job.cancelled' } })
  await target.call('CONFIG', 'SET', 'maxmemory', '0')
  await using sync = startSync({ ...asked, source: connectionTo(source) })
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
})

test('a target that refuses for a while is waited for, with the reason, and gets every write', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, seed: 9, rate: 2_000 })
  await using sync = startSync({
    task: 'refused',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await target.call('CONFIG', 'SET', 'maxmemory', '1mb')
  const full = await sync.until(({ phase }) => phase === 'waiting')
  expect(full.waitingFor?.code).toBe('target.out-of-memory')
  await target.call('CONFIG', 'SET', 'maxmemory', '0')
  await sync.until(({ phase }) => phase === 'in-step')
  await target.call('CONFIG', 'SET', 'min-replicas-to-write', '1')
  expect((await sync.until(({ phase }) => phase === 'waiting')).waitingFor?.code).toBe('target.no-replicas')
  await target.call('CONFIG', 'SET', 'min-replicas-to-write', '0')
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(sync, source)
  expect(sourceOffset(source)).toBeGreaterThan(0)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
})
