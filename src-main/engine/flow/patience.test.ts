import { expect, test } from 'vitest'
import { makeFailure, type FailureCode } from '#contract/failure.ts'
import { Patience } from './patience.ts'

const minute = 60_000

function ask(patience: Patience, code: FailureCode, position: number, now: number): number | null {
  return patience.pauseMs(makeFailure(code), position, now)
}

test('what does not pass by itself is not waited for', () => {
  expect(ask(new Patience(), 'auth.wrong-password', 0, 0)).toBe(null)
  expect(ask(new Patience(), 'target.not-empty', 0, 0)).toBe(null)
})

test('a target that stays away is waited for with growing pauses, for its time', () => {
  const patience = new Patience()
  expect(ask(patience, 'connect.refused', 7, 0)).toBe(250)
  expect(ask(patience, 'connect.refused', 7, 1_000)).toBe(500)
  expect(ask(patience, 'connect.refused', 7, minute)).toBe(3_000)
  expect(ask(patience, 'connect.refused', 7, 5 * minute)).toBe(3_000)
  expect(ask(patience, 'connect.refused', 7, 5 * minute + 1)).toBe(null)
})

test('a step forward begins the time anew', () => {
  const patience = new Patience()
  ask(patience, 'connect.refused', 7, 0)
  expect(ask(patience, 'connect.refused', 8, 6 * minute)).toBe(250)
})

test('states that take turns have no more time together than each alone', () => {
  const patience = new Patience()
  let now = 0
  while (ask(patience, now % 2 === 0 ? 'connect.refused' : 'connect.timeout', 7, now) !== null) now += 1_001
  expect(now).toBeLessThan(6 * minute)
})

test('a state that comes after another has its own time', () => {
  const patience = new Patience()
  ask(patience, 'connect.refused', 7, 0)
  expect(ask(patience, 'target.cannot-persist', 7, 4 * minute)).toBe(250)
})

test('a target that falls short of where it was time after time is given up', () => {
  const patience = new Patience()
  let falls = 0
  while (ask(patience, 'connect.lost', 1_000 - falls, falls * minute) !== null) falls += 1
  expect(falls).toBe(6)
})

test('one that gets further each time is not', () => {
  const patience = new Patience()
  for (let turn = 0; turn < 100; turn += 1)
    expect(ask(patience, 'connect.lost', turn, turn * minute)).not.toBe(null)
})
