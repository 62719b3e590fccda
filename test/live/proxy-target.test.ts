import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  restoreSpecSchema,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreResult,
} from '#contract/restore.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { failureOf } from '../support/failure-of.ts'
import { startFakeProxy, type FakeProxy } from '../support/fake-proxy.ts'
import { allKeys, digestsOf } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

const runner = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
let folder: string
let file: string
let source: RedisServer
let servers: readonly RedisServer[]
let proxy: FakeProxy
let wanted: readonly string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-proxy-'))
  file = join(folder, 'dump.rdb')
  source = await startRedis()
  servers = await Promise.all([startRedis(), startRedis()])
  proxy = await startFakeProxy(servers)
  await source.call('DEBUG', 'POPULATE', 2_000, 'string', 200)
  for (let at = 0; at < 200; at += 1) {
    await source.call('HSET', `hash ${at}`, 'a', at, 'b', 'x'.repeat(at))
    await source.call('ZADD', `zset ${at}`, at, 'm', 1, 'n')
    await source.call('SET', `later ${at}`, at, 'PXAT', 4_000_000_000_000 + at)
  }
  for (let at = 0; at < 100; at += 1)
    await source.call('RPUSH', 'large', `${at} ${randomBytes(50_000).toString('hex')}`)
  await source.call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
  wanted = await digestsOf(source, await allKeys(source))
})

afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  for (const server of [source, ...servers]) await server.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  for (const server of servers) await server.call('FLUSHALL')
})

interface Extra extends Partial<RestoreRequest> {
  readonly onProgress?: (progress: RestoreProgress) => void
}

function restore({ onProgress, ...spec }: Extra = {}): Promise<RestoreResult> {
  const target = { host: '127.0.0.1', port: proxy.port, proxy: true }
  return runner.run('restore', restoreSpecSchema.parse({ files: [file], target, ...spec }), { onProgress })
}

/** Without when they expire: what is left of it is told in whole milliseconds, which pass on the way. */
async function held(): Promise<readonly string[]> {
  const parts = await Promise.all(
    servers.map(async (server) => await digestsOf(server, await allKeys(server))),
  )
  return [...withoutExpiry(parts.flat())].sort()
}

function withoutExpiry(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/ \d+$/, ' expires'))
}

test.each(['fail', 'replace', 'skip'] as const)(
  'every key arrives through it, under %s',
  async (onConflict) => {
    expect(await restore({ onConflict })).toMatchObject({
      keysWritten: wanted.length,
      keysFailed: 0,
      reconnects: 0,
    })
    expect(await held()).toEqual(withoutExpiry(wanted))
    const server = servers[keySlot(Buffer.from('later 7')) % 2]!
    const expiry = Number(await server.call('PEXPIRETIME', 'later 7'))
    expect(Math.abs(expiry - 4_000_000_000_007)).toBeLessThan(2_000)
    expect(proxy.refused).toEqual([])
  },
)

test('what is there already is found, skipped, or overwritten', async () => {
  const server = servers[keySlot(Buffer.from('hash 7')) % 2]!
  await server.call('SET', 'hash 7', 'mine')
  expect(await failureOf(restore())).toMatchObject({
    code: 'target.not-empty',
    params: { examples: 'hash 7' },
  })
  expect(await restore({ onConflict: 'skip' })).toMatchObject({
    keysSkipped: 1,
    keysWritten: wanted.length - 1,
  })
  expect(await server.call('GET', 'hash 7')).toBe('mine')
  expect(await restore({ onConflict: 'replace' })).toMatchObject({ keysWritten: wanted.length })
  expect(await held()).toEqual(withoutExpiry(wanted))
})

test('connections lost in the middle: written once more, and everything is there', async () => {
  let cut = false
  const done = await restore({
    limits: { keysPerSecond: 2_000 },
    onProgress: ({ keysWritten }) => {
      if (cut || keysWritten < 500) return
      cut = true
      proxy.cut()
    },
  })
  expect(done).toMatchObject({ keysWritten: wanted.length, keysFailed: 0, reconnects: 1 })
  expect(await held()).toEqual(withoutExpiry(wanted))
})

test('a database it cannot select is refused before the first write', async () => {
  expect(await failureOf(restore({ targetDb: 3 }))).toMatchObject({
    code: 'target.db-out-of-range',
    params: { db: 3 },
  })
})

test('on the command line it is named with --proxy', async () => {
  const run = await runCli(['restore', '-i', file, '-t', `127.0.0.1:${proxy.port}`, '--proxy', '--json'])
  expect(run.code).toBe(0)
  expect(run.events.at(-1)).toMatchObject({ keysWritten: wanted.length })
})
