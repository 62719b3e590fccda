import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RestorePlan } from '#contract/restore-plan.ts'
import { restoreSpecSchema, type RestoreRequest, type RestoreSpec } from '#contract/restore.ts'
import { planRestore } from '#engine/flow/plan-restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startFakeProxy } from '../support/fake-proxy.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { join } from 'node:path'

const signal = new AbortController().signal
let file: string
let source: RedisServer
let target: RedisServer

beforeAll(async () => {
  source = await startRedis()
  await fillWithEveryType(source)
  for (let at = 0; at < 750; at += 1) await source.call('RPUSH', 'list:in pieces', randomBytes(12_000))
  await source.call('SAVE')
  file = join(source.dir, 'dump.rdb')
  target = await startRedis()
})

afterAll(async () => {
  await source.stop()
  await target.stop()
})

beforeEach(async () => {
  await target.call('SELECT', 0)
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

function specOf(to: RedisServer, rules: Partial<RestoreRequest>): RestoreSpec {
  return restoreSpecSchema.parse({
    files: [file],
    target: { host: '127.0.0.1', port: to.port },
    resume: 'afresh',
    ...rules,
  })
}

function plan(rules: Partial<RestoreRequest> = {}, to = target): Promise<RestorePlan> {
  return planRestore(specOf(to, rules), () => undefined, signal)
}

async function changes(server: RedisServer): Promise<string> {
  const info = String(await server.call('INFO'))
  return /changes_since_last_save:(\d+)/.exec(info)![1]!
}

/** What is planned is what a restore then does, key by key of the sample. */
async function assertComesTrue(rules: Partial<RestoreRequest>, to: RedisServer): Promise<RestorePlan> {
  const before = await changes(to)
  const planned = await plan(rules, to)
  expect(await changes(to), 'nothing is written, not even for a moment').toBe(before)
  const done = await runRestore(specOf(to, rules), () => undefined, signal)
  const skips = rules.onConflict === 'skip' ? planned.conflicts.keys : 0
  expect(done).toMatchObject({
    keys: planned.keys,
    keysWritten: planned.toWrite.keys - skips,
    keysSkipped: skips,
    leftOut: planned.leftOut,
    keysExpired: planned.expired,
    keysFailed: planned.lost,
    functions: planned.functions,
    cannotHold: planned.cannotHold,
  })
  expect(planned.asItIs + planned.converted + planned.asCommands).toBe(planned.toWrite.keys)
  expect(planned.sample.length).toBe(Math.min(100, planned.keys))
  for (const { newDb, newKey, way, kind, ttlMs } of planned.sample) {
    // Bytes that are no text, and long names, are told in another form.
    if (/\\|…/.test(newKey)) continue
    await to.call('SELECT', newDb)
    const isThere = !['left-out', 'expired', 'cannot-hold'].includes(way)
    expect(await to.call('TYPE', newKey), newKey).toBe(isThere ? kind : 'none')
    const left = Number(await to.call('TTL', newKey))
    if (isThere && way !== 'exists') expect(left > 0, newKey).toBe(ttlMs !== null)
    if (ttlMs !== null) expect(Math.abs(left * 1000 - ttlMs), newKey).toBeLessThan(60_000)
  }
  await to.call('SELECT', 0)
  return planned
}

describe('what is planned is what a restore then does', () => {
  test('with everything as it is', async () => {
    const planned = await assertComesTrue({}, target)
    expect(planned).toMatchObject({ asCommands: 1, lost: 0, functions: 2, stops: [], expired: 0 })
    expect(planned.dbs.map(({ from, to }) => [from, to])).toEqual([
      [0, 0],
      [3, 3],
      [15, 15],
    ])
    const used = async (): Promise<number> =>
      Number(/used_memory_dataset:(\d+)/.exec(String(await target.call('INFO', 'memory')))![1])
    const held = await used()
    await target.call('FLUSHALL')
    const grown = held - (await used())
    expect(planned.memory.needed / grown).toBeGreaterThan(0.7)
    expect(planned.memory.needed / grown).toBeLessThan(1.3)
    expect(planned.memory.used).toBeGreaterThan(0)
  })

  test('with a selection, other names, and other expiries', async () => {
    const planned = await assertComesTrue(
      {
        dbs: [0, 3],
        excludeTypes: ['stream'],
        exclude: ['string:number:*'],
        targetDb: 2,
        stripPrefix: 'hash:',
        dbPrefix: { 3: 'three:' },
        ttl: { rule: 'extend', ms: 3_600_000 },
      },
      target,
    )
    expect(planned.renamed).toBe(5)
    expect(planned.leftOut).toMatchObject({ db: 1, type: 2, exclude: 12 })
    expect(planned.kinds.map(({ kind }) => kind)).not.toContain('stream')
  })

  test('of several files into one target', async () => {
    await using shard = await startRedis()
    await shard.call('MSET', 'shard:1', 'a', 'shard:2', 'b')
    await shard.call('SAVE')
    const both = [file, join(shard.dir, 'dump.rdb')]
    const planned = await assertComesTrue({ files: both }, target)
    expect(planned.sample.map(({ key }) => key)).toEqual(expect.arrayContaining(['shard:1', 'shard:2']))
    const again = await plan({ files: [file, file], onConflict: 'fail' })
    expect(again.stops.map(({ code }) => code)).toContain('file.collisions')
    expect((await plan({ files: [file, file], onConflict: 'replace' })).stops).toEqual([])
  })

  test('into a cluster', async () => {
    await using cluster = await startCluster({ masters: 3 })
    const [first] = cluster.nodes
    const rules: Partial<RestoreRequest> = { targetDb: 0, addPrefix: 'new:' }
    const planned = await plan(rules, first)
    expect(planned).toMatchObject({ stops: [], lost: 0, memory: { used: null, max: null } })
    const done = await runRestore(specOf(first!, rules), () => undefined, signal)
    expect(done).toMatchObject({ keysWritten: planned.toWrite.keys, functions: planned.functions })
    expect((await plan(rules, first)).conflicts.keys).toBeGreaterThanOrEqual(planned.toWrite.keys)
    const stays = await plan({ ...rules, onConflict: 'skip' }, first)
    expect(new Set(stays.sample.map(({ way }) => way))).toEqual(new Set(['exists']))
    expect((await plan({}, first)).stops).toMatchObject([{ code: 'target.cluster-one-db' }])
  })

  test('through a proxy that hangs up on what it does not know', async () => {
    await using proxy = await startFakeProxy([target])
    const to = { target: { host: '127.0.0.1', port: proxy.port, proxy: true }, include: ['string:*'] }
    const planned = await plan(to)
    expect(planned).toMatchObject({ stops: [], memory: { used: null, max: null } })
    const done = await runRestore(
      specOf(target, { ...to, limits: { latencyMs: 1_000 } }),
      () => undefined,
      signal,
    )
    expect(done.keysWritten).toBe(planned.toWrite.keys)
    expect(done.reconnects).toBe(0)
    expect(proxy.refused).toEqual([])
  })

  test('with keys that are there already and stay', async () => {
    await target.call('SET', 'hash:large', 'mine')
    await target.call('SET', 'list:in pieces', 'mine')
    const planned = await plan({ onConflict: 'skip' })
    expect(planned.conflicts.keys).toBe(2)
    expect(planned.stops).toEqual([])
    const staying = planned.sample.filter(({ way }) => way === 'exists').map(({ key }) => key)
    expect(staying.sort()).toEqual(['hash:large', 'list:in pieces'])
  })

  test.runIf(otherServers().length > 0).each(otherServers())('into $name $version', async ({ binary }) => {
    await using other = await startRedis({ binary })
    await assertComesTrue({ cannotHold: 'skip', onConflict: 'replace' }, other)
  })
})

describe('what would end a restore before its first write is told with all the rest', () => {
  test('keys that are there, and keys that would share a name', async () => {
    await target.call('SET', 'hash:large', 'mine')
    await target.call('HSET', 'small', 'a', 'b')
    await source.call('SELECT', 9)
    await source.call('SET', 'hash:small', 'the same name')
    await source.call('SELECT', 0)
    await source.call('SAVE')
    const planned = await plan({ dbMap: { 9: 0 } })
    expect(planned.stops).toMatchObject([
      { code: 'file.collisions', params: { keys: 1 } },
      { code: 'target.not-empty', params: { keys: 1, examples: 'hash:large' } },
    ])
    expect(planned.toWrite.keys).toBe(planned.keys)
    await source.call('SELECT', 9)
    await source.call('FLUSHDB')
    await source.call('SELECT', 0)
    await source.call('SAVE')
  })

  test('databases that the target does not have', async () => {
    expect((await plan({ targetDb: 99 })).stops).toMatchObject([{ code: 'target.db-out-of-range' }])
  })

  test('a replica', async () => {
    await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1 1'] })
    expect((await plan({}, replica)).stops).toMatchObject([{ code: 'target.read-only' }])
  })
})

test('the time is that of the limits where they are slower than the target', async () => {
  const { time, toWrite } = await plan({ limits: { keysPerSecond: 2 } })
  expect(time).toEqual({ boundBy: 'keys', seconds: toWrite.keys / 2 })
  expect((await plan({ limits: { bytesPerSecond: 1_024 } })).time.boundBy).toBe('bytes')
  expect((await plan()).time.seconds).toBeLessThan(10)
})
