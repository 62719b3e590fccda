import { createHash } from 'node:crypto'
import type { RedisServer } from './redis-server.ts'

const hex = (text: string): string => createHash('sha512').update(text).digest('hex')

/**
 * Fills a 7.0 server with every type and every encoding it can save: integers of each width, LZF, large and
 * incompressible values, quicklists with packed and plain nodes, intsets of each width, both encodings of each
 * collection, infinite scores, streams with groups, consumers and pending entries, expiries, several databases,
 * functions, binary and empty keys and values.
 */
export async function fillWithEveryType(server: RedisServer): Promise<void> {
  const { call } = server
  const later = Date.now() + 3_600_000
  const range = (length: number): number[] => Array.from({ length }, (_, at) => at)

  for (const number of [
    0,
    7,
    -1,
    127,
    -128,
    32_767,
    -32_768,
    2_147_483_647,
    -2_147_483_648,
    '9223372036854775807',
    '007',
    '1e3',
  ])
    await call('SET', `string:number:${number}`, String(number))
  await call('SET', '12', 'a key that is a number of 8 bits')
  await call('SET', '-30000', 'of 16 bits')
  await call('SET', '1000000', 'of 32 bits')
  await call('SET', 'a key that repeats itself '.repeat(20), 'is packed in the file')
  await call('SET', '', 'the empty key')
  await call('SET', 'string:empty', '')
  await call('SET', Buffer.from(range(256)), Buffer.from(range(256).reverse()))
  await call('SET', 'string:packed', 'abcabcabd'.repeat(2_000))
  await call(
    'SET',
    'string:1MB',
    Buffer.from(
      range(16_384)
        .map((at) => hex(`r${at}`))
        .join('')
        .slice(0, 1_048_576),
    ),
  )
  await call('SET', 'string:1MB packed', 'x'.repeat(1_048_576))
  await call('SETBIT', 'string:bits', 100_000, 1)
  await call('PFADD', 'string:hyperloglog', ...range(500))
  await call('SET', 'expiring:string', 'later', 'PXAT', later)
  await call('SET', 'expiring:number', '5', 'PXAT', later + 12_345)
  await call('HSET', 'expiring:hash', 'a', '1')
  await call('PEXPIREAT', 'expiring:hash', later + 777)

  await call('RPUSH', 'list:small', 'a', '1', '-70000', '', 'x'.repeat(300))
  await call('RPUSH', 'list:long', ...range(3_000).map((at) => `element ${at}`))
  await call(
    'RPUSH',
    'list:plain nodes',
    'before',
    Buffer.from('y'.repeat(20_000)),
    hex('z').repeat(200),
    'after',
  )
  await call('RPUSH', 'list:large packed', ...range(100).map((at) => `${at} ${'the same '.repeat(200)}`))

  await call('SADD', 'set:int16', ...range(50))
  await call('SADD', 'set:int32', 1, 70_000, -70_000)
  await call('SADD', 'set:int64', 1, '9007199254740993', '-9223372036854775808')
  await call('SADD', 'set:words', 'a', 'b', '', 'c'.repeat(500))
  await call('SADD', 'set:large', ...range(2_000).map((at) => `member ${at}`))

  await call('ZADD', 'zset:small', '-inf', 'low', 1.5, 'mid', '+inf', 'high', 0, '', '-0', 'minus zero')
  await call(
    'ZADD',
    'zset:large',
    '-inf',
    'low',
    '+inf',
    'high',
    ...range(500).flatMap((at) => [at / 7, `member ${at}`]),
  )
  await call('GEOADD', 'zset:geo', 126.97, 37.56, 'Seoul', 114.05, 22.54, 'Shenzhen')

  await call('HSET', 'hash:small', 'field', 'value', '', '', '7', '-8')
  await call('HSET', 'hash:large', ...range(1_000).flatMap((at) => [`field ${at}`, hex(`v${at}`)]))
  await call('HSET', 'hash:long value', 'one', 'w'.repeat(5_000))

  for (const at of range(300))
    await call('XADD', 'stream', `${at + 1}-${at % 3}`, 'kind', 'visit', 'user', at, `only ${at % 5}`, '')
  await call('XDEL', 'stream', '5-1', '6-2', '300-2')
  await call('XGROUP', 'CREATE', 'stream', 'readers', '10-0', 'ENTRIESREAD', '9')
  await call('XGROUP', 'CREATE', 'stream', 'idle', '$')
  await call('XGROUP', 'CREATECONSUMER', 'stream', 'idle', 'nobody')
  await call('XREADGROUP', 'GROUP', 'readers', 'first', 'COUNT', 40, 'STREAMS', 'stream', '>')
  await call('XREADGROUP', 'GROUP', 'readers', 'second', 'COUNT', 7, 'STREAMS', 'stream', '>')
  await call('XACK', 'stream', 'readers', '12-2', '13-0')
  await call('XADD', 'stream:emptied', '7-7', 'a', 'b')
  await call('XDEL', 'stream:emptied', '7-7')

  await call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function(keys, args) return args[1] end)",
  )
  await call(
    'FUNCTION',
    'LOAD',
    `#!lua name=packed\n-- ${'the same words '.repeat(100)}\nredis.register_function('g', function() return 1 end)`,
  )

  await call('SELECT', 3)
  await call('SET', 'string', 'in database 3')
  await call('SADD', 'set', 1, 2, 3)
  await call('SELECT', 15)
  await call('RPUSH', 'list', 'in database 15')
  await call('SELECT', 0)
}

/** A key, and all that a client can find out about it. */
export interface DescribedKey {
  readonly db: number
  /** Its bytes as latin1. */
  readonly key: string
  readonly kind: string
  readonly digest: string
  /** Absolute milliseconds; -1 where it does not expire. */
  readonly expireAt: number
  /** Of a stream: its groups, consumers and what is pending, as JSON. */
  readonly groups: string
}

/** Every key of every database, or of these. */
export async function describeKeys(
  server: RedisServer,
  dbs: readonly number[] = range16,
): Promise<readonly DescribedKey[]> {
  const described: DescribedKey[] = []
  for (const db of dbs) {
    await server.call('SELECT', db)
    let cursor = '0'
    do {
      const [next, keys] = (await server.callBuffer('SCAN', cursor, 'COUNT', 1000)) as [Buffer, Buffer[]]
      cursor = next.toString()
      for (const key of keys) {
        const kind = String(await server.call('TYPE', key))
        const digest = ((await server.call('DEBUG', 'DIGEST-VALUE', key)) as string[])[0]!
        const expireAt = Number(await server.call('PEXPIRETIME', key))
        const groups =
          kind === 'stream'
            ? JSON.stringify(withoutLayout(await server.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0)))
            : ''
        described.push({ db, key: key.toString('latin1'), kind, digest, expireAt, groups })
      }
    } while (cursor !== '0')
  }
  await server.call('SELECT', 0)
  return described
}

/** One line for every key of every database, and for every function: all that a client can find out about it. */
export async function describeServer(server: RedisServer): Promise<readonly string[]> {
  const lines = (await describeKeys(server))
    .map(
      ({ db, key, kind, digest, expireAt, groups }) =>
        `db ${db} ${key} ${kind} ${digest} ${expireAt} ${groups}`,
    )
    .sort()
  // Not FUNCTION DUMP: the order of its libraries differs from server to server.
  const libraries = (await server.call('FUNCTION', 'LIST', 'WITHCODE')) as unknown[]
  lines.push(
    `functions ${libraries
      .map((library) => JSON.stringify(library))
      .sort()
      .join(' ')}`,
  )
  lines.push(`digest ${String(await server.call('DEBUG', 'DIGEST'))}`)
  return lines
}

const range16 = Array.from({ length: 16 }, (_, db) => db)

/** How large a stream's tree happens to be is not part of its data; nor when a consumer was last seen. */
function withoutLayout(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply
  return reply.map((one, at) =>
    /^(radix-tree-keys|radix-tree-nodes)$/.test(String(reply[at - 1])) ? null : withoutLayout(one),
  )
}
