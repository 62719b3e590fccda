import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Follower } from './follow.ts'
import { Steering, type Wishes } from './steering.ts'
import type { Tell } from './sync-state.ts'
import { TtlGuard } from './ttl-guard.ts'

/** As much of a follower as is steered: one that has applied so far. */
function followerAt(place: { applied: number }): Follower {
  const done = (): Promise<void> => Promise.resolve()
  const part: Partial<Follower> = {
    keysInRepair: 0,
    expiriesAreSure: true,
    keepGuarded: done,
    applyPlaced: done,
    drain: done,
    removeStale: () => Promise.resolve(true),
    reconcile: () => Promise.resolve(true),
    noteDrained: done,
  }
  return Object.defineProperty(part, 'applied', { get: () => place.applied }) as Follower
}

async function* nothing(): AsyncGenerator<never, void> {}

function steer(
  wishes: Wishes,
  place: { applied: number },
  sourceAt = (): number => 10,
  more: {
    readonly reconcile?: Follower['reconcile']
    readonly tell?: Tell
    readonly slotsAtRest?: () => boolean
  } = {},
): Steering {
  const follower = followerAt(place)
  if (more.reconcile !== undefined) follower.reconcile = more.reconcile
  return new Steering({
    wishes,
    session: { versionNumber: 700, scan: nothing, hasExpiringFields: () => Promise.resolve(false) },
    shards: [
      {
        follower,
        lagMs: () => 0,
        askOffset: () => Promise.resolve(10),
        placeNow: () => Promise.resolve(sourceAt()),
        holds: () => Promise.resolve(null),
      },
    ],
    guard: new TtlGuard('/never/written'),
    expiries: { finish: (all, signal) => all[0]!.reconcile(signal) },
    guarded: true,
    tell: more.tell ?? (() => undefined),
    count: () => Promise.resolve(),
    slotsAtRest: more.slotsAtRest ?? (() => true),
    onDrained: () => undefined,
  })
}

test('told to finish, it brings a target that has fallen back to where it was drained first, expiries and all', async () => {
  const place = { applied: 5 }
  const steering = steer({ settle: true, drainTo: [10], ending: 'finish' }, place)
  let ended = false
  const run = steering.run(new AbortController().signal).then(() => (ended = true))
  // Many of its looks.
  await sleep(200)
  expect([ended, steering.drained]).toEqual([false, false])
  place.applied = 10
  await run
  expect([steering.drained, steering.guard]).toEqual([true, 'final'])
})

test('told to finish with a source that is gone for good, it waits for it a minute, then finishes, and says so', async () => {
  const told: string[] = []
  let asked = 0
  const steering = steer({ settle: true, drainTo: [10], ending: 'finish' }, { applied: 10 }, undefined, {
    reconcile: () => Promise.resolve((asked += 1) < 0),
    tell: (code) => void told.push(code),
  })
  const run = steering.run(new AbortController().signal)
  await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(3)
  expect([steering.drained, told]).toEqual([false, []])
  const later = Date.now() + 61_000
  using clock = vi.spyOn(Date, 'now').mockImplementation(() => later)
  await run
  expect(clock).toHaveBeenCalled()
  expect([steering.drained, steering.guard]).toEqual([true, 'final'])
  expect(told).toContain('source.gone-at-end')
})

test('told to finish where nothing is to be drained, it ends at once', async () => {
  const steering = steer({ settle: false, drainTo: null, ending: 'finish' }, { applied: 5 })
  await steering.run(new AbortController().signal)
  expect(steering.drained).toBe(false)
})

test('a source that counts nothing and was unfrozen in between is asked anew where it stands still', async () => {
  const place = { applied: 10 }
  let sourceAt = 10
  const wishes: Wishes = { settle: true, drainTo: [null], ending: null }
  const steering = steer(wishes, place, () => sourceAt)
  const stop = new AbortController()
  const run = steering.run(stop.signal)
  await expect.poll(() => steering.drained, { timeout: 10_000 }).toBe(true)
  wishes.drainTo = null
  await expect.poll(() => steering.drained, { timeout: 10_000 }).toBe(false)
  sourceAt = 20
  wishes.drainTo = [null]
  // Many of its looks.
  await sleep(200)
  expect(steering.drained).toBe(false)
  place.applied = 20
  await expect.poll(() => steering.drained, { timeout: 10_000 }).toBe(true)
  // Unfrozen and frozen again between two looks: what was drained before is not what is asked for now.
  sourceAt = 30
  wishes.drainTo = [null]
  expect(steering.drained).toBe(false)
  place.applied = 30
  await expect.poll(() => steering.drained, { timeout: 10_000 }).toBe(true)
  stop.abort()
  await run
})

test('it is not drained before all that slots which moved leave to be made good is listed', async () => {
  let atRest = false
  const wishes: Wishes = { settle: true, drainTo: [10], ending: null }
  const slotsAtRest = (): boolean => atRest
  const steering = steer(wishes, { applied: 10 }, undefined, { slotsAtRest })
  const stop = new AbortController()
  const run = steering.run(stop.signal)
  // Many of its looks.
  await sleep(200)
  expect(steering.drained).toBe(false)
  atRest = true
  await expect.poll(() => steering.drained, { timeout: 10_000 }).toBe(true)
  stop.abort()
  await run
})
