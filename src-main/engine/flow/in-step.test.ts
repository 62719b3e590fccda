import { expect, test } from 'vitest'
import { InStep } from './in-step.ts'

function seen(lags: readonly number[]): boolean[] {
  const inStep = new InStep()
  return lags.map((lag, index) => {
    inStep.look(lag, index * 100)
    return inStep.yes
  })
}

test('three looks in a row, and one bad look starts the count anew', () => {
  expect(seen([0, 1_000, 500, 0])).toEqual([false, false, true, true])
  expect(seen([0, 0, 1_001, 0, 0, 0])).toEqual([false, false, false, false, false, true])
  expect(seen([Infinity, Infinity, Infinity])).toEqual([false, false, false])
})

test('a short delay does not end it, a long one does', () => {
  expect(seen([0, 0, 0, 3_000, 2_000, 3_001, 0])).toEqual([false, false, true, true, true, false, false])
})

test('looks that come too soon are one', () => {
  const inStep = new InStep()
  for (let at = 0; at < 200; at += 20) inStep.look(0, at)
  expect(inStep.yes).toBe(false)
  inStep.look(0, 200)
  expect(inStep.yes).toBe(true)
})
