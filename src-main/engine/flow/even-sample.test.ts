import { expect, test } from 'vitest'
import { EvenSample } from './even-sample.ts'

function sampleOf(length: number): readonly number[] {
  const sample = new EvenSample<number>(100)
  for (let at = 0; at < length; at += 1) sample.pass(() => at)
  return sample.taken
}

test.each([0, 1, 99, 100])('of %i all are taken', (length) => {
  expect(sampleOf(length)).toEqual(Array.from({ length }, (_, at) => at))
})

test.each([101, 199, 200, 201, 1_000, 54_321])('of %i a hundred, spread evenly', (length) => {
  const taken = sampleOf(length)
  expect(taken).toHaveLength(100)
  expect(taken[0]).toBe(0)
  const steps = taken.slice(1).map((value, at) => value - taken[at]!)
  expect(Math.min(...steps)).toBeGreaterThan(0)
  expect(Math.max(...steps)).toBeLessThanOrEqual((length / 100) * 3 + 1)
  expect(taken.at(-1)).toBeGreaterThan(length * 0.95)
})

test('only those are made that are kept', () => {
  let made = 0
  const sample = new EvenSample<number>(100)
  for (let at = 0; at < 1_000_000; at += 1)
    sample.pass(() => {
      made += 1
      return at
    })
  expect(made).toBeLessThan(2_000)
  expect(sample.taken).toHaveLength(100)
})
