import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { toFailure, type Failure } from '#contract/failure.ts'
import {
  restoreSpecSchema,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreResult,
} from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { encodeCommand } from '#engine/resp/encode.ts'
import { commands, rewrite, startWriting, taken } from '../support/aof.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, connectionTo } from '../support/sync-ends.ts'

const expireAt = Date.now() + 5_000_000

let folder: string
/** It was told all that the inputs hold. */
let source: RedisServer
let target: RedisServer
let rdb: string
/** Only commands; an RDB and commands; only commands. */
let aofs: string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-several-aof-'))
  source = await startRedis()
  target = await startRedis()
  await fillWithEveryType(source)
  await source.call('SAVE')
  rdb = join(source.dir, 'dump.rdb')
  // Else what was answered may be written later, where the disk is busy.
  const args = ['--aof-use-rdb-preamble', 'yes']
  await using writing = await startWriting({ args })
  await work(writing, 'with base')
  await rewrite(writing)
  await work(writing, 'with base')
  aofs = [plainAof('first'), taken(writing), plainAof('last')]
  for (const shard of ['first', 'with base', 'last'])
    for (let turn = 0; turn < 2; turn += 1) await work(source, shard)
})
afterAll(async () => {
  await source.stop()
  await target.stop()
  rmSync(folder, { recursive: true })
  rmSync(aofs[1]!, { recursive: true })
})
beforeEach(async () => {
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

const workOf = (shard: string): readonly (readonly string[])[] => [
  ['INCRBY', `${shard} counter`, '3'],
  ['APPEND', `${shard} log`, 'x,'],
  ['LPUSH', `${shard} queue`, 'a', 'b'],
  ['ZINCRBY', `${shard} scores`, '1.5', 'member'],
  ['PEXPIREAT', `${shard} log`, String(expireAt)],
  ['SELECT', '3'],
  ['HINCRBY', `${shard} hash`, 'field', '2'],
  ['SELECT', '0'],
]

async function work(server: RedisServer, shard: string): Promise<void> {
  for (const command of workOf(shard)) await server.call(...(command as [string, ...string[]]))
}

function fileOf(name: string, content: Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function plainAof(shard: string): string {
  const twice = [...workOf(shard), ...workOf(shard)]
  return fileOf(`${shard}.aof`, Buffer.concat(twice.map((command) => encodeCommand(command))))
}

function restore(
  files: readonly string[],
  request: Partial<RestoreRequest> = {},
  heard: (progress: RestoreProgress) => void = () => undefined,
  signal = new AbortController().signal,
): Promise<RestoreResult> {
  const spec = restoreSpecSchema.parse({ files, target: connectionTo(target), connections: 4, ...request })
  return runRestore(spec, heard, signal)
}

const failureOf = async (run: Promise<unknown>): Promise<Failure> =>
  run.then(
    () => expect.fail('it did not fail'),
    (thrown: unknown) => toFailure(thrown),
  )

async function expectAllThere(): Promise<void> {
  expect(await compareAll(source, target)).toMatchObject({
    differences: [],
    equal: true,
    functions: 'equal',
  })
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
}

describe('three append-only files and an RDB into one server', () => {
  test.each(['fail', 'replace'] as const)(
    'under %s: equal value by value, told by input',
    async (onConflict) => {
      const heard: RestoreProgress[] = []
      const files = [aofs[0]!, rdb, aofs[1]!, aofs[2]!]
      const result = await restore(files, { onConflict }, (progress) => heard.push(progress))

      expect(result.commands).toMatchObject({ total: 30, applied: 30, failed: 0, leftOut: 0, cutOff: [] })
      await expectAllThere()
      expect(result.inputs.map(({ file, kind }) => [file, kind])).toEqual([
        [aofs[0], 'aof'],
        [rdb, 'rdb'],
        [aofs[1], 'aof'],
        [aofs[2], 'aof'],
      ])
      expect(result.inputs.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(result.bytes)
      expect(result.inputs.reduce((sum, { keys }) => sum + keys, 0)).toBe(result.keys)
      expect(result).toMatchObject({ keysWritten: result.keys, keysFailed: 0, resumedFrom: null })
      expect(heard.at(-1)).toMatchObject({ bytesDone: result.bytes, bytesTotal: result.bytes })
    },
  )

  test('a broken one anywhere: nothing is written', async () => {
    const broken = fileOf('broken.aof', Buffer.concat([commands('INCR other'), Buffer.from('*2\r\n$-7\r\n')]))
    const failure = await failureOf(restore([rdb, aofs[0]!, broken]))
    expect(failure).toMatchObject({ code: 'file.corrupt', params: { file: broken } })
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test('what is cut off at the end of each is told of each', async () => {
    const files = ['one', 'two'].map((name) =>
      fileOf(
        `${name}.aof`,
        Buffer.concat([commands(`INCR ${name}`), commands(`INCR ${name}`).subarray(0, 9)]),
      ),
    )
    const { commands: told } = await restore(files)
    expect(told!.cutOff.map(({ file, bytes }) => [file, bytes])).toEqual(files.map((file) => [file, 9]))
    expect([await target.call('GET', 'one'), await target.call('GET', 'two')]).toEqual(['1', '1'])
  })

  test('left with Ctrl-C in the middle, it goes on there', async () => {
    const many = fileOf(
      'many.aof',
      Buffer.concat(Array.from({ length: 30_000 }, () => commands('INCR many'))),
    )
    const ending = new AbortController()
    const files = [aofs[0]!, many, aofs[2]!]
    const begun = restore(
      files,
      { limits: { bytesPerSecond: 400_000 } },
      ({ phase, bytesDone }) => {
        if (phase === 'replaying' && bytesDone > 100_000) ending.abort()
      },
      ending.signal,
    )
    expect(await failureOf(begun)).toMatchObject({ code: 'job.cancelled' })
    const result = await restore(files)
    expect(result.resumedFrom).toBeGreaterThan(50_000)
    expect(await target.call('GET', 'many')).toBe('30000')
    expect(await target.call('GET', 'first counter')).toBe('6')
    expect(await target.call('GET', 'last log')).toBe('x,x,')
    expect(await target.call('PEXPIRETIME', 'first log')).toBe(expireAt)
    expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
  })
})

describe('a key in two inputs', () => {
  test('is found before the first write under fail', async () => {
    const other = fileOf('other.aof', commands('INCR mine', 'RENAME mine counter'))
    const another = fileOf('another.aof', commands('SET counter 5', 'SELECT 2', 'SET mine 1'))
    const failure = await failureOf(restore([other, aofs[0]!, another]))
    expect(failure).toMatchObject({ code: 'file.collisions', params: { keys: 1 } })
    expect(failure.params['examples']).toBe(`counter (${other}, ${another})`)
    expect(await target.call('DBSIZE')).toBe(0)

    await restore([other, aofs[0]!, another], { onConflict: 'replace' })
    expect(await target.call('GET', 'counter')).toBe('5')
  })

  test('is found among very many, each of them often in its own input', async () => {
    const many = (shard: string): Buffer =>
      Buffer.concat(Array.from({ length: 2 * 70_000 }, (_, at) => commands(`INCR ${shard}:${at % 70_000}`)))
    const one = fileOf('one.aof', Buffer.concat([commands('SET both 1'), many('one')]))
    const two = fileOf('two.aof', Buffer.concat([many('two'), commands('SET both 2')]))
    expect(await failureOf(restore([one, two]))).toMatchObject({
      code: 'file.collisions',
      params: { keys: 1, examples: `both (${one}, ${two})` },
    })
  })

  test('so is one of an RDB that a command names', async () => {
    await using first = await startRedis()
    await first.call('SET', 'counter', 40)
    await first.call('SAVE')
    const other = fileOf('other.aof', commands('INCRBY counter 2'))
    const files = [other, join(first.dir, 'dump.rdb')]
    expect(await failureOf(restore(files))).toMatchObject({ code: 'file.collisions', params: { keys: 1 } })
    expect(await target.call('DBSIZE')).toBe(0)

    // RDB files come first.
    await restore(files, { onConflict: 'replace' })
    expect(await target.call('GET', 'counter')).toBe('42')
  })

  test('is none where the rules give them different names, and one where they give the same', async () => {
    const other = fileOf('other.aof', commands('SET same 1', 'SELECT 1', 'SET mine 1'))
    const another = fileOf('another.aof', commands('SET mine 2', 'SELECT 1', 'SET mine2 1'))
    await restore([other, another])
    expect(await target.call('GET', 'mine')).toBe('2')
    await target.call('FLUSHALL')
    expect(await failureOf(restore([other, another], { targetDb: 0 }))).toMatchObject({
      code: 'file.collisions',
      params: { keys: 1, examples: `mine (${other}, ${another})` },
    })
  })
})

test('one that removes everything must not take what came before it, but with leave', async () => {
  const flushing = fileOf('flushing.aof', commands('SET gone 1', 'FLUSHALL', 'INCR kept'))
  expect(await failureOf(restore([aofs[0]!, flushing]))).toMatchObject({
    code: 'usage.would-empty',
    params: { file: flushing, command: 'FLUSHALL' },
  })
  expect(await target.call('DBSIZE')).toBe(0)

  await restore([flushing, aofs[0]!])
  expect(await target.call('DBSIZE')).toBe(5)
  await restore([aofs[0]!, flushing], { onConflict: 'replace' })
  expect(await target.call('KEYS', '*')).toEqual(['kept'])
})
