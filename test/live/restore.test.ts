import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  restoreSpecSchema,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreResult,
} from '#contract/restore.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { describeServer, fillWithEveryType } from '../support/every-type.ts'
import { failureOf } from '../support/failure-of.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const runner = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
const password = 'let me in'
let folder: string
let file: string
let source: RedisServer
let target: RedisServer
let wanted: readonly string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-restore-'))
  file = join(folder, 'every-type.rdb')
  source = await startRedis()
  target = await startRedis({ password })
  await fillWithEveryType(source)
  await source.call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
  wanted = await describeServer(source)
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

interface Extra extends Partial<RestoreRequest> {
  readonly to?: RedisServer
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RestoreProgress) => void
}

function restore({ to = target, signal, onProgress, ...spec }: Extra = {}): Promise<RestoreResult> {
  const connection = { host: '127.0.0.1', port: to.port, ...(to === target ? { password } : {}) }
  return runner.run('restore', restoreSpecSchema.parse({ files: [file], target: connection, ...spec }), {
    signal,
    onProgress,
  })
}

describe('every type and encoding of a 7.0 server', () => {
  test.each([1, 16, 64])('arrives whole over %i connections', async (connections) => {
    const result = await restore({ connections })
    expect(await describeServer(target)).toEqual(wanted)
    expect(result).toMatchObject({ keysSkipped: 0, keysFailed: 0, keysExpired: 0, functions: 2 })
    expect(result.keysWritten).toBe(result.keys)
  })

  test('replaces whatever a dirty target holds under the same names', async () => {
    await target.call('SET', 'hash:large', 'not a hash')
    await target.call('SET', 'string:empty', 'not empty', 'EX', 1000)
    await target.call('HSET', 'string:1MB', 'not', 'a string')
    await target.call(
      'FUNCTION',
      'LOAD',
      "#!lua name=lib\nredis.register_function('old', function() return 0 end)",
    )
    const result = await restore({ onConflict: 'replace' })
    expect(await describeServer(target)).toEqual(wanted)
    expect(result.keysWritten).toBe(result.keys)
  })

  test('under fail, a key that is there already stops it before the first write', async () => {
    await target.call('SET', 'hash:large', 'mine')
    await target.call('SET', 'no part of the file', 'mine')
    const before = await describeServer(target)
    const failure = await failureOf(restore())
    expect(failure).toMatchObject({ code: 'target.not-empty', params: { keys: 1, examples: 'hash:large' } })
    expect(await describeServer(target)).toEqual(before)
  })

  test('under fail, other keys on the target are no hindrance', async () => {
    await target.call('SET', 'no part of the file', 'mine')
    await restore()
    await target.call('DEL', 'no part of the file')
    expect(await describeServer(target)).toEqual(wanted)
  })

  test('under skip, what is there stays as it was, and is counted', async () => {
    await target.call('SET', 'hash:large', 'mine', 'EX', 1000)
    await target.call('SELECT', 3)
    await target.call('SET', 'string', 'mine too')
    await target.call('SELECT', 0)
    const result = await restore({ onConflict: 'skip' })
    expect(result.keysSkipped).toBe(2)
    expect(result.examples).toEqual(
      expect.arrayContaining([
        { db: 0, key: 'hash:large', reason: 'target.not-empty' },
        { db: 3, key: 'string', reason: 'target.not-empty' },
      ]),
    )
    expect(await target.call('GET', 'hash:large')).toBe('mine')
    await target.call('DEL', 'hash:large')
    await target.call('SELECT', 3)
    expect(await target.call('GET', 'string')).toBe('mine too')
    await target.call('DEL', 'string')
    await target.call('SELECT', 0)
    const rest = wanted.filter(
      (line) =>
        !line.startsWith('db 0 hash:large ') &&
        !line.startsWith('db 3 string ') &&
        !line.startsWith('digest'),
    )
    expect((await describeServer(target)).filter((line) => !line.startsWith('digest'))).toEqual(rest)
  })

  test('goes into the databases asked for', async () => {
    await restore({ dbMap: { '3': 7, '15': 8 } })
    const moved = wanted.map((line) => line.replace(/^db 3 /, 'db 7 ').replace(/^db 15 /, 'db 8 '))
    expect((await describeServer(target)).slice(0, -2)).toEqual(moved.slice(0, -2).sort())
  })

  test('takes only the keys that the globs name', async () => {
    const result = await restore({ include: ['hash:*', 'list:*'], exclude: ['*large*'] })
    const chosen = wanted.filter((line) => /^db 0 (hash|list):(?!large)/.test(line))
    expect((await describeServer(target)).slice(0, -2)).toEqual(chosen)
    expect(result.keysFiltered).toBe(result.keys - chosen.length)
  })
})

describe('values larger than the window', () => {
  test('go as commands, in pieces, and leave no trace of it', async () => {
    await using large = await startRedis()
    const noise = randomBytes(12 * 1024 * 1024)
    await large.call('SET', 'string', noise)
    await large.call(
      'SET',
      'string packed',
      Buffer.concat([noise.subarray(0, 9_000_000), Buffer.alloc(40_000_000, 'abc')]),
      'PXAT',
      Date.now() + 3_600_000,
    )
    for (let at = 0; at < 1_200; at += 1) {
      const piece = noise.subarray(at * 9_000, at * 9_000 + 9_000)
      await large.call('RPUSH', 'list', piece)
      await large.call('HSET', 'hash', `field ${at}`, piece)
      await large.call('SADD', 'set', piece)
      await large.call('ZADD', 'zset', at / 3, piece)
      await large.call('XADD', 'stream', `${at + 1}-0`, 'field', piece)
    }
    await large.call('XGROUP', 'CREATE', 'stream', 'group', '0')
    await large.call('XREADGROUP', 'GROUP', 'group', 'reader', 'COUNT', 30, 'STREAMS', 'stream', '>')
    await large.call('SELECT', 2)
    await large.call('SET', 'after them', 'all')
    await large.call('SELECT', 0)
    await large.call('SAVE')
    const before = await describeServer(large)

    const result = await restore({ files: [join(large.dir, 'dump.rdb')] })
    expect(result.keysWritten).toBe(8)
    expect(withoutTimes(await describeServer(target))).toEqual(withoutTimes(before))
    // Bounded memory: far below the 100 MB of values. (The test runner itself is in this figure.)
    expect(result.peakRssBytes).toBeLessThan(600_000_000)
  })
})

describe('a target that goes away', () => {
  test.each([
    ['with an append-only file', ['--appendonly', 'yes']],
    ['without any persistence', []],
  ])('in the middle, and comes back %s: the restore goes on, and everything is there', async (_, args) => {
    await using big = await startRedis()
    await fillWithEveryType(big)
    await big.call('DEBUG', 'POPULATE', 400_000, 'filler', 200)
    await big.call('SAVE')
    await using away = await startRedis({ args })
    let fallen: Promise<void> | undefined
    const fall = async (): Promise<void> => {
      await away.kill9()
      await sleep(1_500)
      await away.restart()
    }
    const waited: string[] = []
    const result = await restore({
      to: away,
      files: [join(big.dir, 'dump.rdb')],
      onProgress: ({ phase, keysWritten, waitingFor }) => {
        if (phase === 'writing' && keysWritten > 20_000) fallen ??= fall()
        if (waitingFor !== null) waited.push(waitingFor.code)
      },
    })
    expect(fallen, 'the restore was over before the target fell').toBeDefined()
    await fallen
    expect(result.reconnects).toBeGreaterThan(0)
    expect(result.keysWritten).toBe(result.keys)
    expect(waited).toContain('connect.refused')
    expect(await away.call('DEBUG', 'DIGEST')).toBe(await big.call('DEBUG', 'DIGEST'))
  })
})

describe('what stops it', () => {
  test('a flipped bit anywhere: refused before the first write', async () => {
    const bytes = readFileSync(file)
    for (const at of [12, 300, 5_000, Math.floor(bytes.length / 2), bytes.length - 4]) {
      const broken = Buffer.from(bytes)
      broken[at]! ^= 0x10
      const path = join(folder, 'broken.rdb')
      writeFileSync(path, broken)
      const failure = await failureOf(restore({ files: [path] }))
      expect(failure.code).toMatch(
        /^file\.(crc-mismatch|corrupt|truncated|unknown-type|version-unsupported)$/,
      )
      expect(await target.call('DBSIZE')).toBe(0)
    }
  })

  test('a file cut off anywhere: refused before the first write, with the place', async () => {
    const bytes = readFileSync(file)
    for (const length of [3, 9, 200, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const path = join(folder, 'short.rdb')
      writeFileSync(path, bytes.subarray(0, length))
      const failure = await failureOf(restore({ files: [path] }))
      expect(failure).toMatchObject({ code: 'file.truncated', params: { offset: length } })
      expect(await target.call('DBSIZE')).toBe(0)
    }
  })

  test('a database that the target does not have', async () => {
    await using small = await startRedis({ args: ['--databases', '4'] })
    expect(await failureOf(restore({ to: small }))).toMatchObject({
      code: 'target.db-out-of-range',
      params: { db: 15 },
    })
    expect(await small.call('DBSIZE')).toBe(0)
  })

  test('a replica is not written to', async () => {
    await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(source.port)] })
    expect(await failureOf(restore({ to: replica }))).toMatchObject({ code: 'target.read-only' })
  })

  test('cancelling tells how much is written, and that much is there', async () => {
    await using big = await startRedis()
    await big.call('DEBUG', 'POPULATE', 500_000, 'key', 300)
    await big.call('SAVE')
    const controller = new AbortController()
    const failure = await failureOf(
      restore({
        files: [join(big.dir, 'dump.rdb')],
        signal: controller.signal,
        onProgress: ({ keysWritten }) => {
          if (keysWritten > 0) controller.abort()
        },
      }),
    )
    expect(failure.code).toBe('job.cancelled')
    const written = await target.call('DBSIZE')
    expect(written).toBeLessThan(500_000)
    expect(failure.params['written']).toBe(written)
  })

  test('a value of a module the target lacks is not sent but named, and all others are written', async () => {
    await using module = await startRedis()
    await module.call('SET', 'good', 'value')
    await module.call('SAVE')
    // An RDB 10 file whose second key is of a module that no server here has.
    const whole = readFileSync(join(module.dir, 'dump.rdb'))
    const head = whole.subarray(0, whole.length - 9)
    const foreign = Buffer.from([
      7, 3, 0x62, 0x61, 0x64, 0x81, 0x18, 0x51, 0x6d, 0x7d, 0x08, 0x08, 0x1c, 0x01, 0,
    ])
    const path = join(folder, 'module.rdb')
    writeFileSync(path, Buffer.concat([head, foreign, Buffer.from([0xff]), Buffer.alloc(8)]))
    const result = await restore({ files: [path], cannotHold: 'skip' })
    expect(result).toMatchObject({
      keysWritten: 1,
      keysFailed: 1,
      cannotHold: [{ what: 'module', count: 1, examples: ['bad'] }],
      examples: [{ db: 0, key: 'bad', reason: 'target.cannot-hold' }],
    })
    expect(await target.call('GET', 'good')).toBe('value')
  })
})

/** Commands cannot carry over when a consumer was last seen. */
function withoutTimes(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/"(seen-time|active-time)",\d+/g, '"$1",0'))
}
