import { describe, expect, test } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import type { RestoreProgress } from '#contract/restore.ts'
import { ProgressView } from './progress-view.ts'
import { styleFor } from './style.ts'

const progress: RestoreProgress = {
  phase: 'checking',
  bytesDone: 0,
  bytesTotal: 1_048_576,
  keysDone: 0,
  keysTotal: null,
  keysWritten: 0,
  keysSkipped: 0,
  keysFiltered: 0,
  keysExpired: 0,
  keysFailed: 0,
  keysPerSecond: 0,
  bytesPerSecond: 0,
  etaSeconds: null,
  elapsedMs: 0,
  waitingFor: null,
  cannotHold: [],
  limitedBy: null,
  resumedFrom: null,
  madeUp: null,
}

function shown(terminal: boolean, ...states: Partial<RestoreProgress>[]): string {
  let text = ''
  const stream = { columns: 60, write: (more: string) => (text += more) }
  const style = styleFor({ isTTY: terminal }, { TERM: 'xterm', LANG: 'C.UTF-8' })
  {
    using view = new ProgressView(stream, style)
    for (const state of states) view.update({ ...progress, ...state })
  }
  return text
}

const restore: Partial<RestoreProgress>[] = [
  { bytesDone: 524_288, elapsedMs: 500 },
  { phase: 'writing', keysTotal: 1000, elapsedMs: 1_000 },
  { phase: 'writing', keysTotal: 1000, keysDone: 500, bytesDone: 524_288, elapsedMs: 4_200 },
]

describe('the progress of a restore', () => {
  test('is one line drawn again on a terminal, and what was checked stays', () => {
    const text = shown(true, ...restore)
    expect(text).toContain('Checked the file: 1 MiB, 1,000 keys, in 1 s.\n')
    expect(text.split('\n')).toHaveLength(2)
    expect(text.endsWith('\r\u001b[K')).toBe(true)
  })

  test('is a sentence every few seconds elsewhere, without a control character', () => {
    const text = shown(false, ...restore)
    expect(text).toBe(
      'Checked the file: 1 MiB, 1,000 keys, in 1 s.\nWriting: 50%, 512 KiB of 1 MiB, 500 of 1,000 keys\n',
    )
  })

  test('tells of what is fetched how much and how fast, with or without an end in sight', () => {
    const half = { phase: 'fetching', bytesDone: 524_288, bytesPerSecond: 131_072, elapsedMs: 4_000 } as const
    expect(shown(false, { phase: 'fetching' }, { ...half, etaSeconds: 4 }, { elapsedMs: 8_000 })).toBe(
      'Fetching: 50%, 512 KiB of 1 MiB, 128 KiB/s, 0:04 left\nFetched 512 KiB, in 8 s.\n',
    )
    expect(shown(true, { ...half, bytesTotal: 0 })).toContain('\rFetching 512 KiB · 128 KiB/s\u001b[K')
  })

  test('says what it does where no end is known', () => {
    expect(shown(true, { phase: 'looking' })).toContain('\rLooking at the target …\u001b[K')
  })

  test('says once that what the target has lost is written again, and how far that is', () => {
    const writing = { phase: 'writing', keysTotal: 1_000, keysDone: 500, bytesDone: 524_288 } as const
    const text = shown(
      false,
      { ...writing, madeUp: 131_072, elapsedMs: 1_000 },
      { ...writing, madeUp: 262_144, keysPerSecond: 900, elapsedMs: 5_000 },
      { ...writing, elapsedMs: 9_000 },
    )
    expect(text).toBe(
      'The target has lost keys that it had taken: they are written once more.\n' +
        'Writing again: 50%, 256 KiB of 512 KiB, 900 keys/s\n' +
        'Writing: 50%, 512 KiB of 1 MiB, 500 of 1,000 keys\n',
    )
  })

  test('says what it waits for, and when it goes on', () => {
    const waitingFor = makeFailure('connect.refused', { address: '10.0.0.1:6379' })
    const text = shown(true, { phase: 'writing' }, { phase: 'waiting', waitingFor }, { phase: 'writing' })
    expect(text).toContain(
      'Waiting, and trying again: Nobody listens at 10.0.0.1:6379: the connection was refused.\n',
    )
    expect(text).toContain('Going on.\n')
  })

  test('says of a wait that comes again and again only now and then how often it came', () => {
    const full = makeFailure('target.out-of-memory', { address: '10.0.0.1:6379' })
    const turns = Array.from({ length: 130 }, (_, at) => [
      { phase: 'waiting' as const, waitingFor: full, elapsedMs: at * 1_000 },
      { phase: 'writing' as const, elapsedMs: at * 1_000 + 500 },
    ]).flat()
    const text = shown(true, { phase: 'writing' }, ...turns)
    expect(text.match(/Waiting, and trying again.*?:/g)).toEqual([
      'Waiting, and trying again:',
      'Waiting, and trying again, 61 times by now:',
      'Waiting, and trying again, 121 times by now:',
    ])
    expect(text.match(/Going on\./g)).toHaveLength(3)
    const lost = makeFailure('connect.refused', { address: '10.0.0.1:6379' })
    expect(
      shown(true, ...turns.slice(0, 4), { phase: 'waiting', waitingFor: lost, elapsedMs: 2_000 }),
    ).toContain('Nobody listens')
  })
})

describe('a terminal', () => {
  test('is not coloured where NO_COLOR is set, nor redrawn where it is dumb', () => {
    expect(styleFor({ isTTY: true }, { NO_COLOR: '1' }).bold('x')).toBe('x')
    expect(styleFor({ isTTY: true }, {}).bold('x')).toBe('\u001b[1mx\u001b[22m')
    expect(styleFor({ isTTY: true }, { TERM: 'dumb' }).redraws).toBe(false)
  })
})
