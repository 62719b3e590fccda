import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'

const mebibyte = 1024 * 1024

test('a target that takes 2,000 commands a second: a source with a small output buffer keeps us on, memory stays small', async () => {
  await using source = await startRedis({
    args: ['--client-output-buffer-limit', 'replica 32mb 8mb 10', '--repl-diskless-sync-delay', '0'],
  })
  await using target = await startRedis()
  await using wire = await startProxy(target.port)
  using folder = taskFolder()
  const spoolQuotaBytes = 1024 * mebibyte
  const request = {
    task: 'slow',
    source: connectionTo(source),
    target: connectionTo(wire),
    folder: folder.path,
    spoolQuotaBytes,
  }
  await using sync = startSync(request)
  await sync.until(({ phase }) => phase === 'in-step')
  // Four lanes, each with one transaction of 512 commands at most on its way: that many a second.
  wire.delayMs = 1_000
  let largestBuffer = 0
  const redis = new Redis({ port: source.port, disableClientInfo: true })
  try {
    const value = Buffer.alloc(16 * 1024, 'v')
    // 150 MiB of stream: many times what the source would hold for us, and 5 s of what the target takes.
    for (let turn = 0; turn < 100; turn += 1) {
      const pipeline = redis.pipeline()
      for (let index = 0; index < 96; index += 1) pipeline.set(`key:${turn * 96 + index}`, value)
      await pipeline.exec()
      const [, held] = /omem=(\d+)/.exec(source.cli('CLIENT', 'LIST', 'TYPE', 'replica')) ?? []
      largestBuffer = Math.max(largestBuffer, Number(held ?? 0))
      await sleep(40)
    }
  } finally {
    redis.disconnect()
  }
  const { lagBytes, spoolBytes } = await sync.until(({ spooledOffset }) => spooledOffset! > 150 * mebibyte)
  expect(lagBytes).toBeGreaterThan(32 * mebibyte)
  expect(spoolBytes).toBeLessThan(spoolQuotaBytes)
  wire.delayMs = 0
  await drain(sync, source)
  expect(sync.progress).toMatchObject({ sourceReconnects: 0, fullResyncs: 1, partialResyncs: 0 })
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${sync.pid}/status`, 'utf8'))![1])
  console.log(`largest output buffer for us ${largestBuffer} bytes, our largest resident set ${peak} kB`)
  expect(largestBuffer).toBeLessThan(32 * mebibyte)
  expect(peak).toBeLessThan(400 * 1024)
}, 180_000)
