import { once } from 'node:events'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeFile } from '#engine/rdb/decode/file.ts'
import { longestText } from '#engine/rdb/decode/json-writer.ts'
import { commands, folderOf } from '../support/aof.ts'
import { corpusFiles } from '../support/corpus.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'

interface Line {
  readonly db: number
  readonly key: Text
  readonly type: string
  readonly encoding: string
  readonly expireAt?: number
  readonly idle?: number
  readonly freq?: number
  readonly value: unknown
}

/** A string of Redis as `decode` writes it. */
type Text = string | { readonly base64: string }

interface StreamValue {
  readonly entries: readonly { readonly id: string; readonly fields: readonly (readonly [Text, Text])[] }[]
  readonly length: number
  readonly lastId: string
  readonly firstId?: string
  readonly maxDeletedId?: string
  readonly entriesAdded?: number
  readonly groups: readonly object[]
}

async function decoded(file: string): Promise<Line[]> {
  const pieces: Buffer[] = []
  const { signal } = new AbortController()
  await decodeFile({ file, filter: null, dbs: null, signal }, async (bytes) => {
    pieces.push(Buffer.from(bytes))
  })
  return linesOf(Buffer.concat(pieces).toString())
}

function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

function bytesOf(text: Text): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.base64, 'base64')
}

/** As the goldens have it: what is no UTF-8 replaced. */
function lossy(text: Text): string {
  return bytesOf(text).toString()
}

// What an independent reader (github.com/HDT3213/rdb) made of the same files.

type Golden = Readonly<Record<string, unknown>>

function readGoldens(): readonly { name: string; file: string; keys: Golden[] }[] {
  // Two projects have these files; what is the same is kept once. An older state is another file.
  const rdbFiles = corpusFiles('.rdb').filter((path) => !path.includes('/_history/'))
  return corpusFiles('.json').flatMap((path) => {
    const name = basename(path, '.json')
    const beside = path.replace(/json$/, 'rdb')
    const file = existsSync(beside) ? beside : rdbFiles.find((other) => basename(other) === `${name}.rdb`)
    // An index of the corpus, or the outcome of a selection that is not ours.
    if (file === undefined || !path.includes('/HDT3213__rdb/cases/')) return []
    const keys = (JSON.parse(readFileSync(path, 'utf8')) as Golden[]).filter(({ type }) => type !== 'aux')
    return [{ name, file, keys }]
  })
}

function asGolden(line: Line): Golden {
  const { type, db, value } = line
  if (type === 'function') return { type: 'functions', functionsLua: value }
  const head = {
    db,
    key: lossy(line.key),
    type,
    ...(line.expireAt === undefined ? {} : { expiration: line.expireAt }),
  }
  switch (type) {
    case 'string':
      return { ...head, value: lossy(value as Text) }
    case 'list':
      return { ...head, values: (value as Text[]).map(lossy) }
    case 'set':
      return { ...head, members: (value as Text[]).map(lossy).sort() }
    case 'zset': {
      const entries = (value as [Text, number][]).map(([member, score]) => ({ member: lossy(member), score }))
      return { ...head, entries: entries.sort(byMember) }
    }
    case 'hash': {
      const pairs = (value as [Text, Text, number?][]).map(([field, held, expireAt]) => ({
        field: lossy(field),
        held: lossy(held),
        expireAt: expireAt ?? 0,
      }))
      const hash = Object.fromEntries(pairs.map(({ field, held }) => [field, held]))
      const expire = Object.fromEntries(pairs.map(({ field, expireAt }) => [field, expireAt]))
      return { ...head, hash, ...(pairs.some(({ expireAt }) => expireAt > 0) ? { expire } : {}) }
    }
    default:
      return { ...head, ...streamAsGolden(value as StreamValue) }
  }
}

function streamAsGolden({ entries, length, entriesAdded, groups, ...rest }: StreamValue): Golden {
  return {
    ...rest,
    len: length,
    ...(entriesAdded === undefined ? {} : { addedEntriesCount: entriesAdded }),
    messages: entries.map(({ id, fields }) => ({
      id,
      fields: Object.fromEntries(fields.map(([field, value]) => [lossy(field), lossy(value)])),
    })),
    groups: groups.map((group) => renamed(group)),
  }
}

const goldenNames: Readonly<Record<string, string>> = {
  deliveredAt: 'deliveryTime',
  deliveries: 'deliveryCount',
  seenAt: 'seenTime',
  activeAt: 'activeTime',
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => !Array.isArray(inner) || inner.length > 0)
      .map(([name, inner]) => [goldenNames[name] ?? name, renamed(inner)]),
  )
}

function byMember(one: { member: string }, other: { member: string }): number {
  return one.member < other.member ? -1 : 1
}

/** The golden without what it tells of the reader rather than of the data, ordered as ours is. */
function normal(golden: Golden): Golden {
  const { size: _size, encoding: _encoding, version, isV2: _isV2, ...kept } = golden
  if (golden['type'] === 'functions') return { type: 'functions', functionsLua: golden['functionsLua'] }
  const { members, expiration } = golden
  const common = {
    ...kept,
    ...(typeof expiration === 'string' ? { expiration: Date.parse(expiration) } : {}),
    ...(Array.isArray(members) ? { members: [...(members as string[])].sort() } : {}),
  }
  if (golden['type'] === 'zset')
    return { ...common, entries: [...(golden['entries'] as { member: string }[])].sort(byMember) }
  if (golden['type'] !== 'stream') return common
  const { entries, groups, ...stream } = common as Golden & {
    readonly entries: readonly {
      msgs: readonly { id: string; fields: object; deleted: boolean }[] | null
    }[]
    readonly groups?: unknown
  }
  const messages = (entries ?? []).flatMap(({ msgs }) => msgs ?? []).filter(({ deleted }) => !deleted)
  return {
    ...stream,
    messages: messages.map(({ id, fields }) => ({ id, fields })),
    groups: groupsOf(groups, version),
  }
}

/** It tells the time last active of files that do not have it. */
function groupsOf(groups: unknown, version: unknown): unknown {
  return JSON.parse(
    JSON.stringify(groups ?? [], (name, value: unknown) =>
      name === 'activeTime' && version !== 3 ? undefined : value,
    ),
  )
}

const goldens = readGoldens()

describe.skipIf(goldens.length === 0)('files of which another reader has told what is in them', () => {
  test('there are as many as are known', () => expect(goldens.length).toBe(37))

  test.each(goldens)('$name', async ({ file, keys }) => {
    expect((await decoded(file)).map(asGolden)).toEqual(keys.map(normal))
  })
})

// What the server itself says of what it saved.

let server: RedisServer
let file: string
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-decode-'))
  server = await startRedis()
  await fillWithEveryType(server)
  await server.call('SAVE')
  file = join(server.dir, 'dump.rdb')
})

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What a client reads of a key, in the form of `decode`, its parts as hex. */
async function asked(key: Buffer, type: string): Promise<unknown> {
  const hex = (parts: unknown): string[] => (parts as Buffer[]).map((part) => part.toString('hex'))
  const pairs = (parts: readonly string[]): string[][] =>
    Array.from({ length: parts.length / 2 }, (_, at) => parts.slice(at * 2, at * 2 + 2))
  switch (type) {
    case 'string':
      return ((await server.callBuffer('GET', key)) as Buffer).toString('hex')
    case 'list':
      return hex(await server.callBuffer('LRANGE', key, 0, -1))
    case 'set':
      return hex(await server.callBuffer('SMEMBERS', key)).sort()
    case 'hash':
      return pairs(hex(await server.callBuffer('HGETALL', key))).sort()
    case 'zset': {
      const reply = (await server.callBuffer('ZRANGE', key, 0, -1, 'WITHSCORES')) as Buffer[]
      return pairs(
        reply.map((part, at) => (at % 2 === 0 ? part.toString('hex') : exact(part.toString()))),
      ).sort()
    }
    default: {
      const entries = (await server.callBuffer('XRANGE', key, '-', '+')) as [Buffer, Buffer[]][]
      return entries.map(([id, parts]) => [id.toString(), pairs(hex(parts))])
    }
  }
}

/** One way to write each double, whichever way it was written. */
function exact(score: number | string): string {
  const value = typeof score === 'number' ? score : Number(score.replace('inf', 'Infinity'))
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The same of what was decoded. */
function told({ type, value }: Line): unknown {
  const hex = (text: Text): string => bytesOf(text).toString('hex')
  switch (type) {
    case 'string':
      return hex(value as Text)
    case 'list':
      return (value as Text[]).map(hex)
    case 'set':
      return (value as Text[]).map(hex).sort()
    case 'hash':
      return (value as [Text, Text][]).map(([field, held]) => [hex(field), hex(held)]).sort()
    case 'zset': {
      const units = value as [Text, number | string][]
      return units.map(([member, score]) => [hex(member), exact(score)]).sort()
    }
    default:
      return (value as StreamValue).entries.map(({ id, fields }) => [
        id,
        fields.map(([field, held]) => [hex(field), hex(held)]),
      ])
  }
}

describe('every type of a real server', () => {
  test('each key is told as the server tells it, and every key is', async () => {
    const lines = (await decoded(file)).filter(({ type }) => type !== 'function')
    const keyspace = String(await server.call('INFO', 'keyspace'))
    const keys = [...keyspace.matchAll(/keys=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
    expect(lines).toHaveLength(keys)
    for (const line of lines) {
      const key = bytesOf(line.key)
      await server.call('SELECT', line.db)
      expect(await server.call('TYPE', key)).toBe(line.type)
      expect(await server.call('PEXPIRETIME', key)).toBe(line.expireAt ?? -1)
      expect(told(line), `${line.type} ${JSON.stringify(line.key)}`).toEqual(await asked(key, line.type))
    }
    await server.call('SELECT', 0)
  })

  test('libraries of functions are told with their code', async () => {
    const libraries = (await decoded(file)).filter(({ type }) => type === 'function')
    expect(libraries.map(({ value }) => value).sort()).toEqual([
      expect.stringMatching(/^#!lua name=lib\n/),
      expect.stringMatching(/^#!lua name=packed\n/),
    ])
  })

  test('bytes that are no text come back exactly', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, at) => at))
    const lines = (await decoded(file)).filter(({ type }) => type === 'string')
    const line = lines.find(({ key }) => bytesOf(key).equals(every))!
    expect(bytesOf(line.value as Text)).toEqual(Buffer.from([...every].reverse()))
  })
})

describe('keyferry decode', () => {
  test('selects by key and by database', async () => {
    const { code, stdout } = await runCli([
      'decode',
      file,
      '--include',
      's*',
      '--exclude',
      '*:*',
      '--db',
      '3',
    ])
    expect(code).toBe(0)
    expect(linesOf(stdout).map(({ db, key, value }) => [db, key, value])).toEqual(
      expect.arrayContaining([
        [3, 'string', 'in database 3'],
        [3, 'set', ['1', '2', '3']],
      ]),
    )
    expect(linesOf(stdout)).toHaveLength(2)
  })

  test('tells idle times and frequencies', async () => {
    await using lfu = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lfu'] })
    await lfu.call('SET', 'used', 1)
    await lfu.call('SAVE')
    const { stdout } = await runCli(['decode', join(lfu.dir, 'dump.rdb')])
    expect(linesOf(stdout)).toMatchObject([{ key: 'used', freq: expect.any(Number) as number }])
  })

  test('ends quietly when its reader has seen enough', async () => {
    const run = startCli(['decode', file])
    run.closeStdout()
    expect(await run.ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('tells what a broken file still has, then says that it is broken', async () => {
    const broken = join(folder, 'broken.rdb')
    writeFileSync(broken, readFileSync(file).subarray(0, -30))
    const { code, stdout, stderr } = await runCli(['decode', broken])
    expect(code).toBe(1)
    expect(stderr).toContain('(file.truncated)')
    expect(linesOf(stdout).length).toBeGreaterThan(3)
  })

  test('writes a list of 200 MB in bounded memory', async () => {
    const large = join(folder, 'large.rdb')
    const count = 200
    const plain = (bytes: Buffer): Buffer => {
      const head = Buffer.from([0x80, 0, 0, 0, 0])
      head.writeUInt32BE(bytes.length, 1)
      return Buffer.concat([head, bytes])
    }
    const element = plain(Buffer.alloc(1024 * 1024, 'x'))
    const out = createWriteStream(large)
    out.write(
      Buffer.concat([Buffer.from('REDIS0003\xfe\x00\x01\x01l', 'latin1'), Buffer.from([0x40, count])]),
    )
    for (let at = 0; at < count; at += 1) out.write(element)
    out.end(Buffer.from([0xff]))
    await once(out, 'finish')
    const { signal } = new AbortController()
    let written = 0
    let largest = 0
    const before = process.memoryUsage().rss
    await decodeFile({ file: large, filter: null, dbs: null, signal }, async (bytes) => {
      written += bytes.length
      largest = Math.max(largest, process.memoryUsage().rss)
    })
    expect(written).toBe(
      count * (1024 * 1024 + 3) + '{"db":0,"key":"l","type":"list","encoding":"LIST","value":[]}'.length,
    )
    expect(largest - before).toBeLessThan(100 * 1024 * 1024)
  })

  test('writes a string longer than any text as base64, piece by piece', async () => {
    const large = join(folder, 'string.rdb')
    const bytes = Buffer.alloc(longestText + 1, 'text ')
    const head = Buffer.from('REDIS0003\xfe\x00\x00\x01s\x80\0\0\0\0', 'latin1')
    head.writeUInt32BE(bytes.length, head.length - 4)
    writeFileSync(large, Buffer.concat([head, bytes, Buffer.from([0xff])]))
    const [line] = await decoded(large)
    expect(line!.value).toEqual({ base64: bytes.toString('base64') })
  })
})

describe('keyferry decode of an append-only file', () => {
  const rdb = Buffer.from(
    'REDIS0009\xfa\x0caof-preamble\xc0\x01\xfe\x00\x00\x01s\x05value\xff\0\0\0\0\0\0\0\0',
    'latin1',
  )
  const incr = commands('SELECT 0', 'SET s other')

  test('tells the RDB it begins with, and what follows', async () => {
    const data = folderOf({
      'appendonlydir/a.aof.1.base.rdb': rdb,
      'appendonlydir/a.aof.1.incr.aof': incr,
      'appendonlydir/a.aof.manifest':
        'file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n',
      'one.aof': Buffer.concat([rdb, incr]),
      'bare.aof': incr,
    })
    for (const named of [data, join(data, 'one.aof')]) {
      const run = await runCli(['decode', named])
      expect(run.code).toBe(0)
      expect(run.stdout).toBe('{"db":0,"key":"s","type":"string","encoding":"STRING","value":"value"}\n')
      expect(run.stderr).toContain(`${incr.length} B of commands follow`)
    }
    const bare = await runCli(['decode', join(data, 'bare.aof')])
    expect(bare.code).toBe(1)
    expect(bare.stderr).toContain('file.not-rdb')
    expect(bare.stderr).toContain('No data has been changed.')
    rmSync(data, { recursive: true })
  })
})
