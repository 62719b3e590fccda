import { expect, it } from 'vitest'
import { keepEqualParts } from './equal-parts.ts'

const before = {
  state: 'following',
  progress: { lag: 1, shards: [{ at: 'a' }, { at: 'b' }] },
  events: [{ id: 1 }],
}

it('keeps the very parts that say the same', () => {
  const next = { ...structuredClone(before), progress: { lag: 2, shards: [{ at: 'a' }, { at: 'c' }] } }
  const kept = keepEqualParts(before, next)
  expect(kept).toEqual(next)
  expect(kept.events).toBe(before.events)
  expect(kept.progress.shards[0]).toBe(before.progress.shards[0])
  expect(kept.progress).not.toBe(before.progress)
})

it('keeps all of it where nothing has changed', () => {
  expect(keepEqualParts(before, structuredClone(before))).toBe(before)
})

it.each([
  [
    [1, 2, 3],
    [1, 2],
  ],
  [[1], [1, 2]],
  [{ a: 1, b: undefined }, { a: 1 }],
  [{ a: undefined }, { b: undefined }],
  [{ a: null }, { a: {} }],
  [{ 0: 'a' }, ['a']],
  [Number.NaN, 0],
] as const)('of %j and %j has the second', (one: unknown, other: unknown) => {
  expect(keepEqualParts(one, other)).toStrictEqual(other)
})
