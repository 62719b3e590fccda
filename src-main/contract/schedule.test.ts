import { describe, expect, test } from 'vitest'
import { clockTimeOf, isZone, momentAt, sayMoment, scheduleSchema } from './schedule.ts'

const utc = (text: string): number => Date.parse(`${text}Z`)

describe('a time of day in a time zone', () => {
  test.each([
    ['2026-11-22T02:00', 'Asia/Seoul', '2026-11-21T17:00'],
    ['2026-11-22 02:00', 'Asia/Shanghai', '2026-11-21T18:00'],
    ['2026-11-22T02:00', 'America/St_Johns', '2026-11-22T05:30'],
    ['2026-11-22T02:00', 'Asia/Kathmandu', '2026-11-21T20:15'],
    ['2026-01-01T00:30', 'Pacific/Kiritimati', '2025-12-31T10:30'],
    ['2026-11-22T00:00', 'UTC', '2026-11-22T00:00'],
  ])('%s %s', (clockTime, zone, moment) => {
    expect(momentAt(clockTime, zone)).toBe(utc(moment))
    expect(clockTimeOf({ at: utc(moment), zone })).toBe(clockTime.replace(' ', 'T'))
  })

  test('that clocks jump over is none, and of one they show twice the first is meant', () => {
    expect(momentAt('2026-03-29T02:30', 'Europe/Berlin')).toBeNull()
    expect(momentAt('2026-10-25T02:30', 'Europe/Berlin')).toBe(utc('2026-10-25T00:30'))
  })

  test.each(['', 'tomorrow', '2026-13-01T00:00', '2026-11-22', '2026-02-30T00:00'])('%j is none', (text) =>
    expect(momentAt(text, 'UTC')).toBeNull(),
  )

  test('is told with its zone', () => {
    expect(sayMoment({ at: utc('2026-11-21T17:00'), zone: 'Asia/Seoul' })).toBe('2026-11-22 02:00 Asia/Seoul')
  })
})

test('a zone is one that is known here', () => {
  expect(isZone('Asia/Seoul')).toBe(true)
  expect(isZone('Asia/Nowhere')).toBe(false)
  expect(scheduleSchema.safeParse({ at: 1, zone: 'Mars/Base' }).success).toBe(false)
})
