import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { toFailure, type Failure } from '#contract/failure.ts'
import {
  restoreSpecSchema,
  type RestoreProgress,
  type RestoreRequest,
  type RestoreResult,
} from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { opcode, type } from '#engine/rdb/opcodes.ts'
import { bigValueBytes } from '#engine/source/rdb-file.ts'
import { code, int64, rdbBytes, rdbFile, type RdbPart } from '../support/rdb-file-bytes.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

let target: RedisServer
let folder: string

beforeAll(async () => {
  target = await startRedis()
  folder = mkdtempSync(join(tmpdir(), 'keyferry-holds-'))
})

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await target.stop()
})

beforeEach(async () => {
  await target.call('FLUSHALL')
})

const later = Date.now() + 3_600_000
const earlier = Date.now() - 3_600_000

/** A hash of Redis 7.4 as a table: fields with when they expire, 0 for never. */
function expiringHash(
  fields: readonly (readonly [field: string, value: string, expireAt: number])[],
): Uint8Array {
  const least = fields.reduce((soonest, [, , at]) => (at === 0 ? soonest : Math.min(soonest, at)), Infinity)
  const told = fields.map(([field, value, at]) => rdbBytes(at === 0 ? 0 : at - least + 1, field, value))
  return Buffer.concat([int64(least), rdbBytes(fields.length), ...told])
}

const select = [code(opcode.SELECTDB), 0]
const plain = [code(type.STRING), 'plain', 'v']
const small = expiringHash([
  ['stays', '1', 0],
  ['later', '2', later],
  ['gone', '3', earlier],
])
const gone = expiringHash([['gone', '3', earlier]])
/** Too large for a window. */
const manyFields = Array.from(
  { length: bigValueBytes / 100 },
  (_, at) => [`field ${at}`, 'x'.repeat(120), [0, later, earlier][at % 3]!] as const,
)

function backup(name: string, ...parts: RdbPart[]): string {
  const file = join(folder, `${name}.rdb`)
  writeFileSync(file, rdbFile(12, ...select, ...plain, ...parts))
  return file
}

const snapshots: RestoreProgress[] = []

async function restore(file: string, options: Partial<RestoreRequest> = {}): Promise<RestoreResult> {
  const spec = restoreSpecSchema.parse({
    target: { host: target.host, port: target.port },
    ...options,
    files: [file],
  })
  snapshots.length = 0
  return await runRestore(spec, (progress) => snapshots.push(progress), new AbortController().signal)
}

async function refusal(file: string, options?: Partial<RestoreRequest>): Promise<Failure> {
  return await restore(file, options).then(
    () => expect.fail('it was not refused'),
    (thrown: unknown) => toFailure(thrown),
  )
}

describe('fields that expire, into a server that expires only keys', () => {
  let file: string
  let big: string

  beforeAll(() => {
    const entry = (name: string, value: Uint8Array): RdbPart[] => [code(type.HASH_METADATA), name, value]
    file = backup('fields', ...entry('hash', small), ...entry('gone', gone))
    big = backup('big', ...entry('big', expiringHash(manyFields)))
  })

  test.each(['fields', 'big'])('%s: nothing is written, and the failure names them', async (name) => {
    const failure = await refusal(name === 'big' ? big : file)
    expect(failure).toMatchObject({
      code: 'target.lacks-types',
      params: {
        version: target.version,
        losses: name === 'big' ? 'field-expiry 1 (big)' : 'field-expiry 2 (hash, gone)',
      },
    })
    expect(await target.call('DBSIZE')).toBe(0)
  })

  test('skip: they are left out, listed before the first write and at the end', async () => {
    const result = await restore(file, { fieldExpiry: 'skip' })
    const losses = [{ what: 'field-expiry', count: 2, examples: ['hash', 'gone'], becomes: 'left-out' }]
    expect(result).toMatchObject({ keysWritten: 1, keysFailed: 2, cannotHold: losses })
    expect(result.examples.map(({ key, reason }) => [key, reason])).toEqual([
      ['hash', 'target.cannot-hold'],
      ['gone', 'target.cannot-hold'],
    ])
    expect(snapshots.find(({ cannotHold }) => cannotHold.length > 0)).toMatchObject({
      keysWritten: 0,
      cannotHold: losses,
    })
    expect(await target.call('KEYS', '*')).toEqual(['plain'])
  })

  test('skip: one that is larger than any window too', async () => {
    expect(await restore(big, { fieldExpiry: 'skip' })).toMatchObject({ keysWritten: 1, keysFailed: 1 })
    expect(await target.call('KEYS', '*')).toEqual(['plain'])
  })

  test('drop: fields stay, but for those that are past their time', async () => {
    const result = await restore(file, { fieldExpiry: 'drop' })
    expect(result).toMatchObject({
      keysWritten: 2,
      keysExpired: 1,
      keysFailed: 0,
      cannotHold: [{ what: 'field-expiry', count: 2, becomes: 'dropped' }],
    })
    expect(await target.call('HGETALL', 'hash')).toEqual(['stays', '1', 'later', '2'])
    expect(await target.call('EXISTS', 'gone')).toBe(0)
  })

  test('drop: of one that is larger than any window too', async () => {
    expect(await restore(big, { fieldExpiry: 'drop' })).toMatchObject({ keysWritten: 2, keysFailed: 0 })
    const alive = manyFields.filter(([, , at]) => at !== earlier)
    expect(await target.call('HLEN', 'big')).toBe(alive.length)
    expect(await target.call('HMGET', 'big', 'field 0', 'field 1', 'field 2')).toEqual([
      'x'.repeat(120),
      'x'.repeat(120),
      null,
    ])
  })

  test('the command line lists them and takes the policy', async () => {
    const at = `${target.host}:${target.port}`
    const refused = await runCli(['restore', '-i', file, '-t', at])
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('field-expiry 2 (hash, gone)')
    expect(refused.stderr).toContain('Nothing has been written')
    const dropped = await runCli(['restore', '-i', file, '-t', at, '--field-ttl', 'drop'])
    expect(dropped.code).toBe(0)
    expect(dropped.stderr).toContain('The target cannot hold all of it')
    expect(dropped.stdout).toMatch(/dropped +2 hashes with fields that expire.*\(hash, gone\)/)
  })
})

describe('values of a module that the server lacks', () => {
  const value: RdbPart[] = [moduleId('ReJSON-RL', 3), code(5), '{"a":1}', code(0)]

  test('nothing is written, and the failure names the type', async () => {
    const file = backup('module', code(type.MODULE_2), 'doc', ...value)
    expect(await refusal(file)).toMatchObject({
      code: 'target.lacks-types',
      params: { losses: 'module ReJSON-RL 1 (doc)' },
    })
    expect(await target.call('DBSIZE')).toBe(0)
    expect(await restore(file, { cannotHold: 'skip' })).toMatchObject({
      keysWritten: 1,
      keysFailed: 1,
      cannotHold: [{ what: 'module', type: 'ReJSON-RL', count: 1, examples: ['doc'] }],
    })
    expect(await target.call('KEYS', '*')).toEqual(['plain'])
  })
})

const endsItself = otherServers().filter(
  ({ name, version }) => name === 'redis' && /^(4|5|6\.0)\./.test(version),
)
if (endsItself.length === 0) test.skip('values of a module into 4.0 to 6.0, for there is no such server')

describe.each(endsItself)(
  'values of a module into $version, which ends itself rather than refuse them',
  ({ binary }) => {
    // What the server takes the version of is what it would try to load.
    test.each([6, 12])('in a file of version %i: it lives on, with all the rest', async (fileVersion) => {
      await using older = await startRedis({ binary })
      const file = join(folder, 'ends-itself.rdb')
      const value: RdbPart[] = [code(type.MODULE_2), 'doc', moduleId('ReJSON-RL', 3), code(5), '{}', code(0)]
      writeFileSync(file, rdbFile(fileVersion, ...select, ...value, ...plain))
      const run = await older.call('INFO')
      const into = { target: { host: older.host, port: older.port } }
      expect(await refusal(file, into)).toMatchObject({
        code: 'target.lacks-types',
        params: { losses: 'module ReJSON-RL 1 (doc)' },
      })
      expect(await older.call('DBSIZE')).toBe(0)
      expect(await restore(file, { ...into, cannotHold: 'skip' })).toMatchObject({
        keysWritten: 1,
        keysFailed: 1,
        reconnects: 0,
        cannotHold: [{ what: 'module', type: 'ReJSON-RL', count: 1, examples: ['doc'] }],
      })
      expect(await older.call('KEYS', '*')).toEqual(['plain'])
      expect(runIdIn(await older.call('INFO'))).toBe(runIdIn(run))
    })
  },
)

const withVectors = otherServers().find(
  ({ name, version }) => name === 'redis' && /^8\.\d+\.\d+$/.test(version),
)

test.skipIf(withVectors === undefined)(
  'a value of a module goes along whatever version the file has, as the server has the module',
  async () => {
    await using newer = await startRedis({ binary: withVectors!.binary })
    await newer.call('VADD', 'vectors', 'VALUES', 2, 0.25, 7, 'element')
    const dump = (await newer.callBuffer('DUMP', 'vectors')) as Buffer
    await newer.call('FLUSHALL')
    const file = join(folder, 'vectors.rdb')
    // Version and CRC of DUMP are its last ten bytes.
    const value = [dump.subarray(0, 1), 'vectors', dump.subarray(1, -10)]
    // Valkey's, of a version that Redis does not take; its CRC is not told.
    const body = rdbBytes(...select, ...plain, ...value, code(opcode.EOF), int64(0))
    writeFileSync(file, Buffer.concat([Buffer.from('VALKEY080'), body]))
    const into = { target: { host: newer.host, port: newer.port } }
    expect(await restore(file, into)).toMatchObject({ keysWritten: 2, keysFailed: 0, cannotHold: [] })
    expect(await newer.call('VCARD', 'vectors')).toBe(1)
  },
)

describe('what no server takes any more, or at once', () => {
  test('functions of 7.0 before its release are named', async () => {
    const old: RdbPart[] = [code(opcode.FUNCTION_PRE_GA), 'lib', 'LUA', 0, 'return 1']
    const file = join(folder, 'old.rdb')
    writeFileSync(file, rdbFile(10, ...old, ...select, ...plain))
    expect(await refusal(file)).toMatchObject({
      code: 'target.lacks-types',
      params: { losses: 'function 1' },
    })
    expect(await restore(file, { cannotHold: 'skip' })).toMatchObject({ keysWritten: 1 })
  })

  test('a value of a module that is larger than any window', async () => {
    const large: RdbPart[] = [moduleId('ReJSON-RL', 3), code(5), 'x'.repeat(bigValueBytes + 1), code(0)]
    const file = backup('large-module', code(type.MODULE_2), 'large', ...large)
    expect(await refusal(file)).toMatchObject({ params: { losses: 'large-module 1 (large)' } })
    expect(await restore(file, { cannotHold: 'skip' })).toMatchObject({ keysWritten: 1, keysFailed: 1 })
  })
})

function runIdIn(info: unknown): string | undefined {
  return /^run_id:(.*)$/m.exec(String(info))?.[1]
}

/** Nine characters of six bits and ten bits of version, as the length that a file has (`moduleTypeEncodeId`). */
function moduleId(name: string, version: number): Uint8Array {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  let encoded = 0n
  for (const character of name) encoded = (encoded << 6n) | BigInt(characters.indexOf(character))
  const bytes = Buffer.alloc(9)
  bytes[0] = 0x81
  bytes.writeBigUInt64BE((encoded << 10n) | BigInt(version), 1)
  return bytes
}

test('a type that nobody knows is refused before the first write, with its key and place', async () => {
  const before = rdbBytes(...select, ...plain).length + 'REDIS0012'.length
  expect(await refusal(backup('unknown', code(150), 'strange', 'v'))).toMatchObject({
    code: 'file.unknown-type',
    params: { type: 150, key: 'strange', offset: before },
  })
  expect(await target.call('DBSIZE')).toBe(0)
})

test('a key that has expired asks nothing of the target', async () => {
  const past = [code(opcode.EXPIRETIME_MS), int64(earlier)]
  const file = backup('expired', ...past, code(type.HASH_METADATA), 'hash', small)
  expect(await restore(file)).toMatchObject({ keysWritten: 1, keysExpired: 1, cannotHold: [] })
})

const old = otherServers().find(({ version }) => /^[234]\./.test(version))

test.skipIf(old === undefined)(
  'how often keys were used is dropped by a server before 5.0, and told',
  async () => {
    await using older = await startRedis({ binary: old!.binary })
    const spec = restoreSpecSchema.parse({
      files: [backup('often', code(opcode.FREQ), code(200), code(type.STRING), 'often', 'v')],
      target: { host: older.host, port: older.port },
    })
    const result = await runRestore(spec, () => undefined, new AbortController().signal)
    expect(result).toMatchObject({
      keysWritten: 2,
      cannotHold: [{ what: 'access', count: 1, examples: ['often'], becomes: 'dropped' }],
    })
    expect(await older.call('GET', 'often')).toBe('v')
  },
)
