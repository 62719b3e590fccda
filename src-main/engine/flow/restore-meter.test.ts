import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import type { RestoreProgress } from '#contract/restore.ts'
import { noCounts, type Counts } from './ledger.ts'
import { RestoreMeter } from './restore-meter.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

const written = (keys: number): Counts => ({ ...noCounts(), entries: keys, written: keys })

function startMeter(bytesTotal = 10_000): { meter: RestoreMeter; told: RestoreProgress[] } {
  const told: RestoreProgress[] = []
  return { meter: new RestoreMeter(bytesTotal, (progress) => told.push(progress)), told }
}

/** Advances every 10 ms to where `bytesAt` says; a key is ten bytes. */
function advance(meter: RestoreMeter, ms: number, bytesAt: (ms: number) => number): void {
  for (let now = 10; now <= ms; now += 10) {
    vi.advanceTimersByTime(10)
    const bytes = Math.round(bytesAt(now))
    meter.advance(bytes, written(Math.floor(bytes / 10)))
  }
}

test('a phase is told at once, figures four times a second', () => {
  const { meter, told } = startMeter()
  meter.enter('checking')
  meter.enter('looking', 1_000)
  meter.enter('writing')
  expect(told.map(({ phase }) => phase)).toEqual(['checking', 'looking', 'writing'])
  advance(meter, 2_000, (ms) => ms)
  expect(told).toHaveLength(3 + 8)
  expect(told.at(-1)).toMatchObject({
    keysTotal: 1_000,
    keysDone: 200,
    keysPerSecond: 100,
    bytesPerSecond: 1_000,
  })
})

test('what was fetched is told to its last byte, however fast it was', () => {
  const { meter, told } = startMeter()
  meter.enter('fetching')
  meter.advance(4_000)
  meter.advance(10_000)
  meter.enter('checking')
  expect(told.map(({ phase, bytesDone }) => [phase, bytesDone]).slice(-2)).toEqual([
    ['fetching', 10_000],
    ['checking', 0],
  ])
})

test('each phase begins at the start of the file', () => {
  const { meter, told } = startMeter()
  for (const phase of ['checking', 'looking', 'writing'] as const) {
    meter.enter(phase)
    expect(told.at(-1)!.bytesDone).toBe(0)
    advance(meter, 1_000, (ms) => ms * 10)
    expect(told.at(-1)!.bytesDone).toBeGreaterThan(5_000)
  }
})

test('the time to go is unknown at first, and never grows, whatever becomes of the rate', () => {
  const { meter, told } = startMeter(100_000)
  meter.enter('writing')
  advance(meter, 20_000, (ms) => 3 * ms + 2_000 * Math.sin(ms / 700) + 2_000)
  const etas = told.map(({ etaSeconds }) => etaSeconds)
  expect(etas[0]).toBe(null)
  const known = etas.filter((eta) => eta !== null)
  expect(known.length).toBeGreaterThan(50)
  expect(known).toEqual(known.toSorted((a, b) => b - a))
})

test('waiting tells the reason and no time; going on keeps what was done', () => {
  const { meter, told } = startMeter()
  meter.enter('writing')
  advance(meter, 3_000, (ms) => ms)
  meter.wait(makeFailure('connect.lost'))
  expect(told.at(-1)).toMatchObject({
    phase: 'waiting',
    waitingFor: { code: 'connect.lost' },
    etaSeconds: null,
  })
  meter.enter('writing')
  expect(told.at(-1)).toMatchObject({
    phase: 'writing',
    waitingFor: null,
    bytesDone: 3_000,
    keysWritten: 300,
  })
})

test('what the target lost again is not taken off: figures stand still until it is made up for', () => {
  const { meter, told } = startMeter()
  meter.enter('writing')
  advance(meter, 3_000, (ms) => ms)
  meter.wait(makeFailure('connect.lost'))
  meter.enter('writing')
  const before = told.length
  advance(meter, 5_000, (ms) => ms)
  const after = told.slice(before)
  expect(after.map(({ keysWritten }) => keysWritten)).toEqual(
    after.map(({ keysWritten }) => keysWritten).toSorted((a, b) => a - b),
  )
  expect(after[0]!.keysWritten).toBeGreaterThanOrEqual(300)
  const making = after.filter(({ bytesDone, madeUp }) => madeUp !== null && bytesDone === 3_000)
  expect(making.length).toBeGreaterThan(8)
  expect(making.map(({ madeUp }) => madeUp)).toEqual(
    making.map(({ madeUp }) => madeUp!).toSorted((a, b) => a - b),
  )
  expect(making.at(-1)).toMatchObject({ keysPerSecond: 100, keysWritten: 300 })
  expect(after.at(-1)).toMatchObject({ madeUp: null })
  expect(after.at(-1)!.keysWritten).toBeGreaterThan(450)
})

test('to read through twice makes up for nothing', () => {
  const { meter, told } = startMeter()
  meter.enter('looking')
  for (const bytes of [3_000, 6_000, 1_000, 7_000]) {
    vi.advanceTimersByTime(300)
    meter.advance(bytes)
  }
  expect(told.map(({ madeUp }) => madeUp)).not.toContainEqual(expect.any(Number))
})

test('the end shows all that is counted, at once', () => {
  const { meter, told } = startMeter()
  meter.enter('writing', 1_000)
  meter.advance(10_000, written(1_000))
  meter.enter('finishing')
  expect(told.at(-1)).toMatchObject({
    phase: 'finishing',
    bytesDone: 10_000,
    keysDone: 1_000,
    keysWritten: 1_000,
  })
})
