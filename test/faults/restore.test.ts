import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RestoreOrder } from '#contract/limits.ts'
import {
  restoreSpecSchema,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreResult,
} from '#contract/restore.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { failureOf } from '../support/failure-of.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const runner = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
let folder: string
/** Some small keys, a list of 60 MB in database 2, and some small keys. */
let large: string
let largeDigest: unknown
let target: RedisServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-faults-'))
  target = await startRedis()
  await using source = await startRedis()
  await source.call('DEBUG', 'POPULATE', 1_000, 'small')
  await source.call('SELECT', 2)
  const noise = randomBytes(60_000)
  for (let at = 0; at < 1_000; at += 1)
    await source.call('RPUSH', 'large', Buffer.concat([Buffer.from(`${at}`), noise]))
  await source.call('SELECT', 5)
  await source.call('SET', 'last', 'one')
  largeDigest = await source.call('DEBUG', 'DIGEST')
  large = await saved(source, 'large.rdb')
})

afterAll(async () => {
  await target.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  await target.call('CONFIG', 'SET', 'maxmemory', 0)
  await target.call('FLUSHALL')
})

async function saved(source: RedisServer, name: string): Promise<string> {
  await source.call('SAVE')
  const path = join(folder, name)
  copyFileSync(join(source.dir, 'dump.rdb'), path)
  return path
}

interface Extra extends Partial<RestoreRequest> {
  readonly to?: RedisServer
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RestoreProgress) => void
  readonly onStart?: (give: (order: RestoreOrder) => void) => void
}

function restore({ to = target, signal, onProgress, onStart, ...spec }: Extra): Promise<RestoreResult> {
  const connection = { host: to.host, port: to.port }
  return runner.run('restore', restoreSpecSchema.parse({ files: [large], target: connection, ...spec }), {
    signal,
    onProgress,
    onStart,
  })
}

/** So slow that there is time to act in the middle of the large value, on a machine that is busy too. */
const slowly = { bytesPerSecond: 20_000_000 }

/** Waits until part of the large value is on the target. */
async function halfWritten(server: RedisServer): Promise<void> {
  await expect
    .poll(async () => Number(/used_memory:(\d+)/.exec(String(await server.call('INFO', 'memory')))![1]), {
      timeout: 20_000,
      interval: 5,
    })
    .toBeGreaterThan(15_000_000)
}

async function temporaryKeys(): Promise<unknown> {
  await target.call('SELECT', 2)
  const keys = await target.call('KEYS', 'keyferry:*')
  await target.call('SELECT', 0)
  return keys
}

test('a target that is full in the middle of a large value, and then no more: every key arrives', async () => {
  await target.call('CONFIG', 'SET', 'maxmemory', 30_000_000)
  const waited: string[] = []
  const run = restore({
    onProgress: ({ waitingFor }) => {
      if (waitingFor !== null) waited.push(waitingFor.code)
    },
  })
  await expect.poll(() => waited, { timeout: 20_000 }).toContain('target.out-of-memory')
  await target.call('CONFIG', 'SET', 'maxmemory', 0)
  expect(await run).toMatchObject({ keysWritten: 1_002, keysFailed: 0 })
  expect(await target.call('DEBUG', 'DIGEST')).toBe(largeDigest)
})

test('a target that stays full: the failure tells what is written, and no part of the large value is left', async () => {
  await target.call('CONFIG', 'SET', 'maxmemory', 30_000_000)
  const failure = await failureOf(restore({}))
  expect(failure).toMatchObject({ code: 'target.out-of-memory', params: { written: 1_000, total: 1_002 } })
  expect(await target.call('DBSIZE')).toBe(1_000)
  expect(await temporaryKeys()).toEqual([])
})

test.each(['fail', 'skip', 'replace'] as const)(
  'connections lost in the middle of a large value, under %s: it is written once, whole',
  async (onConflict) => {
    let order: (order: RestoreOrder) => void = () => undefined
    const run = restore({ onConflict, limits: slowly, onStart: (give) => (order = give) })
    await halfWritten(target)
    await target.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    order({ type: 'limits', limits: {} })
    expect(await run).toMatchObject({ keysFailed: 0, reconnects: 1 })
    expect(await target.call('DEBUG', 'DIGEST')).toBe(largeDigest)
    expect(await temporaryKeys()).toEqual([])
  },
)

test('cancelled in the middle of a large value: told is what is there, and no part of it is left', async () => {
  const controller = new AbortController()
  const run = failureOf(restore({ signal: controller.signal, limits: slowly }))
  await halfWritten(target)
  controller.abort()
  expect(await run).toMatchObject({ code: 'job.cancelled', params: { written: 1_000 } })
  expect(await target.call('DBSIZE')).toBe(1_000)
  expect(await temporaryKeys()).toEqual([])
})

test('a large value that the target has already is skipped without being sent', async () => {
  await target.call('SELECT', 2)
  await target.call('SET', 'large', 'mine')
  await target.call('SELECT', 0)
  await target.call('CONFIG', 'RESETSTAT')
  expect(await restore({ onConflict: 'skip' })).toMatchObject({ keysSkipped: 1, keysWritten: 1_001 })
  const stats = String(await target.call('INFO', 'stats'))
  expect(Number(/total_net_input_bytes:(\d+)/.exec(stats)![1])).toBeLessThan(1_000_000)
})

test('a target that stops answering does not keep a cancelled restore', async () => {
  await using silent = await startRedis()
  await using source = await startRedis()
  await source.call('DEBUG', 'POPULATE', 300_000, 'key', 300)
  const file = await saved(source, 'many.rdb')
  const controller = new AbortController()
  let cancelledAt = 0
  const run = failureOf(
    restore({
      to: silent,
      files: [file],
      signal: controller.signal,
      onProgress: ({ keysWritten }) => {
        if (keysWritten === 0 || cancelledAt > 0) return
        process.kill(silent.pid, 'SIGSTOP')
        cancelledAt = performance.now()
        controller.abort()
      },
    }),
  )
  try {
    expect(await run).toMatchObject({ code: 'job.cancelled' })
    expect(performance.now() - cancelledAt).toBeLessThan(15_000)
  } finally {
    process.kill(silent.pid, 'SIGCONT')
  }
})

test('two databases that go into one, with a key of the same name: nothing is overwritten unseen', async () => {
  await using source = await startRedis()
  await source.call('SET', 'key', 'of database 0')
  await source.call('SELECT', 1)
  await source.call('SET', 'key', 'of database 1')
  const file = await saved(source, 'merge.rdb')
  expect(await failureOf(restore({ files: [file], targetDb: 0 }))).toMatchObject({
    code: 'file.collisions',
    params: { examples: 'key (db 0 key, db 1 key)' },
  })
})

test('strings that are packed in the file arrive whole, thousands of them, over few and many connections', async () => {
  await using source = await startRedis()
  for (let at = 0; at < 6_000; at += 1)
    await source.call('SET', `key ${at}`, `{"name":"value ${at}"}`.repeat((at % 350) + 5))
  const file = await saved(source, 'packed.rdb')
  const digest = await source.call('DEBUG', 'DIGEST')
  for (const connections of [1, 8]) {
    await target.call('FLUSHALL')
    expect(await restore({ files: [file], connections })).toMatchObject({ keysWritten: 6_000, reconnects: 0 })
    expect(await target.call('DEBUG', 'DIGEST')).toBe(digest)
  }
})

test('a target that tells nothing of itself, as a proxy may not, is written to, and comes through a lost connection', async () => {
  const hidden = ['INFO', 'TIME', 'CLIENT', 'DBSIZE']
  await using proxy = await startRedis({
    args: hidden.flatMap((name) => ['--rename-command', name, `our-${name}`]),
  })
  const run = restore({ to: proxy })
  // More than the one key by which the target is tried out.
  await expect
    .poll(async () => Number(await proxy.call('our-DBSIZE')), { interval: 5, timeout: 30_000 })
    .toBeGreaterThan(1)
  await proxy.call('our-CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  expect(await run).toMatchObject({ keysWritten: 1_002, keysFailed: 0 })
  expect(await proxy.call('DEBUG', 'DIGEST')).toBe(largeDigest)
})
