import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { MemoryFeed, runNow, type Steps } from './steps.ts'
import { readLength, readUint64, skipString, StringReader, writeLength, writeString } from './string.ts'

const hex = (text: string): MemoryFeed => new MemoryFeed(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const text = (feed: MemoryFeed): string => {
  function* read(): Steps<string> {
    const element = yield* new StringReader(feed).next()
    return (yield* element.copy()).toString()
  }
  return runNow(read())
}

describe('lengths', () => {
  it.each([0, 63, 64, 16383, 16384, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER])(
    '%i',
    (length) => {
      const writer = new ByteWriter()
      writeLength(writer, length)
      expect(runNow(readLength(new MemoryFeed(writer.written())))).toBe(length)
      expect(runNow(readUint64(new MemoryFeed(writer.written())))).toBe(BigInt(length))
    },
  )

  it('of 64 bits are exact where it matters', () => {
    expect(runNow(readUint64(hex('81 ffffffffffffffff')))).toBe(2n ** 64n - 1n)
    expect(runNow(readUint64(hex('81 0020000000000001')))).toBe(2n ** 53n + 1n)
  })

  it.each(['', '80 000000', '81 00000000000000', 'c0 05', '82', 'ff'])('refuses %j', (bytes) => {
    expect(() => runNow(readLength(hex(bytes)))).toThrow(FailureError)
  })
})

describe('strings', () => {
  it.each([
    ['00', ''],
    ['03 616263', 'abc'],
    ['c0 80', '-128'],
    ['c1 3930', '12345'],
    ['c2 00000080', '-2147483648'],
    ['c3 06 06 02616263 2002', 'abcabc'],
    ['40 03 616263', 'abc'],
    ['80 00000003 616263', 'abc'],
  ])('%s', (bytes, expected) => {
    const feed = hex(bytes)
    expect(text(feed)).toBe(expected)
    expect(feed.position).toBe(feed.end)
  })

  it('are gone past, whatever they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const writer = new ByteWriter()
        writeString(writer, bytes)
        const end = writer.length
        writer.uint8(7)
        const feed = new MemoryFeed(writer.written())
        runNow(skipString(feed))
        expect(feed.position).toBe(end)
      }),
    )
  })

  it.each(['', '05 6162', 'c0', 'c1 05', 'c4', 'c3 05', 'c3 02 05 0261', '81 ffffffffffffffff'])(
    'refuses %j',
    (bytes) => {
      expect(() => text(hex(bytes))).toThrow(FailureError)
    },
  )
})
