import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'
import {
  compareAll,
  connectionTo,
  differencesFromAll,
  drain,
  infoField,
  taskFolder,
} from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

const patient = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']
const equal = { equal: true, differing: 0, differences: [] }

test('a server into a cluster under a writer, killed five times: nothing lost, nothing doubled, nothing of ours left', async () => {
  await using source = await startRedis({ args: patient })
  await using cluster = await startCluster()
  using folder = taskFolder()
  const request = {
    task: 'into',
    source: connectionTo(source),
    target: connectionTo(cluster.nodes[1]!),
    folder: folder.path,
  }
  const writer = startWriter({ port: source.port, oneDatabase: true, rate: 2_000 })
  const random = randomFrom(3)
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    await sync.kill9()
  }
  for (let kill = 1; kill < 5; kill += 1) {
    await using sync = startSync(request)
    await sync.until((now) => now.appliedOffset !== null && now.writes > 0)
    await sleep(random(400))
    await sync.kill9()
  }
  await using last = startSync(request)
  await last.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await drain(last, source)
  expect((await differencesFromAll([source], ...cluster.nodes)).differences).toEqual([])
  expect(await compareAll(source, cluster.nodes[2]!)).toMatchObject(equal)
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  await last.until(({ sourceKeys, targetKeys }) => sourceKeys !== null && sourceKeys === targetKeys)
  last.give({ type: 'finish' })
  expect(await last.done).toMatchObject({ outcome: 'finished' })
  for (const node of cluster.nodes) expect(await node.call('KEYS', 'keyferry:*')).toEqual([])
}, 120_000)
