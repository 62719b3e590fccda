import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Follower } from './follow.ts'
import { Steering, type Wishes } from './steering.ts'
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
  }
  return Object.defineProperty(part, 'applied', { get: () => place.applied }) as Follower
}

async function* nothing(): AsyncGenerator<never, void> {}

function steer(wishes: Wishes, place: { applied: number }, sourceAt = (): number => 10): Steering {
  const follower = followerAt(place)
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
    guarded: true,
    tell: () => undefined,
    count: () => Promise.resolve(),
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
