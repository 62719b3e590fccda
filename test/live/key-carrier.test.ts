import { expect, test } from 'vitest'
import { KeyCarrier } from '#engine/flow/key-carrier.ts'
import { openInquiry } from '#engine/target/inquiry.ts'
import { openSide } from '#engine/verify/open-side.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, connectionTo } from '../support/sync-ends.ts'

const open = new AbortController().signal

/** One that asks for all but the smallest values in pieces. */
async function withCarrier(
  source: RedisServer,
  target: RedisServer,
  work: (carrier: KeyCarrier) => Promise<void>,
): Promise<void> {
  using from = await openSide(connectionTo(source), open)
  using into = await openSide(connectionTo(target), open)
  using inquiry = await openInquiry(connectionTo(target), open)
  using carrier = await KeyCarrier.open({
    source: from.links[0]!,
    target: into.links[0]!,
    destination: inquiry.destination(),
    look: inquiry.look,
    capabilities: await inquiry.capabilities(),
    name: 'keyferry:test',
    connections: 2,
    temporaryPrefix: 'keyferry:tmp',
    largestAnswer: 50_000,
    signal: open,
  })
  await work(carrier)
}

test('values of each type are read in pieces, and those that never were come whole', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  const many = (count: number, of: (index: number) => readonly (string | number)[]): (string | number)[] =>
    Array.from({ length: count }, (_, index) => of(index)).flat()
  await source.call('SET', 'string', 'x'.repeat(9_000_001))
  await source.call('RPUSH', 'list', ...many(5_000, (index) => [`element ${index} ${'y'.repeat(2_000)}`]))
  await source.call('SADD', 'set', ...many(5_000, (index) => [`member ${index}`]))
  await source.call('HSET', 'hash', ...many(5_000, (index) => [`field ${index}`, 'v'.repeat(index % 50)]))
  await source.call('ZADD', 'zset', ...many(5_000, (index) => [index / 3, `member ${index}`]))
  await source.call('ZADD', 'zset', 'inf', 'most', '-inf', 'least', '1e-300', 'tiny')
  for (let id = 1; id < 300; id += 1) await source.call('XADD', 'stream', `${id}-1`, 'f', 'z'.repeat(300))
  await source.call('SET', 'small', '1')
  await source.call('PEXPIRE', 'hash', '5000000')
  await target.call('SET', 'gone', 'still here')

  await withCarrier(source, target, async (carrier) => {
    const names = ['string', 'list', 'set', 'hash', 'zset', 'stream', 'small', 'gone']
    const large: string[] = []
    for await (const read of carrier.read(names.map((name) => ({ db: 0, key: Buffer.from(name) })))) {
      large.push(...read.large.map(({ type }) => type))
      expect(await carrier.write(read)).toEqual({ failed: 0, examples: [] })
    }
    expect(large).toEqual(['string', 'list', 'set', 'hash', 'zset'])
  })
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(await target.call('EXISTS', 'gone')).toBe(0)
})

test('a value that shrinks while it is read does not stop anything; read again it is what it is', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  const elements = Array.from({ length: 30_000 }, (_, index) => `element ${index}`)
  await source.call('RPUSH', 'list', ...elements)
  await source.call('SADD', 'set', ...elements)
  await withCarrier(source, target, async (carrier) => {
    const carry = async (meanwhile: () => Promise<unknown>): Promise<void> => {
      for await (const read of carrier.read(
        ['list', 'set'].map((name) => ({ db: 0, key: Buffer.from(name) })),
      )) {
        await meanwhile()
        await carrier.write(read)
      }
    }
    await carry(async () => {
      await source.call('LTRIM', 'list', '0', '10')
      await source.call('DEL', 'set')
    })
    expect(await target.call('LLEN', 'list')).toBe(30_000)
    await carry(() => Promise.resolve())
  })
  expect(await target.call('LRANGE', 'list', '0', '-1')).toEqual(elements.slice(0, 11))
  expect(await target.call('EXISTS', 'set')).toBe(0)
})
