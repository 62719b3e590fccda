import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { KeptRevisions } from '#contract/kept.ts'
import { KeptChanges } from './kept-changes.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const inStore = { profiles: 1, connections: 1, guidedBackups: 1, preferences: 1 }

/** What one listener is told, as it comes. */
function listenTo(kept: KeptChanges, signal: AbortSignal): KeptRevisions[] {
  const told: KeptRevisions[] = []
  void (async () => {
    for await (const answer of kept.watch(signal)) if ('ok' in answer) told.push(answer.ok)
  })()
  return told
}

test('everybody who listens is told all at once, then of each change', async () => {
  let revisions = inStore
  const kept = new KeptChanges({ all: () => revisions })
  const leaving = new AbortController()
  const [one, other] = [listenTo(kept, leaving.signal), listenTo(kept, leaving.signal)]
  await vi.advanceTimersByTimeAsync(5_000)
  expect(one).toHaveLength(1)
  expect(one[0]).toMatchObject(inStore)

  kept.note('practice')
  await vi.advanceTimersByTimeAsync(1)
  expect(one[1]!.practice).not.toBe(one[0]!.practice)
  expect(one[1]!.secrets).toBe(one[0]!.secrets)

  revisions = { ...inStore, profiles: 2 }
  await vi.advanceTimersByTimeAsync(1_000)
  expect(one.at(-1)!.profiles).toBe(2)
  expect(other).toEqual(one)

  leaving.abort()
  await vi.advanceTimersByTimeAsync(1)
  kept.note('practice')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(one).toHaveLength(3)
  expect(vi.getTimerCount()).toBe(0)
})

test('a store that cannot be read for a while takes nothing from who listens', async () => {
  let isAway = false
  const all = () => {
    if (isAway) throw new Error('SQLITE_BUSY')
    return inStore
  }
  const kept = new KeptChanges({ all })
  const leaving = new AbortController()
  const told = listenTo(kept, leaving.signal)
  await vi.advanceTimersByTimeAsync(1)
  isAway = true
  kept.note('secrets')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toHaveLength(2)
  expect(told[1]).toMatchObject(inStore)
  leaving.abort()
})

test('a host that was started anew is not taken for the one before', async () => {
  const leaving = new AbortController()
  const before = listenTo(new KeptChanges({ all: () => inStore }), leaving.signal)
  await vi.advanceTimersByTimeAsync(1)
  const after = listenTo(new KeptChanges({ all: () => inStore }), leaving.signal)
  await vi.advanceTimersByTimeAsync(1)
  expect(after[0]!.interrupted).not.toBe(before[0]!.interrupted)
  leaving.abort()
})
