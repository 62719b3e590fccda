import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
import { startFileServer } from '../support/file-server.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'
import { compareAll, connectionTo } from '../support/sync-ends.ts'

const library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"
const perFile = 3_000

let folder: string
let source: RedisServer
let target: RedisServer
/** Three shards; the third of another RDB version and with a value larger than the window. */
let files: string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-several-'))
  source = await startRedis()
  target = await startRedis()
  files = []
  for (const shard of ['a', 'b', 'c']) {
    await source.call('FLUSHALL')
    for (let at = 0; at < perFile; at += 1) await source.call('SET', `${shard}:${at}`, `${shard} ${at}`)
    await source.call('SELECT', shard === 'b' ? 3 : 0)
    await source.call('RPUSH', `${shard}:list`, 1, 2, 3)
    await source.call('SET', `${shard}:expiring`, 1, 'EX', 10_000)
    await source.call('SELECT', 0)
    if (shard === 'c') await source.call('EVAL', largeList, 0)
    await source.call('FUNCTION', 'LOAD', 'REPLACE', library)
    await source.call('SAVE')
    files.push(join(folder, `${shard}.rdb`))
    copyFileSync(join(source.dir, 'dump.rdb'), files.at(-1)!)
  }
  // The source has all of it, for the comparison.
  await restore({ files, target: connectionTo(source), onConflict: 'replace' })
})
afterAll(async () => {
  await source.stop()
  await target.stop()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

const largeList = `for i = 1, 900 do redis.call('RPUSH', 'c:large', string.rep(tostring(i), 5000)) end`

function restore(
  request: Partial<RestoreRequest>,
  heard: (progress: RestoreProgress) => void = () => undefined,
  signal = new AbortController().signal,
): Promise<RestoreResult> {
  const spec = restoreSpecSchema.parse({ files, target: connectionTo(target), ...request })
  return runRestore(spec, heard, signal)
}

const failureOf = async (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('it did not fail'),
    (thrown: unknown) => toFailure(thrown),
  )

async function expectAllThere(): Promise<void> {
  expect(await compareAll(source, target)).toMatchObject({ equal: true, functions: 'equal' })
}

describe('three shards into one server', () => {
  test.each(['fail', 'skip', 'replace'] as const)(
    'under %s: everything is there, told by file',
    async (onConflict) => {
      const heard: RestoreProgress[] = []
      const result = await restore({ onConflict }, (progress) => heard.push(progress))

      expect(result).toMatchObject({
        keys: 3 * (perFile + 2) + 1,
        keysWritten: 3 * (perFile + 2) + 1,
        keysFailed: 0,
      })
      expect(result.inputs).toEqual(
        files.map((file, index) => ({
          file,
          kind: 'rdb',
          bytes: readFileSync(file).length,
          keys: perFile + (index === 2 ? 3 : 2),
          keptAt: null,
        })),
      )
      expect(heard.at(-1)).toMatchObject({
        bytesDone: result.bytes,
        bytesTotal: result.bytes,
        keysDone: result.keys,
      })
      await expectAllThere()
    },
  )

  test('a damaged one anywhere: told with its own place, and nothing is written', async () => {
    const broken = readFileSync(files[1]!).subarray(0, 20_000)
    const path = join(folder, 'broken.rdb')
    writeFileSync(path, broken)
    expect(await failureOf(restore({ files: [files[0]!, path, files[2]!] }))).toMatchObject({
      code: 'file.truncated',
      params: { file: path, offset: 20_000 },
    })
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test('a key in two of them: found before the first write under fail, the first or last wins otherwise', async () => {
    await using other = await startRedis()
    await other.call('SET', 'a:7', 'another seven')
    await other.call('SET', 'd:1', 'new')
    await other.call('SAVE')
    const overlapping = join(other.dir, 'dump.rdb')
    const failure = await failureOf(restore({ files: [files[0]!, overlapping] }))
    expect(failure).toMatchObject({ code: 'file.collisions', params: { keys: 1 } })
    expect(failure.params['examples']).toContain('a:7')
    expect(await target.call('DBSIZE')).toBe(0)

    expect(await restore({ files: [files[0]!, overlapping], onConflict: 'skip' })).toMatchObject({
      keysSkipped: 1,
    })
    expect(await target.call('GET', 'a:7')).toBe('a 7')
    await restore({ files: [files[0]!, overlapping], onConflict: 'replace' })
    expect(await target.call('GET', 'a:7')).toBe('another seven')
  })

  test('one key of the last is there already: refused before the first write', async () => {
    await target.call('SET', 'c:5', 'mine')
    expect(await failureOf(restore({}))).toMatchObject({
      code: 'target.not-empty',
      params: { keys: 1, examples: 'c:5' },
    })
    expect(await target.call('DBSIZE')).toBe(1)
  })

  test('a target that loses everything in the middle of the last is written again from the first', async () => {
    let restarting: Promise<void> | null = null
    const result = await restore({ limits: { keysPerSecond: 4_000 } }, ({ phase, keysWritten }) => {
      if (phase === 'writing' && keysWritten > 2 * perFile + 500)
        restarting ??= target.kill9().then(() => target.restart())
    })
    expect(restarting).not.toBeNull()
    expect(result.reconnects).toBeGreaterThan(0)
    await expectAllThere()
  })

  test('interrupted in the second, it goes on there, and only there', async () => {
    const stateFolder = mkdtempSync(join(folder, 'state-'))
    const ending = new AbortController()
    const limits = { keysPerSecond: 4_000 }
    const begun = restore(
      { stateFolder, limits },
      ({ keysWritten }) => {
        if (keysWritten > perFile + 500) ending.abort()
      },
      ending.signal,
    )
    expect(await failureOf(begun)).toMatchObject({ code: 'job.cancelled' })
    const result = await restore({ stateFolder })
    expect(result.resumedFrom).toBeGreaterThan(readFileSync(files[0]!).length)
    await expectAllThere()
    expect(readdirSync(stateFolder)).toEqual([])
  })
})

test('files and a URL, with the command line', async () => {
  await using server = await startFileServer(readFileSync(files[1]!))
  const url = `${server.url}/b.rdb?sig=hunter2`
  const run = await runCli([
    'restore',
    '-t',
    `127.0.0.1:${target.port}`,
    '-i',
    files[0]!,
    '-i',
    url,
    '-i',
    files[2]!,
  ])
  expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('Fetched') })
  expect(run.stdout).toContain(`${files[0]}, ${server.url}/b.rdb, ${files[2]}`)
  expect(run.stdout + run.stderr).not.toContain('hunter2')
  await expectAllThere()
})

test('three shards into one cluster: each key on the owner of its slot', async () => {
  await using cluster = await startCluster()
  const result = await restore({ files, target: connectionTo(cluster.nodes[0]!), targetDb: 0 })
  expect(result).toMatchObject({ keysWritten: result.keys, keysFailed: 0 })
  const sizes = await Promise.all(cluster.nodes.map((node) => node.call('DBSIZE')))
  expect(sizes.reduce<number>((sum, size) => sum + Number(size), 0)).toBe(result.keys)
  expect(cluster.nodes[0]!.cli('-c', 'GET', 'b:17')).toBe('b 17')
})
