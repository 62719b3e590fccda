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

describe('keyferry restore of a part, under other names', () => {
  const run = (...flags: string[]): ReturnType<typeof runCli> =>
    runCli(['restore', '-i', file, '-t', address, '-A', password, ...flags])

  test('takes every rule as a flag, and says what was left out by which', async () => {
    const done = await run(
      ...['--db', '0,3', '--exclude-type', 'stream,list', '--slots', '0-16383', '--exclude', 'number'],
      ...['--target-db', '2', '--db-prefix', '3:three:', '--strip-prefix', 'ha', '--add-prefix', 'new:'],
      ...['--ttl', 'none', '--max-bytes', '50MB', '--max-keys', '100000', '--max-latency', '500'],
    )
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toMatch(/written\s+6 keys/)
    expect(done.stdout).toMatch(/left out\s+3 keys\s+by --type or --exclude-type \(2\), --exclude \(1\)/)
    expect(done.stdout).toMatch(/renamed\s+6 keys/)
    await target.call('SELECT', 2)
    expect(
      ((await target.callBuffer('KEYS', '*')) as Buffer[]).map((key) => key.toString('latin1')).sort(),
    ).toEqual(
      ['new:expiring', 'new:plain', 'new:sh', 'new:three:plain', 'new:three:set', 'new:\xff\0\n'].sort(),
    )
    expect(await target.call('PTTL', 'new:expiring')).toBe(-1)
    expect(await target.call('GET', 'new:three:plain')).toBe('in database 3')
    await target.call('SELECT', 0)
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test.each([
    [['--type', 'hashes'], '--type'],
    [['--slots', '5-1'], '--slots'],
    [['--ttl', 'forever'], '--ttl'],
    [['--db-prefix', 'orders'], '--db-prefix'],
    [['--max-bytes', '5'], '--max-bytes'],
    [['--type', 'set', '--exclude-type', 'set'], '--exclude-type'],
    [['--db', '0', '--db-prefix', '3:x'], '--db-prefix'],
    [['--target-db', '0', '--db-map', '3:1'], '--db-map'],
  ])('%j is refused by the name of its flag, before anything is read', async (flags, named) => {
    const refused = await run(...flags)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(named)
  })

  test('keys that would share a name are named, and nothing is written', async () => {
    const refused = await run('--target-db', '0')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('plain (db 0 plain, db 3 plain)')
    expect(refused.stderr).toContain('(file.collisions)')
    expect(await target.call('DBSIZE')).toBe(0)
  })
})

describe('keyferry restore --dry-run', () => {
  const run = (...flags: string[]): ReturnType<typeof runCli> =>
    runCli(['restore', '-i', file, '-t', address, '-A', password, '--dry-run', ...flags])

  test('says what would be written where, and writes nothing', async () => {
    const planned = await run('--add-prefix', 'new:', '--db-map', '3:5')
    expect(planned).toMatchObject({ code: 0 })
    expect(planned.stdout).toMatch(/to write +9 keys/)
    expect(planned.stdout).toMatch(/3 +set +set +\d+ B +db 5 new:set/)
    expect(planned.stdout).toContain('It would write 9 keys.')
    expect(await target.call('INFO', 'keyspace')).not.toContain('keys=')
  })

  test('with --json tells it as one event, and ends as the restore would', async () => {
    await target.call('SET', 'plain', 'mine')
    const planned = await run('--json')
    expect(planned.code).toBe(1)
    expect(planned.events.at(-1)).toMatchObject({
      ...{ event: 'plan', exitCode: 1, keys: 9 },
      conflicts: { keys: 1, examples: ['plain'] },
      stops: [{ code: 'target.not-empty' }],
    })
    expect((await run('--json', '--on-conflict', 'skip')).code).toBe(3)
    expect((await run('--json', '--on-conflict', 'replace')).code).toBe(0)
    expect(await target.call('GET', 'plain')).toBe('mine')
    expect(planned.stdout).not.toContain('secret')
  })
})
