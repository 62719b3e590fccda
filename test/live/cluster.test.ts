import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { probeServer } from '#engine/redis/probe.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { failureOf } from '../support/failure-of.ts'
import {
  allKeys,
  describeInCluster,
  digestsOf,
  startCluster,
  type RedisCluster,
} from '../support/redis-cluster.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

const runner = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
let folder: string
let file: string
let source: RedisServer
let cluster: RedisCluster
let keys: readonly Buffer[]
let wanted: readonly string[]
let wantedLarge: readonly string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-to-cluster-'))
  file = join(folder, 'every-type.rdb')
  ;[source, cluster] = await Promise.all([startRedis(), startCluster()])
  await fillWithEveryType(source)
  for (const key of ['{tag}one', '{tag}two', '{}empty', 'an {open', 'close} and {open'])
    await source.call('SET', key, key)
  await source.call('DEBUG', 'POPULATE', 20_000, 'string', 100)
  await source.call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
  keys = await allKeys(source)
  wanted = await digestsOf(source, keys)
})

afterAll(async () => {
  await source.stop()
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  for (const node of cluster.nodes) {
    await node.call('FLUSHALL')
    await node.call('FUNCTION', 'FLUSH')
  }
})

interface Extra extends Partial<RestoreRequest> {
  readonly to?: RedisServer
}

/** Saves what `fill` puts into an empty server. */
async function saved(fill: (server: RedisServer) => Promise<unknown>): Promise<string> {
  await using server = await startRedis()
  await fill(server)
  await server.call('SAVE')
  const path = join(folder, `${server.port}.rdb`)
  copyFileSync(join(server.dir, 'dump.rdb'), path)
  return path
}

function restore({ to = cluster.nodes[0]!, ...spec }: Extra = {}): Promise<RestoreResult> {
  const target = { host: '127.0.0.1', port: to.port }
  return runner.run('restore', restoreSpecSchema.parse({ files: [file], target, ...spec }), {})
}

async function sizes(): Promise<readonly number[]> {
  return await Promise.all(cluster.nodes.map(async (node) => Number(await node.call('DBSIZE'))))
}

test.each([0, 1, 2])('every type lands on the owner of its slot, given node %i', async (node) => {
  const done = await restore({ to: cluster.nodes[node]!, dbs: [0], connections: node + 1 })
  expect(done).toMatchObject({ keysWritten: keys.length, keysFailed: 0, reconnects: 0 })
  expect(await describeInCluster(cluster, keys)).toEqual(wanted)
  expect((await sizes()).reduce((sum, size) => sum + size)).toBe(keys.length)
})

test('on the command line any node will do, with the password that all of them have', async () => {
  await using locked = await startCluster({ password: 'let me in' })
  const target = `127.0.0.1:${locked.nodes[2]!.port}`
  const flags = ['restore', '-i', file, '--db', '0', '-n', '4', '-t', target, '--json']
  const run = await runCli(flags, { env: { KEYFERRY_TARGET_PASSWORD: 'let me in' } })
  expect(run.code).toBe(0)
  expect(run.events.at(-1)).toMatchObject({ event: 'done', keysWritten: keys.length, keysFailed: 0 })
  expect(await describeInCluster(locked, keys)).toEqual(wanted)
})

test('a look at one node tells of the whole cluster', async () => {
  const { port } = cluster.nodes[1]!
  expect(await probeServer({ host: '127.0.0.1', port })).toMatchObject({
    mode: 'cluster',
    cluster: {
      ok: true,
      slotsCovered: 16_384,
      nodes: expect.arrayContaining([
        { address: `127.0.0.1:${port}`, role: 'master', failed: false, slots: 5_461 },
      ]),
    },
  })
  expect(await probeServer({ host: '127.0.0.1', port: source.port })).toMatchObject({ cluster: null })
})

test('function libraries go to every master, and count once', async () => {
  const library = '#!lua name=ours\nredis.register_function("f", function() return 1 end)'
  const withLibrary = await saved(async (server) => {
    await server.call('FUNCTION', 'LOAD', library)
    await server.call('SET', 'key', 'value')
  })
  expect(await restore({ files: [withLibrary] })).toMatchObject({ functions: 1, keysWritten: 1 })
  for (const node of cluster.nodes) expect(await node.call('FCALL', 'f', 0)).toBe(1)
  // One master has lost it since: the others tell that it is there.
  await cluster.nodes[0]!.call('FUNCTION', 'FLUSH')
  await (await cluster.owners())[keySlot(Buffer.from('key'))]!.call('DEL', 'key')
  expect(await failureOf(restore({ files: [withLibrary] }))).toMatchObject({
    code: 'target.not-empty',
    params: { keys: 1, examples: 'ours' },
  })
  expect(await restore({ files: [withLibrary], onConflict: 'skip' })).toMatchObject({
    functions: 0,
    keysSkipped: 1,
    keysWritten: 1,
  })
})

describe('keys that are there already', () => {
  const some = ['{tag}one', 'an {open', 'string:number:7']

  beforeEach(async () => {
    const owners = await cluster.owners()
    for (const key of some) await owners[keySlot(Buffer.from(key))]!.call('SET', key, 'mine')
  })

  async function values(): Promise<readonly unknown[]> {
    const owners = await cluster.owners()
    return await Promise.all(some.map((key) => owners[keySlot(Buffer.from(key))]!.call('GET', key)))
  }

  test('are found on whichever master they are, before anything is written', async () => {
    expect(await failureOf(restore({ dbs: [0] }))).toMatchObject({
      code: 'target.not-empty',
      params: { keys: 3 },
    })
    expect((await sizes()).reduce((sum, size) => sum + size)).toBe(3)
  })

  test('stay under skip', async () => {
    expect(await restore({ dbs: [0], onConflict: 'skip' })).toMatchObject({
      keysSkipped: 3,
      keysWritten: keys.length - 3,
    })
    expect(await values()).toEqual(['mine', 'mine', 'mine'])
  })

  test('are overwritten under replace', async () => {
    expect(await restore({ dbs: [0], onConflict: 'replace' })).toMatchObject({ keysWritten: keys.length })
    expect(await describeInCluster(cluster, keys)).toEqual(wanted)
  })
})

test('several databases are refused before the first write, and go into the one when that is asked for', async () => {
  expect(await failureOf(restore())).toMatchObject({
    code: 'target.cluster-one-db',
    params: { dbs: expect.stringContaining('3') },
  })
  const two = await saved(async (server) => {
    await server.call('SET', 'a', 'of 0')
    await server.call('SELECT', 5)
    await server.call('SET', 'b', 'of 5')
  })
  expect(await restore({ files: [two], targetDb: 0 })).toMatchObject({ keysWritten: 2 })
  expect((await sizes()).reduce((sum, size) => sum + size)).toBe(2)
})

test('a value too large for one command grows in the slot of its key, whatever braces are in it', async () => {
  const names = ['large {', 'large {}', '{large} {}', 'large } {x']
  const large = await saved(async (server) => {
    for (const name of names)
      for (let at = 0; at < 90; at += 1)
        await server.call('RPUSH', name, Buffer.concat([Buffer.from(`${at}`), randomBytes(100_000)]))
    wantedLarge = await digestsOf(
      server,
      names.map((name) => Buffer.from(name)),
    )
  })
  expect(await restore({ files: [large] })).toMatchObject({ keysWritten: 4, keysFailed: 0 })
  expect(
    await describeInCluster(
      cluster,
      names.map((name) => Buffer.from(name)),
    ),
  ).toEqual(wantedLarge)
  expect((await sizes()).reduce((sum, size) => sum + size)).toBe(4)
})

test('a cluster that does not have all slots is refused, and told how many are missing', async () => {
  await using broken = await startCluster({ masters: 1, args: ['--cluster-require-full-coverage', 'no'] })
  await broken.nodes[0]!.call('CLUSTER', 'DELSLOTS', 7, 8)
  expect(await failureOf(restore({ dbs: [0], to: broken.nodes[0]! }))).toMatchObject({
    code: 'target.cluster-down',
    params: { covered: 16_382 },
  })
})

if (otherServers().length === 0)
  console.warn('KEYFERRY_TEST_SERVERS is not set: no clusters of other versions.')

const versions = otherServers().filter(({ name, version }) =>
  ['redis-3.2.13', 'redis-6.2.14', 'valkey-9.1.2'].includes(`${name}-${version}`),
)

test.each(versions)('a cluster of $name $version', async ({ binary }) => {
  await using other = await startCluster({ binary })
  const plain = await saved(async (server) => {
    await server.call('DEBUG', 'POPULATE', 3_000, 'string', 50)
    for (let at = 0; at < 100; at += 1) {
      await server.call('HSET', `hash ${at}`, 'field', at, 'other', 'x'.repeat(at))
      await server.call('RPUSH', `list ${at}`, 'a', at)
      await server.call('ZADD', `zset ${at}`, at, 'a', 1, 'b')
      await server.call('SET', `later ${at}`, at, 'EX', 5_000)
    }
  })
  expect(await restore({ files: [plain], to: other.nodes[1]! })).toMatchObject({
    keysWritten: 3_400,
    keysFailed: 0,
  })
  const owners = await other.owners()
  const ask = (key: string, ...command: string[]): Promise<unknown> =>
    owners[keySlot(Buffer.from(key))]!.call(command[0]!, key, ...command.slice(1))
  expect(await ask('string:2999', 'GET')).toContain('value:2999')
  expect(await ask('hash 7', 'HGETALL')).toEqual(['field', '7', 'other', 'xxxxxxx'])
  expect(await ask('zset 7', 'ZRANGE', '0', '-1', 'WITHSCORES')).toEqual(['b', '1', 'a', '7'])
  expect(Number(await ask('later 7', 'TTL'))).toBeGreaterThan(4_900)
  const counts = await Promise.all(other.nodes.map((node) => node.call('DBSIZE')))
  expect(counts.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(3_400)
})
