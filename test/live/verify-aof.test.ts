import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest } from '#contract/restore.ts'
import { verifySpecSchema, type Backup, type VerifyProgress, type VerifyResult } from '#contract/verify.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { runVerify } from '#engine/verify/verify.ts'
import { commands, folderOf, rewrite, startWriting, taken, work } from '../support/aof.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { failureOf } from '../support/failure-of.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'

const signal = new AbortController().signal
/** A data folder whose append-only file has an RDB of every type in front, and all kinds of commands behind it. */
let folder: string
/** Small files: append-only ones, and an RDB. */
let small: string
let target: RedisServer
/** Where this process puts what is temporary. */
let temporary: string
const before = process.env['TMPDIR']

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
  await rewrite(source)
  for (const turn of [0, 1]) await work(source, { ...own, binary: 'redis-server' }, turn)
  folder = taken(source)
  await using shard = await startRedis()
  await shard.call('MSET', 'shard:1', 'a', 'shard:2', 'b')
  await shard.call('SAVE')
  small = folderOf({
    'plain.aof': commands(
      'SELECT 0',
      'INCR a',
      'INCR a',
      'SELECT 5',
      'APPEND b xyz',
      'SELECT 0',
      'DEL never',
    ),
    'other.aof': commands('SELECT 0', 'RPUSH queue a b c', 'LPOP queue', 'SET user:1 x'),
    'cut.aof': Buffer.concat([commands('SELECT 0', 'INCR a', 'MULTI', 'INCR a'), Buffer.from('*2\r\n$4')]),
    'timed.aof': Buffer.concat([
      Buffer.from('#TS:1700000000\r\n'),
      commands('SELECT 0', 'INCR a'),
      Buffer.from('#TS:1700000100\r\n'),
      commands('INCR a', 'SET late 1'),
    ]),
    'unknown.aof': commands('SELECT 0', 'SET a 1', 'NOBODY.KNOWS a 3'),
    'long.aof': commands('SELECT 0', 'EVAL for_i=1,1e10_do_end 0').toString('latin1').replaceAll('_', ' '),
  })
  copyFileSync(join(shard.dir, 'dump.rdb'), join(small, 'shard.rdb'))
  target = await startRedis()
  temporary = mkdtempSync(join(tmpdir(), 'keyferry-verify-aof-'))
  process.env['TMPDIR'] = temporary
}, 60_000)

afterAll(async () => {
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  await target.stop()
  for (const made of [folder, small, temporary]) rmSync(made, { recursive: true })
})

beforeEach(async () => {
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

const named = (...names: readonly string[]): string[] => names.map((name) => join(small, name))
const to = (): { host: string; port: number } => ({ host: '127.0.0.1', port: target.port })

async function restore(files: readonly string[], rules: Partial<RestoreRequest> = {}): Promise<void> {
  const spec = restoreSpecSchema.parse({ files, target: to(), ...rules })
  await runRestore(spec, () => undefined, signal)
}

interface Asked {
  readonly restoredAs?: Partial<Backup['restoredAs']>
  readonly server?: string
  readonly repair?: boolean
  readonly onProgress?: (progress: VerifyProgress) => void
  readonly until?: AbortSignal
}

async function compare(files: readonly string[], asked: Asked = {}): Promise<VerifyResult> {
  const { restoredAs = {}, server, repair = false, onProgress = () => undefined, until = signal } = asked
  const spec = verifySpecSchema.parse({
    source: { files, restoredAs, ...(server === undefined ? {} : { server }) },
    target: to(),
    mode: 'full',
    repair,
    deleteExtra: repair,
  })
  try {
    return await runVerify(spec, onProgress, until, { listen: (hear) => hear({ type: 'repair' }) })
  } finally {
    expect(readdirSync(temporary), 'nothing is left among the temporary files').toEqual([])
  }
}

/** Every byte of every file of a folder. */
function contentOf(of: string): string {
  const hash = createHash('sha1')
  for (const name of readdirSync(of, { recursive: true, encoding: 'utf8' }).sort()) {
    hash.update(name)
    if (/\.(aof|rdb|manifest)$/.test(name)) hash.update(readFileSync(join(of, name)))
  }
  return hash.digest('hex')
}

describe('an append-only file is compared with what a server makes of it', () => {
  test('one with every type in front and commands behind: equal, and only read', async () => {
    const content = contentOf(folder)
    await restore([folder])
    const compared = await compare([folder])
    expect(compared).toMatchObject({ equal: true, differing: 0, functions: 'equal' })
    expect(compared.compared).toBeGreaterThan(70)
    expect(contentOf(folder)).toBe(content)
  })

  test('what differs is found, each of it, and repaired', async () => {
    await restore([folder])
    await target.call('INCR', 'counter:1')
    await target.call('RPUSH', 'queue', 'one more')
    await target.call('DEL', 'log')
    await target.call('PEXPIREAT', 'expiring', Date.now() + 1_000_000)
    await target.call('SET', 'a new key', 1)
    const found = await compare([folder])
    expect(found.equal).toBe(false)
    expect(new Map(found.differences.map(({ key, kind }) => [key, kind]))).toEqual(
      new Map([
        ['counter:1', 'value'],
        ['queue', 'value'],
        ['log', 'missing'],
        ['expiring', 'expiry'],
        ['a new key', 'extra'],
      ]),
    )
    expect(await compare([folder], { repair: true })).toMatchObject({
      differing: 0,
      repaired: { written: 4, deleted: 1 },
    })
    expect(await compare([folder])).toMatchObject({ equal: true })
  })

  test('under the rules that the restore had', async () => {
    await restore(named('other.aof', 'plain.aof'), { exclude: ['a'], addPrefix: 'new:' })
    const asked = { restoredAs: { exclude: ['a'], addPrefix: 'new:' } }
    expect(await compare(named('other.aof', 'plain.aof'), asked)).toMatchObject({
      equal: true,
      sourceKeys: 3,
      explained: { filtered: 1 },
    })
  })

  test('several with RDB files among them', async () => {
    const files = [...named('plain.aof', 'shard.rdb', 'other.aof')]
    await restore(files)
    expect(await compare(files)).toMatchObject({ equal: true, sourceKeys: 6, compared: 6 })
    await target.call('SET', 'shard:2', 'c')
    expect(await compare(files)).toMatchObject({ differing: 1, byKind: { value: 1 } })
  })

  test('one that is cut off, and one up to a moment: as far as it was restored', async () => {
    await restore(named('cut.aof'))
    expect(await compare(named('cut.aof'))).toMatchObject({ equal: true, sourceKeys: 1 })
    await target.call('FLUSHALL')
    const until = 1_700_000_050_000
    await restore(named('timed.aof'), { until })
    expect(await target.call('GET', 'a')).toBe('1')
    expect(await compare(named('timed.aof'), { restoredAs: { until } })).toMatchObject({ equal: true })
    expect(await compare(named('timed.aof'))).toMatchObject({ byKind: { value: 1, missing: 1 } })
  })

  const newer = otherServers().filter(({ version }) => Number.parseInt(version, 10) >= 7)
  test.runIf(newer.length > 0).each(newer)('loaded by $name $version', async ({ binary }) => {
    await restore([folder])
    expect(await compare([folder], { server: binary })).toMatchObject({ equal: true })
  })
})

describe('where no server can tell what the commands make', () => {
  test('a program that is none, or too old, is refused by name', async () => {
    const failure = await failureOf(compare(named('plain.aof'), { server: '/bin/true' }))
    expect(failure).toMatchObject({ code: 'verify.no-server', params: { program: '/bin/true' } })
    const old = otherServers().find(({ version }) => Number.parseInt(version, 10) < 7)
    if (old === undefined) return
    expect(await failureOf(compare(named('plain.aof'), { server: old.binary }))).toMatchObject({
      code: 'verify.no-server',
      params: { program: expect.stringContaining(old.binary) },
    })
  })

  test('what the server does not load is told in its words', async () => {
    expect(await failureOf(compare(named('unknown.aof')))).toMatchObject({
      code: 'verify.not-loaded',
      params: { file: join(small, 'unknown.aof'), reason: expect.stringMatching(/NOBODY\.KNOWS/i) },
    })
  })
})

describe('the server that loads it is gone with the comparison', () => {
  test('which is cancelled while it loads', async () => {
    const stop = new AbortController()
    const run = compare(named('long.aof'), { until: stop.signal })
    await untilServerIn(temporary)
    stop.abort()
    expect(await failureOf(run)).toMatchObject({ code: 'job.cancelled' })
    await untilNoServerIn(temporary)
  })

  test('whose process is killed', async () => {
    const own = mkdtempSync(join(temporary, 'killed-'))
    const cli = startCli(['verify', '-i', join(small, 'long.aof'), '-t', `127.0.0.1:${target.port}`], {
      env: { TMPDIR: own },
    })
    await untilServerIn(own)
    cli.signal('SIGKILL')
    await cli.ended
    await untilNoServerIn(own)
    expect(readdirSync(own)).toEqual([])
    rmSync(own, { recursive: true })
  })
})

test('on the command line', async () => {
  await restore(named('plain.aof'))
  const equal = await runCli(['verify', '-i', join(small, 'plain.aof'), '-t', `127.0.0.1:${target.port}`])
  expect(equal).toMatchObject({ code: 0 })
  expect(equal.stdout).toContain('Both sides are equal: 2 keys compared by value')
  const refused = await runCli([
    ...['verify', '-i', join(small, 'plain.aof'), '-t', `127.0.0.1:${target.port}`],
    ...['--server', '/bin/true'],
  ])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('verify.no-server')
  expect(refused.stderr).toContain('--server')
})

/** Processes whose working folder is in this one. */
function serversIn(of: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/cwd`)) return false
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(join(of, 'keyferry-own-server-'))
    } catch {
      return false
    }
  })
}

async function untilServerIn(of: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (serversIn(of).length === 0) {
    if (Date.now() > deadline) throw new Error('no server was started')
    await sleep(20)
  }
}

/** Nor any watch beside one, which is the last to go. */
async function untilNoServerIn(of: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (serversIn(of).length > 0) {
    if (Date.now() > deadline) throw new Error(`still there: ${serversIn(of).join(', ')}`)
    await sleep(20)
  }
}
