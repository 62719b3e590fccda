import { statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

let source: RedisServer
let file: string

beforeAll(async () => {
  source = await startRedis()
  file = join(source.dir, 'dump.rdb')
  await source.call('SET', Buffer.from([0x1b, 0x5b, 0x33, 0x31, 0x6d]), 'a key that would colour a terminal')
  await source.call('SET', 'largest', 'x'.repeat(500) + Math.random())
  await source.call('SET', 'expiring', 1, 'EX', 600)
  await source.call('HSET', 'hash', 'field', 'value')
  await source.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
  )
  await source.call('SELECT', 7)
  await source.call('SADD', 'numbers', 1, 2, 3)
  await source.call('SAVE')
})

afterAll(() => source.stop())

describe('keyferry inspect', () => {
  test('tells a person what is in a file', async () => {
    const { code, stdout } = await runCli(['inspect', file])
    expect(code).toBe(0)
    expect(stdout).toContain('Redis RDB version 10')
    expect(stdout).toContain('checksum right')
    expect(stdout).toContain('5 keys, 1 of them with an expiry; 1 function library')
    expect(stdout).toMatch(/db +keys +with expiry\n +0 +4 +1\n +7 +1 +0\n/)
    expect(stdout).toMatch(/hash +HASH_LISTPACK \(16\) +1 /)
    expect(stdout).toMatch(/set +SET_INTSET \(11\) +1 /)
    expect(stdout).toMatch(/redis-ver +7\.0\.15/)
  })

  test('sums keys up by what they begin with, as deep as is asked', async () => {
    await source.call('SELECT', 0)
    await source.call('MSET', 'user:1:a', 1, 'user:1:b', 2, 'user:2:a', 3)
    await source.call('SAVE')
    expect((await runCli(['inspect', file])).stdout).toMatch(/\n +user:\* +3 +\S+ \S*B +\S+ \S*B\n/)
    const deeper = await runCli(['inspect', file, '--depth', '2'])
    expect(deeper.stdout).toMatch(/\n +user:1:\* +2 /)
    expect(deeper.stdout).toMatch(/On a server about \S+ \S*B of memory/)
    await source.call('DEL', 'user:1:a', 'user:1:b', 'user:2:a')
    await source.call('SAVE')
  })

  test('does not let a key steer the terminal', async () => {
    const { stdout } = await runCli(['inspect', file])
    expect(stdout).toContain('\\x1b[31m')
    // eslint-disable-next-line no-control-regex -- the one it must not hold
    expect(stdout).not.toMatch(/\u001b/)
  })

  test('tells a program the same with --json', async () => {
    const { code, events } = await runCli(['inspect', file, '--json'])
    expect(code).toBe(0)
    expect(events.at(-1)).toMatchObject({
      event: 'done',
      exitCode: 0,
      flavour: 'redis',
      rdbVersion: 10,
      checksum: 'ok',
      keys: 5,
      expiring: 1,
      functions: 1,
      dbs: [
        { db: 0, keys: 4, expiring: 1 },
        { db: 7, keys: 1, expiring: 0 },
      ],
    })
  })

  test('says where a file breaks off', async () => {
    truncateSync(file, statSync(file).size - 20)
    const { code, stderr, stdout } = await runCli(['inspect', file])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/cut off at byte \d+/)
    expect(stderr).toContain('(file.truncated)')
  })
})

describe.each(otherServers())('a file of $name $version', ({ binary }) => {
  test('is read to its end', async () => {
    await using other = await startRedis({ binary })
    await other.call('SET', 'string', 1)
    await other.call('RPUSH', 'list', 1, 2, 'three')
    await other.call('ZADD', 'sorted set', 1.5, 'member')
    await other.call('HSET', 'hash', 'field', 'value')
    await other.call('SAVE')
    const { code, events } = await runCli(['inspect', join(other.dir, 'dump.rdb'), '--json'])
    expect(code).toBe(0)
    expect(events.at(-1)).toMatchObject({ keys: 4, trailingBytes: 0 })
  })
})
