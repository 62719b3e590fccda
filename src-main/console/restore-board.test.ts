import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RestoreNews, RestoreView } from '#contract/restore-view.ts'
import { Bell } from '#engine/flow/bell.ts'
import { restoreNews } from './restore-board.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const view = (id: string, phase: string, keysDone: number): RestoreView =>
  ({ id, state: 'running', progress: { phase, keysDone }, result: null }) as unknown as RestoreView

test('figures are told once a second, the newest ones; a step, and another restore, at once', async () => {
  let all = [view('a', 'writing', 1)]
  const changed = new Bell()
  const leaving = new AbortController()
  const told: RestoreNews[] = []
  void (async () => {
    for await (const answer of restoreNews(() => all, changed, leaving.signal))
      if ('ok' in answer) told.push(answer.ok)
  })()
  const become = async (...views: RestoreView[]) => {
    all = views
    changed.ring()
    await vi.advanceTimersByTimeAsync(100)
  }
  await become(...all)
  for (let keys = 2; keys <= 7; keys += 1) await become(view('a', 'writing', keys))
  expect(told).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(400)
  expect(told.slice(1)).toEqual([
    { isWhole: false, restores: [{ id: 'a', progress: { phase: 'writing', keysDone: 7 } }] },
  ])

  await become(view('a', 'paused', 8))
  await become(view('b', 'checking', 0), all[0]!)
  expect(told.slice(2)).toMatchObject([
    { restores: [{ id: 'a', progress: { phase: 'paused', keysDone: 8 } }] },
    { restores: [{ id: 'b' }] },
  ])

  // What no list shows is no news.
  await become({ ...all[0]!, onConflict: 'skip' }, all[1]!)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(told).toHaveLength(4)
  leaving.abort()
  await vi.advanceTimersByTimeAsync(1)
  expect(vi.getTimerCount()).toBe(0)
})
