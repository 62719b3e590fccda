import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { crc64, createCrc64Arena } from '../bytes/crc64.ts'
import { lzfCompress } from '../bytes/lzf.ts'
import { EntryBatch, entryKind } from '../flow/entry.ts'
import { type } from '../rdb/opcodes.ts'
import { writeLength, writeString } from '../rdb/string.ts'
import { CommandParser } from '../resp/command-parser.ts'
import { Block } from '../target/block.ts'
import { Composer, composerBytes, type ComposeOptions } from './compose.ts'
import { Names } from './names.ts'

interface Key {
  readonly db?: number
  readonly type?: number
  readonly key: string
  /** As it stands in a file. */
  readonly value: Uint8Array
  readonly ttl?: number
  readonly idle?: number
  readonly frequency?: number
}

const windowBytes = 512 * 1024
const blockBytes = 96 * 1024

function plain(text: string | Uint8Array): Uint8Array {
  const writer = new ByteWriter()
  writeString(writer, typeof text === 'string' ? Buffer.from(text) : text)
  return Buffer.from(writer.written())
}

function packed(text: string, claimedLength = text.length): Uint8Array {
  const compressed = lzfCompress(Buffer.from(text))!
  const writer = new ByteWriter()
  writer.uint8(0xc3)
  writeLength(writer, compressed.length)
  writeLength(writer, claimedLength)
  writer.bytes(compressed)
  return Buffer.from(writer.written())
}

function integer(size: 1 | 2 | 4, value: number): Uint8Array {
  const writer = new ByteWriter()
  writer.uint8(0xc0 + Math.log2(size))
  writer.integer(value, size)
  return Buffer.from(writer.written())
}

/** What a composer makes of these keys: the commands of every block, filled as the restore's writer fills them. */
function compose(
  keys: readonly Key[],
  options: Partial<ComposeOptions> & { replace?: boolean } = {},
): readonly (readonly string[])[][] {
  const guard = 32
  const arena = createCrc64Arena(windowBytes + composerBytes + blockBytes + guard)
  const blockAt = windowBytes + composerBytes
  const beyond = arena.memory.subarray(blockAt + blockBytes)
  const composer = new Composer(arena, windowBytes, {
    strings: 'pack',
    selects: true,
    absoluteTtl: true,
    access: true,
    replaceOption: true,
    fileVersion: 10,
    names: null,
    ...options,
  })
  composer.replace = options.replace ?? false
  // The arena's running CRC is the reader's, of the snapshot it reads.
  arena.memory[0] = 1
  arena.update(0, 1)
  const running = arena.value()
  const blocks: (readonly string[])[][] = []
  const block = new Block(arena.memory, blockAt, blockBytes)
  const ship = (): void => {
    composer.flush(block)
    expect(block.used).toBeLessThanOrEqual(blockBytes)
    if (block.commands > 0) blocks.push(commandsOf(block))
    block.clear()
    composer.begin()
  }
  beyond.fill(0x5a)
  const batch = new EntryBatch(arena.memory)
  for (const key of keys) {
    put(batch, key)
    const { db = 0, ttl = 0 } = key
    batch.db[0] = db
    if (!block.hasRoomFor(composer.needed(batch, 0))) {
      ship()
      const alone = composer.neededAlone(batch, 0)
      if (!block.hasRoomFor(alone)) {
        const loose = new Block(new Uint8Array(alone))
        composer.keyAlone(loose, batch, 0, db, ttl)
        expect(loose.used).toBeLessThanOrEqual(alone)
        blocks.push(commandsOf(loose))
        continue
      }
    }
    composer.key(block, batch, 0, db, ttl)
  }
  ship()
  expect(beyond).toEqual(new Uint8Array(guard).fill(0x5a))
  expect(arena.value()).toBe(running)
  return blocks
}

function put(
  batch: EntryBatch,
  { type: code = type.STRING, key, value, idle = -1, frequency = -1 }: Key,
): void {
  const name = Buffer.from(key)
  batch.buffer.set(name, 100)
  batch.buffer.set(value, 100 + name.length)
  batch.count = 1
  batch.kind[0] = entryKind.KEY
  batch.type[0] = code
  batch.keyStart[0] = 100
  batch.keyEnd[0] = batch.valueStart[0] = 100 + name.length
  batch.valueEnd[0] = batch.valueStart[0] + value.length
  batch.idle[0] = idle
  batch.frequency[0] = frequency
}

function commandsOf(block: Block): (readonly string[])[] {
  const parser = new CommandParser(0)
  const commands = [...parser.push(Buffer.from(block.bytes))].map(({ args }) =>
    args.map((arg) => arg.toString('latin1')),
  )
  expect(parser.offset, 'the block ends with a whole command').toBe(block.used)
  expect(commands).toHaveLength(block.commands)
  return commands
}

/** Type, value and version of a payload, whose CRC must be right. */
function openPayload(payload: string): { type: number; value: Buffer; version: number } {
  const bytes = Buffer.from(payload, 'latin1')
  const crcAt = bytes.length - 8
  expect(bytes.readBigUInt64LE(crcAt)).toBe(crc64(bytes.subarray(0, crcAt)))
  return { type: bytes[0]!, value: bytes.subarray(1, crcAt - 2), version: bytes.readUInt16LE(crcAt - 2) }
}

/** Every key that the blocks write, with its database, in order. */
function written(blocks: readonly (readonly (readonly string[])[])[]): string[] {
  return blocks.flatMap((commands) => {
    let db = 'none'
    return commands.flatMap(([name, ...args]) => {
      if (name === 'SELECT') db = args[0]!
      if (name === 'RESTORE') return [`${db} ${args[0]}`]
      if (name === 'MSET') return args.filter((_, index) => index % 2 === 0).map((key) => `${db} ${key}`)
      return []
    })
  })
}

describe('RESTORE', () => {
  const value = plain('a list, for all RESTORE knows')
  const one = (key: Partial<Key>, options: Parameters<typeof compose>[1] = {}): readonly string[] =>
    compose([{ key: 'k', type: type.LIST, value, ...key }], options)[0]!.at(-1)!

  test('carries the bytes of the file under the oldest version, sealed', () => {
    const args = one({})
    expect([...args.slice(0, 3), args.length]).toEqual(['RESTORE', 'k', '0', 4])
    expect(openPayload(args[3]!)).toEqual({ type: type.LIST, value, version: 6 })
  })

  test('stamps a type that means different things in different files with the version of its file', () => {
    expect(openPayload(one({ type: 24 }, { fileVersion: 12 })[3]!)).toMatchObject({ type: 24, version: 12 })
  })

  test.each<[Partial<Key>, Parameters<typeof compose>[1], string[]]>([
    [{}, { replace: true }, ['REPLACE']],
    [{ ttl: 1_900_000_000_000 }, {}, ['ABSTTL']],
    [{ ttl: 5 }, { absoluteTtl: false }, []],
    [{ idle: 77 }, {}, ['IDLETIME', '77']],
    [{ frequency: 255 }, {}, ['FREQ', '255']],
    [{ idle: 77, frequency: 3, ttl: 9 }, { access: false }, ['ABSTTL']],
    [
      { idle: Number.MAX_SAFE_INTEGER, ttl: Number.MAX_SAFE_INTEGER },
      { replace: true },
      ['REPLACE', 'ABSTTL', 'IDLETIME', String(Number.MAX_SAFE_INTEGER)],
    ],
  ])('of %o with %o ends in %j', (key, options, tail) => {
    const args = one(key, options)
    expect(args.slice(4)).toEqual(tail)
    expect(args[2]).toBe(String(key.ttl ?? 0))
  })

  test('of a value larger than a block is the same in a block of its own', () => {
    const large = plain(Buffer.alloc(300_000, 'large '))
    const [before, alone, after] = compose([
      { key: 'before', value: plain('1') },
      { key: 'large', value: large, db: 2, ttl: 7 },
      { key: 'after', value: plain('2') },
    ])
    expect(before).toEqual([
      ['SELECT', '0'],
      ['MSET', 'before', '1'],
    ])
    expect(alone![0]).toEqual(['SELECT', '2'])
    expect(openPayload(alone![1]![3]!).value.equals(large)).toBe(true)
    expect(after).toEqual([
      ['SELECT', '0'],
      ['MSET', 'after', '2'],
    ])
  })
})

describe('plain strings', () => {
  test('of every form in the file go as one MSET, decoded', () => {
    const keys = [
      { key: 'plain', value: plain('text') },
      { key: 'empty', value: plain('') },
      { key: 'packed', value: packed('abc'.repeat(500)) },
      { key: 'int8', value: integer(1, -128) },
      { key: 'int16', value: integer(2, -32_768) },
      { key: 'int32', value: integer(4, -2_147_483_648) },
    ]
    const texts = ['text', '', 'abc'.repeat(500), '-128', '-32768', '-2147483648']
    expect(compose(keys)).toEqual([
      [
        ['SELECT', '0'],
        ['MSET', ...keys.flatMap(({ key }, index) => [key, texts[index]!])],
      ],
    ])
  })

  test('go as RESTORE where they expire, tell of their last access, or where nothing may be overwritten', () => {
    const names = (blocks: ReturnType<typeof compose>): readonly string[] =>
      blocks.flatMap((commands) => commands.map(([name]) => name!)).filter((name) => name !== 'SELECT')
    const value = plain('v')
    expect(names(compose([{ key: 'k', value, ttl: 5 }]))).toEqual(['RESTORE'])
    expect(names(compose([{ key: 'k', value, idle: 0 }]))).toEqual(['RESTORE'])
    expect(names(compose([{ key: 'k', value, frequency: 0 }]))).toEqual(['RESTORE'])
    expect(names(compose([{ key: 'k', value }], { strings: 'restore' }))).toEqual(['RESTORE'])
    expect(names(compose([{ key: 'k', value: plain('v'.repeat(9_000)) }]))).toEqual(['RESTORE'])
  })

  test('a packed one that does not unpack is left to the server to refuse; its neighbours go on', () => {
    const [commands] = compose([
      { key: 'a', value: plain('1') },
      { key: 'broken', value: packed('abc'.repeat(500), 1_499) },
      { key: 'b', value: plain('2') },
    ])
    expect(commands!.map(([name]) => name)).toEqual(['SELECT', 'RESTORE', 'MSET'])
    expect(commands!.at(-1)).toEqual(['MSET', 'a', '1', 'b', '2'])
  })

  test('go as a SET each, without a SELECT, where a target takes but one key at once', () => {
    const [commands] = compose(
      [
        { key: 'a', value: plain('1') },
        { key: 'number', value: integer(2, -300) },
        { key: 'packed', value: packed('abc'.repeat(500)) },
        { key: 'broken', value: packed('abc'.repeat(500), 1_499) },
        { key: 'later', value: plain('2'), ttl: 5 },
      ],
      { strings: 'set', selects: false },
    )
    expect(commands!.slice(0, 3)).toEqual([
      ['SET', 'a', '1'],
      ['SET', 'number', '-300'],
      ['SET', 'packed', 'abc'.repeat(500)],
    ])
    expect(commands!.slice(3).map(([name, key]) => [name, key])).toEqual([
      ['RESTORE', 'broken'],
      ['RESTORE', 'later'],
    ])
  })

  test('never overrun a block, however much more they are unpacked', () => {
    const keys = Array.from({ length: 400 }, (_, index) => ({
      key: `key ${index}`,
      value: packed(`${'the same again '.repeat(530)}${index}`),
    }))
    expect(written(compose(keys))).toEqual(keys.map(({ key }) => `0 ${key}`))
  })
})

test('any row of keys is written once, in order within what is of one kind, each under its database', () => {
  const key = fc.record({
    db: fc.nat(2),
    type: fc.constantFrom(type.STRING, type.STRING, type.STRING, type.HASH_LISTPACK),
    size: fc.oneof(fc.nat(200), fc.nat(20_000), fc.constantFrom(8_191, 8_192, 8_193, 95_000, 98_000)),
    form: fc.constantFrom('plain', 'packed'),
    ttl: fc.constantFrom(0, 0, 0, 1_900_000_000_000),
  })
  const long = 'long prefix '.repeat(1_000)
  const renaming = fc.constantFrom<
    [ConstructorParameters<typeof Names>[0] | null, (name: string, db: number) => string]
  >(
    [null, (name) => name],
    [{ stripPrefix: 'key ' }, (name) => name.slice(4)],
    [{ addPrefix: 'new:', stripPrefix: 'key 1' }, (name) => `new:${name.replace(/^key 1/, '')}`],
    [{ addPrefix: long, dbPrefix: { 1: 'one:' } }, (name, db) => `${long}${db === 1 ? 'one:' : ''}${name}`],
  )
  fc.assert(
    fc.property(
      fc.array(key, { minLength: 1, maxLength: 150 }),
      fc.boolean(),
      renaming,
      (rows, replace, [rename, named]) => {
        const keys = rows.map(({ size, form, ...row }, index) => {
          const text = 'compressible '.repeat(size / 13 + 3).slice(0, size + 20)
          return { ...row, key: `key ${index}`, value: form === 'packed' ? packed(text) : plain(text) }
        })
        const expected = keys.map(({ db, key: name }) => `${db} ${named(name, db)}`)
        const names = rename === null ? null : new Names(rename)
        for (const replaceOption of [true, false])
          expect(written(compose(keys, { replace, replaceOption, names })).sort()).toEqual(expected.sort())
      },
    ),
    { numRuns: 60 },
  )
})
