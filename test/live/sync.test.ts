import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { syncSpecSchema, type SyncOrder, type SyncProgress } from '../../src-main/contract/sync.ts'
import { createJobRunner } from '../../src-main/engine/worker/pool.ts'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, infoField, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const quickSnapshot = ['--repl-diskless-sync-delay', '0']

test('a live source is followed, drained and finished in a thread of its own; nothing of ours is left', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startWriter({ port: source.port })
  await sleep(500)

  const phases: string[] = []
  let progress: SyncProgress | null = null
  let give: (order: SyncOrder) => void = () => undefined
  const reached = async (met: (now: SyncProgress) => boolean): Promise<void> => {
    const deadline = Date.now() + 20_000
    while (progress === null || !met(progress)) {
      if (Date.now() > deadline) throw new Error(`not reached; last: ${JSON.stringify(progress)}`)
      await sleep(10)
    }
  }
  const jobs = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
  const spec = syncSpecSchema.parse({
    task: 'whole',
    sources: [connectionTo(source)],
    target: connectionTo(target),
    folder: folder.path,
  })
  const done = jobs.run('sync', spec, {
    onProgress: (now) => {
      progress = now
      if (phases.at(-1) !== now.phase) phases.push(now.phase)
    },
    onStart: (start) => (give = start),
  })
  await reached(({ phase }) => phase === 'in-step')
  await sleep(1_000)
  expect(progress!.writesPerSecond).toBeGreaterThan(2_000)
  expect(progress!.lagMs).toBeLessThan(1_000)
  // Counted at different moments while thousands are written: near each other, no more.
  expect(Math.abs(progress!.sourceKeys! - progress!.targetKeys!)).toBeLessThan(3_000)

  give({ type: 'settle' })
  await reached(({ guard }) => guard === 'settled')
  give({ type: 'finish' })
  await writer.stop()
  const offset = sourceOffset(source)
  const began = performance.now()
  give({ type: 'drainTo', offsets: [offset] })
  await reached(({ phase }) => phase === 'drained')
  expect(performance.now() - began).toBeLessThan(2_000)
  expect(progress!.guard).toBe('final')
  expect(progress!.appliedOffset).toBeGreaterThanOrEqual(offset)
  // Asked for too early, it was refused.
  expect(progress!.events.map(({ code }) => code)).toContain('order.refused')

  const proof = await compareAll(source, target)
  expect(proof).toMatchObject({ equal: true, differing: 0 })
  expect(proof.compared).toBeGreaterThan(1_000)
  give({ type: 'finish' })
  const result = await done
  expect(result.outcome).toBe('finished')
  expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  expect(phases.at(-1)).toBe('stopping')
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
})

test('a paused sync goes on from where it was, without a second copy', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, rate: 2_000 })
  const request = {
    task: 'pausing',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  }
  {
    await using first = startSync(request)
    await first.until(({ phase }) => phase === 'in-step')
    first.give({ type: 'pause' })
    expect((await first.done).outcome).toBe('paused')
  }
  await sleep(300)
  // A lane number given later does not count: keys must stay in their lanes.
  await using second = startSync({ ...request, lanes: 7 })
  await second.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(second, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0 })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  expect(target.cli('EXISTS', 'keyferry:pausing:lane:4')).toBe('0')
})

test('two runs of one task: the second is refused while the first is alive', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  using other = taskFolder()
  const request = { task: 'held', source: connectionTo(source), target: connectionTo(target) }
  await using first = startSync({ ...request, folder: folder.path })
  await first.until(({ phase }) => phase === 'in-step')
  await using second = startSync({ ...request, folder: other.path })
  await expect(second.done).rejects.toThrow()
  expect(second.failure).toMatchObject({ code: 'task.held-elsewhere', params: { pid: first.pid } })
  expect(first.progress?.targetReconnects).toBe(0)
})

test('a target that holds keys is left alone unless told otherwise', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('SET', 'a', 'new')
  await target.call('MSET', 'a', 'old', 'b', 'old')
  const request = {
    task: 'dirty',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  }
  {
    await using refused = startSync(request)
    await expect(refused.done).rejects.toThrow()
    expect(refused.failure).toMatchObject({ code: 'target.not-empty', params: { keys: 2 } })
    expect(await target.call('MGET', 'a', 'b')).toEqual(['old', 'old'])
  }
  await using sync = startSync({ ...request, onConflict: 'replace' })
  await sync.until(({ phase }) => phase === 'in-step')
  expect(await target.call('MGET', 'a', 'b')).toEqual(['new', 'old'])
})

test('FLUSHALL, FLUSHDB and SWAPDB are followed and the task outlives them', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const request = {
    task: 'flushed',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  }
  await source.call('SET', 'before', 1)
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    for (const command of [
      ['SET', 'x', '1'],
      ['FLUSHALL'],
      ['SET', 'y', '2', 'EX', '1000'],
      ['SWAPDB', '0', '5'],
      ['SET', 'z', '3'],
      ['FLUSHDB'],
      ['INCR', 'after'],
      ['SWAPDB', '5', '2'],
      ['INCR', 'after'],
    ])
      await source.call(command[0]!, ...command.slice(1))
    const offset = sourceOffset(source)
    await sync.until(({ appliedOffset }) => (appliedOffset ?? 0) >= offset)
    await sync.kill9()
  }
  await source.call('INCR', 'after')
  await using again = startSync(request)
  await again.until(({ phase }) => phase === 'in-step')
  await drain(again, source)
  expect(await target.call('GET', 'after')).toBe('3')
  expect(await compareAll(source, target)).toMatchObject({ equal: true, compared: 2 })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
})

test('a command that fails on the target is told, and its key is copied afresh', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('RPUSH', 'l', '1')
  await using sync = startSync({
    task: 'repair',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await target.call('SET', 'l', 'somebody else wrote here')
  await source.call('RPUSH', 'l', '2')
  await source.call('RPUSH', 'l', '3')
  const told = await sync.until(({ events }) => events.some(({ code }) => code === 'apply.command-failed'))
  expect(told.events.find(({ code }) => code === 'apply.command-failed')?.params).toMatchObject({ key: 'l' })
  await sync.until(({ events }) => events.some(({ code }) => code === 'repair.done'))
  await source.call('RPUSH', 'l', '4')
  await drain(sync, source)
  expect(await target.call('LRANGE', 'l', 0, -1)).toEqual(['1', '2', '3', '4'])
})

test('what a command reads from a key that waits to be copied afresh is copied too, also behind a restart', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const request = {
    task: 'doubt',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  }
  await source.call('RPUSH', 'l', 'right')
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    sync.give({ type: 'pause' })
    await sync.done
  }
  // As a run leaves it that was killed before it had copied a key on which a command had failed.
  await target.call('LSET', 'l', 0, 'wrong')
  await target.call('SADD', 'keyferry:doubt:repair', '0:l')
  await source.call('RPOPLPUSH', 'l', 'other')
  await using again = startSync(request)
  await again.until(({ phase }) => phase === 'in-step')
  await drain(again, source)
  expect(await target.call('LRANGE', 'other', 0, -1)).toEqual(['right'])
})

test('leaving: everything written by then is there, every expiry the source’s own, and one can go on later', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  const request = {
    task: 'leaving',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  }
  await source.call('SET', 'k', 'v', 'EX', 500)
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    await source.call('SET', 'm', 'v', 'EX', 50)
    sync.give({ type: 'leave' })
    expect((await sync.done).outcome).toBe('left')
  }
  expect(await compareAll(source, target)).toMatchObject({ equal: true, compared: 2 })
  expect(Number(await target.call('PTTL', 'm'))).toBeLessThan(60_000)
  await source.call('INCR', 'n')
  await using again = startSync(request)
  await again.until(({ phase, guard }) => phase === 'in-step' && guard === 'guarded')
  expect(Number(await target.call('PTTL', 'm'))).toBeGreaterThan(2 ** 44)
  expect(await target.call('GET', 'n')).toBe('1')
})
