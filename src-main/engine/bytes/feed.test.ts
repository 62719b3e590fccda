import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WindowFeed } from './feed.ts'

const start = 16

/** A feed over `input` whose reads give as much as `pieces` say, in turn; keeps what it tells of. */
function feedOf(
  input: Uint8Array,
  capacity: number,
  pieces: readonly number[] = [Infinity],
  offset = 0,
): { feed: WindowFeed; told: number[]; asked: number[] } {
  let at = 0
  let turn = 0
  const told: number[] = []
  const asked: number[] = []
  const memory = new Uint8Array(start + capacity + 16)
  const feed: WindowFeed = new WindowFeed(
    memory,
    start,
    capacity,
    async (buffer, from, length) => {
      asked.push(length)
      expect(from).toBeGreaterThanOrEqual(start)
      expect(from + length).toBeLessThanOrEqual(start + capacity)
      const size = Math.min(length, pieces[turn++ % pieces.length]!, input.length - at)
      buffer.set(input.subarray(at, at + size), from)
      at += size
      return size
    },
    { offset, consumed: (from, length) => told.push(...memory.subarray(from, from + length)) },
  )
  return { feed, told, asked }
}

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 7) % 251)

test('gives every byte once and in order, and tells of it once and in order, however it is read and taken', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(fc.nat(2_000), sizes, sizes, fc.nat(1_000), async (length, pieces, takes, offset) => {
      const input = bytesOf(length)
      const { feed, told } = feedOf(input, 64, pieces, offset)
      const taken: number[] = []
      for (let turn = 0; ; turn += 1) {
        const wanted = takes[turn % takes.length]!
        const whole = await feed.fill(wanted)
        expect(feed.offsetOf(feed.position)).toBe(offset + taken.length)
        const size = Math.min(wanted, feed.end - feed.position)
        expect(whole).toBe(size === wanted)
        taken.push(...feed.buffer.subarray(feed.position, feed.position + size))
        feed.position += size
        if (!whole) break
      }
      expect(taken).toEqual([...input])
      feed.tell()
      feed.tell()
      expect(told).toEqual([...input])
    }),
  )
})

test('keeps what is unread where it moves, and says no when the input ends before', async () => {
  const { feed } = feedOf(bytesOf(100), 64)
  expect(await feed.fill(64)).toBe(true)
  feed.position += 60
  expect(await feed.fill(40)).toBe(true)
  expect(feed.buffer.subarray(feed.position, feed.end)).toEqual(bytesOf(100).subarray(60))
  expect(await feed.fill(41)).toBe(false)
  expect(feed.end - feed.position).toBe(40)
})

test('reads no more once the input has ended', async () => {
  const { feed, asked } = feedOf(bytesOf(10), 64)
  expect(await feed.fill(11)).toBe(false)
  const reads = asked.length
  expect(await feed.fill(12)).toBe(false)
  expect(asked).toHaveLength(reads)
})

test('reads ahead, but not what no one can ask for', async () => {
  const { feed, asked } = feedOf(bytesOf(100), 64)
  await feed.fill(1)
  expect(asked).toEqual([64])
  await expect(feed.fill(65)).rejects.toThrow(RangeError)
})
