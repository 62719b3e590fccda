import type { Argument, Control } from '#engine/redis/control.ts'

/** Keys the demo names again when it compares. */
export interface SampleData {
  readonly keys: number
  readonly expiring: readonly (readonly [db: number, key: string])[]
  readonly streams: readonly (readonly [db: number, key: string])[]
}

const hourMs = 3_600_000
const strings = 40_000
const documents = 6_000
const inFlight = 2_000

type Write = readonly [command: string, ...args: Argument[]]

/**
 * Fills an empty server with what a real one may hold: every type in its small and its large encoding, numbers,
 * compressible and binary values, expiries, three databases, a stream with a group that has unanswered entries,
 * and a function library where the server has functions.
 */
export async function fillWithSampleData(server: Control, major: number): Promise<SampleData> {
  const soon = Date.now() + hourMs
  const expiring = Array.from({ length: 1_000 }, (_, at) => [0, `session:${at}`] as const)
  await writeAll(server, [
    ...range(strings).map((at): Write => [
      'SET',
      `user:${at}:name`,
      `name of user ${at} `.repeat(1 + (at % 5)),
    ]),
    ...range(documents).flatMap((at): Write[] => [
      ['HSET', `user:${at}`, 'id', at, 'city', `city ${at % 97}`, 'visits', at * 7],
      ['RPUSH', `timeline:${at}`, ...range(12).map((entry) => `post ${at}-${entry}`)],
      ['ZADD', `scores:${at}`, '-inf', 'nobody', at / 3, 'somebody', '+inf', 'everybody'],
      ['SADD', `tags:${at}`, ...range(8).map((tag) => `tag${(at * tag) % 31}`)],
    ]),
    ...expiring.map(([, key], at): Write => ['SET', key, at, 'PXAT', soon + at * 1_000]),
    ['SADD', 'small numbers', ...range(300)],
    ['SET', 'counter', 9_007_199_254_740_993n.toString()],
    ['SET', 'empty', ''],
    ['SET', Buffer.from([0, 255, 13, 10, 254, 128]), Buffer.from(range(256))],
    ['SET', 'large and compressible', 'the same again '.repeat(70_000)],
    ['RPUSH', 'large list', ...range(5_000).map((at) => `element ${at}`)],
    ['HSET', 'large hash', ...range(3_000).flatMap((at) => [`field ${at}`, `value ${at}`])],
    ['ZADD', 'large sorted set', ...range(3_000).flatMap((at) => [at / 7, `member ${at}`])],
    ...range(500).map((at): Write => ['XADD', 'events', `${at + 1}-1`, 'kind', 'visit', 'user', at]),
    ['XGROUP', 'CREATE', 'events', 'readers', '0'],
    ['XREADGROUP', 'GROUP', 'readers', 'first', 'COUNT', 50, 'STREAMS', 'events', '>'],
    ['XACK', 'events', 'readers', '1-1', '2-1'],
    ...(major >= 7 ? [['FUNCTION', 'LOAD', sampleLibrary] as const] : []),
    ['SELECT', 3],
    ...range(500).map((at): Write => ['SET', `order:${at}`, at]),
    ['SELECT', 9],
    ['HSET', 'settings', 'colour', 'green', '언어', '한국어', '语言', '中文'],
    ['SELECT', 0],
    // The checks of a migration look at how busy a server is: filling it is none of its work.
    ['CONFIG', 'RESETSTAT'],
  ])
  return {
    keys: await countKeys(server),
    expiring,
    streams: [[0, 'events']],
  }
}

const sampleLibrary = `#!lua name=demo
redis.register_function('greet', function(keys, args) return 'hello ' .. args[1] end)`

async function countKeys(server: Control): Promise<number> {
  const keyspace = String(await server.call('INFO', 'keyspace'))
  return [...keyspace.matchAll(/keys=(\d+)/g)].reduce((sum, [, keys]) => sum + Number(keys), 0)
}

async function writeAll(server: Control, writes: readonly Write[]): Promise<void> {
  for (let at = 0; at < writes.length; at += inFlight)
    await Promise.all(writes.slice(at, at + inFlight).map((write) => server.call(...write)))
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, at) => at)
}
