import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { writeBigValue, type BigOutcome, type BigValueOptions } from '#engine/flow/big-value-writer.ts'
import type { BigEntry } from '#engine/flow/entry.ts'
import { type } from '#engine/rdb/opcodes.ts'
import { MemoryFeed } from '#engine/rdb/steps.ts'
import { Block } from '#engine/target/block.ts'
import { StandaloneTarget } from '#engine/target/standalone.ts'
import { rdbBytes } from '../support/rdb-file-bytes.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(async () => {
  await server.stop()
})

beforeEach(async () => {
  await server.call('FLUSHALL')
})

const elements = Array.from({ length: 40 }, (_, index) => `element ${index} ${'x'.repeat(index * 3)}`)
const list = rdbBytes(elements.length, ...elements)

async function write(
  {
    kind = type.LIST as number,
    value = list,
    blockBytes = 1_000,
  }: { kind?: number; value?: Buffer; blockBytes?: number },
  options: Partial<BigValueOptions> = {},
): Promise<BigOutcome> {
  const underWay = new Map<Block, (block: Block) => void>()
  const { signal } = new AbortController()
  using target = await StandaloneTarget.open(
    { host: server.host, port: server.port },
    {
      connections: 2,
      name: 'test',
      signal,
      blocks: (count) => Array.from({ length: count }, () => new Block(Buffer.alloc(blockBytes))),
      onAnswered: (block) => underWay.get(block)?.(block),
    },
  )
  const entry: BigEntry = {
    type: kind,
    db: 0,
    key: Buffer.from('key'),
    expireAt: -1,
    idle: -1,
    frequency: -1,
    offset: 0,
  }
  return await writeBigValue(target, entry, new MemoryFeed(value), {
    temporaryKey: Buffer.from('temporary'),
    selects: true,
    renames: true,
    db: 0,
    expireAt: -1,
    overwrite: true,
    flavour: 'redis',
    commands: { batchUnits: 3 },
    signal,
    begin: () => Promise.resolve(),
    pace: () => Promise.resolve(),
    track: (block, answered) => underWay.set(block, answered),
    ...options,
  })
}

describe('commands cut wherever a block ends', () => {
  // Every remainder of a command's length, so that blocks end in, before and right behind commands.
  test.each(Array.from({ length: 40 }, (_, index) => 20 + index))(
    'after every %i bytes',
    async (blockBytes) => {
      expect(await write({ blockBytes })).toEqual({ result: 'written' })
      expect(await server.call('LRANGE', 'key', 0, -1)).toEqual(elements)
      expect(await server.call('DBSIZE')).toBe(1)
    },
  )

  test('with a single value streamed in parts', async () => {
    const text = 'a long text '.repeat(2_000)
    for (const blockBytes of [31, 64, 1_000])
      expect(
        await write(
          { kind: type.STRING, value: rdbBytes(text), blockBytes },
          { commands: { batchBytes: 100, stringPartBytes: 777 } },
        ),
      ).toEqual({ result: 'written' })
    expect(await server.call('GET', 'key')).toBe(text)
  })
})

test('what an earlier attempt has left under the temporary name is no part of it', async () => {
  await server.call('RPUSH', 'temporary', 'left over')
  await write({})
  expect(await server.call('LRANGE', 'key', 0, -1)).toEqual(elements)
})

test('a key that is there is overwritten only if it may be', async () => {
  await server.call('SET', 'key', 'mine')
  expect(await write({}, { overwrite: false })).toEqual({ result: 'conflict' })
  expect(await server.call('GET', 'key')).toBe('mine')
  expect(await write({}, { overwrite: true })).toEqual({ result: 'written' })
  expect(await server.call('LLEN', 'key')).toBe(elements.length)
  expect(await server.call('DBSIZE')).toBe(1)
})

test('where nothing can be renamed, a key that is there is never taken for a part of ours', async () => {
  const begun: unknown[] = []
  const inPlace = {
    ...{ temporaryKey: Buffer.from('key'), renames: false, overwrite: false },
    begin: async () => void begun.push(await server.call('EXISTS', 'key')),
  }
  await server.call('SET', 'key', 'theirs')
  expect(await write({}, inPlace)).toEqual({ result: 'conflict' })
  expect(begun).toEqual([])
  await server.call('DEL', 'key')
  expect(await write({}, inPlace)).toEqual({ result: 'written' })
  // Told before the first of it was there.
  expect(begun).toEqual([0])
})

test('a value that the server refuses leaves nothing behind', async () => {
  // No server takes a time like this.
  const outcome = await write({}, { expireAt: 1e19 })
  expect(outcome).toMatchObject({ result: 'failed', refusal: { text: expect.stringContaining('ERR') } })
  expect(await server.call('DBSIZE')).toBe(0)
})

test('an expiry is set before the value bears its name', async () => {
  const expireAt = Date.now() + 3_600_000
  await write({}, { expireAt })
  expect(await server.call('PEXPIRETIME', 'key')).toBe(expireAt)
})
