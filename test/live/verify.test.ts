import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sayDifference } from '../../src-main/contract/words/say-difference.ts'
import { verifySpecSchema } from '../../src-main/contract/verify.ts'
import { runVerify } from '../../src-main/engine/verify/verify.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, connectionTo } from '../support/sync-ends.ts'

async function fillBoth(source: RedisServer, target: RedisServer): Promise<void> {
  for (const server of [source, target]) {
    const call = (line: string): Promise<unknown> => {
      const [name, ...args] = line.split(' ')
      return server.call(name!, ...args)
    }
    await call('SET string hello')
    await server.call('SET', 'big string', Buffer.alloc(3_000_000, 'x'))
    await call('RPUSH list a b c')
    await call('SADD set 1 2 3')
    await call('ZADD zset 1 a inf b -1.5 c')
    await call('HSET hash f v g w')
    await call('XADD stream 1-1 f v')
    await call('XADD stream 2-1 f v')
    await call('XGROUP CREATE stream group 0')
    await call('XCLAIM stream group me 0 1-1 TIME 1000 FORCE JUSTID')
    await call('SET expiring v PXAT 4000000000000')
    await server.call(
      'EVAL',
      "for i=1,5000 do redis.call('RPUSH','long list',i) redis.call('HSET','long hash',i,i) redis.call('SADD','long set','m'..i) redis.call('ZADD','long zset',i,i) redis.call('XADD','long stream',i..'-1','f',i) end",
      0,
    )
    await server.call('SET', Buffer.from([0, 255, 58]), 'binary')
    await call('SET keyferry:other:meta ours')
  }
}

test('what is the same by value is equal, however it is encoded', async () => {
  await using source = await startRedis()
  await using target = await startRedis({
    args: [
      '--hash-max-listpack-entries',
      '1',
      '--set-max-intset-entries',
      '1',
      '--list-max-listpack-size',
      '2',
    ],
  })
  await fillBoth(source, target)
  await target.call('DEL', 'keyferry:other:meta')
  expect(await target.call('OBJECT', 'ENCODING', 'hash')).not.toBe(
    await source.call('OBJECT', 'ENCODING', 'hash'),
  )
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differences: [], compared: 14 })
})

test.each([
  ['SET string other', 'string', 'value', /content/],
  ['SETRANGE big\u00a0string 2500000 y', 'big string', 'value', /content from byte 2097152/],
  ['LSET list 1 x', 'list', 'value', /element 1/],
  ['LSET long\u00a0list 4321 x', 'long list', 'value', /element 4321/],
  ['RPUSH list d', 'list', 'value', /length 3 \/ 4/],
  ['ZADD zset 1.0000001 a', 'zset', 'value', /rank 1/],
  ['ZADD long\u00a0zset 3000.5 3000', 'long zset', 'value', /rank 2999/],
  ['HSET hash g x', 'hash', 'value', /field g/],
  ['HSET long\u00a0hash 77 x', 'long hash', 'value', /field 77/],
  ['DEL hash', 'hash', 'missing', /hash/],
  ['SET extra 1', 'extra', 'extra', /^/],
  [
    'PEXPIREAT expiring 4000000000001',
    'expiring',
    'expiry',
    /2096-10-02T07:06:40\.000Z \/ 2096-10-02T07:06:40\.001Z/,
  ],
  ['PERSIST expiring', 'expiring', 'expiry', /2096-10-02T07:06:40\.000Z \/ never/],
  ['XACK stream group 1-1', 'stream', 'groups', /group group/],
  ['XSETID stream 9-9', 'stream', 'groups', /last-generated-id/],
  ['XDEL long\u00a0stream 4000-1', 'long stream', 'value', /length 5000 \/ 4999/],
])('after %s on the target the difference is named', async (line, key, kind, detail) => {
  await using source = await startRedis()
  await using target = await startRedis()
  await fillBoth(source, target)
  const [name, ...args] = line.split(' ').map((word) => word.replaceAll('\u00a0', ' '))
  await target.call(name!, ...args)
  const spec = verifySpecSchema.parse({
    source: connectionTo(source),
    target: connectionTo(target),
    mode: 'full',
    expiryToleranceMs: 0,
    rounds: 0,
  })
  const result = await runVerify(spec, () => undefined, new AbortController().signal)
  expect(result.equal).toBe(false)
  expect(result.differences).toMatchObject([{ db: 0, key, kind }])
  expect(sayDifference(result.differences[0]!.detail, 'en')).toMatch(detail)
})

test('a difference that heals while one looks is none; counts alone leave our own keys out', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  await source.call('MSET', 'a', '1', 'b', '1')
  await target.call('MSET', 'a', '1', 'keyferry:t:meta', '1', 'keyferry:t:lane:0', '1')
  const ask = (mode: 'full' | 'counts', rounds: number): ReturnType<typeof runVerify> =>
    runVerify(
      verifySpecSchema.parse({
        source: connectionTo(source),
        target: connectionTo(target),
        mode,
        rounds,
        roundDelayMs: 200,
      }),
      () => undefined,
      new AbortController().signal,
    )
  expect(await ask('counts', 0)).toMatchObject({ equal: false, sourceKeys: 2, targetKeys: 1 })
  const looking = ask('full', 10)
  await sleep(400)
  await target.call('SET', 'b', '1')
  expect(await looking).toMatchObject({ equal: true, differing: 0 })
  expect(await ask('counts', 0)).toMatchObject({
    equal: true,
    functions: 'counts',
    counts: [{ db: 0, source: 2, target: 2 }],
  })
})

test('functions are the same whatever order a server gives them in, and differ by their code', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  const load = (server: RedisServer, name: string, value = 1): Promise<unknown> =>
    server.call(
      'FUNCTION',
      'LOAD',
      'REPLACE',
      `#!lua name=${name}\nredis.register_function('f_${name}', function() return ${value} end)`,
    )
  const names = Array.from({ length: 8 }, (_, at) => `library${at}`)
  for (const name of names) await load(source, name)
  for (const name of names.toReversed()) await load(target, name)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, functions: 'equal' })

  await load(target, 'library3', 2)
  expect(await compareAll(source, target)).toMatchObject({ equal: false, functions: 'differ' })
  await load(target, 'library3')
  await target.call('FUNCTION', 'DELETE', 'library5')
  expect(await compareAll(source, target)).toMatchObject({ equal: false, functions: 'differ' })
})

test('a sample looks at as many keys as asked for; a repair makes both sides equal, and leaves what it was not told to delete', async () => {
  await using source = await startRedis()
  await using target = await startRedis({ args: ['--hash-max-listpack-entries', '1'] })
  await fillBoth(source, target)
  const load = ['FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 1 end)"]
  await source.call(load[0]!, load[1]!, load[2]!)
  await target.call('HSET', 'hash', 'g', 'x')
  await target.call('DEL', 'long list')
  await target.call('XACK', 'stream', 'group', '1-1')
  await target.call('PEXPIREAT', 'expiring', 4_000_000_010_000)
  await target.call('SET', 'more', 1)
  await target.call('SELECT', 3)
  await target.call('SET', 'more', 1)
  await target.call('SELECT', 0)
  const run = (extra: object): ReturnType<typeof runVerify> =>
    runVerify(
      verifySpecSchema.parse({
        ...{ source: connectionTo(source), target: connectionTo(target), mode: 'full', rounds: 0 },
        ...extra,
      }),
      () => undefined,
      new AbortController().signal,
      { listen: (heard) => heard({ type: 'repair' }) },
    )
  expect(await run({ mode: 'sample', sampleKeys: 5 })).toMatchObject({ compared: 5, functions: 'differ' })
  expect(await run({})).toMatchObject({ differing: 6, repaired: null })
  expect(await run({ repair: true })).toMatchObject({
    equal: false,
    byKind: { extra: 2 },
    repaired: { written: 4, deleted: 0 },
    functions: 'equal',
  })
  expect(await run({ repair: true, deleteExtra: true })).toMatchObject({
    equal: true,
    repaired: { written: 0, deleted: 2 },
  })
  expect(await target.call('DEBUG', 'DIGEST')).toBe(await source.call('DEBUG', 'DIGEST'))
})

test('several databases have nothing to be compared with in a cluster; their keys can be counted', async () => {
  await using source = await startRedis()
  await using cluster = await startCluster()
  await source.call('SET', 'here', 1)
  await source.call('SELECT', 3)
  await source.call('SET', 'there', 1)
  const against = (mode: 'full' | 'counts'): ReturnType<typeof runVerify> =>
    runVerify(
      verifySpecSchema.parse({
        source: connectionTo(source),
        target: connectionTo(cluster.nodes[0]!),
        mode,
        rounds: 0,
      }),
      () => undefined,
      new AbortController().signal,
    )
  await expect(against('full')).rejects.toMatchObject({
    failure: { code: 'verify.databases', params: { dbs: '3' } },
  })
  expect(await against('counts')).toMatchObject({ equal: false, sourceKeys: 2, targetKeys: 0 })
})
