import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { startWatched } from '../support/sentinels.ts'
import { connectionTo, differencesFromAll, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

const patient = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']

test('three shards under writers: killed three times, a link cut, the target killed, a master failed over; nothing lost, nothing doubled', async () => {
  await using a = await startRedis({ args: patient })
  await using b = await startRedis({ args: patient })
  await using watched = await startWatched()
  await using target = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] })
  await using wire = await startProxy(b.port)
  using folder = taskFolder()
  const request = {
    task: 'shards',
    sources: [connectionTo(a), connectionTo(wire), watched.connection],
    target: connectionTo(target),
    folder: folder.path,
  }
  const writers = [a, b].map(({ port }, index) =>
    startWriter({ port, seed: index, prefix: `${index}:`, rate: 1_500 }),
  )
  const third = startWriter({ port: watched.primary.port, seed: 3, prefix: '2:', rate: 1_500 })
  const random = randomFrom(5)
  const first = startSync(request)
  await first.until(({ phase }) => phase === 'in-step')
  await first.kill9()
  for (let kill = 1; kill < 3; kill += 1) {
    await using sync = startSync(request)
    await sync.until(({ shards }) => shards.length === 3 && shards.every((one) => one.appliedOffset !== null))
    await sleep(random(250))
    if (kill === 1) wire.cut()
    await sync.kill9()
  }
  await using sync = startSync(request)
  await sync.until(({ phase }) => phase === 'in-step')
  wire.cut()
  await sync.until(({ shards }) => shards[1]!.partialResyncs >= 2, 60_000)
  await target.kill9()
  await sync.until(({ phase }) => phase === 'waiting')
  await target.restart()
  await sync.until(({ phase }) => phase === 'in-step', 60_000)
  await third.stop()
  // What it wrote last has reached its replica: else the source itself would have lost it.
  await watched.primary.call('WAIT', 1, 10_000)
  await watched.primary.kill9()
  await watched.replicaTookOver()
  const fourth = startWriter({ port: watched.replica.port, seed: 4, prefix: '2:', rate: 1_500 })
  await sync.until(({ events }) => events.some(({ code }) => code === 'source.new-replid'), 60_000)
  await sync.until(({ phase }) => phase === 'in-step', 60_000)
  await Promise.all([...writers, fourth].map((writer) => writer.stop()))
  const sources = [a, b, watched.replica]
  await drain(sync, ...sources)
  const { compared, differences } = await differencesFromAll(sources, target)
  expect(differences).toEqual([])
  expect(compared).toBeGreaterThan(3_000)
  for (const source of [a, b]) expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  expect(infoField(watched.replica, 'stats', 'sync_full')).toBe('0')
}, 240_000)
