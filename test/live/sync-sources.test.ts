import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startRedis } from '../support/redis-server.ts'
import { startWatched } from '../support/sentinels.ts'
import {
  compareAll,
  connectionTo,
  differencesFromAll,
  drain,
  infoField,
  sourceOffset,
  taskFolder,
} from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

test('a replica is followed instead of its primary, which makes no snapshot for us', async () => {
  await using primary = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  await using replica = await startRedis({
    args: ['--replicaof', `127.0.0.1 ${primary.port}`, '--repl-diskless-sync-delay', '0'],
  })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startWriter({ port: primary.port, rate: 1_500 })
  await using sync = startSync({
    task: 'replica',
    source: connectionTo(replica),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  const written = sourceOffset(primary)
  while (sourceOffset(replica) < written) await sleep(20)
  await drain(sync, replica)
  expect(await compareAll(primary, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  // Its own replica, and nobody else.
  expect(infoField(primary, 'replication', 'connected_slaves')).toBe('1')
  expect(infoField(replica, 'stats', 'sync_full')).toBe('1')
})

test('a name that Sentinels know: when its primary dies, the stream goes on with the one they name then', async () => {
  await using watched = await startWatched()
  await using target = await startRedis()
  using folder = taskFolder()
  const { primary, replica } = watched
  const first = startWriter({ port: primary.port, rate: 1_500 })
  await using sync = startSync({
    task: 'watched',
    source: watched.connection,
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await first.stop()
  // What it wrote last has reached its replica: else the source itself would have lost it, and the copy be made again.
  await primary.call('WAIT', 1, 10_000)
  await primary.kill9()
  await watched.replicaTookOver()
  const second = startWriter({ port: replica.port, rate: 1_500, seed: 2 })
  await sync.until(({ partialResyncs }) => partialResyncs === 1, 60_000)
  await sync.until(({ phase }) => phase === 'in-step', 60_000)
  await second.stop()
  expect(second.written).toBeGreaterThan(0)
  await drain(sync, replica)
  expect((await differencesFromAll([replica], target)).differences).toEqual([])
  expect(infoField(replica, 'stats', 'sync_full')).toBe('0')
  expect(Number(infoField(replica, 'stats', 'sync_partial_ok'))).toBeGreaterThan(0)
}, 120_000)
