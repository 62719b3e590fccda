import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { toFailure } from '#contract/failure.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import {
  restoreSpecSchema,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreResult,
  type RestoreSpec,
} from '#contract/restore.ts'
import { planRestore } from '#engine/flow/plan-restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { commands, folderOf, rewrite, startWriting, taken, work } from '../support/aof.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'

const signal = new AbortController().signal
/** A data folder whose append-only file has an RDB of every type in front, and all kinds of commands behind it. */
let folder: string
/** Append-only files of a few commands each. */
let small: string
let target: RedisServer

beforeAll(async () => {
  const own = {
    name: 'redis 7.0',
    flavour: 'redis',
    version: 700,
    fieldExpiry: false,
    vectors: false,
  } as const
  await using source = await startWriting({ args: ['--aof-use-rdb-preamble', 'yes'] })
  await fillWithEveryType(source)
  await work(source, { ...own, binary: 'redis-server' }, 0)
  await rewrite(source)
  await work(source, { ...own, binary: 'redis-server' }, 1)
  folder = taken(source)
  await using shard = await startRedis()
  await shard.call('MSET', 'shard:1', 'a', 'shard:2', 'b')
  await shard.call('SAVE')
  copyFileSync(join(shard.dir, 'dump.rdb'), join(folder, 'shard.rdb'))
  small = folderOf({
    'plain.aof': commands('SELECT 0', 'INCR a', 'INCR a', 'SELECT 5', 'APPEND b xyz'),
    'same.aof': commands('SELECT 0', 'INCR a'),
    'flushing.aof': commands('SELECT 0', 'SET a 1', 'FLUSHALL', 'SET a 2'),
    'unknown.aof': commands('SELECT 0', 'SET a 1', 'NOBODY.KNOWS a 3', 'NOBODY.KNOWS b 3'),
    'script.aof': commands('SELECT 0', 'SET a 1', 'EVAL return{} 2 a b'),
    'swap.aof': commands('SELECT 0', 'SET a 1', 'SWAPDB 0 1'),
    'functions.aof': commands('SELECT 0', 'SET a 1', 'FUNCTION FLUSH', 'SET b 1'),
    'far.aof': commands('SELECT 99', 'SET a 1'),
    'cut.aof': Buffer.concat([commands('SELECT 0', 'SET a 1', 'MULTI', 'INCR a'), Buffer.from('*2\r\n$4')]),
    'long.aof': commands('SELECT 0', ...Array.from({ length: 60_000 }, (_, at) => `RPUSH queue ${at}`)),
  })
  target = await startRedis()
}, 60_000)

afterAll(async () => {
  await target.stop()
  for (const made of [folder, small]) rmSync(made, { recursive: true })
})

beforeEach(async () => {
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

type Rules = Omit<Partial<RestoreRequest>, 'files'> & { readonly files?: readonly string[] }

function specOf(to: RedisServer, { files = [folder], ...rules }: Rules): RestoreSpec {
  return restoreSpecSchema.parse({
    files,
    target: { host: '127.0.0.1', port: to.port },
    ...rules,
  })
}

/** The plan, for which nothing is written, not even for a moment. */
async function plan(rules: Rules = {}, to = target): Promise<RestorePlan> {
  const changes = async (): Promise<string> =>
    /changes_since_last_save:(\d+)/.exec(String(await to.call('INFO')))![1]!
  const before = await changes()
  const planned = await planRestore(specOf(to, rules), () => undefined, signal)
  expect(await changes()).toBe(before)
  return planned
}

async function restore(rules: Rules, to = target): Promise<RestoreResult> {
  return await runRestore(specOf(to, rules), () => undefined, signal)
}

/** How often the server was given a command. */
async function calls(to: RedisServer, name: string): Promise<number> {
  const info = String(await to.call('INFO', 'commandstats'))
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`, 'i').exec(info)?.[1] ?? 0)
}

/** Commands that go to the target as they are, and that nothing of ours uses. */
const countable = ['INCR', 'APPEND', 'LPUSH', 'HINCRBY', 'ZINCRBY', 'SPOP', 'RENAME']

/** What is planned is what a restore then does. */
async function assertComesTrue(rules: Rules, to = target): Promise<RestorePlan & { commands: object }> {
  const planned = await plan(rules, to)
  expect(planned.stops).toEqual([])
  await to.call('CONFIG', 'RESETSTAT')
  const done = await restore(rules, to)
  const { commands: told, ...keys } = planned
  expect(done).toMatchObject({
    bytes: keys.bytes,
    keys: keys.keys,
    keysWritten: keys.toWrite.keys,
    leftOut: keys.leftOut,
    keysRenamed: keys.renamed,
    keysExpired: keys.expired,
    keysFailed: keys.lost,
    functions: keys.functions,
    functionsLeftOut: keys.functionsLeftOut,
    cannotHold: keys.cannotHold,
  })
  expect(keys.asItIs + keys.converted + keys.asCommands).toBe(keys.toWrite.keys)
  expect(keys.sample.length).toBe(Math.min(100, keys.keys))
  const leftOut = Object.values(told!.leftOut).reduce((sum, some) => sum + some, 0)
  expect(done.commands).toMatchObject({ total: told!.total, leftOut, cutOff: told!.cutOff })
  expect(told!.byName.reduce((sum, { applied }) => sum + applied, 0)).toBe(told!.total)
  expect(told!.byName.reduce((sum, row) => sum + row.leftOut, 0)).toBe(leftOut)
  expect(told!.sample.length).toBe(Math.min(100, told!.total + leftOut))
  for (const name of countable) {
    const row = told!.byName.find((one) => one.name === name)
    expect(await calls(to, name), name).toBe(row?.applied ?? 0)
  }
  return { ...keys, commands: told! }
}

describe('what is planned of an append-only file is what a restore then does', () => {
  test('with everything as it is', async () => {
    const { commands: told, ...planned } = await assertComesTrue({})
    expect(planned).toMatchObject({ lost: 0, functions: 3, functionsLeftOut: 0, expired: 0 })
    expect(planned.keys).toBeGreaterThan(60)
    expect(planned.kinds.map(({ kind }) => kind)).toContain('stream')
    expect(told).toMatchObject({ isBegun: false, cutOff: [], leftOut: { functions: 0 } })
  })

  test('with a selection, other names and one database', async () => {
    const { commands: told, ...planned } = await assertComesTrue({
      files: [join(small, 'plain.aof'), join(small, 'functions.aof')],
      onConflict: 'replace',
      exclude: ['b'],
      dbs: [0],
      addPrefix: 'new:',
      targetDb: 2,
    })
    expect(planned).toMatchObject({ keys: 0, sample: [], kinds: [], memory: { needed: 0 } })
    expect(told).toMatchObject({
      total: 3,
      keys: 1,
      leftOut: { db: 1, exclude: 1, functions: 1, include: 0 },
      sample: [
        { name: 'INCR', db: 0, key: 'a', newDb: 2, newKey: 'new:a', leftOutBy: '' },
        { name: 'INCR', db: 0, key: 'a', newDb: 2, newKey: 'new:a', leftOutBy: '' },
        { name: 'APPEND', db: 5, key: 'b', newDb: 5, newKey: 'b', leftOutBy: 'db' },
        { name: 'SET', db: 0, key: 'a', newDb: 2, newKey: 'new:a', leftOutBy: '' },
        { name: 'FUNCTION', db: 0, key: '', leftOutBy: 'functions' },
        { name: 'SET', db: 0, key: 'b', leftOutBy: 'exclude' },
      ],
    })
  })

  test('with certain keys of an RDB in front: its libraries stay behind, and it is told', async () => {
    await using own = await startWriting({ args: ['--aof-use-rdb-preamble', 'yes'] })
    await own.call(
      'FUNCTION',
      'LOAD',
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    )
    await own.call('MSET', 'user:1', 'a', 'other', 'b')
    await rewrite(own)
    await own.call('INCR', 'user:2')
    await own.call('INCR', 'another')
    const data = taken(own)
    const { commands: told, ...planned } = await assertComesTrue({ files: [data], include: ['user:*'] })
    rmSync(data, { recursive: true })
    expect(planned).toMatchObject({ functions: 0, functionsLeftOut: 1, toWrite: { keys: 1 } })
    expect(told).toMatchObject({ total: 1, leftOut: { include: 1 } })
  })

  test('with a key in front whose time is past, which is written until all is in', async () => {
    await using own = await startWriting({ args: ['--aof-use-rdb-preamble', 'yes'] })
    await own.call('SET', 'soon', 'gone', 'PX', 150)
    await rewrite(own)
    await own.call('SET', 'other', 1)
    const data = taken(own)
    while (Number(await own.call('EXISTS', 'soon')) === 1);
    const { sample } = await assertComesTrue({ files: [data] })
    rmSync(data, { recursive: true })
    expect(sample).toMatchObject([{ key: 'soon', way: 'as-it-is', ttlMs: 0 }])
    expect(await target.call('EXISTS', 'soon')).toBe(0)
  })

  test('of several inputs, one of them cut off', async () => {
    const { commands: told, ...planned } = await assertComesTrue({
      files: [join(small, 'cut.aof'), join(folder, 'shard.rdb')],
    })
    expect(planned).toMatchObject({ keys: 2, toWrite: { keys: 2 } })
    expect(told).toMatchObject({ total: 1, cutOff: [{ inTransaction: true }] })
  })

  test.runIf(otherServers().length > 0).each(otherServers())('into $name $version', async ({ binary }) => {
    await using other = await startRedis({ binary })
    const rules = { cannotHold: 'skip', fieldExpiry: 'drop', onConflict: 'replace' } as const
    const planned = await plan(rules, other)
    if (planned.stops.length === 0) return void (await assertComesTrue(rules, other))
    expect(planned.stops.map(({ code }) => code)).toEqual(['aof.not-understood'])
    const refused = await restore(rules, other).then(() => null, toFailure)
    expect(refused).toMatchObject({ code: 'aof.not-understood' })
    expect(planned.stops).toContainEqual({ ...refused, cause: undefined })
  })
})

describe('what would end a restore before its first write is told with all the rest', () => {
  const fill: Record<string, () => Promise<unknown>> = {
    'a database that is not empty': () => target.call('SET', 'theirs', 1),
    'libraries that are there': () =>
      target.call(
        'FUNCTION',
        'LOAD',
        "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
      ),
  }
  test.each<[string, Rules, string]>([
    ['a database that is not empty', { files: ['plain.aof'] }, 'target.not-empty'],
    ['a database that is not empty', { files: ['flushing.aof'] }, 'aof.would-flush'],
    ['libraries that are there', { files: ['functions.aof'] }, 'target.not-empty'],
    ['', { files: ['unknown.aof'] }, 'aof.not-understood'],
    ['', { files: ['plain.aof'], onConflict: 'skip' }, 'aof.skip-impossible'],
    ['', { files: ['script.aof'], include: ['a'] }, 'aof.cannot-select'],
    ['', { files: ['swap.aof'], addPrefix: 'x' }, 'aof.cannot-select'],
    ['', { files: ['far.aof'] }, 'target.db-out-of-range'],
    ['', { files: ['plain.aof', 'same.aof'] }, 'file.collisions'],
    ['', { files: ['plain.aof', 'flushing.aof'] }, 'usage.would-empty'],
  ])('%s, %j: %s', async (there, rules, code) => {
    await fill[there]?.()
    const asked = { ...rules, files: rules.files!.map((name) => join(small, name)) }
    const planned = await plan(asked)
    const refused = await restore(asked).then(() => null, toFailure)
    expect(planned.stops[0]).toMatchObject({ code, params: refused?.params })
    expect(refused?.code).toBe(code)
    expect(planned.commands!.total).toBeGreaterThan(0)
  })

  test('a replica', async () => {
    await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1 1'] })
    expect((await plan({}, replica)).stops).toMatchObject([{ code: 'target.read-only' }])
  })

  test('several things are all told', async () => {
    await target.call('SET', 'theirs', 1)
    const { stops } = await plan({ files: [join(small, 'unknown.aof'), join(small, 'plain.aof')] })
    expect(stops.map(({ code }) => code)).toEqual([
      'aof.not-understood',
      'target.not-empty',
      'file.collisions',
    ])
  })
})

test('a restore that was interrupted is gone on with: what the target has of it is not in the way', async () => {
  const rules: Rules = { files: [join(small, 'long.aof')], limits: { bytesPerSecond: 200_000 } }
  const stop = new AbortController()
  const ended = await runRestore(
    specOf(target, rules),
    ({ phase, bytesDone, bytesTotal }: RestoreProgress) => {
      if (phase === 'replaying' && bytesDone > 0 && bytesDone < bytesTotal) stop.abort()
    },
    stop.signal,
  ).then(() => null, toFailure)
  expect(ended).toMatchObject({ code: 'job.cancelled' })
  expect(await plan(rules)).toMatchObject({
    stops: [],
    conflicts: { keys: 0 },
    commands: { total: 60_000, isBegun: true },
    time: { boundBy: 'bytes' },
  })
  expect((await plan({ ...rules, resume: 'afresh' })).stops).toMatchObject([{ code: 'target.not-empty' }])
})
