import { expect, test } from 'vitest'
import { ExpiryRounds, type Rounded } from './expiry-rounds.ts'
import type { ScannedKeys } from './scan-target.ts'
import type { WalkSeat } from './target-walk.ts'

/** A shard that wants all compared until it has been, and again where slots have moved. */
function shard(
  options: { near?: boolean; answers?: boolean } = {},
): Rounded & { seen: number; slots: string | null } {
  const made = {
    seen: 0,
    slots: 'as before' as string | null,
    wantsAll: true,
    expiries: {
      get isNear(): boolean {
        return options.near ?? true
      },
      get wantsAll(): boolean {
        return made.wantsAll
      },
      noteSlots(slots: string | null): void {
        made.wantsAll ||= slots !== made.slots
        made.slots = slots
      },
      async reconcileAll(seat: WalkSeat, signal: AbortSignal): Promise<boolean> {
        if (options.answers === false) return false
        await seat.go(({ keys }) => {
          made.seen += 1
          return Promise.resolve(keys.slice(1))
        }, signal)
        made.wantsAll = false
        return true
      },
    } satisfies Rounded['expiries'],
    reconcile: (): Promise<boolean> => Promise.resolve(!made.wantsAll),
  }
  return made
}

function target(): {
  scans: number
  slotsNow: string
  scan: () => AsyncGenerator<ScannedKeys>
  slots: () => Promise<string>
} {
  const made = {
    scans: 0,
    slotsNow: 'as before',
    async *scan(): AsyncGenerator<ScannedKeys> {
      made.scans += 1
      const keys = ['a', 'b', 'c'].map((key) => Buffer.from(key))
      yield await Promise.resolve({ db: 0, keys, expires: 3, expiringHashes: 0 })
    },
    slots: () => Promise.resolve(made.slotsNow),
  }
  return made
}

test('three shards that are drained go through their target once, and once more where its slots have moved', async () => {
  const { signal } = new AbortController()
  const at = target()
  const rounds = new ExpiryRounds(at)
  const shards = [shard(), shard(), shard()]
  expect(await rounds.finish(shards, signal)).toBe(true)
  expect([at.scans, ...shards.map(({ seen }) => seen)]).toEqual([1, 1, 1, 1])
  expect(await rounds.finish(shards, signal)).toBe(true)
  expect(at.scans).toBe(1)
  at.slotsNow = 'elsewhere'
  expect(await rounds.finish(shards, signal)).toBe(true)
  expect(at.scans).toBe(2)
})

test('a shard whose source cannot be asked holds nobody else up, and it is not done', async () => {
  const { signal } = new AbortController()
  const rounds = new ExpiryRounds(target())
  const shards = [shard({ answers: false }), shard()]
  expect(await rounds.finish(shards, signal)).toBe(false)
  expect(shards.map(({ seen }) => seen)).toEqual([0, 1])
})

test('in the background only those that are near go through it', async () => {
  const over = new AbortController()
  const at = target()
  const shards = [shard({ near: false }), shard(), shard()]
  const kept = new ExpiryRounds(at).keep(() => shards, over.signal)
  await expect.poll(() => shards.map(({ seen }) => seen)).toEqual([0, 1, 1])
  over.abort()
  await kept
  expect(at.scans).toBe(1)
})
