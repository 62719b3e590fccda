import { expect, test } from 'vitest'
import type { Failure } from '#contract/failure.ts'
import type { SyncRequest } from '#contract/sync.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { connectionTo, differencesFromAll, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

/** What is written while we are being started again, however long that takes, is still to be had from the source. */
const quickSnapshot = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']

test('three sources under writers go into one target; drained and finished, every value is there and nothing of ours', async () => {
  await using a = await startRedis({ args: quickSnapshot })
  await using b = await startRedis({ args: quickSnapshot })
  await using c = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const sources = [a, b, c]
  const writers = sources.map(({ port }, index) =>
    startWriter({ port, seed: index, prefix: `${index}:`, rate: 1_500 }),
  )
  await using sync = startSync({
    task: 'three',
    sources: sources.map((one) => connectionTo(one)),
    target: connectionTo(target),
    folder: folder.path,
  })
  const inStep = await sync.until(({ phase }) => phase === 'in-step')
  expect(inStep.shards.map(({ address, phase }) => ({ address, phase }))).toEqual(
    sources.map(({ port }) => ({ address: `127.0.0.1:${port}`, phase: 'in-step' })),
  )
  await sync.until(({ shards }) =>
    shards.every(
      ({ writesPerSecond, bytesPerSecond }) => (writesPerSecond ?? 0) > 0 && (bytesPerSecond ?? 0) > 0,
    ),
  )
  await sync.until(({ targetKeys }) => (targetKeys ?? 0) > 3_500)
  sync.give({ type: 'settle' })
  await sync.until(({ guard }) => guard === 'settled')
  await Promise.all(writers.map((writer) => writer.stop()))
  await drain(sync, ...sources)
  const drained = sync.progress!
  for (const shard of drained.shards) expect(shard.lagBytes).toBeLessThan(1_000)
  const { compared, differences } = await differencesFromAll(sources, target)
  expect(differences).toEqual([])
  expect(compared).toBeGreaterThan(3_000)
  expect(drained.targetKeys).toBeGreaterThanOrEqual(compared)
  sync.give({ type: 'finish' })
  expect((await sync.done).outcome).toBe('finished')
  expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  for (const source of sources) expect(infoField(source, 'stats', 'sync_full')).toBe('1')
})

test('paused and taken up, each shard goes on from its own place', async () => {
  await using a = await startRedis({ args: quickSnapshot })
  await using b = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const request = {
    task: 'two',
    sources: [connectionTo(a), connectionTo(b)],
    target: connectionTo(target),
    folder: folder.path,
  }
  const writer = startWriter({ port: b.port, rate: 1_000 })
  {
    await using first = startSync(request)
    await first.until(({ phase }) => phase === 'in-step')
    first.give({ type: 'pause' })
    expect((await first.done).outcome).toBe('paused')
  }
  await a.call('SET', 'later', 'x')
  await using second = startSync({ ...request, lanes: 7 })
  await second.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(second, a, b)
  expect((await differencesFromAll([a, b], target)).differences).toEqual([])
  for (const source of [a, b]) expect(infoField(source, 'stats', 'sync_full')).toBe('1')
})

test('FLUSHALL at one of several sources stops the task before anything is lost, and goes on as a person decides', async () => {
  await using a = await startRedis({ args: quickSnapshot })
  await using b = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  await a.call('SET', 'of-a', '1')
  await b.call('MSET', 'of-b', '1', 'counted', '5')
  const request = {
    task: 'flushed',
    sources: [connectionTo(a), connectionTo(b)],
    target: connectionTo(target),
    folder: folder.path,
  }
  /** What a run stops with. */
  const stopped = async (flushes: SyncRequest['flushes'] = []): Promise<Failure> => {
    await using sync = startSync({ ...request, flushes })
    await expect(sync.done).rejects.toThrow()
    return sync.failure!
  }
  const placeOf = ({ params: { shard, offset } }: Failure): { shard: number; offset: number } => ({
    shard: Number(shard),
    offset: Number(offset),
  })
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    await b.call('FLUSHALL')
    await expect(sync.done).rejects.toThrow()
  }
  const first = await stopped()
  expect(first).toMatchObject({
    code: 'source.flushed',
    params: { address: `127.0.0.1:${b.port}`, command: 'FLUSHALL', shard: 1 },
  })
  expect(await target.call('EXISTS', 'of-a', 'of-b', 'counted')).toBe(3)

  // Left out this once; the next one is asked about anew.
  await b.call('SET', 'since', '1')
  await b.call('FLUSHDB')
  const leftOut = { ...placeOf(first), answer: 'leave-out' } as const
  const second = await stopped([leftOut])
  expect(second).toMatchObject({ code: 'source.flushed', params: { command: 'FLUSHDB', shard: 1 } })
  expect(await target.call('EXISTS', 'of-a', 'of-b', 'counted', 'since')).toBe(4)

  await b.call('INCR', 'counted')
  const flushes = [leftOut, { ...placeOf(second), answer: 'copy-again' } as const]
  await using sync = startSync({ ...request, flushes })
  await sync.until(
    ({ phase, shards }) =>
      phase === 'in-step' && shards[1]!.fullResyncs === 1 && shards[0]!.fullResyncs === 0,
  )
  await drain(sync, a, b)
  expect((await differencesFromAll([a, b], target)).differences).toEqual([])
  expect(await target.call('GET', 'counted')).toBe('1')
  expect(await target.call('KEYS', 'of-*')).toEqual(['of-a'])
  expect(infoField(a, 'stats', 'sync_full')).toBe('1')
})

test('a source that has lost our place is copied again by itself: what it no longer has goes, what comes back begins anew', async () => {
  await using a = await startRedis({ args: quickSnapshot })
  await using b = await startRedis({ args: [...quickSnapshot, '--repl-backlog-size', '16kb'] })
  await using target = await startRedis()
  await using wire = await startProxy(b.port)
  using folder = taskFolder()
  await a.call('SET', 'of-a', '1')
  await b.call('MSET', 'kept', '1', 'gone', '1', 'back', '5')
  const writers = [a, b].map(({ port }, index) =>
    startWriter({ port, seed: index, prefix: `${index}:`, rate: 1_000 }),
  )
  const request = {
    task: 'again',
    sources: [connectionTo(a), connectionTo(wire)],
    target: connectionTo(target),
    folder: folder.path,
  }
  await using sync = startSync(request)
  await sync.until(({ phase }) => phase === 'in-step')
  wire.closed = true
  wire.cut()
  await b.call('DEL', 'gone', 'back')
  // More than the backlog holds.
  await b.call('SET', 'much', 'x'.repeat(100_000))
  wire.closed = false
  await sync.until(({ shards }) => shards[1]?.fullResyncs === 2)
  await sync.until(({ phase }) => phase === 'in-step')
  expect(await target.call('EXISTS', 'gone', 'back')).toBe(2)
  await b.call('INCR', 'back')
  await Promise.all(writers.map((writer) => writer.stop()))
  await drain(sync, a, b)
  expect((await differencesFromAll([a, b], target)).differences).toEqual([])
  expect(await target.call('GET', 'back')).toBe('1')
  expect(await target.call('EXISTS', 'gone', 'keyferry:again:1:stale')).toBe(0)
  expect(infoField(a, 'stats', 'sync_full')).toBe('1')
  expect(sync.progress!.events.map(({ code }) => code)).not.toContain('copy.cleared')
})
