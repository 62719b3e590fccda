import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { crc64 } from '#engine/bytes/crc64.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { encodeListpack } from '#engine/rdb/listpack.ts'
import { opcode, type as codeOf } from '#engine/rdb/opcodes.ts'
import { describeKeys, fillWithEveryType, type DescribedKey } from '../support/every-type.ts'
import { failureOf } from '../support/failure-of.ts'
import { code, int64, rdbBytes, rdbFile, type RdbPart } from '../support/rdb-file-bytes.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

let folder: string
let file: string
let target: RedisServer
let keys: readonly DescribedKey[]
/** The same, were none of them to expire: a digest tells whether a key expires. */
let lasting: readonly DescribedKey[]

/** One key of each way to write one: packed with others, as it is, alone, made anew, in pieces. */
const ofEveryWay = ['string:packed', 'hash:large', 'string:1MB', 'set:converted', 'list:in pieces']

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-selection-'))
  file = join(folder, 'every-way.rdb')
  target = await startRedis()
  await using source = await startRedis()
  await fillWithEveryType(source)
  for (let at = 0; at < 750; at += 1) await source.call('RPUSH', 'list:in pieces', randomBytes(12_000))
  await source.call('PEXPIREAT', 'list:in pieces', Date.now() + 7_200_000)
  await source.call('SAVE')
  // Of a type that a 7.0 server neither writes nor reads: sets as listpacks came with 7.2.
  const later = Date.now() + 3_600_000
  const members = ['one', 'two', 'three']
  const converted = [
    ...[code(opcode.SELECTDB), 0, code(opcode.EXPIRETIME_MS), int64(later)],
    ...[code(codeOf.SET_LISTPACK), 'set:converted', encodedStrings(members)],
  ]
  await source.call('SADD', 'set:converted', ...members)
  await source.call('PEXPIREAT', 'set:converted', later)
  writeFileSync(file, withMore(readFileSync(join(source.dir, 'dump.rdb')), converted))
  keys = await describeKeys(source)
  for (const { db, key } of keys.filter(({ expireAt }) => expireAt >= 0)) {
    await source.call('SELECT', db)
    await source.call('PERSIST', Buffer.from(key, 'latin1'))
  }
  lasting = await describeKeys(source)
})

afterAll(async () => {
  await target.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

function encodedStrings(texts: readonly string[]): Buffer {
  const listpack = encodeListpack(texts.map((text) => Buffer.from(text)))
  return rdbBytes(listpack.length, listpack)
}

/** A file with more entries behind its last one. */
function withMore(whole: Buffer, parts: readonly RdbPart[]): Buffer {
  const body = Buffer.concat([whole.subarray(0, -9), rdbBytes(...parts), code(opcode.EOF)])
  return Buffer.concat([body, int64(BigInt.asIntN(64, crc64(body)))])
}

function restore(rules: Partial<RestoreRequest> = {}): Promise<RestoreResult> {
  const to = { host: target.host, port: target.port }
  const spec = restoreSpecSchema.parse({ files: [file], target: to, ...rules })
  return runRestore(spec, () => undefined, new AbortController().signal)
}

function sorted(described: readonly DescribedKey[]): readonly DescribedKey[] {
  const place = ({ db, key }: DescribedKey): string => `${String(db).padStart(2)} ${key}`
  return [...described].sort((a, b) => (place(a) < place(b) ? -1 : 1))
}

type Rename = (key: DescribedKey) => DescribedKey

const renamings: readonly (readonly [string, Partial<RestoreRequest>, Rename])[] = [
  ['every key with a prefix', { addPrefix: 'new:{a}:' }, (key) => ({ ...key, key: `new:{a}:${key.key}` })],
  [
    'some without the one they had, all with another',
    { stripPrefix: 'string:', addPrefix: 's/' },
    (key) => ({ ...key, key: `s/${key.key.replace(/^string:/, '')}` }),
  ],
  [
    'several databases into one, each with its prefix',
    { targetDb: 5, dbPrefix: { 0: 'zero:', 3: 'three:' } },
    (key) => ({
      ...key,
      db: 5,
      key: `${({ 0: 'zero:', 3: 'three:' } as const)[key.db as 0 | 3] ?? ''}${key.key}`,
    }),
  ],
]

describe.each(renamings)('renamed: %s', (_, rules, rename) => {
  test('every value arrives under its new name', async () => {
    const result = await restore(rules)
    expect(sorted(await describeKeys(target))).toEqual(sorted(keys.map(rename)))
    const renamed = keys.filter((key) => rename(key).key !== key.key)
    expect(result).toMatchObject({ keysWritten: keys.length, keysFailed: 0, keysRenamed: renamed.length })
  })

  async function occupy(): Promise<readonly DescribedKey[]> {
    for (const key of keys.filter(({ key: name, db }) => ofEveryWay.includes(name) && db === 0)) {
      const { db, key: name } = rename(key)
      await target.call('SELECT', db)
      await target.call('SET', name, 'mine', 'EX', 1000)
      // The old name is nobody's: what bears it stays.
      await target.call('SELECT', 9)
      await target.call('SET', key.key, 'not meant')
    }
    await target.call('SELECT', 0)
    return await describeKeys(target)
  }

  test('under skip, what bears the new name stays as it was', async () => {
    const before = await occupy()
    const result = await restore({ ...rules, onConflict: 'skip' })
    const taken = new Set(before.map(({ db, key }) => `${db} ${key}`))
    const others = keys.map(rename).filter(({ db, key }) => !taken.has(`${db} ${key}`))
    expect(sorted(await describeKeys(target))).toEqual(sorted([...before, ...others]))
    expect(result).toMatchObject({ keysSkipped: ofEveryWay.length, keysWritten: others.length })
    expect(result.examples.map(({ key }) => key).sort()).toEqual(
      before
        .filter(({ db }) => db !== 9)
        .map(({ key }) => key)
        .sort(),
    )
  })

  test('under replace, what bears the new name is replaced', async () => {
    const before = await occupy()
    await restore({ ...rules, onConflict: 'replace' })
    const untouched = before.filter(({ db }) => db === 9)
    expect(sorted(await describeKeys(target))).toEqual(sorted([...untouched, ...keys.map(rename)]))
  })

  test('under fail, what bears the new name stops it before the first write', async () => {
    const before = await occupy()
    expect(await failureOf(restore({ ...rules, onConflict: 'fail' }))).toMatchObject({
      code: 'target.not-empty',
      params: { keys: ofEveryWay.length },
    })
    expect(sorted(await describeKeys(target))).toEqual(sorted(before))
  })
})

test('under fail, keys that bear an old name are no hindrance', async () => {
  await target.call('SET', 'hash:large', 'mine')
  await restore({ addPrefix: 'new:' })
  expect(await target.call('GET', 'hash:large')).toBe('mine')
  expect(await target.call('HLEN', 'new:hash:large')).toBe(1_000)
})

test('into a cluster: each key goes to the owner of its new name, on every way to write', async () => {
  await using cluster = await startCluster({ masters: 3 })
  const [first] = cluster.nodes
  const spec = restoreSpecSchema.parse({
    files: [file],
    target: { host: '127.0.0.1', port: first!.port },
    targetDb: 0,
    addPrefix: 'new:',
    dbPrefix: { 3: 'three:', 15: 'fifteen:' },
    excludeTypes: ['stream'],
  })
  const result = await runRestore(spec, () => undefined, new AbortController().signal)
  const there = (await Promise.all(cluster.nodes.map((node) => describeKeys(node, [0])))).flat()
  const prefix = (db: number): string => ({ 3: 'new:three:', 15: 'new:fifteen:' })[db] ?? 'new:'
  const wanted = keys
    .filter(({ kind }) => kind !== 'stream')
    .map((key) => ({ ...key, db: 0, key: prefix(key.db) + key.key }))
  expect(sorted(there)).toEqual(sorted(wanted))
  expect(result).toMatchObject({ keysWritten: wanted.length, keysFailed: 0, keysRenamed: wanted.length })
})

const slotsWanted = { from: 4_000, to: 12_000 }

describe.each<[string, Partial<RestoreRequest>, (key: DescribedKey) => boolean]>([
  ['databases', { dbs: [3, 15] }, ({ db }) => db === 3 || db === 15],
  ['types', { types: ['stream', 'list'] }, ({ kind }) => kind === 'stream' || kind === 'list'],
  [
    'types left out',
    { excludeTypes: ['string', 'list'] },
    ({ kind }) => kind !== 'string' && kind !== 'list',
  ],
  [
    'slots',
    { slots: [slotsWanted] },
    ({ key }) => {
      const slot = keySlot(Buffer.from(key, 'latin1'))
      return slot >= slotsWanted.from && slot <= slotsWanted.to
    },
  ],
  [
    'everything at once, by the old names',
    { dbs: [0], excludeTypes: ['hash'], include: ['*:*'], exclude: ['string:number:*'], addPrefix: 'new:' },
    ({ db, kind, key }) =>
      db === 0 && kind !== 'hash' && key.includes(':') && !key.startsWith('string:number:'),
  ],
])('chosen: %s', (_, rules, chosen) => {
  test('exactly those arrive, and the others are counted by rule', async () => {
    const result = await restore(rules)
    const wanted = keys.filter(chosen).map((key) => ({ ...key, key: (rules.addPrefix ?? '') + key.key }))
    expect(sorted(await describeKeys(target))).toEqual(sorted(wanted))
    expect(wanted.length).toBeGreaterThan(0)
    expect(result).toMatchObject({ keysWritten: wanted.length, keysFiltered: keys.length - wanted.length })
    const counted = Object.values(result.leftOut).reduce((sum, count) => sum + count, 0)
    expect(counted).toBe(result.keysFiltered)
  })
})

test('each key left out is counted under the first rule that does so', async () => {
  const { leftOut } = await restore({ dbs: [0], types: ['string', 'hash'], exclude: ['hash:*'] })
  const inFirst = keys.filter(({ db }) => db === 0)
  expect(leftOut).toEqual({
    db: keys.length - inFirst.length,
    type: inFirst.filter(({ kind }) => kind !== 'string' && kind !== 'hash').length,
    slot: 0,
    include: 0,
    exclude: inFirst.filter(({ key }) => key.startsWith('hash:')).length,
  })
})

describe('expiries', () => {
  const hour = 3_600_000
  const expiring = (): readonly DescribedKey[] => keys.filter(({ expireAt }) => expireAt >= 0)

  async function expiries(): Promise<ReadonlyMap<string, number>> {
    return new Map((await describeKeys(target)).map(({ db, key, expireAt }) => [`${db} ${key}`, expireAt]))
  }

  test('none: no key expires any more', async () => {
    await restore({ ttl: { rule: 'none' } })
    expect(sorted(await describeKeys(target))).toEqual(sorted(lasting))
  })

  test('extend: those that expire do so later by exactly as much', async () => {
    await restore({ ttl: { rule: 'extend', ms: hour } })
    const later = keys.map((key) => (key.expireAt < 0 ? key : { ...key, expireAt: key.expireAt + hour }))
    expect(sorted(await describeKeys(target))).toEqual(sorted(later))
  })

  test('set: those that expire do so that long after they were written; the others stay for good', async () => {
    const start = Date.now()
    await restore({ ttl: { rule: 'set', ms: hour } })
    const end = Date.now()
    const found = await expiries()
    expect(found.size).toBe(keys.length)
    expect(expiring().map(({ key }) => key)).toEqual(
      expect.arrayContaining(['list:in pieces', 'set:converted']),
    )
    for (const { db, key, expireAt } of keys) {
      const there = found.get(`${db} ${key}`)!
      if (expireAt < 0) expect(there, key).toBe(-1)
      else expect(there - hour, key).toSatisfy((at: number) => at >= start - 1_000 && at <= end + 1_000)
    }
  })

  test('a key whose time is past is left out as it is, and lives on under a rule that gives it time', async () => {
    const past = Date.now() - 60_000
    const small = join(folder, 'past.rdb')
    const entry = (at: number, key: string): RdbPart[] => [
      ...[code(opcode.EXPIRETIME_MS), int64(at)],
      ...[code(codeOf.STRING), key, 'v'],
    ]
    writeFileSync(
      small,
      rdbFile(9, code(opcode.SELECTDB), 0, ...entry(past, 'a'), ...entry(past - hour, 'b')),
    )
    const rules: Partial<RestoreRequest> = { files: [small], onConflict: 'replace' }
    expect(await restore(rules)).toMatchObject({ keysWritten: 0, keysExpired: 2 })
    expect(await restore({ ...rules, ttl: { rule: 'extend', ms: hour } })).toMatchObject({ keysExpired: 1 })
    expect(await target.call('PEXPIRETIME', 'a')).toBe(past + hour)
    expect(await restore({ ...rules, ttl: { rule: 'set', ms: hour } })).toMatchObject({ keysWritten: 2 })
    expect(await target.call('PTTL', 'b')).toBeGreaterThan(hour - 60_000)
    expect(await restore({ ...rules, ttl: { rule: 'none' } })).toMatchObject({ keysWritten: 2 })
    expect(await target.call('PTTL', 'b')).toBe(-1)
  })
})

describe('keys that would share a name', () => {
  const colliding: RdbPart[] = [
    ...[code(opcode.SELECTDB), 0, code(codeOf.STRING), 'cart:1', 'a', code(codeOf.STRING), '1', 'b'],
    ...[code(opcode.SELECTDB), 3, code(codeOf.STRING), 'cart:1', 'c', code(codeOf.STRING), 'only here', 'd'],
  ]
  let small: string

  beforeAll(() => {
    small = join(folder, 'colliding.rdb')
    writeFileSync(small, rdbFile(9, ...colliding))
  })

  test.each(['fail', 'skip', 'replace'] as const)(
    'are found before the first write under %s',
    async (onConflict) => {
      const failure = await failureOf(restore({ files: [small], onConflict, targetDb: 0 }))
      expect(failure).toMatchObject({
        code: 'file.collisions',
        params: { keys: 1, examples: 'cart:1 (db 0 cart:1, db 3 cart:1)' },
      })
      const stripped = await failureOf(restore({ files: [small], onConflict, stripPrefix: 'cart:' }))
      expect(stripped).toMatchObject({
        code: 'file.collisions',
        params: { keys: 1, examples: '1 (db 0 cart:1, db 0 1)' },
      })
      expect(await target.call('DBSIZE')).toBe(0)
    },
  )

  test('are none where one is left out, has expired, or the databases have prefixes', async () => {
    const rules: Partial<RestoreRequest> = { files: [small], onConflict: 'replace', targetDb: 0 }
    expect(await restore({ ...rules, dbPrefix: { 3: 'three:' } })).toMatchObject({ keysWritten: 4 })
    expect(await restore({ ...rules, exclude: ['cart:*'] })).toMatchObject({ keysWritten: 2 })
    expect(await restore({ ...rules, dbs: [3] })).toMatchObject({ keysWritten: 2 })
    const expired = [code(opcode.EXPIRETIME_MS), int64(Date.now() - 60_000)]
    const past = join(folder, 'colliding-with-past.rdb')
    writeFileSync(past, rdbFile(9, ...colliding.slice(0, 2), ...expired, ...colliding.slice(2)))
    expect(await restore({ ...rules, files: [past] })).toMatchObject({ keysWritten: 3, keysExpired: 1 })
  })
})
