import { createHash } from 'node:crypto'
import type { RedisServer } from '../support/redis-server.ts'
import type { MatrixServer } from './servers.ts'

const hex = (text: string): string => createHash('sha512').update(text).digest('hex')
const range = (length: number): number[] => Array.from({ length }, (_, at) => at)

/** Keys whose names begin so have expired before anybody restores them. */
export const gonePrefix = 'gone:'
/** A sorted set with the smallest score there is. */
export const tinyScore = 'zset:tiny score'
/** A field that has expired likewise. */
export const goneField = 'gone'
/** As long they live. */
export const goneAfterMs = 500

const hourMs = 3_600_000

/**
 * Fills an empty server, by its own commands, with every type it knows and every encoding it saves: integers of
 * each width, LZF, both sizes of each collection, expiries near and far, several databases, names of all bytes,
 * streams with deleted entries, groups, consumers and pending entries, hashes with fields that expire, functions.
 */
export async function fill(redis: RedisServer, server: MatrixServer): Promise<void> {
  const { call } = redis
  await fillStrings(redis, server)
  await fillCollections(redis, server)
  if (server.version >= 500) await fillStreams(redis, server)
  if (server.fieldExpiry) await fillExpiringFields(redis)
  if (server.vectors) await fillVectors(redis)
  if (server.version >= 700) {
    const body = "redis.register_function('%', function(keys, args) return args[1] end)"
    await call('FUNCTION', 'LOAD', `#!lua name=small\n${body.replace('%', 'one')}`)
    const comment = `-- ${'the same words '.repeat(200)}\n`
    await call('FUNCTION', 'LOAD', `#!lua name=packed\n${comment}${body.replace('%', 'two')}`)
  }
  await call('SELECT', 3)
  await call('SET', 'string', 'in database 3')
  await call('SADD', 'set', 1, 2, 3)
  await call('SELECT', 15)
  await call('RPUSH', 'list', 'in database 15')
  await call('SELECT', 0)
}

async function fillStrings({ call }: RedisServer, { version }: MatrixServer): Promise<void> {
  const numbers = '0 7 -1 127 -128 128 32767 -32768 32768 2147483647 -2147483648 2147483648'
  const nearlyNumbers = '9223372036854775807 -9223372036854775808 9223372036854775808 007 -0 1e3 1.5'
  for (const text of [...numbers.split(' '), ...nearlyNumbers.split(' ')])
    await call('SET', `number:${text}`, text)
  for (const name of ['12', '-30000', '1000000', '']) await call('SET', name, `the key "${name}"`)
  await call('SET', 'a key that repeats itself '.repeat(20), 'is packed in the file')
  await call('SET', Buffer.from(range(256)), Buffer.from(range(256).reverse()))
  await call('SET', 'string:empty', '')
  await call('SET', 'string:packed', 'abcabcabd'.repeat(2_000))
  await call(
    'SET',
    'string:dense',
    Buffer.from(
      range(700)
        .map((at) => hex(`d${at}`))
        .join(''),
      'hex',
    ),
  )
  await call(
    'SET',
    'string:large',
    Buffer.from(
      range(4_000)
        .map((at) => hex(`l${at}`))
        .join(''),
      'hex',
    ),
  )
  await call('SET', 'string:large packed', 'x'.repeat(1_000_000))
  await call('SETBIT', 'string:bits', 100_000, 1)
  if (version >= 209) await call('PFADD', 'string:hyperloglog', ...range(500))

  const now = Date.now()
  // 2.4 knows seconds only.
  const expireAt = (key: string, ms: number): Promise<unknown> =>
    version >= 206 ? call('PEXPIREAT', key, ms) : call('EXPIREAT', key, Math.ceil(ms / 1000))
  for (const [name, ms] of [
    ['near', now + 600_123],
    ['hours', now + 7 * hourMs + 77],
    ['far', now + 20 * 365 * 24 * hourMs + 1],
  ] as const) {
    await call('SET', `expiring:${name}`, `by ${ms}`)
    await expireAt(`expiring:${name}`, ms)
    await call('RPUSH', `expiring:list ${name}`, 'a', 'b')
    await expireAt(`expiring:list ${name}`, ms)
  }
  await call('SET', `${gonePrefix}string`, 'x')
  await expireAt(`${gonePrefix}string`, now + goneAfterMs)
  await call('SADD', `${gonePrefix}set`, 'x')
  await expireAt(`${gonePrefix}set`, now + goneAfterMs)
}

async function fillCollections({ call }: RedisServer, { version }: MatrixServer): Promise<void> {
  await call('RPUSH', 'list:small', 'a', '1', '-70000', '', 'x'.repeat(300), Buffer.from([0, 255, 10, 13]))
  await call('RPUSH', 'list:numbers', ...'0 12 13 -1 127 300 40000 -9000000 3000000000'.split(' '))
  await call('RPUSH', 'list:large', ...range(3_000).map((at) => `element ${at}`))
  await call('RPUSH', 'list:long elements', 'before', 'y'.repeat(20_000), hex('z').repeat(200), 'after')
  await call('RPUSH', 'list:packed', ...range(100).map((at) => `${at} ${'the same '.repeat(200)}`))

  await call('SADD', 'set:int16', ...range(50))
  await call('SADD', 'set:int32', 1, 70_000, -70_000)
  await call('SADD', 'set:int64', 1, '9007199254740993', '-9223372036854775808')
  await call('SADD', 'set:words', 'a', 'b', '', 'c'.repeat(50), Buffer.from([0, 200]))
  await call('SADD', 'set:large', ...range(2_000).map((at) => `member ${at}`))
  await call('SADD', 'set:large numbers', ...range(1_500).map((at) => at * 7))

  const scores = ['-inf', '+inf', '0', '1.5', '-3', '0.1', '3.0000000000000004', '1e300', '1e17']
  const scored = scores.flatMap((score, at) => [score, `${at}`])
  await call('ZADD', 'zset:small', ...scored, 2, '', '9007199254740993', Buffer.from([0, 250]))
  const many = range(500).flatMap((at) => [at / 7, `member ${at}`])
  await call('ZADD', 'zset:large', ...scored, ...many)
  // Some servers take no score this small by command.
  await call('ZADD', tinyScore, '5e-324', 'tiny').catch(() => undefined)
  if (version >= 302) await call('GEOADD', 'zset:geo', 126.97, 37.56, 'Seoul', 114.05, 22.54, 'Shenzhen')

  await call('HMSET', 'hash:small', 'field', 'value', '', '', '7', '-8', Buffer.from([0]), Buffer.from([255]))
  await call('HMSET', 'hash:large', ...range(1_000).flatMap((at) => [`field ${at}`, hex(`v${at}`)]))
  await call('HMSET', 'hash:long value', 'one', 'w'.repeat(5_000), 'two', hex('w').repeat(100))
}

async function fillStreams({ call }: RedisServer, { version }: MatrixServer): Promise<void> {
  await call('XADD', 'stream:plain', '7-7', 'a', 'b')
  for (const at of range(300))
    await call('XADD', 'stream', `${at + 1}-${at % 3}`, 'kind', 'visit', 'user', at, `only ${at % 5}`, '')
  await call('XDEL', 'stream', '5-1', '6-2', '300-2')
  await call('XTRIM', 'stream', 'MAXLEN', 290)
  await call('XGROUP', 'CREATE', 'stream', 'readers', '10-0')
  await call('XGROUP', 'CREATE', 'stream', 'idle', '$')
  await call('XGROUP', 'CREATE', 'stream', Buffer.from([103, 0, 255]), '0-0')
  if (version >= 602) await call('XGROUP', 'CREATECONSUMER', 'stream', 'idle', 'nobody')
  await call('XREADGROUP', 'GROUP', 'readers', 'first', 'COUNT', 40, 'STREAMS', 'stream', '>')
  await call('XREADGROUP', 'GROUP', 'readers', 'second', 'COUNT', 7, 'STREAMS', 'stream', '>')
  await call('XACK', 'stream', 'readers', '16-0', '17-1')
  await call('XCLAIM', 'stream', 'readers', 'third', 0, '20-1', '21-2', 'RETRYCOUNT', 5)
  await call('XADD', 'stream:emptied', '7-7', 'a', 'b')
  await call('XGROUP', 'CREATE', 'stream:emptied', 'group', '0')
  await call('XREADGROUP', 'GROUP', 'group', 'c', 'STREAMS', 'stream:emptied', '>')
  await call('XACK', 'stream:emptied', 'group', '7-7')
  await call('XDEL', 'stream:emptied', '7-7')
  await call('XADD', 'stream:deleted pending', '1-1', 'a', 'b')
  await call('XADD', 'stream:deleted pending', '2-1', 'a', 'b')
  await call('XGROUP', 'CREATE', 'stream:deleted pending', 'group', '0')
  await call('XREADGROUP', 'GROUP', 'group', 'c', 'STREAMS', 'stream:deleted pending', '>')
  await call('XDEL', 'stream:deleted pending', '1-1')
  for (const at of range(500))
    await call('XADD', 'stream:large', `${1_000 + at}-0`, 'text', hex(`s${at}`), `field ${at}`, 'x')
}

async function fillVectors({ call }: RedisServer): Promise<void> {
  for (const at of range(20))
    await call('VADD', 'vectors', 'VALUES', 3, at, 1 / (at + 1), -at, `element ${at}`)
  await call('VSETATTR', 'vectors', 'element 3', '{"year":1999}')
  await call('VADD', 'vectors:exact', 'VALUES', 2, 0.25, 7, 'only', 'NOQUANT')
}

async function fillExpiringFields({ call }: RedisServer): Promise<void> {
  const later = Date.now() + hourMs
  await call('HSET', 'fields:small', 'keeps', '1', 'expires', '2', 'later', '3')
  await call('HPEXPIREAT', 'fields:small', later + 123, 'FIELDS', 1, 'expires')
  await call('HPEXPIREAT', 'fields:small', later + 99_999_777, 'FIELDS', 1, 'later')
  await call('HSET', 'fields:all', 'only', 'x')
  await call('HPEXPIREAT', 'fields:all', later + 5, 'FIELDS', 1, 'only')
  const soon = Date.now() + goneAfterMs
  await call('HSET', `${gonePrefix}fields`, 'only', 'x', 'and', 'y')
  await call('HPEXPIREAT', `${gonePrefix}fields`, soon, 'FIELDS', 2, 'only', 'and')
  await call('HSET', 'fields:some gone', 'stays', '1', 'later', '2', goneField, '3')
  await call('HPEXPIREAT', 'fields:some gone', later + 9, 'FIELDS', 1, 'later')
  await call('HPEXPIREAT', 'fields:some gone', soon, 'FIELDS', 1, goneField)
  await call('HSET', 'fields:large', ...range(800).flatMap((at) => [`field ${at}`, hex(`f${at}`)]))
  for (const at of range(40))
    await call(
      'HPEXPIREAT',
      'fields:large',
      later + at * 1_001,
      'FIELDS',
      2,
      `field ${at}`,
      `field ${at + 400}`,
    )
}

/** Fills an empty server with one value of every type it knows that is larger than what we hold at once (8 MiB). */
export async function fillLarge({ call }: RedisServer, { version }: MatrixServer): Promise<void> {
  const count = 36_000
  const text = (at: number): string => `${at} ${hex(`a${at}`)}${hex(`b${at}`)}`
  const add = async (each: (at: number) => readonly [string, ...(string | number)[]]): Promise<void> => {
    for (let from = 0; from < count; from += 1_000)
      await Promise.all(range(1_000).map((at) => call(...each(from + at))))
  }
  await call(
    'SET',
    'large:string',
    Buffer.from(
      range(150_000)
        .map((at) => hex(`l${at}`))
        .join(''),
      'hex',
    ),
  )
  await add((at) => ['RPUSH', 'large:list', text(at)])
  await add((at) => ['SADD', 'large:set', text(at)])
  await add((at) => ['ZADD', 'large:zset', at / 3, text(at)])
  await add((at) => ['HSET', 'large:hash', `field ${at}`, text(at)])
  if (version < 500) return
  await add((at) => ['XADD', 'large:stream', `${at + 1}-0`, 'text', text(at)])
  await call('XDEL', 'large:stream', '5-0', '7-0')
  await call('XGROUP', 'CREATE', 'large:stream', 'group', '0')
  await call('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', 2_000, 'STREAMS', 'large:stream', '>')
}
