import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Connection } from '#contract/connection.ts'
import { restoreSpecSchema } from '#contract/restore.ts'
import { sightPartSchema, windowBytes, type KeySight, type Piece } from '#contract/sight.ts'
import { backupSchema, type Backup } from '#contract/verify.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { lookAtKey } from '#engine/sight/sight.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { masterOfSlot, startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { connectionTo } from '../support/sync-ends.ts'

let folder: string
let file: string
let source: RedisServer
let target: RedisServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-sight-'))
  file = join(folder, 'dump.rdb')
  source = await startRedis()
  target = await startRedis()
  await fillWithEveryType(source)
  await fillWithMore(source)
  await source.call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
  await restore(target)
})

afterAll(async () => {
  await source.stop()
  await target.stop()
  rmSync(folder, { recursive: true })
})

async function fillWithMore({ call }: RedisServer): Promise<void> {
  const members = Array.from({ length: 30_000 }, (_, at) => `${at}`)
  await call('SADD', 'more:set', ...members)
  await call('HSET', 'more:hash', ...members)
  await call('ZADD', 'more:zset', ...members)
  await call('RPUSH', 'more:list', ...members)
  for (const at of [1, 2, 3]) await call('XADD', 'more:stream', `${at}-0`, 'n', `${at}`, 'm', 'x')
  await call('XGROUP', 'CREATE', 'more:stream', 'group', '0')
  await call('SET', 'more:string', Buffer.alloc(10_000_000, 'abc'))
}

async function restore(server: RedisServer): Promise<void> {
  const spec = restoreSpecSchema.parse({ files: [file], target: connectionTo(server) })
  await runRestore(spec, () => undefined, new AbortController().signal)
}

/** What a key is looked at in: the server it was written to, and its backup. */
const origins = (): readonly (readonly [string, Connection | Backup])[] => [
  ['server', connectionTo(source)],
  ['backup', backupSchema.parse({ files: [file] })],
]

async function look(
  from: Connection | Backup,
  key: string | Buffer,
  part: object = {},
  db = 0,
  to: Connection = connectionTo(target),
): Promise<KeySight> {
  const spec = { source: from, target: to, db, key: Buffer.from(key).toString('base64') }
  const signal = new AbortController().signal
  return await lookAtKey({ ...spec, part: sightPartSchema.parse(part) }, () => undefined, signal)
}

const textOf = (piece: Piece | undefined): string | null =>
  piece === undefined ? null : Buffer.from(piece.base64, 'base64').toString('latin1')

const rowsOf = ({ rows }: KeySight): unknown[] =>
  rows.map((row) => [textOf(row.name), textOf(row.source?.value), textOf(row.target?.value)])

/** Every part, to the end. */
async function lookThrough(
  from: Connection | Backup,
  key: string,
  all: boolean,
): Promise<readonly KeySight[]> {
  const parts = [await look(from, key, { all })]
  while (parts.at(-1)!.next !== null) parts.push(await look(from, key, { all, cursor: parts.at(-1)!.next }))
  return parts
}

test('of equal keys, whatever their type and encoding, nothing is shown to differ', async () => {
  for (const [name, from] of origins())
    for (const db of [0, 3, 15]) {
      await target.call('SELECT', db)
      const keys = (await target.call('KEYS', '*')) as Buffer[]
      for (const key of keys.map((one) => Buffer.from(one))) {
        const seen = await look(from, key, { seek: true }, db)
        const { encoding: _, ...here } = seen.source
        const { encoding: __, ...there } = seen.target
        expect([name, key.toString(), here]).toEqual([name, key.toString(), there])
        expect(seen.rows).toEqual([])
        expect(seen.bytes?.source).toBe(seen.bytes?.target)
        for (const fact of seen.facts)
          expect([name, fact.name, fact.source]).toEqual([name, fact.name, fact.target])
      }
    }
  await target.call('SELECT', 0)
})

test.each<[string, string[], unknown[]]>([
  [
    'more:hash',
    ['HSET more:hash 77777 new 100 other', 'HDEL more:hash 200'],
    [
      ['100', '101', 'other'],
      ['200', '201', null],
      ['77777', null, 'new'],
    ],
  ],
  [
    'more:set',
    ['SREM more:set 5', 'SADD more:set new'],
    [
      ['5', '', null],
      ['new', null, ''],
    ],
  ],
  [
    'more:zset',
    ['ZADD more:zset 1.5 1', 'ZREM more:zset 3'],
    [
      ['1', '0', '1.5'],
      ['3', '2', null],
    ],
  ],
  [
    'more:list',
    ['LSET more:list 12345 x', 'RPUSH more:list y'],
    [
      ['12345', '12345', 'x'],
      ['30000', null, 'y'],
    ],
  ],
  [
    'more:stream',
    ['XDEL more:stream 2-0', 'XADD more:stream 9-0 a b'],
    [
      ['2-0', 'n=2\nm=x', null],
      ['9-0', null, 'a=b'],
    ],
  ],
])('of %s exactly the changed elements are shown', async (key, changes, expected) => {
  for (const change of changes) await target.call(...(change.split(' ') as [string]))
  for (const [name, from] of origins()) {
    const parts = await lookThrough(from, key, false)
    const rows = parts.flatMap(rowsOf).sort()
    expect([name, rows]).toEqual([name, expected])
    for (const { passed } of parts) expect(passed).toBeLessThan(25_000)
  }
})

test('all elements can be gone through, each once', async () => {
  for (const [, from] of origins()) {
    const names = (await lookThrough(from, 'more:zset', true)).flatMap(({ rows }) =>
      rows.map((row) => textOf(row.name)),
    )
    expect(new Set(names).size).toBe(15_000)
    expect(names.length).toBeLessThan(15_200)
  }
})

test('of a long string the part is shown where it differs, whatever the other is', async () => {
  await target.call('SETRANGE', 'more:string', 7_000_001, 'XYZ')
  for (const [, from] of origins()) {
    const { bytes, source: here, target: there } = await look(from, 'more:string', { seek: true })
    expect([here.length, there.length]).toEqual([10_000_000, 10_000_000])
    const shown = Buffer.from(bytes!.target, 'base64')
    expect(shown.length).toBe(windowBytes)
    expect(bytes!.from + shown.indexOf('XYZ')).toBe(7_000_001)
    expect(Buffer.from(bytes!.source, 'base64').includes('XYZ')).toBe(false)
    const behind = await look(from, 'more:string', { seek: true, byte: 7_000_100 })
    expect(behind.bytes).toMatchObject({ from: 7_000_100, source: behind.bytes!.target })
  }
})

test('what one side lacks, and what is of another type, is shown for what it is', async () => {
  await target.call('DEL', 'list:small')
  await target.call('SET', 'extra', 'v')
  await target.call('DEL', 'set:words')
  await target.call('SET', 'set:words', 'text')
  for (const [, from] of origins()) {
    const gone = await look(from, 'list:small')
    expect(gone.target).toMatchObject({ type: 'none', length: null })
    expect(gone.rows.map(({ target: there }) => there)).toEqual([null, null, null, null, null])
    const extra = await look(from, 'extra')
    expect(extra).toMatchObject({ source: { type: 'none' }, target: { type: 'string', length: 1 } })
    expect(Buffer.from(extra.bytes!.target, 'base64').toString()).toBe('v')
    const changed = await look(from, 'set:words')
    expect(changed).toMatchObject({ source: { type: 'set' }, target: { type: 'string' } })
    expect(changed.rows.every(({ target: there }) => there === null)).toBe(true)
    expect(Buffer.from(changed.bytes!.target, 'base64').toString()).toBe('text')
  }
})

test('elements of ten megabytes are cut, and a group that differs is told', async () => {
  const element = Buffer.alloc(10_000_000, 'x')
  await target.call('HSET', 'hash:small', 'large', element)
  await target.call('XGROUP', 'SETID', 'more:stream', 'group', '3-0')
  for (const [, from] of origins()) {
    const { rows } = await look(from, 'hash:small')
    const cell = rows.find(({ name }) => textOf(name) === 'large')!.target!
    expect(cell.value.length).toBe(10_000_000)
    expect(cell.value.base64.length).toBeLessThan(4_000)
    const { facts } = await look(from, 'more:stream')
    const group = facts.find(({ name }) => name === 'group group')!
    expect(group.source).toContain('last-delivered-id 0-0')
    expect(group.target).toContain('last-delivered-id 3-0')
  }
})

test('a key of a cluster is found on its node', async () => {
  await using cluster = await startCluster()
  await using lone = await startRedis()
  for (const key of ['a', 'b', 'c', 'd']) {
    const node = cluster.nodes[masterOfSlot(keySlot(Buffer.from(key)), 3)]!
    await node.call('HSET', key, 'f', 'there')
    await lone.call('HSET', key, 'f', 'here')
    const seen = await look(connectionTo(lone), key, {}, 0, connectionTo(cluster.nodes[0]!))
    expect(rowsOf(seen)).toEqual([['f', 'here', 'there']])
  }
})
