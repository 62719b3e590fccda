import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { lzfCompress, lzfReach } from '../bytes/lzf.ts'
import { LzfFeed } from './lzf-feed.ts'
import { MemoryFeed, need, runNow } from './steps.ts'

/** Reads a compressed string through the sliding window, asking for so many bytes at a time. */
function readThrough(compressed: Uint8Array, length: number, askFor: () => number): Buffer {
  const feed = new LzfFeed(new MemoryFeed(compressed))
  feed.start(compressed.length, length)
  const pieces: Buffer[] = []
  for (let left = length; left > 0;) {
    const wanted = Math.min(left, askFor())
    runNow(need(feed, wanted))
    pieces.push(Buffer.from(feed.buffer.subarray(feed.position, feed.position + wanted)))
    feed.position += wanted
    left -= wanted
  }
  return Buffer.concat(pieces)
}

/** As long as several windows, with repeats as far back as the format reaches. */
function longText(lines: number): Buffer {
  return Buffer.from(
    Array.from(
      { length: lines },
      (_, index) => `${(index * 7919) % 263} of line ${index}, ${index % 5}\n`,
    ).join(''),
  )
}

describe('an LZF string in a sliding window', () => {
  it('is what was compressed, however it is asked for', () => {
    const text = longText(40_000)
    expect(text.length).toBeGreaterThan(700_000)
    const compressed = lzfCompress(text)!
    for (const size of [1000, 8191, 65_536, 130_000])
      expect(readThrough(compressed, text.length, () => size).equals(text)).toBe(true)
    let seed = 7
    const random = (): number => 1 + ((seed = (seed * 48_271) % 2_147_483_647) % 90_000)
    expect(readThrough(compressed, text.length, random).equals(text)).toBe(true)
  })

  it('reaches back over the whole window, and not before the string', () => {
    const block = Buffer.from(Array.from({ length: lzfReach }, (_, index) => (index * index) >> 3))
    const literals: number[] = []
    for (let at = 0; at < block.length; at += 32) literals.push(31, ...block.subarray(at, at + 32))
    // Copies three bytes from exactly 8 KiB back; then the same once more, from one byte too far.
    const far = [0x20 | (8191 >> 8), 8191 & 0xff]
    const reached = Buffer.from([...literals, ...far])
    expect(readThrough(reached, lzfReach + 3, () => 4096).subarray(lzfReach)).toEqual(block.subarray(0, 3))
    const tooFar = Buffer.from([...literals.slice(33), ...far])
    expect(() => readThrough(tooFar, lzfReach - 32 + 3, () => 4096)).toThrow(FailureError)
  })

  it('that lies about its length, or is damaged, fails with our own failure', () => {
    const text = longText(40)
    const compressed = lzfCompress(text)!
    for (const by of [-1, 1])
      expect(() => readThrough(compressed, text.length + by, () => 100)).toThrow(FailureError)
    fc.assert(
      fc.property(fc.nat(compressed.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Buffer.from(compressed)
        bytes[at] = byte
        try {
          expect(readThrough(bytes, text.length, () => 100)).toHaveLength(text.length)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(FailureError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
