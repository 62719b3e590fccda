import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FailureError, type Failure } from '#contract/failure.ts'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { commands, folderOf, loaded } from '../support/aof.ts'
import { corpus, corpusFiles } from '../support/corpus.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

let target: RedisServer
const folders: string[] = []

beforeAll(async () => {
  target = await startRedis()
})
afterAll(async () => {
  await target.stop()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await target.call('FLUSHALL')
})

function made(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = folderOf(files)
  folders.push(folder)
  return folder
}

async function restore(file: string, spec: Partial<RestoreRequest> = {}): Promise<RestoreResult> {
  const request = { files: [file], target: { host: target.host, port: target.port }, connections: 3, ...spec }
  return await runRestore(restoreSpecSchema.parse(request), () => undefined, new AbortController().signal)
}

async function refusal(file: string, spec: Partial<RestoreRequest> = {}): Promise<Failure> {
  return await restore(file, spec).then(
    () => expect.fail('it was restored'),
    (thrown: unknown) => (thrown instanceof FailureError ? thrown.failure : expect.fail(String(thrown))),
  )
}

const set = (name: string): Buffer => commands(`SET k${name} v${name}`)
const dir = 'appendonlydir'
const manifest = `${dir}/appendonly.aof.manifest`
const base1 = 'appendonly.aof.1.base.aof'
const incr1 = 'appendonly.aof.1.incr.aof'
const incr2 = 'appendonly.aof.2.incr.aof'
const incr3 = 'appendonly.aof.3.incr.aof'
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('')

describe('what a server will not load is refused before the first write', () => {
  test.each<[string, string, Readonly<Record<string, string | Buffer>>]>([
    [
      'a file is missing',
      'aof.file-missing',
      {
        [`${dir}/${base1}`]: set('1'),
        [`${dir}/${incr2}`]: set('2'),
        [manifest]: lines(
          `file ${base1} seq 1 type b`,
          `file ${incr1} seq 1 type i`,
          `file ${incr2} seq 2 type i`,
        ),
      },
    ],
    ['the base is missing', 'aof.file-missing', { [manifest]: lines(`file ${base1} seq 1 type b`) }],
    [
      'the old file that it names is nowhere',
      'aof.file-missing',
      { [manifest]: lines('file appendonly.aof seq 1 type b') },
    ],
    [
      'the sequence does not grow',
      'aof.wrong-order',
      {
        [`${dir}/${incr1}`]: set('1'),
        [`${dir}/${incr2}`]: set('2'),
        [manifest]: lines(`file ${incr2} seq 2 type i`, `file ${incr1} seq 1 type i`),
      },
    ],
    [
      'a sequence number is there twice',
      'aof.wrong-order',
      {
        [`${dir}/${incr1}`]: set('1'),
        [`${dir}/${incr2}`]: set('2'),
        [manifest]: lines(`file ${incr1} seq 1 type i`, `file ${incr2} seq 1 type i`),
      },
    ],
    [
      'there are two bases',
      'aof.second-base',
      {
        [`${dir}/${base1}`]: set('1'),
        [`${dir}/two`]: set('2'),
        [manifest]: lines(`file ${base1} seq 1 type b`, 'file two seq 2 type b'),
      },
    ],
    [
      'a type is unknown',
      'aof.unknown-type',
      { [`${dir}/${base1}`]: set('1'), [manifest]: lines(`file ${base1} seq 1 type x`) },
    ],
    [
      'there is a blank line',
      'aof.manifest-invalid',
      { [`${dir}/${incr1}`]: set('1'), [manifest]: lines(`file ${incr1} seq 1 type i`, '') },
    ],
    [
      'a word is wrong',
      'aof.manifest-invalid',
      { [`${dir}/${base1}`]: set('1'), [manifest]: lines(`filx ${base1} seq 1 type b`) },
    ],
    [
      'a line is too short',
      'aof.manifest-invalid',
      { [`${dir}/${incr1}`]: set('1'), [manifest]: lines(`file ${incr1} type i`) },
    ],
    [
      'a line is too long',
      'aof.manifest-invalid',
      {
        [`${dir}/${incr1}`]: set('1'),
        [manifest]: lines(`file ${incr1} seq 1 type i ${'x y '.repeat(300)}`),
      },
    ],
    [
      'a word is left over',
      'aof.manifest-invalid',
      { [`${dir}/${incr1}`]: set('1'), [manifest]: lines(`file ${incr1} seq 1 type i newkey`) },
    ],
    ['the manifest is empty', 'aof.manifest-empty', { [manifest]: '' }],
    [
      'it leads out of the folder',
      'aof.path-in-manifest',
      { 'outside.aof': set('1'), [manifest]: lines('file ../outside.aof seq 1 type i') },
    ],
    [
      'a file before the last is cut off',
      'aof.cut-in-the-middle',
      {
        [`${dir}/${incr1}`]: set('1').subarray(0, -3),
        [`${dir}/${incr2}`]: set('2'),
        [manifest]: lines(`file ${incr1} seq 1 type i`, `file ${incr2} seq 2 type i`),
      },
    ],
    [
      'a file before the last ends in a transaction',
      'aof.cut-in-the-middle',
      {
        [`${dir}/${incr1}`]: commands('MULTI', 'SET k v'),
        [`${dir}/${incr2}`]: set('2'),
        [manifest]: lines(`file ${incr1} seq 1 type i`, `file ${incr2} seq 2 type i`),
      },
    ],
    [
      'there is rubbish in the middle',
      'file.corrupt',
      {
        [`${dir}/${incr1}`]: Buffer.concat([set('1'), Buffer.from('!!!'), set('2')]),
        [manifest]: lines(`file ${incr1} seq 1 type i`),
      },
    ],
    [
      'nobody knows a command',
      'aof.not-understood',
      {
        [`${dir}/${incr1}`]: commands('SET k v', 'BLA k v'),
        [manifest]: lines(`file ${incr1} seq 1 type i`),
      },
    ],
  ])('%s: %s', async (_, code, files) => {
    const folder = made(files)
    await expect(loaded(folder)).rejects.toThrow()
    for (const input of [folder, join(folder, dir), join(folder, manifest)]) {
      // An empty manifest tells nothing of what it is when it is named alone.
      if (statSync(input).size === 0) continue
      expect((await refusal(input)).code).toBe(code)
    }
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test('rubbish is told with its file and its place', async () => {
    const folder = made({ 'a.aof': Buffer.concat([set('1'), set('2'), Buffer.from('!!!'), set('3')]) })
    expect(await refusal(join(folder, 'a.aof'))).toMatchObject({
      code: 'file.corrupt',
      params: { file: join(folder, 'a.aof'), offset: set('1').length * 2 },
    })
  })

  test('a folder without a manifest, or with two, is asked about', async () => {
    expect((await refusal(made({ 'other.txt': '' }))).code).toBe('aof.no-manifest')
    const line = lines(`file ${incr1} seq 1 type i`)
    const two = made({ 'a.manifest': line, 'b.manifest': line, [incr1]: set('1') })
    expect(await refusal(two)).toMatchObject({
      code: 'aof.several-manifests',
      params: { names: 'a.manifest, b.manifest' },
    })
    await restore(join(two, 'b.manifest'))
    expect(await target.call('GET', 'k1')).toBe('v1')
  })
})

describe('what a server loads is restored', () => {
  test.each<[string, Readonly<Record<string, string | Buffer>>]>([
    [
      'numbers left out',
      {
        [`${dir}/${base1}`]: set('1'),
        [`${dir}/${incr1}`]: set('2'),
        [`${dir}/${incr3}`]: set('3'),
        [manifest]: lines(
          `file ${base1} seq 1 type b`,
          `file ${incr1} seq 1 type i`,
          `file ${incr3} seq 3 type i`,
        ),
      },
    ],
    [
      'words a newer server may add',
      {
        [`${dir}/${base1}`]: set('1'),
        [`${dir}/${incr1}`]: set('2'),
        [manifest]: lines(`file ${base1} seq 1 type b newkey newvalue`, `file ${incr1} seq 1 type i`),
      },
    ],
    [
      'empty files',
      {
        [`${dir}/${base1}`]: set('1'),
        [`${dir}/${incr1}`]: '',
        [`${dir}/${incr3}`]: set('3'),
        [manifest]: lines(
          `file ${base1} seq 1 type b`,
          `file ${incr1} seq 1 type i`,
          `file ${incr3} seq 3 type i`,
        ),
      },
    ],
    [
      'increments without a base, each beginning in database 0',
      {
        [`${dir}/${incr1}`]: commands('SELECT 5', 'SET a 1'),
        [`${dir}/${incr2}`]: commands('SET b 2', 'INCR b'),
        [manifest]: lines(`file ${incr1} seq 1 type i`, `file ${incr2} seq 2 type i`),
      },
    ],
    [
      'history, though its files are gone',
      {
        [`${dir}/${incr2}`]: set('2'),
        [manifest]: lines(
          `file ${base1} seq 1 type h`,
          `file ${incr1} seq 1 type h`,
          `file ${incr2} seq 2 type i`,
        ),
      },
    ],
    [
      'names with blanks and line ends',
      {
        [`${dir}/file seq \n\n file.aof.1.incr.aof`]: set('1'),
        [manifest]: lines('file "file seq \\n\\n file.aof.1.incr.aof" seq 1 type i'),
      },
    ],
    [
      'an upgrade that was interrupted: the old file lies beside the folder',
      {
        'appendonly.aof': Buffer.concat([set('1'), set('2')]),
        [manifest]: lines('file appendonly.aof seq 1 type b'),
      },
    ],
    [
      'the old file in the folder, and another beside it',
      {
        'appendonly.aof': set('1'),
        [`${dir}/appendonly.aof`]: set('4'),
        [manifest]: lines('file appendonly.aof seq 1 type b'),
      },
    ],
    [
      'a transaction that was not finished',
      {
        [`${dir}/${incr1}`]: Buffer.concat([set('1'), commands('MULTI', 'SET k2 v2', 'INCR n')]),
        [manifest]: lines(`file ${incr1} seq 1 type i`),
      },
    ],
  ])('%s', async (_, files) => {
    const folder = made(files)
    await using own = await loaded(folder)
    await restore(folder)
    expect(await target.call('DEBUG', 'DIGEST')).toBe(await own.call('DEBUG', 'DIGEST'))
    expect(await target.call('DBSIZE')).toBe(await own.call('DBSIZE'))
  })

  test('the one old file', async () => {
    const folder = made({ 'appendonly.aof': Buffer.concat([set('1'), set('2'), set('3')]) })
    await using own = await loaded(folder)
    const result = await restore(join(folder, 'appendonly.aof'))
    expect(await target.call('DEBUG', 'DIGEST')).toBe(await own.call('DEBUG', 'DIGEST'))
    expect(result.commands).toMatchObject({ total: 3, applied: 3, cutOff: [] })
  })

  test.skipIf(corpus === null)('the old file with an RDB in front', async () => {
    const file = join(corpus!, 'debian-src__valkey-9.1.2/tests/assets/rdb-preamble.aof')
    const folder = made({ 'appendonly.aof': readFileSync(file) })
    await using own = await loaded(folder)
    const result = await restore(file)
    expect(result).toMatchObject({ keys: 2, keysWritten: 2, commands: { total: 1, applied: 1 } })
    expect(await target.call('MGET', 'k1', 'k2', 'k3')).toEqual(['v1', 'v2', 'v3'])
    expect(await target.call('DEBUG', 'DIGEST')).toBe(await own.call('DEBUG', 'DIGEST'))
  })

  test('cut off at many places: as the server loads it, and told', async () => {
    const whole = Buffer.concat([
      commands('SELECT 2', 'SET a 1', 'INCR a', 'RPUSH list x y z'),
      Buffer.from('#TS:1700000000\r\n'),
      commands('MULTI', 'APPEND b one', 'LPOP list', 'EXEC'),
      commands('APPEND b two', `SET long ${'x'.repeat(40)}`),
      commands('MULTI', 'INCR a', 'SELECT 0', 'INCR a', 'EXEC', 'INCR a'),
    ])
    const folder = made({ 'appendonly.aof': whole })
    const file = join(folder, 'appendonly.aof')
    for (let length = whole.length; length > 40; length -= 23) {
      truncateSync(file, length)
      await using own = await loaded(folder)
      await target.call('FLUSHALL')
      const { commands: told } = await restore(file)
      expect([length, await target.call('DEBUG', 'DIGEST')]).toEqual([
        length,
        await own.call('DEBUG', 'DIGEST'),
      ])
      const left = statSync(join(own.dir, 'appendonlydir', 'appendonly.aof')).size
      // What was not finished goes from its MULTI on; servers before Valkey 9.1 leave the begun half in the file.
      const { offset, inTransaction } = told!.cutOff[0] ?? { offset: length, inTransaction: false }
      expect([length, offset]).toEqual([
        length,
        inTransaction ? expect.toSatisfy((it: number) => it <= left) : left,
      ])
    }
  })
})

describe('up to a moment', () => {
  const at = (seconds: number): string => `#TS:${seconds}\r\n`
  const dated = Buffer.concat([
    Buffer.from(at(1_628_217_470)),
    commands('SELECT 0', 'SET foo1 bar1'),
    Buffer.from(at(1_628_217_471)),
    commands('SET foo2 bar2'),
    Buffer.from(at(1_628_217_472)),
    commands('SET foo3 bar3', 'SET foo3 again'),
    Buffer.from(at(1_628_217_473)),
    commands('SET foo4 bar4'),
  ])

  test.each([1_628_217_470, 1_628_217_471, 1_628_217_473, 1_628_217_480])(
    'to %d: what the server’s own tool leaves',
    async (seconds) => {
      const folder = made({ 'appendonly.aof': dated })
      const file = join(folder, 'appendonly.aof')
      await restore(file, { until: seconds * 1000 })
      execFileSync('redis-check-aof', ['--truncate-to-timestamp', String(seconds), file], { input: 'y\n' })
      await using own = await loaded(folder)
      expect(await target.call('DEBUG', 'DIGEST')).toBe(await own.call('DEBUG', 'DIGEST'))
    },
  )

  test('refused where the file does not say when, or begins later', async () => {
    const folder = made({ 'plain.aof': set('1'), 'dated.aof': dated })
    expect((await refusal(join(folder, 'plain.aof'), { until: Date.now() })).code).toBe('aof.no-timestamps')
    expect(await refusal(join(folder, 'dated.aof'), { until: 1_628_217_469_999 })).toMatchObject({
      code: 'aof.until-too-early',
      params: { first: '2021-08-06T02:37:50.000Z' },
    })
  })
})

describe('a target with keys of its own', () => {
  const flushing = commands('SET a 1', 'FLUSHALL', 'SET b 2')

  test('must hold nothing in the databases written to', async () => {
    await target.call('SET', 'mine', 'x')
    const folder = made({ 'a.aof': commands('SELECT 3', 'SET a 1'), 'b.aof': set('1') })
    expect(await refusal(join(folder, 'b.aof'))).toMatchObject({
      code: 'target.not-empty',
      params: { keys: 1, examples: 'mine' },
    })
    await restore(join(folder, 'a.aof'))
    expect(await target.call('GET', 'mine')).toBe('x')
  })

  test('is not flushed unless told so', async () => {
    const folder = made({ 'a.aof': flushing })
    const file = join(folder, 'a.aof')
    await target.call('SELECT', 9)
    await target.call('SET', 'mine', 'x')
    await target.call('SELECT', 0)
    expect(await refusal(file)).toMatchObject({
      code: 'aof.would-flush',
      params: { command: 'FLUSHALL', keys: 1 },
    })
    await restore(file, { onConflict: 'replace' })
    expect(await target.call('KEYS', '*')).toEqual(['b'])
    expect(String(await target.call('INFO', 'keyspace'))).not.toContain('db9')
  })

  test('is written over with replace, and skip cannot be', async () => {
    const folder = made({ 'a.aof': commands('SET a 1', 'INCR a') })
    const file = join(folder, 'a.aof')
    await target.call('MSET', 'a', '70', 'mine', 'x')
    expect((await refusal(file, { onConflict: 'skip' })).code).toBe('aof.skip-impossible')
    await restore(file, { onConflict: 'replace' })
    expect(await target.call('MGET', 'a', 'mine')).toEqual(['2', 'x'])
  })
})

describe('a part of the keys', () => {
  const file = (): string => {
    const folder = made({
      'a.aof': Buffer.concat([
        commands(
          'SET user:1 a',
          'APPEND user:1 b',
          'SET other c',
          'MSET user:2 x other:2 y',
          'DEL other user:9',
        ),
        commands(
          'MULTI',
          'INCR user:n',
          'INCR other:n',
          'EXEC',
          'SET user:gone 1',
          'RENAME user:gone other:gone',
        ),
        commands('SELECT 4', 'RPUSH user:list 1 2', 'SELECT 6', 'SET user:1 six', 'COPY user:1 user:6 DB 4'),
      ]),
    })
    return join(folder, 'a.aof')
  }

  test('by name', async () => {
    const result = await restore(file(), { include: ['user:*'] })
    expect(((await target.call('KEYS', '*')) as string[]).sort()).toEqual(['user:1', 'user:2', 'user:n'])
    expect(await target.call('GET', 'user:1')).toBe('ab')
    expect(result.commands).toMatchObject({ leftOut: 2, failed: 0 })
  })

  test('by database, into others, under other names', async () => {
    await restore(file(), { dbs: [4, 6], dbMap: { 4: 1, 6: 2 }, addPrefix: 'new:' })
    expect(await target.call('DBSIZE')).toBe(0)
    await target.call('SELECT', 1)
    expect(((await target.call('KEYS', '*')) as string[]).sort()).toEqual(['new:user:6', 'new:user:list'])
    await target.call('SELECT', 2)
    expect(await target.call('GET', 'new:user:1')).toBe('six')
    await target.call('SELECT', 0)
  })

  test('what cannot be parted is told before the first write', async () => {
    const folder = made({
      'a.aof': Buffer.concat([commands('RPUSH a 1', 'LMOVE a b LEFT LEFT', 'LMOVE b a LEFT LEFT')]),
    })
    expect(await refusal(join(folder, 'a.aof'), { include: ['a'] })).toMatchObject({
      code: 'aof.cannot-select',
      params: { commands: 'LMOVE (2)' },
    })
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test('one database of two that become one is not emptied', async () => {
    const folder = made({ 'a.aof': commands('SET a 1', 'SELECT 1', 'SET b 1', 'FLUSHDB') })
    expect(await refusal(join(folder, 'a.aof'), { targetDb: 0 })).toMatchObject({
      code: 'aof.cannot-select',
      params: { commands: 'FLUSHDB (1)' },
    })
    await restore(join(folder, 'a.aof'))
    expect(await target.call('KEYS', '*')).toEqual(['a'])
  })
})

describe('keyferry inspect', () => {
  const files = {
    [`${dir}/${base1}`]: commands('SELECT 0', 'SET a 1', 'SET b 1'),
    [`${dir}/${incr1}`]: Buffer.concat([
      Buffer.from('#TS:1628217470\r\n'),
      commands('SELECT 4', 'INCR a', 'BLA x', 'INCR a'),
      Buffer.from('#TS:1628217490\r\n'),
      commands('INCR c', 'MULTI', 'INCR c'),
    ]),
    [manifest]: lines(
      `file ${base1} seq 1 type b`,
      'file appendonly.aof.9.incr.aof seq 9 type h',
      `file ${incr1} seq 10 type i`,
    ),
  }

  test('tells of commands, files, times and what is cut off, as JSON', async () => {
    const { code, events } = await runCli(['inspect', made(files), '--json'])
    expect(code).toBe(0)
    expect(events.at(-1)).toMatchObject({
      event: 'done',
      rdbVersion: 0,
      aof: {
        files: [{ name: base1 }, { name: incr1 }],
        history: ['appendonly.aof.9.incr.aof'],
        commands: 6,
        byName: [
          { name: 'INCR', count: 3 },
          { name: 'SET', count: 2 },
          { name: 'BLA', count: 1 },
        ],
        unknown: ['BLA'],
        dbs: [0, 4],
        keys: 4,
        times: { first: 1_628_217_470_000, last: 1_628_217_490_000 },
        cutOff: { inTransaction: true, bytes: commands('MULTI', 'INCR c').length },
      },
    })
  })

  test('tells a person', async () => {
    const { code, stdout } = await runCli(['inspect', join(made(files), manifest)])
    expect(code).toBe(0)
    expect(stdout).toContain('append-only file')
    expect(stdout).toContain('6 commands (')
    expect(stdout).toContain('about 4 keys, database 0, 4.')
    expect(stdout).toContain('Written between 2021-08-06T02:37:50Z and 2021-08-06T02:38:10Z.')
    expect(stdout).toContain('Commands of no known kind: BLA.')
    expect(stdout).toMatch(/It ends inside a transaction: a server leaves away \d+ B from byte \d+/)
    expect(stdout).toMatch(/INCR +3\n/)
  })

  test.skipIf(corpus === null)('tells of the RDB in front too', async () => {
    const file = join(corpus!, 'debian-src__valkey-9.1.2/tests/assets/rdb-preamble.aof')
    const { stdout } = await runCli(['inspect', file])
    expect(stdout).toContain('1 command (')
    expect(stdout).toMatch(/It begins with: Redis RDB version \d+/)
    expect(stdout).toContain('2 keys')
  })
})

test.skipIf(corpus === null).each(corpusFiles('.aof'))(
  'of other projects: %s is taken as the server takes it',
  async (file) => {
    const folder = made({ 'appendonly.aof': readFileSync(file) })
    const own = await loaded(folder).catch(() => null)
    const restored = await restore(file).then(
      () => true,
      (thrown: unknown) => (thrown instanceof FailureError ? thrown.failure.code : String(thrown)),
    )
    try {
      if (own === null) expect(restored).toMatch(/^(?:file|aof)\./)
      else {
        expect(restored).toBe(true)
        expect(await target.call('DEBUG', 'DIGEST')).toBe(await own.call('DEBUG', 'DIGEST'))
      }
    } finally {
      await own?.stop()
    }
  },
)

test('an argument of 60 MB goes through in memory that is much less', async () => {
  const length = 60 * 1024 * 1024
  const head = Buffer.concat([
    commands('SET small 1'),
    Buffer.from(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${length}\r\n`),
  ])
  const expire = commands(`PEXPIREAT big ${Date.now() + 100_000}`, 'APPEND big end')
  const folder = made({ 'a.aof': '' })
  const file = join(folder, 'a.aof')
  writeFileSync(file, Buffer.concat([head, Buffer.alloc(length, 'abcdefgh'), Buffer.from('\r\n'), expire]))
  await restore(file)
  expect(await target.call('STRLEN', 'big')).toBe(length + 3)
  expect(await target.call('GETRANGE', 'big', length - 8, -1)).toBe('abcdefghend')
  expect(Number(await target.call('PTTL', 'big'))).toBeGreaterThan(50_000)
})
