import { execFileSync, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { restoreSpecSchema } from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startFileServer } from '../support/file-server.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli, type CliOptions, type CliRun } from '../support/run-cli.ts'
import { connectionTo } from '../support/sync-ends.ts'
import { makeTlsFiles } from '../support/tls-files.ts'

let folder: string
let temporary: string
let file: string
let content: Buffer
let source: RedisServer
let target: RedisServer
let keys: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-inputs-'))
  temporary = join(folder, 'temporary')
  mkdirSync(temporary)
  source = await startRedis()
  target = await startRedis()
  await fillWithEveryType(source)
  await source.call('SAVE')
  file = join(folder, 'dump.rdb')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
  content = readFileSync(file)
  keys = Object.values(await keysPerDb(source)).reduce((sum, count) => sum + count, 0)
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
afterEach(() => {
  vi.unstubAllEnvs()
  // Whatever happens to it, nothing of what was landed may be left.
  expect(readdirSync(temporary)).toEqual([])
})

async function keysPerDb(server: RedisServer): Promise<Record<string, number>> {
  const told = String(await server.call('INFO', 'keyspace'))
  return Object.fromEntries(
    [...told.matchAll(/(db\d+):keys=(\d+)/g)].map(([, db, count]) => [db!, Number(count)]),
  )
}

/** Restores into the target; what is landed goes into `temporary`. */
function restore(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const flags = ['-t', `127.0.0.1:${target.port}`, '--json', ...args]
  return runCli(['restore', ...flags], { ...options, env: { TMPDIR: temporary, ...options.env } })
}

async function expectAllThere(run: CliRun, name: string): Promise<void> {
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.events.at(-1)).toMatchObject({
    event: 'done',
    keysWritten: keys,
    inputs: [{ file: name, kind: 'rdb', bytes: content.length, keys }],
  })
  expect(await target.call('DEBUG', 'DIGEST')).toEqual(await source.call('DEBUG', 'DIGEST'))
}

const failureOf = (run: CliRun): unknown => run.events.at(-1)
const phasesOf = (run: CliRun): unknown[] => [...new Set(run.events.map(({ phase }) => phase))]

describe('a URL', () => {
  test('that breaks off is restored whole, and its secrets are nowhere', async () => {
    await using server = await startFileServer(content, { dropAfter: Math.ceil(content.length / 3) })
    const url = `${server.url.replace('//', '//me:hunter2@')}/backups/dump.rdb?signature=hunter3`
    const run = await restore(['-i', url])

    await expectAllThere(run, `${server.url}/backups/dump.rdb`)
    // Between two requests there may be a pause to be seen.
    const phases = phasesOf(run).filter((phase) => phase !== 'waiting')
    expect(phases.slice(0, 2)).toEqual(['fetching', 'checking'])
    expect(server.asked.length).toBeGreaterThan(2)
    expect(run.stdout).not.toMatch(/hunter/)
  })

  test('over TLS with an authority of our own, packed, and kept', async () => {
    const tls = makeTlsFiles(mkdtempSync(join(folder, 'tls-')))
    const kept = join(mkdtempSync(join(folder, 'kept-')), 'not there', 'yet')
    await using server = await startFileServer(gzipSync(content), {}, tls)
    const run = await restore(['-i', `${server.url}/a/dump.rdb.gz`, '--keep', kept], {
      env: { NODE_EXTRA_CA_CERTS: tls.ca },
    })

    await expectAllThere(run, `${server.url}/a/dump.rdb.gz`)
    expect(run.events.at(-1)).toMatchObject({ inputs: [{ keptAt: join(kept, 'dump.rdb') }] })
    expect(readdirSync(kept)).toEqual(['dump.rdb'])
    expect(readFileSync(join(kept, 'dump.rdb')).equals(content)).toBe(true)
    expect(statSync(join(kept, 'dump.rdb')).mode & 0o777).toBe(0o600)
  })

  test('of a file that is there already is not kept over it', async () => {
    const kept = mkdtempSync(join(folder, 'kept-'))
    writeFileSync(join(kept, 'dump.rdb'), 'mine')
    await using server = await startFileServer(content)
    const run = await restore(['-i', `${server.url}/dump.rdb`, '--keep', kept])

    expect(failureOf(run)).toMatchObject({ code: 'file.exists', params: { file: join(kept, 'dump.rdb') } })
    expect(readFileSync(join(kept, 'dump.rdb'), 'utf8')).toBe('mine')
    expect(server.asked).toHaveLength(0)
  })

  test('that expired is said to have', async () => {
    await using server = await startFileServer(content)
    server.manners.instead = (_, response) => (response.writeHead(403).end('<Error>hunter2</Error>'), true)
    const run = await runCli([
      'restore',
      '-t',
      `127.0.0.1:${target.port}`,
      '-i',
      `${server.url}/d?sig=hunter2`,
    ])

    expect(run.code).toBe(1)
    expect(run.stderr).toContain(`refuses to hand out ${server.url}/d (HTTP 403)`)
    expect(run.stderr).toContain('it may have expired')
    expect(run.stderr).not.toContain('hunter2')
  })

  test('behind which a page stands is no backup', async () => {
    await using server = await startFileServer(Buffer.from('<!doctype html><title>Sign in</title>'))
    expect(failureOf(await restore(['-i', server.url]))).toMatchObject({
      code: 'file.not-rdb',
      params: { file: `${server.url}/` },
    })
  })

  test('whose file is damaged writes nothing', async () => {
    const damaged = Buffer.from(content)
    damaged[content.length >> 1]! ^= 1
    await using server = await startFileServer(damaged)
    const run = await restore(['-i', `${server.url}/dump.rdb`])

    expect(failureOf(run)).toMatchObject({ params: { file: `${server.url}/dump.rdb` } })
    expect(run.code).toBe(1)
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test('that falls silent can be left with Ctrl-C', async () => {
    await using server = await startFileServer(content)
    server.manners.instead = (_, response) => {
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, 1000))
      return true
    }
    const running = startCli(['restore', '-t', `127.0.0.1:${target.port}`, '-i', server.url, '--json'], {
      env: { TMPDIR: temporary },
    })
    await running.says(/"phase":"fetching"/)
    running.signal('SIGINT')
    expect(failureOf(await running.ended)).toMatchObject({ code: 'job.cancelled' })
  })
})

describe('stdin', () => {
  test('piped in is restored whole', async () => {
    await expectAllThere(await restore(['-i', '-'], { input: content }), 'stdin')
  })

  test('packed, it is unpacked', async () => {
    await expectAllThere(await restore(['-i', '-'], { input: gzipSync(content) }), 'stdin')
  })

  test('that is a file is read from its start', async () => {
    const command = `exec "$0" src-main/cli/main.ts restore -i - -t 127.0.0.1:${target.port} --json < ${file}`
    const node = join(import.meta.dirname, '../../node_modules/node/bin/node')
    execFileSync('sh', ['-c', command, node], {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, TMPDIR: temporary },
    })
    expect(await target.call('DEBUG', 'DIGEST')).toEqual(await source.call('DEBUG', 'DIGEST'))
  })

  test('that breaks off writes nothing', async () => {
    const run = await restore(['-i', '-'], { input: content.subarray(0, content.length - 100) })
    expect(failureOf(run)).toMatchObject({ code: 'file.truncated', params: { file: 'stdin' } })
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test('with nothing in it is said to be empty', async () => {
    expect(failureOf(await restore(['-i', '-'], { input: '' }))).toMatchObject({
      code: 'file.empty',
      params: { file: 'stdin' },
    })
  })

  test('that is /dev/null, as of a service, is said to be empty', async () => {
    expect(failureOf(await restore(['-i', '-']))).toMatchObject({ code: 'file.empty' })
  })

  test('cannot be the password and the data', async () => {
    const run = await runInNoTerminal(['restore', '-i', '-', '-t', `127.0.0.1:${target.port}`, '-A', '-'])
    expect(run).toMatchObject({ code: 2 })
    expect(run.stderr).toContain('KEYFERRY_TARGET_PASSWORD')
  })
})

test('an RDB file cannot be restored up to a moment, and is not restored whole instead', async () => {
  const run = await restore(['-i', file, '--until', '2026-11-21T14:30:00Z'])
  expect(run.code).toBe(2)
  expect(failureOf(run)).toMatchObject({ code: 'usage.no-times', params: { file } })
  expect(await target.call('DBSIZE')).toBe(0)
})

/** Runs the command line in a session of its own, so that not even `/dev/tty` leads to a terminal. */
function runInNoTerminal(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const root = join(import.meta.dirname, '../..')
  const node = join(root, 'node_modules/node/bin/node')
  return new Promise((resolve) => {
    const child = spawn(node, ['src-main/cli/main.ts', ...args], {
      cwd: root,
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    let stderr = ''
    child.stderr.on('data', (text) => (stderr += String(text)))
    child.stdin.end()
    child.once('close', (code) => resolve({ code, stderr }))
  })
}

describe('what gzip has packed', () => {
  test('is unpacked, whatever it is called', async () => {
    const packed = join(folder, 'backup.bin')
    writeFileSync(packed, gzipSync(content))
    await expectAllThere(await restore(['-i', packed]), packed)
    expect(existsSync(packed)).toBe(true)
  })

  test.each([
    ['cut off', (packed: Buffer) => packed.subarray(0, packed.length - 1000), 'file.truncated'],
    ['damaged', (packed: Buffer) => packed.fill(0, 2000, 2100), 'file.corrupt'],
    ['packed twice', (packed: Buffer) => gzipSync(packed), 'file.packed'],
    ['packed with nothing inside', () => gzipSync(''), 'file.empty'],
    ['by another packer', () => Buffer.from('\xfd7zXZ\0...', 'latin1'), 'file.packed'],
  ])('%s is told', async (_, spoil, code) => {
    const packed = join(folder, 'spoilt.gz')
    writeFileSync(packed, spoil(gzipSync(content)))
    vi.stubEnv('TMPDIR', temporary)
    const spec = restoreSpecSchema.parse({ files: [packed], target: connectionTo(target) })
    const restoring = runRestore(spec, () => undefined, new AbortController().signal)
    await expect(restoring).rejects.toMatchObject({ failure: { code, params: { file: packed } } })
    expect(await target.call('DBSIZE')).toBe(0)
  })
})

describe('inspect and decode', () => {
  test('take a URL and stdin too', async () => {
    await using server = await startFileServer(gzipSync(content))
    const options = { env: { TMPDIR: temporary } }
    const inspected = await runCli(['inspect', `${server.url}/d.rdb.gz?sig=hunter2`, '--json'], options)
    expect(inspected.events.at(-1)).toMatchObject({ event: 'done', file: `${server.url}/d.rdb.gz`, keys })
    expect(inspected.stdout).not.toContain('hunter2')
    const decoded = await runCli(['decode', '-', '--include', 'expiring:string'], {
      ...options,
      input: content,
    })
    expect(JSON.parse(decoded.stdout)).toMatchObject({ key: 'expiring:string', value: 'later' })
  })
})
