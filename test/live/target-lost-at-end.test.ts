import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'
import { pairsAtHand } from '../support/server-pairs.ts'
import { compareAll, connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const lasting = ['--appendonly', 'yes', '--appendfsync', 'everysec']
const atHand = pairsAtHand('6.2>7.0')

if (atHand.length === 0) test.skip('a source of 6.2 is gone when its target comes back', () => undefined)

// Up to 6.2 a drain ends with questions to the source.
test.each(atHand)(
  'told to finish with its target away and its source gone for good, it finishes once the target is back with all it had',
  async (binaries) => {
    await using source = await startRedis({ binary: binaries.source.binary })
    await using target = await startRedis({ binary: binaries.target.binary, args: lasting })
    using folder = taskFolder()
    const writer = startWriter({ port: source.port, rate: 2_000, keys: 100, seed: 7 })
    await using sync = startSync({
      task: 'late',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
    })
    await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 1_000)
    await writer.stop()
    await drain(sync, source)
    const proof = await compareAll(source, target, {}, 5)
    expect(proof).toMatchObject({ equal: true, differences: [] })
    await target.kill9()
    sync.give({ type: 'finish', force: true })
    await source.stop()
    await target.restart()
    expect(await sync.done).toMatchObject({ outcome: 'finished' })
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
    expect(Number(await target.call('DBSIZE'))).toBeGreaterThan(100)
  },
)

test('a master of the target lost while our keys are taken out of it: that is ended, nothing is copied again', async () => {
  await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  await using cluster = await startCluster({ args: lasting })
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, rate: 2_000, keys: 100, seed: 8, oneDatabase: true })
  await using sync = startSync({
    task: 'late',
    source: connectionTo(source),
    target: connectionTo(cluster.nodes[0]!),
    folder: folder.path,
  })
  await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 1_000)
  await writer.stop()
  await drain(sync, source)
  const [, dying] = cluster.nodes
  const before = Number(await dying!.call('DBSIZE'))
  sync.give({ type: 'finish', force: true })
  while (Number(await dying!.call('DBSIZE')) === before) await sleep(1)
  await dying!.kill9()
  await dying!.restart()
  const { outcome, progress } = await sync.done
  expect(outcome).toBe('finished')
  expect(progress.events.filter(({ code }) => code === 'copy.done')).toHaveLength(1)
  for (const node of cluster.nodes) expect(node.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  expect(await compareAll(source, cluster.nodes[0]!)).toMatchObject({ equal: true, differences: [] })
})
