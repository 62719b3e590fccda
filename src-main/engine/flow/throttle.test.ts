import { expect, test } from 'vitest'
import type { Limits } from '#contract/limits.ts'
import { Throttle, type Clock } from './throttle.ts'

/** A clock that only sleeping moves on. */
class HandClock implements Clock {
  at = 1_000
  now(): number {
    return this.at
  }
  sleep(ms: number): Promise<void> {
    this.at += ms
    return Promise.resolve()
  }
}

const noSignal = new AbortController().signal
const well = { latencyMs: 1, memoryShare: 0 }

function set(limits: Limits): { clock: HandClock; throttle: Throttle } {
  const clock = new HandClock()
  return { clock, throttle: new Throttle(limits, clock) }
}

/** Seconds that the clock moves on while so many blocks go through. */
async function seconds(
  { clock, throttle }: ReturnType<typeof set>,
  blocks: number,
  bytes: number,
  keys: number,
): Promise<number> {
  const start = clock.at
  for (let block = 0; block < blocks; block += 1) await throttle.pass(bytes, keys, noSignal)
  return (clock.at - start) / 1000
}

test('without limits nothing waits', async () => {
  const run = set({})
  expect(await seconds(run, 10_000, 128 * 1024, 1_000)).toBe(0)
  expect(run.throttle.limitedBy).toBeNull()
  expect([run.throttle.keysAtOnce, run.throttle.bytesAtOnce]).toEqual([Infinity, Infinity])
})

test.each([
  [{ bytesPerSecond: 100_000 }, 'bytes', 20],
  [{ keysPerSecond: 500 }, 'keys', 40],
  [{ bytesPerSecond: 100_000, keysPerSecond: 500 }, 'keys', 40],
  [{ bytesPerSecond: 50_000, keysPerSecond: 10_000 }, 'bytes', 40],
] as const)('%j lets through what it says, and says that it limits', async (limits, limitedBy, expected) => {
  const run = set(limits)
  // The last block's debt is not waited for, nor is what a quarter of a second saves up.
  const took = await seconds(run, 200, 10_000, 100)
  expect(took).toBeGreaterThan(expected - 0.7)
  expect(took).toBeLessThanOrEqual(expected)
  expect(run.throttle.limitedBy).toBe(limitedBy)
  run.clock.at += 1_500
  expect(run.throttle.limitedBy).toBeNull()
})

test('at a slow pace blocks end early, so that it is an even one', () => {
  const { throttle } = set({ keysPerSecond: 200, bytesPerSecond: 1_000_000 })
  expect(throttle.keysAtOnce).toBe(20)
  expect(throttle.bytesAtOnce).toBe(100_000)
  throttle.obey({ type: 'limits', limits: { keysPerSecond: 1, bytesPerSecond: 1_024 } })
  expect(throttle.keysAtOnce).toBe(1)
  expect(throttle.bytesAtOnce).toBe(4_096)
})

test('limits given while it waits hold from then on', async () => {
  const run = set({ bytesPerSecond: 1_024 })
  await run.throttle.pass(100 * 1_024, 1, noSignal)
  const waiting = run.throttle.pass(10, 1, noSignal)
  const before = run.clock.at
  run.throttle.obey({ type: 'limits', limits: {} })
  await waiting
  expect(run.clock.at - before).toBeLessThan(500)
  expect(await seconds(run, 100, 100_000, 10)).toBe(0)
})

test('a pause holds everything until it ends, and is told', async () => {
  const { clock, throttle } = set({})
  const told: boolean[] = []
  throttle.onPause = (paused) => told.push(paused)
  throttle.obey({ type: 'pause' })
  expect(told).toEqual([])
  let passed = false
  const waiting = throttle.pass(1, 1, noSignal).then(() => (passed = true))
  const until = clock.at + 60_000
  while (clock.at < until) await Promise.resolve()
  expect(passed).toBe(false)
  throttle.obey({ type: 'go-on' })
  await waiting
  expect(told).toEqual([true, false])
})

test('cancelling ends every wait', async () => {
  const controller = new AbortController()
  const { throttle } = set({ keysPerSecond: 1 })
  await throttle.pass(1, 1_000_000, noSignal)
  throttle.obey({ type: 'pause' })
  const waiting = throttle.pass(1, 1, controller.signal)
  controller.abort()
  await waiting
})

/** Sends as fast as is let through for a second, then looks. Gives the bytes sent. */
async function secondOf(run: ReturnType<typeof set>, health: typeof well): Promise<number> {
  const end = run.clock.at + 1_000
  let sent = 0
  // A target that takes 10 MB/s at best.
  while (run.clock.at < end) {
    await run.throttle.pass(10_000, 10, noSignal)
    sent += 10_000
    run.clock.at += 1
  }
  run.throttle.look(health)
  return sent
}

test.each([
  ['latency', { latencyMs: 50, memoryShare: 0.1 }],
  ['memory', { latencyMs: 1, memoryShare: 0.95 }],
] as const)(
  'a target that suffers (%s) is spared more and more, then trusted step by step',
  async (reason, ill) => {
    const run = set({ latencyMs: 10 })
    const full = await secondOf(run, ill)
    expect(full).toBeGreaterThan(9_000_000)
    const half = await secondOf(run, ill)
    expect(half / full).toBeLessThan(0.6)
    expect(run.throttle.limitedBy).toBe(reason)
    for (let look = 0; look < 12; look += 1) await secondOf(run, ill)
    const least = await secondOf(run, well)
    expect(least).toBeLessThan(120_000)
    expect(least).toBeGreaterThan(0)
    const steps: number[] = []
    for (let look = 0; look < 40; look += 1) steps.push(await secondOf(run, well))
    expect(steps[1]! / full).toBeLessThan(0.25)
    expect(steps.at(-1)! / full).toBeGreaterThan(0.95)
    expect(run.throttle.limitedBy).toBeNull()
  },
)

test('without a limit on latency a target that suffers is not spared', async () => {
  const run = set({ latencyMs: 10 })
  await secondOf(run, { latencyMs: 500, memoryShare: 0 })
  run.throttle.obey({ type: 'limits', limits: {} })
  expect(await secondOf(run, { latencyMs: 500, memoryShare: 1 })).toBeGreaterThan(9_000_000)
})
