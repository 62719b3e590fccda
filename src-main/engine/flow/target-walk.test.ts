import { expect, test } from 'vitest'
import type { ScannedKeys } from './scan-target.ts'
import { TargetWalk, type Visitor, type WalkSeat } from './target-walk.ts'

const never = new AbortController().signal
const names = (keys: readonly Buffer[]): readonly string[] => keys.map((key) => key.toString())

/** A target of so many keys that begin with each of these letters. */
function target(letters: string, each: number): { scans: number; scan: () => AsyncGenerator<ScannedKeys> } {
  const made = {
    scans: 0,
    async *scan(): AsyncGenerator<ScannedKeys> {
      made.scans += 1
      for (let at = 0; at < each; at += 1) {
        const keys = [...letters].map((letter) => Buffer.from(`${letter}${at}`))
        yield await Promise.resolve({ db: 0, keys, expires: 1, expiringHashes: 0 })
      }
    },
  }
  return made
}

/** Takes what begins with its letter. */
function visitor(letter: string, seen: string[] = []): { seen: string[]; shown: number; visit: Visitor } {
  const made = {
    seen,
    shown: 0,
    visit: (({ keys }) => {
      made.shown += keys.length
      seen.push(...names(keys).filter((key) => key.startsWith(letter)))
      return Promise.resolve(keys.filter((key) => !key.toString().startsWith(letter)))
    }) satisfies Visitor,
  }
  return made
}

test('several go through a target together: it is scanned once, each key is seen by whose it is, and by nobody after', async () => {
  const walked = target('abc', 700)
  const { seats } = new TargetWalk(walked.scan, 3)
  const visitors = [...'abc'].map((letter) => visitor(letter))
  await Promise.all(visitors.map(({ visit }, index) => seats[index]!.go(visit, never)))
  expect(walked.scans).toBe(1)
  for (const [index, { seen }] of visitors.entries())
    expect(new Set(seen)).toEqual(new Set(Array.from({ length: 700 }, (_, at) => `${'abc'[index]}${at}`)))
  expect(visitors.map(({ shown }) => shown)).toEqual([2_100, 1_400, 700])
})

test('it waits for whoever has a seat, and not for one that is given up', async () => {
  const walked = target('a', 1)
  const [first, second] = new TargetWalk(walked.scan, 2).seats as [WalkSeat, WalkSeat]
  const mine = visitor('a')
  const gone = first.go(mine.visit, never)
  await new Promise((resolve) => setImmediate(resolve))
  expect(walked.scans).toBe(0)
  second.leave()
  second.leave()
  await gone
  first.leave()
  expect([walked.scans, mine.seen]).toEqual([1, ['a0']])
})

test('who fails or is to end is left behind, and the others see the rest', async () => {
  const walked = target('ab', 900)
  const { seats } = new TargetWalk(walked.scan, 3)
  const ending = new AbortController()
  const mine = visitor('b')
  const settled = await Promise.allSettled([
    seats[0]!.go(() => Promise.reject(new Error('its source is away')), never),
    seats[1]!.go((walkedKeys) => {
      ending.abort(new Error('ended'))
      return Promise.resolve(walkedKeys.keys)
    }, ending.signal),
    seats[2]!.go(mine.visit, never),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  expect(new Set(mine.seen).size).toBe(900)
})

test('a target that is lost on the way fails for all of them', async () => {
  async function* scan(): AsyncGenerator<ScannedKeys> {
    yield await Promise.resolve({ db: 0, keys: [Buffer.from('a')], expires: 1, expiringHashes: 0 })
    throw new Error('lost')
  }
  const { seats } = new TargetWalk(scan, 2)
  const settled = await Promise.allSettled(seats.map((seat) => seat.go(visitor('b').visit, never)))
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('with all of them left behind it ends', async () => {
  const over: AbortSignal[] = []
  async function* scan(signal: AbortSignal): AsyncGenerator<ScannedKeys> {
    over.push(signal)
    while (!signal.aborted)
      yield await Promise.resolve({ db: 0, keys: [Buffer.from('a')], expires: 1, expiringHashes: 0 })
  }
  const [seat] = new TargetWalk(scan, 1).seats as [WalkSeat]
  await expect(seat.go(() => Promise.reject(new Error('away')), never)).rejects.toThrow('away')
  await expect.poll(() => over[0]?.aborted).toBe(true)
})
