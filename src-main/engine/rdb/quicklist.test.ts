import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { encodeQuicklist, readQuicklist } from './quicklist.ts'
import { MemoryFeed, runNow } from './steps.ts'

function elementsOf(version: 1 | 2, value: Uint8Array): Buffer[] {
  const elements: Buffer[] = []
  const feed = new MemoryFeed(value)
  runNow(
    readQuicklist(version, feed, function* (element) {
      elements.push(yield* element.copy())
    }),
  )
  expect(feed.position).toBe(feed.end)
  return elements
}

describe.each([1, 2] as const)('quicklist version %i', (version) => {
  it('gives back what was packed', () => {
    const element = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer().map((value) => Buffer.from(String(value))),
      fc.constantFrom(8191, 8192, 8193, 30_000).map((length) => Buffer.alloc(length, 'e')),
    )
    fc.assert(
      fc.property(fc.array(element, { maxLength: 60 }), (packed) => {
        expect(elementsOf(version, encodeQuicklist(version, packed))).toEqual(
          packed.map((one) => Buffer.from(one)),
        )
      }),
    )
  })

  it('makes nodes of about 8 KiB', () => {
    const value = encodeQuicklist(version, Array<Buffer>(100).fill(Buffer.alloc(1000, 'n')))
    expect(value[0]).toBe(13)
  })
})

describe('quicklist version 2', () => {
  it('keeps an element that is larger than a node plainly', () => {
    const value = encodeQuicklist(2, [Buffer.alloc(9000, 'p')])
    expect([value[0], value[1]]).toEqual([1, 1])
  })

  it('refuses a node of a kind that nobody defined', () => {
    expect(() => elementsOf(2, Buffer.from('01030161', 'hex'))).toThrow(FailureError)
  })
})
