import { expect, test } from 'vitest'
import type { SyncProgress } from '#contract/sync.ts'
import { overAllRuns } from './over-all-runs.ts'

const run = (counts: Partial<SyncProgress>): SyncProgress =>
  ({
    writes: 0,
    sourceReconnects: 0,
    targetReconnects: 0,
    fullResyncs: 0,
    partialResyncs: 0,
    ...counts,
  }) as SyncProgress

test('a task that was paused tells what all its runs have done, and of the rest what is so now', () => {
  const first = run({ writes: 65_183, fullResyncs: 1, copiedKeys: 204_449, writesPerSecond: 2_141 })
  const second = run({
    writes: 110_109,
    partialResyncs: 1,
    targetReconnects: 2,
    copiedKeys: 0,
    writesPerSecond: 0,
  })
  expect(overAllRuns(second, first)).toEqual({
    ...second,
    writes: 175_292,
    fullResyncs: 1,
    partialResyncs: 1,
    targetReconnects: 2,
  })
})

test('the first run is told as it is', () => {
  const only = run({ writes: 7 })
  expect(overAllRuns(only, null)).toBe(only)
})
