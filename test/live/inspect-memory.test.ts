import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FileReport } from '#contract/inspect.ts'
import { inspectFile } from '#engine/aof/inspect.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

let server: RedisServer
let empty: number

beforeAll(async () => {
  server = await startRedis()
  empty = await usedMemory()
})

afterAll(() => server.stop())

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(String(await server.call('INFO', 'memory')))![1])
}

/** What the file of what the server has now says, beside what the server says of itself. */
async function compared(): Promise<{ report: FileReport; ratio: number }> {
  await server.call('DEBUG', 'RELOAD')
  const used = (await usedMemory()) - empty
  await server.call('SAVE')
  const { signal } = new AbortController()
  const report = await inspectFile({ file: join(server.dir, 'dump.rdb') }, () => undefined, signal)
  return { report, ratio: report.memoryBytes / used }
}

/** Every type in database 0, but only the keys wanted. */
async function fillWith(wanted: (key: string) => boolean): Promise<void> {
  await server.call('FLUSHALL')
  await server.call('FUNCTION', 'FLUSH')
  await fillWithEveryType(server)
  for (const key of (await server.callBuffer('KEYS', '*')) as Buffer[])
    if (!wanted(key.toString())) await server.call('DEL', key)
}

/** Copies every key of database 0 so many times. */
async function multiply(times: number): Promise<void> {
  for (const key of (await server.callBuffer('KEYS', '*')) as Buffer[])
    await server.call(
      'EVAL',
      "for time = 1, ARGV[1] do redis.call('COPY', KEYS[1], 'copy:' .. time .. ':' .. KEYS[1]) end",
      1,
      key,
      times,
    )
}

describe('what a file takes in memory, estimated', () => {
  test('every type together: within a quarter of what the server uses', async () => {
    await fillWith(() => true)
    await multiply(20)
    const { report, ratio } = await compared()
    expect(report.memoryBytes).toBeGreaterThan(20e6)
    expect(ratio).toBeGreaterThan(0.75)
    expect(ratio).toBeLessThan(1.25)
    expect(report.prefixes.rows[0]).toMatchObject({ prefix: 'copy:' })
  })

  test.each([
    ['string:number', 20_000],
    ['list:', 50],
    ['set:large', 150],
    ['zset:large', 500],
    ['hash:small', 100_000],
    ['hash:large', 100],
    ['stream', 1_000],
  ])('only %s…, %i times', async (prefix, times) => {
    await fillWith((key) => key.startsWith(prefix))
    await multiply(times)
    const { report, ratio } = await compared()
    expect(report.memoryBytes).toBeGreaterThan(8e6)
    expect(ratio).toBeGreaterThan(0.75)
    expect(ratio).toBeLessThan(1.25)
  })
})
