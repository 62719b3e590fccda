import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Limits, RestoreOrder } from '#contract/limits.ts'
import { restoreSpecSchema, type RestoreProgress, type RestoreResult } from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { keepOrders } from '#engine/worker/orders.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const keys = 20_000
let file: string
let folder: string
let source: RedisServer
let target: RedisServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-limits-'))
  source = await startRedis()
  await source.call('DEBUG', 'POPULATE', keys, 'key', 200)
  for (let at = 0; at < 500; at += 1) await source.call('HSET', `hash:${at}`, 'a', at, 'b', at)
  await source.call('SAVE')
  file = join(source.dir, 'dump.rdb')
})

afterAll(async () => {
  await source.stop()
  await target.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  target ??= await startRedis()
  await target.call('FLUSHALL')
  await target.call('CONFIG', 'SET', 'maxmemory', 0)
})

interface Run {
  readonly ended: Promise<RestoreResult>
  readonly order: (order: RestoreOrder) => void
  readonly told: RestoreProgress[]
  /** Resolves at the first report, from now on, that is so. */
  readonly until: (is: (progress: RestoreProgress) => boolean) => Promise<RestoreProgress>
}

function start(limits: Limits): Run {
  const inbox = keepOrders<RestoreOrder>()
  const told: RestoreProgress[] = []
  const reports = new EventTarget()
  const spec = restoreSpecSchema.parse({
    files: [file],
    target: { host: '127.0.0.1', port: target.port },
    limits,
    resume: 'afresh',
    stateFolder: folder,
  })
  const report = (progress: RestoreProgress): void => {
    told.push(progress)
    reports.dispatchEvent(new Event('report'))
  }
  return {
    ended: runRestore(spec, report, new AbortController().signal, inbox),
    order: inbox.give,
    told,
    until: async (is) => {
      for (;;) {
        await once(reports, 'report')
        const last = told.at(-1)!
        if (is(last)) return last
      }
    },
  }
}

async function held(): Promise<number> {
  return Number(await target.call('DBSIZE'))
}

test('a limit on keys holds the whole restore back, over all connections, until it is lifted', async () => {
  const run = start({ keysPerSecond: 2_000 })
  const limited = await run.until(({ limitedBy }) => limitedBy === 'keys')
  expect(limited.phase).toBe('writing')
  await sleep(1_000)
  // Without it, all is there in a fraction of that time.
  expect(await held()).toBeLessThan(keys / 2)
  run.order({ type: 'limits', limits: {} })
  const result = await run.ended
  expect(result.keysWritten).toBe(keys + 500)
  expect(await target.call('DEBUG', 'DIGEST')).toBe(await source.call('DEBUG', 'DIGEST'))
})

test('a limit on bytes is told as what it is', async () => {
  const run = start({ bytesPerSecond: 1_000_000 })
  await run.until(({ limitedBy }) => limitedBy === 'bytes')
  run.order({ type: 'limits', limits: {} })
  await run.ended
  expect(await target.call('DEBUG', 'DIGEST')).toBe(await source.call('DEBUG', 'DIGEST'))
})

test('paused, nothing more arrives; going on, everything does', async () => {
  const run = start({ keysPerSecond: 4_000 })
  await run.until(({ keysWritten }) => keysWritten > 0)
  run.order({ type: 'pause' })
  await run.until(({ phase }) => phase === 'paused')
  await sleep(300)
  const before = await held()
  await sleep(700)
  expect(await held()).toBe(before)
  expect(before).toBeLessThan(keys)
  run.order({ type: 'limits', limits: {} })
  run.order({ type: 'go-on' })
  await run.ended
  expect(await target.call('DEBUG', 'DIGEST')).toBe(await source.call('DEBUG', 'DIGEST'))
  expect(run.told.map(({ phase }) => phase).filter((phase, at, all) => phase !== all[at - 1])).toEqual(
    expect.arrayContaining(['writing', 'paused']),
  )
})

test('a target that is started anew during a pause gets everything once it goes on', async () => {
  const run = start({ keysPerSecond: 4_000, latencyMs: 10_000 })
  await run.until(({ keysWritten }) => keysWritten > 0)
  run.order({ type: 'pause' })
  await run.until(({ phase }) => phase === 'paused')
  await target.kill9()
  await target.restart()
  expect(await held()).toBe(0)
  run.order({ type: 'limits', limits: {} })
  run.order({ type: 'go-on' })
  expect((await run.ended).reconnects).toBeGreaterThan(0)
  expect(await target.call('DEBUG', 'DIGEST')).toBe(await source.call('DEBUG', 'DIGEST'))
})

test('a target that answers slowly is spared, and why is told', async () => {
  const busy = new AbortController()
  const burden = (async () => {
    while (!busy.signal.aborted) await target.call('DEBUG', 'SLEEP', '0.04')
  })()
  const run = start({ latencyMs: 10, keysPerSecond: 4_000 })
  await run.until(({ limitedBy }) => limitedBy === 'latency')
  busy.abort()
  await burden
  run.order({ type: 'limits', limits: {} })
  await run.ended
  expect(await target.call('DEBUG', 'DIGEST')).toBe(await source.call('DEBUG', 'DIGEST'))
})

test('a target whose memory is nearly used up is spared, and why is told', async () => {
  const used = Number(/used_memory:(\d+)/.exec(String(await target.call('INFO', 'memory')))![1])
  // With an eviction policy it goes on taking keys, at nearly full memory.
  await target.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
  await target.call('CONFIG', 'SET', 'maxmemory', used + 2_000_000)
  const run = start({ latencyMs: 10_000, keysPerSecond: 4_000 })
  await run.until(({ limitedBy }) => limitedBy === 'memory')
  await target.call('CONFIG', 'SET', 'maxmemory', 0)
  run.order({ type: 'limits', limits: {} })
  expect((await run.ended).keysWritten).toBe(keys + 500)
})
