import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { CompactCursor, type CompactFormat } from './compact.ts'
import { digits, integerOf } from './integer.ts'
import { encodeIntset, intset } from './intset.ts'
import { encodeListpack, listpack } from './listpack.ts'
import { encodeZiplist, ziplist } from './ziplist.ts'
import { encodeZipmap, zipmap } from './zipmap.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
/** Around every border where an encoding changes. */
const edges = [0, 7, 12, 13, 15, 16, 23, 24, 31, 32, 53, 54, 63].flatMap((bits) =>
  [-1n, 0n, 1n].flatMap((by) => [2n ** BigInt(bits) + by, -(2n ** BigInt(bits)) + by]),
)
const edge = fc
  .constantFrom(...edges, 12n, 13n, 127n, 128n, 4095n, -4096n)
  .filter((value) => value >= -(2n ** 63n) && value < 2n ** 63n)
const integer = fc.oneof(edge, int64, fc.bigInt({ min: -5000n, max: 5000n }))
const element = fc.oneof(
  integer.map((value) => Buffer.from(digits(value))),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(62, 63, 64, 65, 126, 127, 128, 253, 254, 255, 4095, 4096, 16383, 16384)
    .map((length) => Buffer.alloc(length, 'x')),
)

interface Case {
  readonly format: CompactFormat
  readonly encode: (elements: Buffer[]) => Buffer
  readonly elements: fc.Arbitrary<Buffer[]>
}

const any = fc.array(element, { maxLength: 20 })
const cases: Case[] = [
  { format: listpack, encode: encodeListpack, elements: any },
  { format: ziplist, encode: encodeZiplist, elements: any },
  { format: zipmap, encode: encodeZipmap, elements: any.map((all) => all.slice(0, all.length & ~1)) },
  {
    format: intset,
    encode: (elements) => encodeIntset(elements.map((text) => BigInt(text.toString()))),
    elements: fc
      .uniqueArray(integer, { maxLength: 20 })
      .map((all) => all.sort((a, b) => (a < b ? -1 : 1)).map((value) => Buffer.from(digits(value)))),
  },
]

/** All elements of a structure, as views or digits. */
function compactElements(format: CompactFormat, bytes: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = []
  for (const cursor = new CompactCursor(format, bytes); cursor.next();) elements.push(cursor.text())
  return elements
}

/** Reads all; our own failure is the only one that may come. */
function readOrFail(format: CompactFormat, bytes: Uint8Array): Uint8Array[] | FailureError {
  try {
    return compactElements(format, bytes)
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown
    throw thrown
  }
}

describe.each(cases)('$format.name', ({ format, encode, elements }) => {
  it('gives back what was packed', () => {
    fc.assert(
      fc.property(elements, (packed) => {
        expect(compactElements(format, encode(packed)).map((one) => Buffer.from(one))).toEqual(packed)
      }),
      { numRuns: 500 },
    )
  })

  it('is read where it lies, among other bytes', () => {
    fc.assert(
      fc.property(elements, (packed) => {
        const bytes = encode(packed)
        const among = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(5, 0x01)])
        const cursor = new CompactCursor(format, among, 5, 5 + bytes.length)
        const read: Buffer[] = []
        while (cursor.next()) read.push(Buffer.from(cursor.text()))
        expect(read).toEqual(packed)
      }),
    )
  })

  it('cut short anywhere is refused', () => {
    fc.assert(
      fc.property(elements, fc.nat(), (packed, cut) => {
        const bytes = encode(packed)
        expect(readOrFail(format, bytes.subarray(0, cut % bytes.length))).toBeInstanceOf(FailureError)
      }),
    )
  })

  it('changed anywhere is read within its bounds or refused, with nothing but our own failure', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(elements, fc.array(change, { minLength: 1, maxLength: 3 }), (packed, changes) => {
        const bytes = encode(packed)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        const read = readOrFail(format, bytes)
        if (read instanceof FailureError) expect(read.failure.params['structure']).toBe(format.name)
        else expect(read.reduce((sum, one) => sum + one.length, 0)).toBeLessThan(bytes.length * 20)
      }),
      { numRuns: 2000 },
    )
  })

  it('of random bytes does not throw anything but our own failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readOrFail(format, bytes)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('listpack', () => {
  it('is what Redis 7.0 makes of RPUSH l 1 -1 127 128 hello 70000 -9223372036854775808', () => {
    const texts = ['1', '-1', '127', '128', 'hello', '70000', '-9223372036854775808']
    expect(encodeListpack(texts.map((text) => Buffer.from(text))).toString('hex')).toBe(
      '2700000007000101dfff027f01c080028568656c6c6f06f270110104f4000000000000008009ff',
    )
  })

  it('refuses a wrong length backwards', () => {
    const bytes = encodeListpack([Buffer.from('hello'), Buffer.from('world')])
    bytes[12] = 7
    expect(readOrFail(listpack, bytes)).toMatchObject({
      failure: { code: 'file.corrupt', params: { structure: 'listpack', offsetInValue: 6 } },
    })
  })

  it('holds more elements than its count can say', () => {
    const elements = Array.from({ length: 70_000 }, (_, index) => Buffer.from(String(index % 100)))
    expect(compactElements(listpack, encodeListpack(elements))).toHaveLength(70_000)
  })

  it.each([127, 128, 16380, 16381, 16382, 16383, 16384, 2097143, 2097146, 2097150, 2097152])(
    'holds a string of %i bytes',
    (length) => {
      const text = Buffer.alloc(length, 'y')
      const [read, after] = compactElements(listpack, encodeListpack([text, Buffer.from('after')]))
      expect(Buffer.from(read!).equals(text)).toBe(true)
      expect(Buffer.from(after!).toString()).toBe('after')
    },
  )
})

describe('ziplist', () => {
  it('refuses a wrong offset of the last element', () => {
    const bytes = encodeZiplist([Buffer.from('hello'), Buffer.from('world')])
    bytes[4] = 10
    expect(readOrFail(ziplist, bytes)).toBeInstanceOf(FailureError)
  })

  it('accepts a long form of a short length before an element, as old servers leave it behind', () => {
    // "a", then "b" with its previous length in five bytes.
    const bytes = Buffer.from(
      '18000000' + '0d000000' + '0200' + '000161' + 'fe03000000' + '0162' + 'ff',
      'hex',
    )
    bytes.writeUInt32LE(bytes.length, 0)
    expect(compactElements(ziplist, bytes).map((one) => Buffer.from(one).toString())).toEqual(['a', 'b'])
  })
})

describe('zipmap', () => {
  it('goes past the unused bytes behind a value', () => {
    const bytes = Buffer.from('01' + '0161' + '010262' + 'eeee' + 'ff', 'hex')
    expect(compactElements(zipmap, bytes).map((one) => Buffer.from(one).toString())).toEqual(['a', 'b'])
  })
})

describe('integerOf', () => {
  it.each(['0', '-1', '9223372036854775807', '-9223372036854775808', '9007199254740993'])('%s', (text) => {
    expect(integerOf(Buffer.from(text))?.toString()).toBe(text)
  })

  it.each(['', '-', '-0', '01', '+1', '1 ', '1e3', '9223372036854775808', '-9223372036854775809', '0x1'])(
    'leaves %j a string',
    (text) => {
      expect(integerOf(Buffer.from(text))).toBeUndefined()
    },
  )
})
