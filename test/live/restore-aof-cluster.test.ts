import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { commands, folderOf, loaded, rewrite, startWriting, taken } from '../support/aof.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { failureOf } from '../support/failure-of.ts'
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, connectionTo } from '../support/sync-ends.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startCluster({ masters: 3 })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})
beforeEach(async () => {
  for (const node of cluster.nodes) {
    await node.call('FLUSHALL')
    await node.call('FUNCTION', 'FLUSH')
  }
})

function restore(files: readonly string[], spec: Partial<RestoreRequest> = {}): Promise<RestoreResult> {
  const target = connectionTo(cluster.nodes[1]!)
  return runRestore(
    restoreSpecSchema.parse({ files, target, connections: 4, ...spec }),
    () => undefined,
    new AbortController().signal,
  )
}

/** Every value of the cluster is this server's, both ways, and nothing of ours is left. */
async function expectSame(own: RedisServer): Promise<void> {
  const result = await compareAll(own, cluster.nodes[0]!)
  expect(result).toMatchObject({ differences: [], equal: true, functions: 'equal' })
  expect(result.compared).toBe(Number(await own.call('DBSIZE')))
  for (const node of cluster.nodes) expect(await node.call('KEYS', '*keyferry*')).toEqual([])
}

/** Values of every type in database 0, the one that a cluster has. */
async function fillOneDatabase(redis: RedisServer): Promise<void> {
  await fillWithEveryType(redis)
  for (const db of [3, 15]) {
    await redis.call('SELECT', db)
    await redis.call('FLUSHDB')
  }
  await redis.call('SELECT', 0)
}

/** An append-only file of these commands, and a server that has loaded it. */
async function given(...lines: readonly string[]): Promise<{ file: string; own: RedisServer }> {
  const folder = folderOf({ 'appendonly.aof': commands(...lines) })
  return { file: join(folder, 'appendonly.aof'), own: await loaded(folder) }
}

/** What only an append-only file can carry; `turn` makes another round differ. */
async function work(redis: RedisServer, turn: number): Promise<void> {
  const { call } = redis
  for (let at = 0; at < 150; at += 1) {
    await call('INCRBY', `counter:${at % 50}`, at)
    await call('APPEND', `log:${at % 7}`, `${at} `)
    await call('LPUSH', `queue:${at % 11}`, at)
    if (at % 3 === 0) await call('RPOP', `queue:${at % 5}`)
    if (at % 10 === 0) await call('RPOPLPUSH', `queue:${at % 11}`, `queue:${(at + 3) % 11}`)
    await call('HINCRBY', `hash:${at % 9}`, `field ${at % 5}`, at)
    await call('ZINCRBY', `scores:${at % 6}`, at / 4, `member ${at % 6}`)
    if (at % 25 === 0) {
      await call('MULTI')
      await call('INCR', 'counter:1')
      await call('INCR', 'counter:2')
      await call('APPEND', 'log:3', 'in a transaction')
      await call('EXEC')
    }
  }
  await call('SET', 'kept', 1)
  await call('EXPIRE', 'kept', 1)
  await call('INCR', 'kept')
  await call('PERSIST', 'kept')
  await call('SETEX', 'expiring', 7_200, 'later')
  await call('RENAME', 'expiring', 'expiring and renamed')
  await call('SET', 'gone', 1, 'PX', 20)
  for (let at = 0; at < 6; at += 1) await call('XADD', 'events', '*', 'at', at)
  if (turn === 0) await call('XGROUP', 'CREATE', 'events', 'group', 0)
  await call('XREADGROUP', 'GROUP', 'group', 'one', 'COUNT', 3, 'STREAMS', 'events', '>')
  await call('EVAL', "return redis.call('INCRBY', KEYS[1], ARGV[1])", 1, 'by script', 3)
  const code = `#!lua name=library\nredis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)`
  await call('FUNCTION', 'LOAD', 'REPLACE', code)
  await call('FCALL', 'add', 1, 'by function', 4)
}

test('an append-only file with an RDB in front: a cluster holds what a server loads', async () => {
  await using source = await startWriting({ args: ['--aof-use-rdb-preamble', 'yes'] })
  await work(source, 0)
  await fillOneDatabase(source)
  await rewrite(source)
  await work(source, 1)
  const folder = taken(source)
  await using own = await loaded(folder)
  const result = await restore([folder])
  await expectSame(own)
  expect(result.commands).toMatchObject({ failed: 0, cutOff: [] })
  expect(result.commands!.applied).toBe(result.commands!.total)
  for (const node of cluster.nodes)
    expect(JSON.stringify(await node.call('FUNCTION', 'LIST'))).toContain('library')
  rmSync(folder, { recursive: true })
}, 60_000)

/** `a`, `b` and `c` lie in different slots, on different masters. */
const acrossSlots: readonly (readonly [string, readonly string[]])[] = [
  ['MSET', ['MSET a 1 b 2 c 3']],
  ['MSETNX', ['MSETNX a 1 b 2 c 3']],
  ['DEL', ['MSET a 1 b 2 c 3', 'DEL a b', 'UNLINK c x']],
  ['RENAME', ['RPUSH a 1 2', 'PEXPIREAT a 4102444800000', 'SET b old', 'RENAME a b', 'RPUSH b 3']],
  ['RENAMENX', ['RPUSH a 1 2', 'RENAMENX a b']],
  ['COPY', ['HSET a f v', 'COPY a b', 'SET c 1', 'COPY a c REPLACE', 'HSET a f w']],
  ['SMOVE', ['SADD a 1 2 3', 'SADD b 3', 'SMOVE a b 1', 'SMOVE a b 3']],
  ['RPOPLPUSH', ['RPUSH a 1 2 3', 'RPOPLPUSH a b', 'RPOPLPUSH a b']],
  ['LMOVE', ['RPUSH a 1 2 3', 'LMOVE a b LEFT RIGHT', 'LMOVE a b RIGHT RIGHT', 'LMOVE a c LEFT LEFT']],
  [
    'SINTERSTORE',
    ['SADD a 1 2', 'SADD b 2 3', 'SINTERSTORE c a b', 'SUNIONSTORE d a b c', 'SDIFFSTORE a a b'],
  ],
  ['ZUNIONSTORE', ['ZADD a 1 m', 'ZADD b 2 m', 'ZUNIONSTORE c 2 a b WEIGHTS 2 3', 'ZINTERSTORE d 2 a b']],
  ['ZRANGESTORE', ['ZADD a 1 m 2 n 3 o', 'ZRANGESTORE b a 1 2', 'ZDIFFSTORE c 2 a b']],
  [
    'GEOSEARCHSTORE',
    ['GEOADD a 13.3 38.1 p 15.0 37.5 c', 'GEOSEARCHSTORE b a FROMLONLAT 15 37 BYRADIUS 200 km'],
  ],
  ['GEORADIUS', ['GEOADD a 13.3 38.1 p 15.0 37.5 c', 'GEORADIUS a 15 37 200 km STORE b']],
  ['SORT', ['RPUSH a 3 1 2', 'SORT a LIMIT 0 2 STORE b', 'SORT a BY nosort STORE c']],
  ['BITOP', ['SET a abc', 'SET b xyz', 'BITOP XOR c a b', 'BITOP NOT a b']],
  ['PFMERGE', ['PFADD a 1 2', 'PFADD b 2 3', 'PFMERGE c a b', 'PFADD c 9']],
  [
    'a transaction',
    ['MULTI', 'RPUSH a 1 2', 'RENAME a b', 'INCR a', 'RPUSH b 3', 'INCR c', 'LMOVE b d LEFT LEFT', 'EXEC'],
  ],
]

test('commands across slots, of every kind: what a server loads', async () => {
  const [one, ...others] = ['0:a', '0:b', '0:c'].map((key) => keySlot(Buffer.from(key)))
  expect(others).not.toContain(one)
  const lines = acrossSlots.flatMap(([, some], at) =>
    some.map((line) => line.replaceAll(/\b[abcd]\b/g, (key) => `${at}:${key}`)),
  )
  const { file, own } = await given(...lines)
  await using _own = { [Symbol.asyncDispose]: () => own.stop() }
  const result = await restore([file])
  await expectSame(own)
  expect(result.commands!.failed).toBe(0)
  expect(result.commands!.applied).toBe(result.commands!.total)
})

test.each([
  ['FLUSHALL', ['MSET a 1 b 2', 'FLUSHALL', 'INCR c', 'INCR c']],
  ['FLUSHDB in a transaction', ['SET a 1', 'MULTI', 'INCR b', 'FLUSHDB', 'INCR c', 'EXEC', 'INCR c']],
])('%s empties all masters', async (_, lines) => {
  const { file, own } = await given(...lines)
  await using _own = { [Symbol.asyncDispose]: () => own.stop() }
  await restore([file])
  await expectSame(own)
})

test('what a cluster cannot do is told before the first write, and may be left out', async () => {
  const { file, own } = await given(
    'SET a 1',
    'SET b 1',
    "EVAL redis.call('INCR',KEYS[1])redis.call('INCR',KEYS[2]) 2 a b",
    'RPUSH l 1',
    'SORT l GET # STORE s',
    'INCR a',
  )
  await own.stop()
  expect(await failureOf(restore([file]))).toMatchObject({
    code: 'aof.not-in-cluster',
    params: { commands: 'EVAL across slots (1), SORT GET (1)' },
  })
  for (const node of cluster.nodes) expect(await node.call('DBSIZE')).toBe(0)
  const result = await restore([file], { cannotHold: 'skip' })
  expect(result.cannotHold).toMatchObject([
    { what: 'cluster-command', type: 'EVAL across slots', count: 1 },
    { what: 'cluster-command', type: 'SORT GET', count: 1 },
  ])
  const owner = (await cluster.owners())[keySlot(Buffer.from('a'))]!
  expect(await owner.call('GET', 'a')).toBe('2')
})

test('several databases are refused, or go together by the rules that RDBs have', async () => {
  const { file, own } = await given('SET a 1', 'SELECT 3', 'INCR b', 'INCR b')
  await own.stop()
  expect(await failureOf(restore([file]))).toMatchObject({ code: 'target.cluster-one-db' })
  await restore([file], { targetDb: 0, dbPrefix: { 3: 'db3:' } })
  const owners = await cluster.owners()
  expect(await owners[keySlot(Buffer.from('db3:b'))]!.call('GET', 'db3:b')).toBe('2')
})

test('three append-only files and an RDB: a sharded data set becomes one cluster', async () => {
  await using source = await startRedis()
  await fillOneDatabase(source)
  await source.call('SAVE')
  const files = [join(source.dir, 'dump.rdb')]
  for (const shard of ['first', 'second', 'third']) {
    const lines = Array.from({ length: 200 }, (_, at) => `APPEND ${shard}:${at % 20} ${at},`)
    const folder = folderOf({ 'appendonly.aof': commands(...lines, `MSET ${shard}:a 1 ${shard}:b 2`) })
    files.push(join(folder, 'appendonly.aof'))
    for (const line of lines) await source.call(...(line.split(' ') as [string, ...string[]]))
    await source.call('MSET', `${shard}:a`, 1, `${shard}:b`, 2)
  }
  await restore(files)
  await expectSame(source)
}, 60_000)
