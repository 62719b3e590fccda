import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'

const password = 'a secret: 100%@/#'
let folder: string
let file: string
let source: RedisServer
let target: RedisServer
let address: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-cli-'))
  file = join(folder, 'dump.rdb')
  source = await startRedis()
  target = await startRedis({ password })
  address = `127.0.0.1:${target.port}`
  await source.call('SET', 'plain', 'value')
  await source.call('SET', 'number', '12345')
  await source.call('SET', Buffer.from([0xff, 0, 0x0a]), Buffer.from([0, 1, 2, 255]))
  await source.call('SET', 'expiring', 'x', 'PX', 600_000)
  await source.call('RPUSH', 'list', ...Array.from({ length: 2_000 }, (_, at) => `element ${at}`))
  await source.call('HSET', 'hash', 'a', 1, 'b', 2)
  await source.call('XADD', 'stream', '5-1', 'field', 'value')
  await source.call('XGROUP', 'CREATE', 'stream', 'group', '0')
  await source.call('XREADGROUP', 'GROUP', 'group', 'consumer', 'STREAMS', 'stream', '>')
  await source.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
  )
  await source.call('SELECT', 3)
  await source.call('SADD', 'set', 1, 2, 3)
  await source.call('SET', 'plain', 'in database 3')
  await source.call('SELECT', 0)
  await source.call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
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

const digest = (server: RedisServer): Promise<unknown> => server.call('DEBUG', 'DIGEST')

describe('keyferry restore', () => {
  test.each([['1'], ['16']])('moves everything over %s connections, and says so', async (connections) => {
    const run = await runCli(['restore', '-n', connections, '-i', file, '-t', address, '-A', password])
    expect(run).toMatchObject({ code: 0 })
    expect(run.stdout).toContain(`into ${address}`)
    expect(run.stdout).toMatch(/written\s+9 keys/)
    expect(run.stdout).toMatch(/functions\s+1 library/)
    expect(run.stdout + run.stderr).not.toContain(password)
    expect(await digest(target)).toBe(await digest(source))
    expect(await target.call('PEXPIRETIME', 'expiring')).toBe(await source.call('PEXPIRETIME', 'expiring'))
    expect(await target.callBuffer('FUNCTION', 'DUMP')).toEqual(await source.callBuffer('FUNCTION', 'DUMP'))
    expect(JSON.stringify(await target.call('XINFO', 'STREAM', 'stream', 'FULL'))).toBe(
      JSON.stringify(await source.call('XINFO', 'STREAM', 'stream', 'FULL')),
    )
  })

  test('with --json says one event a line, numbers as numbers, and nothing else', async () => {
    const run = await runCli(['restore', '-i', file, '-t', address, '-A', password, '--json'])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const last = run.events.at(-1)
    expect(last).toMatchObject({ event: 'done', exitCode: 0, keysWritten: 9, keysFailed: 0, functions: 1 })
    for (const event of run.events.slice(0, -1)) {
      expect(event).toMatchObject({ event: 'progress', bytesTotal: readFileSync(file).length })
      expect(typeof event['keysDone']).toBe('number')
    }
    expect(run.stdout).not.toContain('secret')
  })

  test.each([
    ['a URL', (port: number) => ['-t', `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`], {}],
    [
      'the environment',
      (port: number) => ['-t', `127.0.0.1:${port}`],
      { KEYFERRY_TARGET_PASSWORD: password },
    ],
  ])('takes the password from %s', async (_, flags, env) => {
    const run = await runCli(['restore', '-i', file, ...flags(target.port)], { env })
    expect(run.code).toBe(0)
    expect(run.stdout + run.stderr).not.toContain('secret')
    expect(await digest(target)).toBe(await digest(source))
  })

  test('takes the password from stdin with -A -', async () => {
    const run = await runCli(['restore', '-i', file, '-t', address, '-A', '-'], { input: `${password}\n` })
    expect(run.code).toBe(0)
    expect(await digest(target)).toBe(await digest(source))
  })

  test('hides the password from the list of processes', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const running = startCli(['restore', '-i', file, '-t', `127.0.0.1:${port}`, '-A', password])
    await once(silent, 'connection')
    expect(readFileSync(`/proc/${running.pid}/cmdline`, 'latin1')).toMatch(/^keyferry\0*$/)
    running.signal('SIGINT')
    expect((await running.ended).code).toBe(1)
    silent.close()
  })

  test('refuses to touch a target that has one of the keys, and names it', async () => {
    await target.call('SET', 'plain', 'already there')
    const run = await runCli(['restore', '-i', file, '-t', address, '-A', password])
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('target.not-empty')
    expect(run.stderr).toContain('plain')
    expect(run.stderr).toContain('Nothing has been written to the target.')
    expect(await target.call('DBSIZE')).toBe(1)
  })

  test('skips what is there, leaves it as it was, and ends with 3', async () => {
    await target.call('SET', 'plain', 'already there')
    const run = await runCli(['restore', '-i', file, '-t', address, '-A', password, '--on-conflict', 'skip'])
    expect(run.code).toBe(3)
    expect(run.stdout).toMatch(/skipped\s+1 key /)
    expect(await target.call('GET', 'plain')).toBe('already there')
    expect(await target.call('DBSIZE')).toBe(await source.call('DBSIZE'))
  })

  test('replaces what is there', async () => {
    await target.call('SET', 'plain', 'already there')
    await target.call('LPUSH', 'hash', 'of another type')
    const run = await runCli([
      'restore',
      '-i',
      file,
      '-t',
      address,
      '-A',
      password,
      '--on-conflict',
      'replace',
    ])
    expect(run.code).toBe(0)
    expect(await digest(target)).toBe(await digest(source))
  })

  test('sends one database to another', async () => {
    const run = await runCli(['restore', '-i', file, '-t', address, '-A', password, '--db-map', '3:5'])
    expect(run.code).toBe(0)
    expect(await target.call('INFO', 'keyspace')).toMatch(/db0:keys=7,.*\s+db5:keys=2,/)
  })

  test('takes only the keys asked for', async () => {
    const flags = ['--include', '*s*', '--exclude', 'str*', '--target-db', '2']
    const run = await runCli(['restore', '-i', file, '-t', address, '-A', password, ...flags])
    expect(run.code).toBe(0)
    await target.call('SELECT', 2)
    const keys = (await target.call('KEYS', '*')) as string[]
    await target.call('SELECT', 0)
    expect(keys.sort()).toEqual(['hash', 'list', 'set'])
    expect(run.stdout).toMatch(/left out\s+6 keys/)
  })
})
