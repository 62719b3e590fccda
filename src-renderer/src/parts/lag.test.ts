import { expect, test } from 'vitest'
import type { TaskStanding } from '#contract/task.ts'
import { lagOf } from './lag.ts'

const behind = (lagBytes: number | null): TaskStanding['progress'] =>
  ({ lagBytes }) as TaskStanding['progress']

test.each([
  ['following', 387, 387],
  ['freezing', 387, 387],
  ['frozen', 387, 0],
  ['finished', 79, 0],
  ['finished', null, null],
  ['paused', 0, null],
  ['interrupted', 0, null],
  ['failed', 387, null],
  ['stopped', 79, null],
] as const)('a task that is %s with a source %s bytes ahead has a lag of %s', (state, ahead, lag) => {
  expect(lagOf({ state, progress: behind(ahead) })).toBe(lag)
})

test('before it has begun nothing is known of it', () => {
  expect(lagOf({ state: 'draft', progress: null })).toBeNull()
})
