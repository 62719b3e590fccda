import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keySlot } from '#engine/bytes/crc16.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { masterOfSlot, startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { assertAsRestored, assertProven, type Rules } from '../support/selection-ends.ts'
import { connectionTo, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'

const isLong = process.env['KEYFERRY_LONG'] !== undefined

/** What is written while a master is being replaced is still to be had from the one that takes its place. */
const patient = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']

const tags = 24
const slots = Array.from({ length: tags }, (_, tag) => keySlot(Buffer.from(`t${tag}`)))

const everyRule: readonly Rules[] = [
  { include: ['*count:?', '*text:[02]', '*list:*'], exclude: ['{t1}*'] },
  ...(isLong ? [{ types: ['list', 'hash'], targetDb: 3 } satisfies Rules] : []),
  { excludeTypes: ['zset'], addPrefix: '{new}:', exclude: ['*short*'] },
]

test('a cluster by each rule, slots moving under a writer, a master lost and Keyferry killed: as a restore would have it', async () => {
  await using cluster = await startCluster({ replicas: 1, args: patient })
  await using stack = new AsyncDisposableStack()
  const [dying, b, c, replica] = cluster.nodes as [RedisServer, RedisServer, RedisServer, RedisServer]
  const writer = startClusterWriter({ ports: [b.port, c.port], tags, rate: 500 })
  const scenes = await Promise.all(
    everyRule.map(async (rules, index) => {
      const target = stack.use(await startRedis())
      const folder = stack.adopt(taskFolder(), async (one) => Promise.resolve(one[Symbol.dispose]()))
      const asked = {
        task: `chosen-${index}`,
        source: connectionTo(c),
        target: connectionTo(target),
        folder: folder.path,
        ...rules,
      }
      return { rules, target, asked }
    }),
  )
  const moving = async (from: number, to: number, some: readonly number[]): Promise<void> => {
    for (const slot of some) await cluster.moveSlot(slot, from, to)
  }
  const ofSecond = slots.filter((slot) => masterOfSlot(slot, 3) === 1)
  const again = await Promise.all(
    scenes.map(async ({ asked }) => {
      await using first = startSync(asked)
      await first.until(({ phase, writes }) => phase === 'in-step' && writes > 200)
      return asked
    }),
  )
  // While nobody of ours is there.
  await moving(1, 2, ofSecond.slice(0, 2))
  const syncs = again.map((asked) => stack.use(startSync(asked)))
  await Promise.all(syncs.map((one) => one.until(({ phase }) => phase === 'in-step')))
  await moving(1, 2, ofSecond.slice(2))
  await moving(2, 1, ofSecond.slice(0, 1))
  writer.pause()
  await dying.call('WAIT', 1, 10_000)
  await dying.kill9()
  await Promise.all(
    syncs.map((one) => one.until(({ shards }) => shards[0]!.address.endsWith(`:${replica.port}`), 60_000)),
  )
  writer.goOn()
  await sleep(1_000)
  await Promise.all(syncs.map((one) => one.until(({ phase }) => phase === 'in-step', 60_000)))
  await writer.stop()
  const masters = [replica, b, c]
  await Promise.all(syncs.map((one) => drain(one, ...masters)))
  for (const [index, { rules, target }] of scenes.entries()) {
    expect(await assertAsRestored(masters, [target], rules)).toBeGreaterThan(40)
    await assertProven([c], target, rules)
    const sync = syncs[index]!
    sync.give({ type: 'finish' })
    await sync.done
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  }
  for (const node of masters)
    expect(infoField(node, 'stats', 'sync_full')).toBe(node === replica ? '0' : String(everyRule.length + 1))
}, 180_000)
