import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { lzfCompress, lzfDecompress } from './lzf.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')

function decompress(input: Uint8Array, length: number): Buffer {
  const output = Buffer.alloc(length + 16, 0xee)
  lzfDecompress(input, 0, input.length, output, 8, 8 + length)
  expect(output.subarray(0, 8).every((byte) => byte === 0xee)).toBe(true)
  expect(output.subarray(8 + length).every((byte) => byte === 0xee)).toBe(true)
  return output.subarray(8, 8 + length)
}

/** Text with repeats near and far, which is what compression is about. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.nat(400)), { maxLength: 30 })
  .map((parts) => Buffer.concat(parts.flatMap(([part, times]) => Array<Uint8Array>(times).fill(part))))

describe('lzfDecompress', () => {
  it('reads literals, short, long and overlapping runs', () => {
    expect(decompress(hex('02 616263 2002'), 6).toString()).toBe('abcabc')
    expect(decompress(hex('00 61 e0 00 00'), 10).toString()).toBe('a'.repeat(10))
    expect(decompress(hex('01 6162 e0 ff 01'), 266).toString()).toBe('ab'.repeat(133))
  })

  it.each([
    ['a literal that ends early', '05 6162', 6],
    ['a run back before the start', '00 61 2001', 4],
    ['a run without its distance', '00 61 20', 4],
    ['a long run without its length', '00 61 e0', 12],
    ['more output than promised', '02 616263 2002', 5],
    ['less output than promised', '02 616263', 6],
    ['nothing where something was promised', '', 1],
  ])('refuses %s', (_, input, length) => {
    expect(() => decompress(hex(input), length)).toThrow(FailureError)
  })

  it('gives back what was compressed', () => {
    fc.assert(
      fc.property(repetitive, (text) => {
        const compressed = lzfCompress(text)
        if (compressed === null) return
        expect(compressed.length).toBeLessThan(text.length)
        expect(decompress(compressed, text.length)).toEqual(text)
      }),
    )
  })

  it('fails with our own error, inside its bounds, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(300), (input, length) => {
        try {
          decompress(input, length)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(FailureError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('lzfCompress', () => {
  it('saves most of a repetitive text, and leaves alone what has no repeats', () => {
    expect(lzfCompress(Buffer.alloc(100_000, 'abcdefgh'))!.length).toBeLessThan(1500)
    const everyByteOnce = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(lzfCompress(everyByteOnce)).toBeNull()
  })

  it('never reaches further back than the format can say', () => {
    const block = Buffer.from(Array.from({ length: 8192 }, (_, index) => (index * index) >> 5))
    for (const gap of [8191, 8192, 8193]) {
      const text = Buffer.concat([block.subarray(0, 40), Buffer.alloc(gap - 40), block.subarray(0, 40)])
      expect(decompress(lzfCompress(text)!, text.length)).toEqual(text)
    }
  })
})
