import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RestoreResult } from '#contract/restore.ts'
import { commands, folderOf, loaded } from '../support/aof.ts'
import { allKeys, digestsOf, startCluster, type RedisCluster } from '../support/redis-cluster.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { startCli, type RunningCli } from '../support/run-cli.ts'

/** Kills of a run; more of them with `KEYFERRY_KILLS`. */
const kills = Number(process.env['KEYFERRY_KILLS'] ?? 5)
const units = 8_000
const slotsMoved = 100
/** So that there are seconds for what befalls it, however fast the machine. */
const unhurried = ['--max-bytes', '100KB']
let folder: string
let wanted: readonly string[]
let cluster: RedisCluster

beforeAll(async () => {
  folder = folderOf({ 'appendonly.aof': manyCommands(units) })
  // A server that loads the same file itself.
  const own = await loaded(folder)
  wanted = await digestsOf(own, await allKeys(own))
  await own.stop()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(async () => {
  cluster = await startCluster({ masters: 3, replicas: 1 })
})
afterEach(async () => {
  await cluster[Symbol.asyncDispose]()
})

/** None of which may be applied twice, or left out; one in twenty concerns keys of several slots. */
function manyCommands(count: number): Buffer {
  const parts: Buffer[] = [commands('SELECT 0')]
  for (let at = 0; at < count; at += 1) {
    const key = (at * 7919) % 2_000
    const other = (key + 13) % 2_000
    const single: readonly (readonly string[])[] = [
      [`LPUSH queue:${key} ${at}`],
      [`HINCRBY hash:${key} field ${at}`],
      [`ZINCRBY scores:${key} 1.5 m${at % 9}`],
      [`INCRBY counter:${key} 2`],
      [`APPEND log:${key} ${at},`],
    ]
    const across: readonly (readonly string[])[] = [
      [`RPOPLPUSH queue:${key} queue:${other}`],
      ['MULTI', `INCR counter:${key}`, `INCR counter:${other}`, `APPEND log:${key} x`, 'EXEC'],
      [`RPUSH moving:${at} ${at}`, `RENAME moving:${at} moved:${key}`, `RPUSH moved:${key} more`],
      [`SADD set:${key} ${at}`, `SUNIONSTORE union:${other} set:${key} set:${other}`],
      [`MSET plain:${key} ${at} plain:${other} ${at}`],
    ]
    const some = at % 20 === 0 ? across[(at / 20) % across.length]! : single[at % single.length]!
    parts.push(commands(...some))
    if (at === Math.floor(count / 4)) parts.push(commands('FLUSHALL'))
  }
  return Buffer.concat(parts)
}

async function mastersOf(): Promise<readonly RedisServer[]> {
  return [...new Set((await cluster.owners()).flatMap((node) => (node === undefined ? [] : [node])))]
}

/** All that the masters hold. */
async function held(): Promise<readonly string[]> {
  const parts = await Promise.all(
    (await mastersOf()).map(async (node) => await digestsOf(node, await allKeys(node))),
  )
  return parts.flat().sort()
}

function start(node: RedisServer, ...more: readonly string[]): RunningCli {
  const args = ['restore', '-i', join(folder, 'appendonly.aof'), '-t', `127.0.0.1:${node.port}`, '--json']
  return startCli([...args, ...more], { timeoutMs: 100_000 })
}

async function appliedOnce(cli: RunningCli): Promise<RestoreResult> {
  const { code, events, stderr } = await cli.ended
  expect([code, stderr]).toEqual([0, ''])
  expect(await held()).toEqual(wanted)
  return events.at(-1) as unknown as RestoreResult
}

test(`killed ${kills} times at random moments, it goes on each time: nothing is lost, nothing doubled`, async () => {
  const [first] = cluster.nodes
  let interrupted = 0
  for (let kill = 0; kill < kills; kill += 1) {
    const cli = start(first!)
    await Promise.race([cli.says(/"phase":"replaying"/).catch(() => undefined), cli.ended])
    // The first while it is at it for certain.
    await sleep(kill === 0 ? 0 : Math.random() * 400)
    cli.signal('SIGKILL')
    if ((await cli.ended).code === null) interrupted += 1
  }
  expect(interrupted).toBeGreaterThan(0)
  const result = await appliedOnce(start(first!, '--on-conflict', 'replace'))
  expect(result.commands).toMatchObject({ failed: 0, cutOff: [] })
}, 180_000)

test('slots move from master to master while it writes: each command is applied once, where its key is by then', async () => {
  const cli = start(cluster.nodes[1]!, ...unhurried)
  await cli.says(/"phase":"replaying"/)
  for (let slot = 0; slot < slotsMoved; slot += 1) await cluster.moveSlot(slot, 0, 1)
  await appliedOnce(cli)
}, 120_000)

test('masters killed and replaced by their replicas: each command is applied once', async () => {
  const cli = start(cluster.nodes[1]!, ...unhurried)
  await cli.says(/"phase":"replaying"/)
  await cluster.nodes[2]!.kill9()
  const result = await appliedOnce(cli)
  expect(result.reconnects).toBeGreaterThan(0)
}, 120_000)
