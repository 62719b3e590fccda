import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FailureError, type Failure } from '#contract/failure.ts'
import {
  code,
  int64,
  integerString,
  packedString,
  rdbBytes,
  rdbFile,
  type RdbPart,
} from '../../../test/support/rdb-file-bytes.ts'
import { WindowFeed } from '../bytes/feed.ts'
import { EntryBatch, entryKind } from '../flow/entry.ts'
import { skipBigValue } from './big-value.ts'
import { opcode, type } from './opcodes.ts'
import { RdbReader } from './reader.ts'

interface Read {
  /** One line an entry: everything but how it was met. */
  readonly entries: readonly string[]
  readonly aux: readonly string[]
  readonly big: number
}

interface Ways {
  /** How many bytes the next read gives at most. */
  readonly piece?: () => number
  readonly bigValueBytes?: number
  readonly scratchBytes?: number
}

const windowBytes = 256 * 1024

async function read(file: Uint8Array, ways: Ways = {}): Promise<Read> {
  const { piece = () => Infinity, bigValueBytes = windowBytes, scratchBytes = 4096 } = ways
  let at = 0
  const memory = new Uint8Array(scratchBytes + windowBytes)
  const feed = new WindowFeed(memory, scratchBytes, windowBytes, async (buffer, offset, length) => {
    const size = Math.min(length, piece(), file.length - at)
    buffer.set(file.subarray(at, at + size), offset)
    at += size
    return size
  })
  const aux: string[] = []
  const reader = new RdbReader(feed, {
    file: 'test.rdb',
    bigValueBytes,
    scratchStart: 0,
    scratchBytes,
    onAux: (name, value) => aux.push(`${name}=${value.toString('latin1')}`),
  })
  const entries: string[] = []
  const line = (...parts: readonly unknown[]): void => void entries.push(parts.join(' '))
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const batch = new EntryBatch(memory)
  let big = 0
  for (;;) {
    const step = await reader.next(batch)
    if (step === 'end') break
    if (step === 'big') {
      big += 1
      const { type: kind, db, key, expireAt, idle, frequency, offset } = reader.big
      const start = feed.offsetOf(feed.position)
      await skipBigValue(kind, feed, reader.header.flavour)
      const value = file.subarray(start, feed.offsetOf(feed.position))
      line(offset, db, kind, hex(key), expireAt, idle, frequency, hex(value))
      continue
    }
    for (let index = 0; index < batch.count; index += 1) {
      const value = hex(memory.subarray(batch.valueStart[index], batch.valueEnd[index]))
      const offset = batch.offset[index]
      if (batch.kind[index] === entryKind.FUNCTION) line(offset, 'function', value)
      else
        line(
          ...[offset, batch.db[index], batch.type[index], hex(batch.key(index)), batch.expireAt[index]],
          ...[batch.idle[index], batch.frequency[index], value],
        )
    }
  }
  return { entries, aux, big }
}

async function failureOf(work: Promise<unknown>): Promise<Failure | null> {
  return await work.then(
    () => null,
    (thrown: unknown) => {
      if (thrown instanceof FailureError) return thrown.failure
      throw thrown
    },
  )
}

const times = (count: number, part: readonly RdbPart[]): RdbPart[] =>
  Array.from({ length: count }, () => part).flat()
const id = Buffer.alloc(16, 1)
const pending: readonly RdbPart[] = [id, int64(5), 2]
const groupsFrom7: readonly RdbPart[] = ['group', 1, 2, 3, 1, ...pending, 1, 'reader', int64(9), 1, id]

/** A value of every type that a server ever wrote, and can be gone past. */
const values: readonly (readonly [kind: number, value: Buffer])[] = [
  [type.STRING, rdbBytes('text')],
  [type.STRING, rdbBytes(packedString(Buffer.alloc(5_000, 'abc')))],
  [type.STRING, rdbBytes(integerString(-70_000, 4))],
  [type.STRING, rdbBytes('x'.repeat(20_000))],
  [type.LIST, rdbBytes(3, 'a', '', integerString(5, 1))],
  [type.SET, rdbBytes(0)],
  [type.HASH, rdbBytes(2, 'f', 'v', 'g', packedString(Buffer.alloc(300)))],
  [type.ZSET, rdbBytes(3, 'm', code(253), 'n', code(255), 'o', code(3), Buffer.from('1.5'))],
  [type.ZSET_2, rdbBytes(2, 'm', int64(1), 'n', int64(2))],
  [type.MODULE_2, rdbBytes(2 ** 40, 1, 5, 2, 7, 3, Buffer.alloc(4), 4, int64(1), 5, 'text', 0)],
  ...[type.HASH_ZIPMAP, type.LIST_ZIPLIST, type.SET_INTSET, type.ZSET_ZIPLIST, type.HASH_ZIPLIST].map(
    (kind) => [kind, rdbBytes('compact')] as const,
  ),
  ...[type.HASH_LISTPACK, type.ZSET_LISTPACK, type.SET_LISTPACK, type.HASH_LISTPACK_EX_PRE_GA].map(
    (kind) => [kind, rdbBytes('compact')] as const,
  ),
  [type.LIST_QUICKLIST, rdbBytes(2, 'node', 'node')],
  [type.LIST_QUICKLIST_2, rdbBytes(2, 2, 'packed', 1, 'plain')],
  [
    type.STREAM_LISTPACKS,
    rdbBytes(1, 'id', 'node', 3, 4, 5, 1, 'g', 1, 2, 1, ...pending, 1, 'c', int64(1), 1, id),
  ],
  [type.STREAM_LISTPACKS_2, rdbBytes(1, 'id', 'node', ...times(8, [7]), 1, ...groupsFrom7)],
  [
    type.STREAM_LISTPACKS_3,
    rdbBytes(1, 'id', 'node', ...times(8, [7]), 1, 'g', 1, 2, 3, 0, 1, 'c', int64(1), int64(2), 1, id),
  ],
  [type.HASH_METADATA_PRE_GA, rdbBytes(1, 9, 'f', 'v')],
  [type.HASH_METADATA, rdbBytes(int64(77), 2, 0, 'f', 'v', 5, 'g', 'w')],
  [type.HASH_LISTPACK_EX, rdbBytes(int64(77), 'compact')],
]

const keys: readonly Uint8Array[] = [
  rdbBytes('key'),
  rdbBytes(''),
  rdbBytes('k'.repeat(100)),
  integerString(12, 1),
  integerString(-30_000, 2),
  packedString(Buffer.alloc(400, 'again ')),
]

const heads: readonly (readonly RdbPart[])[] = [
  [],
  [code(opcode.EXPIRETIME_MS), int64(1_900_000_000_123)],
  [code(opcode.EXPIRETIME), Buffer.from('00e1f505', 'hex')],
  [code(opcode.IDLE), 70_000],
  [code(opcode.EXPIRETIME_MS), int64(5), code(opcode.FREQ), code(200)],
]

const between: readonly (readonly RdbPart[])[] = [
  [code(opcode.SELECTDB), 3, code(opcode.RESIZEDB), 70_000, 5],
  [code(opcode.SELECTDB), 0],
  [code(opcode.AUX), 'name', 'value'],
  [code(opcode.AUX), 'count', integerString(9, 1)],
  [code(opcode.FUNCTION2), '#!lua name=lib'],
  [code(opcode.MODULE_AUX), 5, 2, 1, 5, 'text', 0],
  [code(opcode.SLOT_INFO), 1, 2, 3],
  [code(opcode.FUNCTION_PRE_GA), 'name', 'LUA', 1, 'described', 'code'],
]

const entry = fc
  .tuple(fc.constantFrom(...heads), fc.constantFrom(...keys), fc.constantFrom(...values))
  .map(([head, key, [kind, value]]): readonly RdbPart[] => [...head, code(kind), key, value])

const anyFile = fc
  .array(fc.oneof({ arbitrary: entry, weight: 5 }, fc.constantFrom(...between)), { maxLength: 30 })
  .map((parts) => rdbFile(12, ...parts.flat()))

describe('any file', () => {
  test('of every type reads as it was written', async () => {
    const parts = values.map(([kind, value], index) => [code(kind), `key ${index}`, value])
    const { entries, big } = await read(rdbFile(12, ...parts.flat()))
    expect(entries.map((line) => line.split(' ').slice(1))).toEqual(
      values.map(([kind, value], index) => [
        ...['0', String(kind), Buffer.from(`key ${index}`).toString('hex')],
        ...['-1', '-1', '-1', value.toString('hex')],
      ]),
    )
    expect(big).toBe(0)
  })

  test('reads the same whole, byte by byte, in pieces of any size, and with whatever is called large', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyFile,
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }),
        fc.integer({ min: 24, max: 6_000 }),
        fc.integer({ min: 12, max: 500 }),
        async (file, pieces, bigValueBytes, scratchBytes) => {
          const whole = await read(file)
          let turn = 0
          const piece = (): number => pieces[turn++ % pieces.length]!
          const other = (await read(file, { piece, bigValueBytes, scratchBytes })).entries
          expect(other).toEqual(whole.entries)
          if (file.length < 3_000) expect(await read(file, { piece: () => 1 })).toEqual(whole)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('cut off anywhere is told to be, and where', async () => {
    const parts = values.filter(([, { length }]) => length < 1_000)
    const file = rdbFile(
      12,
      ...between.flat(),
      ...parts.flatMap(([kind, value], index) => [
        ...heads[index % heads.length]!,
        code(kind),
        keys[index % keys.length]!,
        value,
      ]),
    )
    // EOF itself is the last byte the reader asks for; the CRC is read by whoever checks it.
    for (let length = 1; length < file.length - 8; length += 1) {
      const short = file.subarray(0, length)
      const params = { file: 'test.rdb', offset: length }
      expect(await failureOf(read(short)), `at ${length}`).toMatchObject({ code: 'file.truncated', params })
      // Within a large value it is for whoever goes past it to tell the place.
      expect((await failureOf(read(short, { bigValueBytes: 64 })))?.code).toBe('file.truncated')
    }
  })

  test('damaged anywhere is read, or refused with a code of the catalogue and a place in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyFile,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(64, windowBytes),
        async (file, changes, bigValueBytes) => {
          const damaged = Buffer.from(file)
          for (const [at, value] of changes) damaged[at % damaged.length] = value
          const failure = await failureOf(read(damaged, { bigValueBytes }))
          if (failure === null) return
          expect(failure.code).toMatch(/^file\.(not-rdb|version-unsupported|truncated|corrupt|unknown-type)$/)
          expect(Number(failure.params['offset'] ?? 0)).toBeLessThanOrEqual(damaged.length)
        },
      ),
      { numRuns: 600 },
    )
  })
})

describe('keys', () => {
  const long = Buffer.from('a key that goes on and on '.repeat(400))

  test('that are packed and do not fit the scratch area are read whole', async () => {
    const file = rdbFile(12, code(type.STRING), packedString(long), 'value', code(type.STRING), 'next', 'one')
    const { entries, big } = await read(file, { scratchBytes: 64 })
    expect(entries.map((line) => line.split(' ')[3])).toEqual([long.toString('hex'), '6e657874'])
    expect(big).toBe(1)
  })

  test('longer than any value may be are read whole, with values as large', async () => {
    const file = rdbFile(12, code(type.LIST), rdbBytes(long.length, long), 1, 'x'.repeat(9_000))
    const { entries } = await read(file, { bigValueBytes: 1_000 })
    expect(entries[0]!.split(' ')[3]).toBe(long.toString('hex'))
  })

  test('of a large value keep their name when they are packed', async () => {
    const file = rdbFile(12, code(type.STRING), packedString(long), 'x'.repeat(30_000))
    const { entries } = await read(file, { bigValueBytes: 2_000, scratchBytes: 64 })
    expect(entries[0]!.split(' ')[3]).toBe(long.toString('hex'))
  })
})

test('aux fields and module data larger than any value are gone past', async () => {
  const large = 'x'.repeat(10_000)
  const file = rdbFile(
    12,
    ...[code(opcode.AUX), 'large', large, code(opcode.MODULE_AUX), 5, 2, 1, 5, large, 0],
    ...[code(type.STRING), 'key', 'value'],
  )
  expect((await read(file, { bigValueBytes: 500 })).entries).toHaveLength(1)
})

test.each([
  [int64(-1), -1],
  [int64(-5_000), 0],
  [int64(0), 0],
  [int64(1_900_000_000_123), 1_900_000_000_123],
])('an expiry of %o is told as %i', async (bytes, expected) => {
  const file = rdbFile(12, code(opcode.EXPIRETIME_MS), bytes, code(type.STRING), 'k', 'v')
  expect((await read(file)).entries[0]!.split(' ')[4]).toBe(String(expected))
})

test.each([
  [
    'an LZF string that claims more than LZF can make',
    [code(type.STRING), 'k', code(0xc3), 3, 2 ** 31, 'ab'],
  ],
  ['an aux field that claims it', [code(opcode.AUX), 'k', code(0xc3), 3, 2 ** 40, 'ab']],
  ['a database that no server has', [code(opcode.SELECTDB), 2 ** 33, code(type.STRING), 'k', 'v']],
  ['an expiry without a key', [code(opcode.EXPIRETIME_MS), int64(5), code(opcode.SELECTDB), 1]],
])('%s is refused', async (_, parts) => {
  expect(await failureOf(read(rdbFile(12, ...parts)))).toMatchObject({ code: 'file.corrupt' })
})

test('of versions before 5 there is no CRC, and Valkey has a magic of its own', async () => {
  const body = rdbBytes(code(type.STRING), 'k', 'v', code(255))
  expect((await read(Buffer.concat([Buffer.from('REDIS0003'), body]))).entries).toHaveLength(1)
  expect((await read(Buffer.concat([Buffer.from('VALKEY080'), body]))).entries).toHaveLength(1)
  expect(await failureOf(read(Buffer.concat([Buffer.from('VALKEY079'), body])))).toMatchObject({
    code: 'file.version-unsupported',
  })
  expect(await failureOf(read(Buffer.from('PK\u0003\u0004 a zip file')))).toMatchObject({
    code: 'file.not-rdb',
  })
})
