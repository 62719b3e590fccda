import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli, type CliRun } from '../support/run-cli.ts'
import { makeTlsFiles } from '../support/tls-files.ts'

const password = 'the-s3cret-of-the-target'
let folder: string
let good: string
let target: RedisServer
let address: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-failures-'))
  good = join(folder, 'good.rdb')
  await using source = await startRedis()
  // 60 MB that LZF cannot shrink: large enough to be interrupted and to overflow a small maxmemory.
  await source.call(
    'EVAL',
    `for i = 1, 60000 do local parts = {} for j = 1, 25 do parts[j] = redis.sha1hex(i .. ':' .. j) end
     redis.call('SET', 'key:' .. i, table.concat(parts)) end`,
    0,
  )
  await source.call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), good)
  target = await startRedis({ password })
  address = `127.0.0.1:${target.port}`
})

afterAll(async () => {
  await target.stop()
  rmSync(folder, { recursive: true })
})

const restore = (file: string, to: string, ...flags: string[]): Promise<CliRun> =>
  runCli(['restore', '-i', file, '-t', to, ...flags])

/** One clear message: what happened, what is safe, what to do, the code. No stack, no secret. */
function expectSaid(run: CliRun, failure: string, words: RegExp, code = 1): void {
  expect(run.stderr).toContain(`(${failure})`)
  expect(run.stderr).toMatch(words)
  expect(run.code).toBe(code)
  expect(run.stdout).toBe('')
  expect(run.stderr).not.toMatch(/\bat .*:\d+:\d+|node:internal|Error:|undefined|s3cret|wrong-one/)
  expect(run.stderr.match(/^keyferry: /gm)).toHaveLength(1)
}

const nothingWritten = /Nothing has been written/

describe('what cannot be reached is named', () => {
  test('a wrong password', async () => {
    const run = await restore(good, address, '-A', 'wrong-one')
    expectSaid(run, 'auth.wrong-password', nothingWritten)
    expect(run.stderr).toContain(address)
  })

  test('a missing password', async () => {
    expectSaid(await restore(good, address), 'auth.required', /password/)
  })

  test('a user the server does not have', async () => {
    expectSaid(
      await restore(good, address, '--user', 'nobody', '-A', password),
      'auth.wrong-password',
      /user/,
    )
  })

  test('a port nobody listens on', async () => {
    const port = await freePort()
    expectSaid(await restore(good, `127.0.0.1:${port}`), 'connect.refused', new RegExp(`127.0.0.1:${port}`))
  })

  test('a host that does not exist', async () => {
    expectSaid(
      await restore(good, 'no-such-host.invalid:6379'),
      'connect.unknown-host',
      /no-such-host.invalid/,
    )
  })

  test('TLS against a plain port', async () => {
    expectSaid(await restore(good, address, '--tls', '-A', password), 'tls.silent', /says nothing of TLS/)
  })
})

describe('where there is no target, none is spoken of', () => {
  test.each([
    [['dump', '-o', '/tmp/never-written.rdb']],
    [['backup', '-o', '/tmp/never-written']],
    [['readiness', '--for', '1']],
    [['freeze']],
    [['freeze', '--dry-run']],
  ])('%j: a wrong password', async (args) => {
    const run = await runCli([...args, '-f', address, '-P', 'wrong-one'], { env: { KEYFERRY_HOME: folder } })
    expectSaid(run, 'auth.wrong-password', /No data has been changed/)
    expect(run.stderr).toContain(address)
    expect(run.stderr).not.toMatch(/target/)
  })
})

describe('a data folder that cannot be one', () => {
  test.each([[['tasks']], [['profiles']], [['sync', '-f', 'a:1', '-t', 'b:1']]])('%j', async (args) => {
    const run = await runCli(args, { env: { KEYFERRY_HOME: good } })
    expectSaid(run, 'store.unavailable', /KEYFERRY_HOME/)
    expect(run.stderr).toContain(good)
  })

  test('serves the rest of the console, and says so', async () => {
    const running = startCli(['serve'], { env: { KEYFERRY_HOME: good } })
    await running.says(/The console is at http/)
    running.signal('SIGINT')
    const run = await running.ended
    expect(run.code).toBe(0)
    expect(run.stderr).toMatch(/cannot be opened[^]*\(store\.unavailable\)[^]*no profiles and no migrations/)
  })
})

describe('certificates', () => {
  test('one that nobody vouches for, then the same with --ca', async () => {
    await using secure = await startRedis({ tls: true })
    const to = `127.0.0.1:${secure.port}`
    expectSaid(await restore(good, to, '--tls'), 'tls.untrusted', /--ca/)
    expect(await secure.call('DBSIZE')).toBe(0)
    const trusted = await restore(good, `rediss://${to}`, '--ca', secure.tls!.ca)
    expect(trusted).toMatchObject({ code: 0 })
    expect(await secure.call('DBSIZE')).toBe(60_000)
  })

  test('one that ran out', async () => {
    const certificates = mkdtempSync(join(folder, 'expired-'))
    await using secure = await startRedis({ tls: makeTlsFiles(certificates, { expired: true }) })
    const run = await restore(good, `127.0.0.1:${secure.port}`, '--tls', '--ca', secure.tls!.ca)
    expectSaid(run, 'tls.expired', /validity/)
  })

  test('one for another name, then the same with --servername', async () => {
    const certificates = mkdtempSync(join(folder, 'name-'))
    const tls = makeTlsFiles(certificates, { names: ['DNS:redis.example'] })
    await using secure = await startRedis({ tls })
    const to = `127.0.0.1:${secure.port}`
    expectSaid(await restore(good, to, '--tls', '--ca', tls.ca), 'tls.name-mismatch', /--servername/)
    const named = await restore(good, to, '--ca', tls.ca, '--servername', 'redis.example')
    expect(named).toMatchObject({ code: 0 })
  })

  test('a --ca that is not there', async () => {
    const run = await restore(good, address, '--ca', '/nowhere/ca.pem')
    expectSaid(run, 'tls.file-unreadable', /\/nowhere\/ca\.pem/)
  })
})

describe('a file that cannot be restored writes nothing', () => {
  const broken = (name: string, change: (path: string) => void): string => {
    const path = join(folder, name)
    copyFileSync(good, path)
    change(path)
    return path
  }

  test.each([
    ['no file', () => join(folder, 'absent.rdb'), 'file.not-found'],
    ['a folder', () => folder, 'aof.no-manifest'],
    ['an empty file', () => broken('empty.rdb', (path) => truncateSync(path, 0)), 'file.empty'],
    ['a file cut off', () => broken('cut.rdb', (path) => truncateSync(path, 30_000_000)), 'file.truncated'],
    [
      'another kind of file',
      () => broken('text.rdb', (path) => writeFileSync(path, 'hello '.repeat(99))),
      'file.not-rdb',
    ],
    [
      'a flipped bit',
      () =>
        broken('bit.rdb', (path) => {
          const bytes = readFileSync(path)
          bytes[20_000_000]! ^= 1
          writeFileSync(path, bytes)
        }),
      'file.crc-mismatch',
    ],
  ])('%s', async (_, make, failure) => {
    const run = await restore(make(), address, '-A', password)
    expectSaid(run, failure, nothingWritten)
    expect(await target.call('DBSIZE')).toBe(0)
  })
})

describe('in the middle of it', () => {
  test('a target that is full is named, with what it has taken', async () => {
    await using small = await startRedis({
      args: ['--maxmemory', '30mb', '--maxmemory-policy', 'noeviction'],
    })
    const run = await restore(good, `127.0.0.1:${small.port}`)
    expectSaid(run, 'target.out-of-memory', /maxmemory/)
    // Connections run beside each other: some keys that came after the first one refused are there too.
    const written = Number(/At least ([\d,]+) keys/.exec(run.stderr)?.[1]?.replaceAll(',', ''))
    const held = Number(await small.call('DBSIZE'))
    expect(written).toBeLessThanOrEqual(held)
    expect(written).toBeGreaterThan(held * 0.8)
  })

  test('a target that is full at once is not said to have taken nothing', async () => {
    await using small = await startRedis({
      args: ['--maxmemory', '2mb', '--maxmemory-policy', 'noeviction'],
    })
    const run = await restore(good, `127.0.0.1:${small.port}`)
    expectSaid(run, 'target.out-of-memory', /Some keys may be written already|At least/)
    expect(Number(await small.call('DBSIZE'))).toBeGreaterThan(0)
  })

  test('Ctrl-C ends it in order and says what is written', async () => {
    await using slow = await startRedis()
    const running = startCli(['restore', '-i', good, '-t', `127.0.0.1:${slow.port}`, '--json'])
    await running.says(/"phase":"writing"/)
    running.signal('SIGINT')
    const run = await running.ended
    expect(run.code).toBe(1)
    expect(run.events.at(-1)).toMatchObject({ event: 'failed', code: 'job.cancelled', exitCode: 1 })
    const { params } = run.events.at(-1) as { params: { written: number } }
    expect(params.written).toBe(await slow.call('DBSIZE'))
  })
})

describe('what is typed wrongly ends with 2', () => {
  test.each([
    [['restore'], /--input/],
    [['restore', '-i', 'x', '-t', 'host:1', '--nonsense'], /--nonsense/],
    [['restore', '-i', 'x', '-t', 'host:1', '-n', '0'], /1 to 256/],
    [['restore', '-i', 'x', '-t', 'host:1', '--on-conflict', 'merge'], /fail, skip, replace/],
    [['restore', '-i', 'x', '-t', 'host:1', '--db-map', '3'], /FROM:TO/],
    [['restore', '-i', 'x', '-t', 'host:1', '--db-map', '3:0', '--target-db', '1'], /--db-map/],
    [['restore', '-i', 'x', '-t', 'redis://:the-s3cret@host:99999'], /redis:\/\//],
    [['restore', '-i', 'x', '-t', 'redis://:the-s3cret@host', '--pasword=the-s3cret'], /--pasword/],
    [['redis://:the-s3cret@host'], /unknown command/],
    [['reestore'], /restore/],
  ])('%j', async (args, words) => {
    const run = await runCli(args)
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(words)
    expect(run.stderr + run.stdout).not.toContain('s3cret')
    expect(run.stderr).not.toMatch(/ at .*:\d+:\d+/)
  })

  test('says so as an event with --json', async () => {
    const run = await runCli(['restore', '-i', 'x', '-t', 'host:0', '--json'])
    expect(run).toMatchObject({ code: 2, stderr: '' })
    expect(run.events).toMatchObject([{ event: 'failed', code: 'usage.invalid', exitCode: 2 }])
  })
})

test('a reader that leaves early does not break it', async () => {
  const { execFileSync } = await import('node:child_process')
  const main = new URL('../../src-main/cli/main.ts', import.meta.url).pathname
  const node = new URL('../../node_modules/node/bin/node', import.meta.url).pathname
  const said = execFileSync('sh', ['-c', `"${node}" "${main}" inspect "${good}" | head -n 1; echo ended`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  expect(said).toMatch(/good\.rdb.*\nended\n/)
})

test('a report of what was never begun: it says that, and what begins it', async () => {
  const run = await runCli(['report'], { env: { KEYFERRY_HOME: join(folder, 'unused') } })
  expectSaid(run, 'task.not-found', /No migration has been begun yet\.[^]*"keyferry run" begins/)
  const named = await runCli(['report', 'shop'], { env: { KEYFERRY_HOME: join(folder, 'unused') } })
  expectSaid(named, 'task.not-found', /There is no task shop\.[^]*"keyferry tasks" lists/)
})
