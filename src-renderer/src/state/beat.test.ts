import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { beat, withNextBeat } from './beat.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('what may wait is taken with the next beat, once and in its order', () => {
  const taken: string[] = []
  withNextBeat(() => taken.push('clock'))
  withNextBeat(() => taken.push('points'))
  expect(taken).toEqual([])
  beat()
  expect(taken).toEqual(['clock', 'points'])
  beat()
  vi.advanceTimersByTime(10_000)
  expect(taken).toHaveLength(2)
})

test('without a beat it is taken all the same, together', () => {
  const taken: string[] = []
  withNextBeat(() => taken.push('clock'))
  vi.advanceTimersByTime(300)
  withNextBeat(() => taken.push('points'))
  expect(taken).toEqual([])
  vi.advanceTimersByTime(100)
  expect(taken).toEqual(['clock', 'points'])
  withNextBeat(() => taken.push('clock'))
  vi.advanceTimersByTime(400)
  expect(taken).toHaveLength(3)
})
