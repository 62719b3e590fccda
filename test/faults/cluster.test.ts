import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  restoreSpecSchema,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreResult,
} from '#contract/restore.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import {
  allKeys,
  describeInCluster,
  digestsOf,
  startCluster,
  type RedisCluster,
} from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const runner = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
const slotsMoved = 250
/** A part of a large value. */
const noise = randomBytes(60_000)
let folder: string
let source: RedisServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-cluster-faults-'))
  source = await startRedis()
})

afterAll(async () => {
  await source.stop()
  rmSync(folder, { recursive: true })
})

interface Data {
  readonly file: string
  readonly keys: readonly Buffer[]
  readonly wanted: readonly string[]
}

/** Saves what `fill` puts into an empty server. */
async function saved(fill: (server: RedisServer) => Promise<unknown>): Promise<Data> {
  await source.call('FLUSHALL')
  await fill(source)
  await source.call('SAVE')
  const file = join(folder, `${randomBytes(4).toString('hex')}.rdb`)
  copyFileSync(join(source.dir, 'dump.rdb'), file)
  const keys = await allKeys(source)
  return { file, keys, wanted: await digestsOf(source, keys) }
}

/** Strings, some of them expiring, and small collections. */
async function manyKeys(server: RedisServer): Promise<void> {
  await server.call('DEBUG', 'POPULATE', 60_000, 'key', 60)
  await server.call(
    'EVAL',
    `for at = 1, 4000 do
       redis.call('HSET', 'hash:' .. at, 'a', at, 'b', at * 2)
       redis.call('RPUSH', 'list:' .. at, 'x', at)
       redis.call('ZADD', 'zset:' .. at, at, 'm')
       redis.call('SET', 'later:' .. at, at, 'PXAT', 4000000000000 + at)
     end`,
    0,
  )
}

/** A line of `digestsOf` with the expiry in tens of seconds; those of `manyKeys` lie in the first half of such. */
function toTenSeconds(line: string): string {
  return line.replace(/\d{4}$/, '')
}

interface Extra extends Partial<RestoreRequest> {
  readonly onProgress?: (progress: RestoreProgress) => void
}

function restore(to: RedisServer, { onProgress, ...spec }: Extra): Promise<RestoreResult> {
  const target = { host: '127.0.0.1', port: to.port }
  return runner.run('restore', restoreSpecSchema.parse({ files: [], target, ...spec }), { onProgress })
}

async function sizes(cluster: RedisCluster): Promise<number> {
  const masters = new Set((await cluster.owners()).filter((node) => node !== undefined))
  const counts = await Promise.all([...masters].map((node) => node.call('DBSIZE')))
  return counts.reduce<number>((sum, count) => sum + Number(count), 0)
}

test('slots move and a master is killed and replaced by its replica while we write: every key is there, on its owner', async () => {
  const { file, keys, wanted } = await saved(manyKeys)
  await using cluster = await startCluster({ replicas: 1 })
  const [first, second, third] = cluster.nodes
  const waited = new Set<string>()
  let written = 0
  const run = restore(second!, {
    files: [file],
    limits: { keysPerSecond: 20_000 },
    onProgress: ({ keysWritten, waitingFor }) => {
      written = keysWritten
      if (waitingFor !== null) waited.add(waitingFor.code)
    },
  })
  await expect.poll(() => written, { timeout: 20_000, interval: 20 }).toBeGreaterThan(10_000)
  const moving = (async () => {
    for (let slot = 0; slot < slotsMoved; slot += 1) {
      await cluster.moveSlot(slot, 0, 1)
      await sleep(10)
    }
  })()
  await third!.kill9()
  const done = await run
  await moving
  expect(done).toMatchObject({ keysWritten: keys.length, keysFailed: 0, keysSkipped: 0 })
  expect(done.reconnects).toBeGreaterThan(0)
  expect([...waited].some((code) => code.startsWith('connect.') || code.startsWith('target.cluster'))).toBe(
    true,
  )
  const there = await describeInCluster(cluster, keys)
  expect(there.map(toTenSeconds)).toEqual(wanted.map(toTenSeconds))
  // MIGRATE sends what is left of an expiry, so those of the slots moved are later by as long as it took; no others are.
  const exact = new Set(there)
  const late = wanted.filter((line) => !exact.has(line)).map((line) => line.slice(0, line.indexOf(' ')))
  for (const key of late) expect(keySlot(Buffer.from(key))).toBeLessThan(slotsMoved)
  expect(await sizes(cluster)).toBe(keys.length)
  expect(String(await first!.call('INFO', 'errorstats'))).toMatch(/errorstat_(MOVED|ASK):/)
  const checked = first!.cli('--cluster', 'check', `127.0.0.1:${second!.port}`)
  expect(checked).toMatch(/\[OK\] All nodes agree about slots configuration/)
  expect(checked).toMatch(/\[OK\] All 16384 slots covered/)
  expect(checked).not.toMatch(/\[(ERR|WARNING)\]/)
})

test('a replica that lacks what its master had acknowledged takes its place: that is written again', async () => {
  const { file, keys, wanted } = await saved(async (server) => {
    for (let at = 0; at < 24_000; at += 1) await server.call('SET', `key ${at}`, randomBytes(2_000))
  })
  await using cluster = await startCluster({ masters: 3, replicas: 1 })
  const [seed, , master] = cluster.nodes
  const replica = cluster.nodes[5]!
  let written = 0
  const run = restore(seed!, {
    files: [file],
    limits: { keysPerSecond: 8_000 },
    onProgress: ({ keysWritten }) => (written = keysWritten),
  })
  await expect.poll(() => written, { timeout: 20_000, interval: 20 }).toBeGreaterThan(2_000)
  // What the replica does not read, more than the kernel keeps for it, is lost with its master.
  process.kill(replica.pid, 'SIGSTOP')
  await expect.poll(() => written, { timeout: 20_000, interval: 20 }).toBeGreaterThan(18_000)
  await master!.kill9()
  process.kill(replica.pid, 'SIGCONT')
  const done = await run
  expect(done).toMatchObject({ keysWritten: keys.length, keysFailed: 0, keysSkipped: 0 })
  expect(await describeInCluster(cluster, keys)).toEqual(wanted)
})

test('a master hands over to its replica in order while we write: nothing is lost, nothing begun anew', async () => {
  const { file, keys, wanted } = await saved(manyKeys)
  await using cluster = await startCluster({ masters: 2, replicas: 1 })
  let furthest = 0
  // Told of a replica, which is asked for the masters.
  const run = restore(cluster.nodes[3]!, {
    files: [file],
    limits: { keysPerSecond: 25_000 },
    onProgress: ({ keysWritten }) => {
      // Gone back by what was answered since the last look at most: half a second, and what was on its way.
      expect(keysWritten).toBeGreaterThan(furthest - 30_000)
      furthest = Math.max(furthest, keysWritten)
    },
  })
  await expect.poll(() => furthest, { timeout: 20_000, interval: 20 }).toBeGreaterThan(20_000)
  await cluster.nodes[2]!.call('CLUSTER', 'FAILOVER')
  expect(await run).toMatchObject({ keysWritten: keys.length, keysFailed: 0, keysSkipped: 0 })
  expect(await describeInCluster(cluster, keys)).toEqual(wanted)
})

describe('the slot of a large value moves while it is half written', () => {
  let large: Data
  let cluster: RedisCluster

  beforeAll(async () => {
    large = await saved(async (server) => {
      await server.call('SET', 'small', 'one')
      for (let at = 0; at < 400; at += 1)
        await server.call('RPUSH', 'large {', Buffer.concat([Buffer.from(`${at} `), noise]))
      await server.call('SET', 'last', 'one')
    })
    cluster = await startCluster({ masters: 2 })
  })

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  test.each(['fail', 'skip', 'replace'] as const)('under %s it is there once, whole', async (onConflict) => {
    const { file, keys, wanted } = large
    for (const node of cluster.nodes) await node.call('FLUSHALL')
    const slot = keySlot(Buffer.from('large {'))
    const owner = cluster.nodes.indexOf((await cluster.owners())[slot]!)
    const waited = new Set<string>()
    const run = restore(cluster.nodes[0]!, {
      files: [file],
      onConflict,
      limits: { bytesPerSecond: 20_000_000 },
      onProgress: ({ waitingFor }) => {
        if (waitingFor !== null) waited.add(waitingFor.code)
      },
    })
    await expect
      .poll(
        async () =>
          Number(/used_memory:(\d+)/.exec(String(await cluster.nodes[owner]!.call('INFO', 'memory')))![1]),
        { timeout: 20_000, interval: 20 },
      )
      .toBeGreaterThan(12_000_000)
    await cluster.moveSlot(slot, owner, 1 - owner)
    expect(await run).toMatchObject({ keysWritten: 3, keysFailed: 0, keysSkipped: 0 })
    expect([...waited]).toEqual(['target.slot-moving'])
    expect(await describeInCluster(cluster, keys)).toEqual(wanted)
    expect(await sizes(cluster)).toBe(3)
  })
})
