import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DifferenceKind } from '#contract/difference.ts'
import { restoreSpecSchema, type RestoreRequest } from '#contract/restore.ts'
import { verifySpecSchema, type VerifyResult } from '#contract/verify.ts'
import { sayDifference } from '#contract/words/say-difference.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { runVerify } from '#engine/verify/verify.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'
import { connectionTo } from '../support/sync-ends.ts'

let folder: string
/** Every type and encoding, and a value of each collection too large for one window. */
let file: string
let target: RedisServer
let keys: number
let digest: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-verify-'))
  file = join(folder, 'dump.rdb')
  target = await startRedis()
  await using source = await startRedis()
  await fillWithEveryType(source)
  await fillWithLargeValues(source)
  keys = await countKeys(source)
  digest = await digestOf(source)
  await source.call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
})

afterAll(async () => {
  await target.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

async function fillWithLargeValues(server: RedisServer): Promise<void> {
  const noise = randomBytes(9_000_000)
  await server.call('SET', 'large:string', noise)
  for (let at = 0; at < 9; at += 1) {
    const part = (size: number): Buffer => noise.subarray(at * 1_000_000, at * 1_000_000 + size)
    await server.call('RPUSH', 'large:list', `${at}`, part(1_000_000), '')
    await server.call('SADD', 'large:set', `${at}`, part(1_000_000))
    await server.call('ZADD', 'large:zset', at / 3, `${at}`, -at, part(1_000_000))
    await server.call('HSET', 'large:hash', `f${at}`, `${at}`, `g${at}`, part(1_000_000))
    await server.call('XADD', 'large:stream', `${at + 1}-1`, 'n', at, 'noise', part(1_000_000))
  }
  await server.call('XGROUP', 'CREATE', 'large:stream', 'group', '0')
  await server.call('XREADGROUP', 'GROUP', 'group', 'me', 'COUNT', 3, 'STREAMS', 'large:stream', '>')
  await server.call('PEXPIREAT', 'large:hash', 4_000_000_000_000)
}

async function countKeys(server: RedisServer): Promise<number> {
  const told = String(await server.call('INFO', 'keyspace'))
  return [...told.matchAll(/keys=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
}

async function restore(spec: Partial<RestoreRequest> = {}, server = target): Promise<void> {
  const whole = restoreSpecSchema.parse({ files: [file], target: connectionTo(server), ...spec })
  await runRestore(whole, () => undefined, new AbortController().signal)
}

async function digestOf(server: RedisServer): Promise<string> {
  return String(await server.call('DEBUG', 'DIGEST'))
}

/** A repair that is asked for has the word to begin. */
async function verify(extra: object = {}, restoredAs: object = {}, server = target): Promise<VerifyResult> {
  const spec = verifySpecSchema.parse({
    source: { files: [file], restoredAs },
    target: connectionTo(server),
    mode: 'full',
    ...extra,
  })
  return await runVerify(spec, () => undefined, new AbortController().signal, {
    listen: (heard) => heard({ type: 'repair' }),
  })
}

test('a restored backup is equal, counted, sampled and in full, however the target encodes it', async () => {
  await restore()
  const equal = { equal: true, differing: 0, differences: [], functions: 'equal', sourceKeys: keys }
  expect(await verify()).toMatchObject({ ...equal, compared: keys, targetKeys: keys })
  expect(await verify({ mode: 'sample', sampleKeys: 20 })).toMatchObject({ ...equal, compared: 20 })
  expect(await verify({ mode: 'counts' })).toMatchObject({
    ...equal,
    functions: 'counts',
    compared: 0,
  })

  await using other = await startRedis({
    args: [
      ...['--hash-max-listpack-entries', '1', '--set-max-intset-entries', '1'],
      ...['--list-max-listpack-size', '2', '--zset-max-listpack-entries', '1', '--rdbcompression', 'no'],
    ],
  })
  await restore({}, other)
  expect(await other.call('OBJECT', 'ENCODING', 'hash:small')).not.toBe(
    await target.call('OBJECT', 'ENCODING', 'hash:small'),
  )
  expect(await verify({}, {}, other)).toMatchObject({ ...equal, compared: keys })
})

type Call = RedisServer['call']

/** Each of a key of its own, how it is told, and in which words. */
const wrong: readonly (readonly [(call: Call) => Promise<unknown>, string, DifferenceKind, RegExp])[] = [
  [(call) => call('DEL', 'hash:small'), 'hash:small', 'missing', /^$/],
  [(call) => call('DEL', 'large:stream'), 'large:stream', 'missing', /^$/],
  [(call) => call('SET', 'more', 1), 'more', 'extra', /^$/],
  [(call) => setAs(call, 'list:small', 'SADD', 'a'), 'list:small', 'type', /^list \/ set$/],
  [(call) => call('APPEND', 'string:packed', 'x'), 'string:packed', 'value', /^content$/],
  [(call) => call('LSET', 'list:long', 1234, 'x'), 'list:long', 'value', /^element 1234$/],
  [(call) => call('SREM', 'set:words', 'a'), 'set:words', 'value', /^member a$/],
  [(call) => call('SADD', 'set:int16', 1234), 'set:int16', 'value', /^length \d+ \/ \d+$/],
  [(call) => call('ZINCRBY', 'zset:small', 1e-9, 'mid'), 'zset:small', 'value', /^member mid$/],
  [(call) => call('HSET', 'hash:large', 'field 7', 'x'), 'hash:large', 'value', /^field field 7$/],
  [
    (call) => call('XACK', 'stream', 'readers', '14-1'),
    'stream',
    'groups',
    /^group readers: pending 14-1 missing in the target$/,
  ],
  [(call) => call('XADD', 'stream:emptied', '9-9', 'a', 'b'), 'stream:emptied', 'value', /^length 0 \/ 1$/],
  [
    (call) => expireLater(call, 'expiring:number', 10_000),
    'expiring:number',
    'expiry',
    /^20[-\d]+T\S+Z \/ 20[-\d]+T\S+Z$/,
  ],
  [(call) => call('PERSIST', 'expiring:string'), 'expiring:string', 'expiry', /^20[-\d]+T\S+Z \/ never$/],
  [
    (call) => call('SETRANGE', 'large:string', 8_500_000, 'x'),
    'large:string',
    'value',
    /^content from byte 8388608$/,
  ],
  [(call) => call('LSET', 'large:list', 20, 'x'), 'large:list', 'value', /^element 20$/],
  [(call) => call('SREM', 'large:set', '3'), 'large:set', 'value', /^member 3$/],
  [(call) => call('ZADD', 'large:zset', 7, '3'), 'large:zset', 'value', /^member 3$/],
  [(call) => call('HSET', 'large:hash', 'f5', 'x'), 'large:hash', 'value', /^field f5$/],
]

/** More of what can be wrong with large values, of which each can be told of only one thing. */
const alsoWrong: typeof wrong = [
  [(call) => call('RPUSH', 'large:list', 'x'), 'large:list', 'value', /^length 27 \/ 28$/],
  [(call) => call('SADD', 'large:set', 'more'), 'large:set', 'value', /^length 18 \/ 19$/],
  [
    (call) => expireLater(call, 'large:hash', 10_000),
    'large:hash',
    'expiry',
    /^20[-\d]+T\S+Z \/ 20[-\d]+T\S+Z$/,
  ],
  [
    (call) => call('XACK', 'large:stream', 'group', '2-1'),
    'large:stream',
    'groups',
    /pending 2-1 missing in the target$/,
  ],
  [(call) => call('XDEL', 'stream', '4-0'), 'stream', 'value', /^entry 3$/],
  [(call) => call('XGROUP', 'SETID', 'stream', 'idle', '0'), 'stream', 'value', /^entry 3$/],
  [(call) => call('HDEL', 'hash:small', ''), 'hash:small', 'value', /^field $/],
]

test.each([
  ['one thing of each kind', wrong],
  ['another thing with the same keys', alsoWrong],
])('%s is found and named, nothing else is, and a repair makes both sides equal', async (_, changes) => {
  await restore()
  for (const [change] of changes) await change(target.call)
  const found = await verify()
  const told = new Map(found.differences.map((difference) => [difference.key, difference]))
  for (const [, key, kind, words] of changes) {
    expect(told.get(key)).toMatchObject({ db: 0, key, kind })
    expect(sayDifference(told.get(key)?.detail ?? null, 'en')).toMatch(words)
  }
  expect(told.size).toBe(new Set(changes.map(([, key]) => key)).size)
  expect(found).toMatchObject({ equal: false, differing: told.size, functions: 'equal' })

  const extra = found.byKind.extra ?? 0
  expect(await verify({ repair: true })).toMatchObject({
    equal: extra === 0,
    differing: extra,
    repaired: { written: told.size - extra, deleted: 0 },
  })
  expect(await verify({ repair: true, deleteExtra: true })).toMatchObject({
    equal: true,
    repaired: extra === 0 ? null : { written: 0, deleted: extra },
  })
  expect(await digestOf(target)).toBe(digest)
  expect(await verify()).toMatchObject({ equal: true, compared: keys })
})

test('a function library that is another is found and repaired', async () => {
  await restore()
  await target.call('FUNCTION', 'DELETE', 'lib')
  expect(await verify()).toMatchObject({ equal: false, functions: 'differ', differing: 0 })
  expect(await verify({ repair: true })).toMatchObject({ equal: true, functions: 'equal' })
})

test('a key of another database is found; counts alone tell which database it is', async () => {
  await restore()
  await target.call('SELECT', 15)
  await target.call('RENAME', 'list', 'renamed')
  await target.call('SELECT', 3)
  await target.call('DEL', 'set')
  await target.call('SELECT', 0)
  const { differences } = await verify()
  expect(differences).toHaveLength(3)
  expect(differences).toEqual(
    expect.arrayContaining([
      { db: 15, key: 'list', kind: 'missing', detail: null },
      { db: 15, key: 'renamed', kind: 'extra', detail: null },
      { db: 3, key: 'set', kind: 'missing', detail: null },
    ]),
  )
  expect(await verify({ mode: 'counts' })).toMatchObject({
    equal: false,
    counts: expect.arrayContaining([{ db: 3, source: 2, target: 1, expired: 0 }]),
  })
})

test.each<[string, Partial<RestoreRequest>]>([
  ['databases', { dbMap: { '0': 5, '3': 0 } }],
  ['names chosen by globs', { include: ['list:*', 'large:*'], exclude: ['large:s*'] }],
])('what a restore was told about %s is no difference', async (_, told) => {
  await restore(told)
  const result = await verify({}, told)
  expect(result).toMatchObject({ equal: true, differing: 0 })
  expect(result.compared).toBeGreaterThan(3)
  // Without it, it is one.
  expect(await verify()).toMatchObject({ equal: false })
})

test.each<[string, Partial<RestoreRequest>, (call: RedisServer['call']) => Promise<unknown>]>([
  ['types left out', { excludeTypes: ['stream'] }, (call) => call('XADD', 'own', '*', 'a', 1)],
  ['types chosen', { types: ['hash', 'list'] }, (call) => call('SET', 'own', 1)],
  ['slots', { slots: [{ from: 0, to: 8_000 }] }, (call) => call('SET', '{a}own', 1)],
  ['names and a prefix', { include: ['list*'], addPrefix: 'p:' }, (call) => call('SET', 'p:own', 1)],
  ['names stripped', { include: ['list*'], stripPrefix: 'list:' }, (call) => call('SET', 'own', 1)],
])('of a restore told about %s, the target’s own is neither extra nor deleted', async (_, told, own) => {
  await restore(told)
  await own(target.call)
  const before = await target.call('DBSIZE')
  const cleaned = await verify({ repair: true, deleteExtra: true }, told)

  expect(cleaned).toMatchObject({ equal: true, differing: 0 })
  expect(await target.call('DBSIZE')).toBe(before)
})

test('a key that has expired since is explained', async () => {
  await using source = await startRedis()
  await source.call('SET', 'gone', '1', 'PX', 300)
  await source.call('SET', 'stays', '1')
  await source.call('SAVE')
  const own = join(folder, 'expired.rdb')
  copyFileSync(join(source.dir, 'dump.rdb'), own)
  await target.call('SET', 'stays', '1')
  await expect.poll(() => source.call('EXISTS', 'gone')).toBe(0)
  for (const mode of ['full', 'counts'])
    expect(await verify({ mode, source: { files: [own] } })).toMatchObject({
      equal: true,
      explained: { expired: 1, filtered: 0, lost: 0 },
      counts: [{ db: 0, source: 2, target: 1, expired: 1 }],
    })
})

async function setAs(call: RedisServer['call'], key: string, command: string, member: string): Promise<void> {
  await call('DEL', key)
  await call(command, key, member)
}

async function expireLater(call: RedisServer['call'], key: string, ms: number): Promise<void> {
  await call('PEXPIREAT', key, Number(await call('PEXPIRETIME', key)) + ms)
}

test('a cluster: each value on the owner of its slot, all slots covered; what is wrong on one of its nodes is found and repaired', async () => {
  await using cluster = await startCluster()
  const [first, second] = cluster.nodes
  await restore({ targetDb: 0, exclude: ['list', 'set', 'string'] }, first)
  const told = { targetDb: 0, exclude: ['list', 'set', 'string'] }
  const equal = { equal: true, differing: 0, slotsCovered: 16_384 }
  const whole = await verify({}, told, first)
  expect(whole).toMatchObject(equal)
  expect(whole.targetKeys).toBe(whole.compared)
  expect(await verify({ mode: 'sample', sampleKeys: 30 }, told, second)).toMatchObject({
    ...equal,
    compared: 30,
  })
  expect(await verify({ mode: 'counts' }, told, second)).toMatchObject(equal)

  for (const node of cluster.nodes)
    for (const key of ['hash:small', 'large:set'])
      await node.call('DEL', key).catch((sentAway: unknown) => sentAway)
  for (const node of cluster.nodes) await node.call('SET', 'more', 1).catch((sentAway: unknown) => sentAway)
  expect(await verify({}, told, first)).toMatchObject({ differing: 3, byKind: { missing: 2, extra: 1 } })
  expect(await verify({ repair: true, deleteExtra: true }, told, first)).toMatchObject({
    ...equal,
    repaired: { written: 2, deleted: 1 },
  })

  // As a move of its slot that was broken off leaves it: beside the right one, on a node that does not own it.
  const slot = Number(await first!.call('CLUSTER', 'KEYSLOT', 'large:set'))
  const owners = (await first!.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
  const owner = owners.find(([from, to]) => from <= slot && slot <= to)![2][1]
  const stranger = cluster.nodes.find(({ port }) => port !== owner)!
  const ownerId = await cluster.nodes.find(({ port }) => port === owner)!.call('CLUSTER', 'MYID')
  await stranger.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(ownerId))
  await stranger.call('ASKING')
  await stranger.call('SADD', 'large:set', 'left over')
  await stranger.call('CLUSTER', 'SETSLOT', slot, 'STABLE')
  expect(await verify({}, told, first)).toMatchObject({
    equal: false,
    byKind: { misplaced: 1 },
    differences: [{ key: 'large:set', kind: 'misplaced' }],
  })
})

test('on the command line: exit codes, a list of differences, and a repair', async () => {
  await restore()
  const run = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(['verify', '-i', file, '-t', `127.0.0.1:${target.port}`, ...args])
  expect(await run('--sample', '30')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Both sides are equal: a sample of 30 keys compared by value/),
  })
  await target.call('DEL', 'hash:small')
  await target.call('SET', 'more', 1)
  const list = join(folder, 'differences.jsonl')
  const found = await run('--differences', list)
  expect(found).toMatchObject({ code: 3, stdout: expect.stringContaining('db 0  more  extra') })
  const lines = readFileSync(list, 'utf8').trim().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    expect.arrayContaining([
      { db: 0, key: 'hash:small', kind: 'missing', detail: null },
      { db: 0, key: 'more', kind: 'extra', detail: null },
    ]),
  )
  expect(await run('--repair')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
  expect(await run('--repair', '--delete-extra', '--yes')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('repaired: 1 key written again, 1 key deleted'),
  })
  expect(await run('-f', `127.0.0.1:${target.port}`)).toMatchObject({ code: 2 })
})
