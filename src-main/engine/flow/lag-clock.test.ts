import { expect, test } from 'vitest'
import { LagClock } from './lag-clock.ts'

test('the lag is the age of the last look that has been reached', () => {
  const clock = new LagClock()
  clock.note(1_000, 100)
  clock.note(1_250, 200)
  clock.note(1_500, 300)
  expect(clock.lagMs(300, 1_600)).toBe(0)
  expect(clock.lagMs(299, 1_600)).toBe(350)
  expect(clock.lagMs(200, 1_600)).toBe(350)
  expect(clock.lagMs(199, 1_600)).toBe(600)
})

test('one who starts far behind is not taken for one in step', () => {
  const clock = new LagClock()
  expect(clock.lagMs(0, 1_000)).toBe(Infinity)
  clock.note(1_000, 5_000_000)
  expect(clock.lagMs(10, 1_100)).toBe(Infinity)
  clock.note(1_250, 5_000_100)
  expect(clock.lagMs(5_000_000, 1_300)).toBe(300)
  expect(clock.lagMs(5_000_050, 1_400)).toBe(400)
  // Having been in step once, it can only have fallen behind since.
  expect(clock.lagMs(10, 2_000)).toBe(1_000)
})

test('another history begins anew', () => {
  const clock = new LagClock()
  clock.note(1_000, 100)
  expect(clock.lagMs(100, 1_000)).toBe(0)
  clock.forget()
  clock.note(2_000, 900)
  expect(clock.lagMs(100, 2_500)).toBe(Infinity)
})

test('a source that does not answer is not taken for one that has written no more', () => {
  const clock = new LagClock()
  clock.hear(500, 50)
  expect(clock.offset).toBe(null)
  clock.note(1_000, 100)
  clock.hear(1_900, 150)
  clock.hear(2_100, 90)
  expect(clock.lagMs(100, 2_200)).toBe(0)
  clock.hear(2_300, 700)
  expect(clock.lagMs(100, 3_000)).toBe(2_000)
  expect(clock.lagMs(700, 3_000)).toBe(0)
})
