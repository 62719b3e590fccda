import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { readCollection } from './collection.ts'
import { doubleText } from './double.ts'
import { downConvert } from './down-convert.ts'
import { encodeListpack } from './listpack.ts'
import { type } from './opcodes.ts'
import { encodeQuicklist } from './quicklist.ts'
import { MemoryFeed, runNow } from './steps.ts'
import { writeString } from './string.ts'

/** The units of a collection, each part as hex; scores as the shortest text. */
function unitsOf(code: number, value: Uint8Array): string[][] {
  const units: string[][] = [[]]
  runNow(
    readCollection(code, new MemoryFeed(value), 'redis', {
      *element(element, position) {
        const text = yield* element.copy()
        const isScore =
          position === 1 && (code === type.ZSET || code === type.ZSET_2 || code === type.ZSET_LISTPACK)
        units.at(-1)!.push(isScore ? scoreText(text.toString()) : text.toString('hex'))
      },
      // eslint-disable-next-line require-yield -- there is nothing to wait for
      *endUnit() {
        units.push([])
      },
    }),
  )
  return units.slice(0, -1)
}

function scoreText(text: string): string {
  return doubleText(Number(text.replace('inf', 'Infinity')))
}

function packed(structure: Uint8Array): Buffer {
  const writer = new ByteWriter()
  writeString(writer, structure)
  return writer.written()
}

const member = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Buffer.from(value.toString())),
)
const score = fc.double({ noNaN: true }).map((value) => Buffer.from(doubleText(value)))
const oldest = [type.LIST, type.SET, type.HASH, type.ZSET]

function expectSame(from: number, value: Buffer, takes: readonly number[], to: number): void {
  const options = { takes: new Set(takes), hashFieldExpiry: false, streams: false, dropFieldsExpiredBy: null }
  // Somewhere in a larger buffer, as in a window.
  const window = Buffer.concat([Buffer.from('before'), value, Buffer.from('behind')])
  const converted = downConvert(from, window, 6, 6 + value.length, 'redis', options)
  if (converted.as !== 'value') return expect.fail(converted.as)
  expect(converted.type).toBe(to)
  expect(unitsOf(to, converted.value)).toEqual(unitsOf(from, value))
}

describe('what is in a value stays the same', () => {
  test('lists', () => {
    fc.assert(
      fc.property(fc.array(member), fc.constantFrom(1 as const, 2 as const), (members, version) => {
        const from = version === 1 ? type.LIST_QUICKLIST : type.LIST_QUICKLIST_2
        expectSame(from, encodeQuicklist(version, members), oldest, type.LIST)
      }),
    )
  })

  test('sets', () => {
    fc.assert(
      fc.property(fc.array(member), (members) =>
        expectSame(type.SET_LISTPACK, packed(encodeListpack(members)), oldest, type.SET),
      ),
    )
  })

  test('hashes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(member, member)), (pairs) =>
        expectSame(type.HASH_LISTPACK, packed(encodeListpack(pairs.flat())), oldest, type.HASH),
      ),
    )
  })

  test('sorted sets, with every score exact, as text and as eight bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(member, score)), (pairs) => {
        const value = packed(encodeListpack(pairs.flat()))
        expectSame(type.ZSET_LISTPACK, value, oldest, type.ZSET)
        expectSame(type.ZSET_LISTPACK, value, [...oldest, type.ZSET_2], type.ZSET_2)
      }),
    )
  })
})

test('what unpacks to more than can be held at once goes as commands', () => {
  const element = Buffer.alloc(1024 * 1024, 'x')
  const value = encodeQuicklist(2, Array<Buffer>(70).fill(element))
  const options = {
    takes: new Set(oldest),
    hashFieldExpiry: false,
    streams: false,
    dropFieldsExpiredBy: null,
  }
  expect(downConvert(type.LIST_QUICKLIST_2, value, 0, value.length, 'redis', options).as).toBe('commands')
})

test.each([type.STREAM_LISTPACKS_2, type.MODULE_2])('type %i is nothing to a server of 2.6', (code) => {
  const options = {
    takes: new Set(oldest),
    hashFieldExpiry: false,
    streams: false,
    dropFieldsExpiredBy: null,
  }
  expect(downConvert(code, Buffer.alloc(10), 0, 10, 'redis', options).as).toBe('nothing')
})
