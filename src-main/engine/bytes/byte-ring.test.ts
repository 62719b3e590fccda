import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteRing } from './byte-ring.ts'

/** Puts in bytes that tell their place in the whole, as many as there is room for at once; gives how many. */
function put(ring: ByteRing, from: number, count: number): number {
  const room = ring.room(Math.min(count, ring.free))
  for (let index = 0; index < room.length; index += 1) room[index] = (from + index) % 251
  ring.came(room.length)
  return room.length
}

test('what goes in comes out in order, and a piece stays as it is until the next is asked for', () => {
  const step = fc.oneof(
    fc.record({ put: fc.integer({ min: 1, max: 80 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 80 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const ring = new ByteRing(64)
      let [came, taken] = [0, 0]
      let held: { piece: Buffer; from: number } | null = null
      for (const one of steps) {
        if ('put' in one) came += put(ring, came, one.put)
        else {
          const piece = ring.take(one.take)
          expect(piece === null).toBe(came === taken)
          held = piece === null ? null : { piece, from: taken }
          taken += piece?.length ?? 0
        }
        if (held !== null)
          for (const [index, byte] of held.piece.entries()) expect(byte).toBe((held.from + index) % 251)
        expect(ring.free).toBe(64 - (came - taken) - (held?.piece.length ?? 0))
      }
    }),
  )
})

test('there is room as long as anything is free, in one piece again once all has been taken', () => {
  const ring = new ByteRing(10)
  put(ring, 0, 10)
  expect(ring.room().length).toBe(0)
  ring.take(4)
  expect(ring.free).toBe(0)
  ring.take(4)
  expect(ring.room().length).toBe(4)
  ring.take()
  ring.take()
  expect(ring.room().length).toBe(10)
  expect(ring.room(3).length).toBe(3)
})
