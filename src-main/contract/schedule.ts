import { z } from 'zod'

/** A moment, and the time zone a person said it in. */
export const scheduleSchema = z.strictObject({
  /** Milliseconds since the epoch. */
  at: z.int().min(0),
  /** A name of the IANA time zone database, as `Asia/Seoul`. */
  zone: z.string().max(64).refine(isZone),
})
export type Schedule = z.infer<typeof scheduleSchema>

/**
 * How long after its time a task is still started, in milliseconds: a machine that slept through the night does
 * not begin a migration in the middle of the morning.
 */
export const latestStartMs = 10 * 60_000

/** Whether this is the name of a time zone that is known here. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** A moment as its zone's clocks show it: `2026-11-22T02:00`. */
export function clockTimeOf({ at, zone }: Schedule): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(at)
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((one) => one.type === type)?.value ?? ''
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`
}

/**
 * When the clocks of a zone show a time, `2026-11-22T02:00` or with a space: the first time, where they are put
 * back over it; null where they never do (they are put forward over it), or where it is no time at all.
 */
export function momentAt(clockTime: string, zone: string): number | null {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)$/.exec(clockTime.trim())
  const wanted = `${found?.[1]}T${found?.[2]}`
  const asUtc = Date.parse(`${wanted}Z`)
  if (found === null || Number.isNaN(asUtc) || !isZone(zone)) return null
  // No zone is further from UTC than 14 hours, and clocks are put forward or back by half hours at the finest.
  for (let at = asUtc - 14 * hourMs; at <= asUtc + 14 * hourMs; at += hourMs / 4)
    if (clockTimeOf({ at, zone }) === wanted) return at
  return null
}

const hourMs = 3_600_000

/** As events and terminals tell it: `2026-11-22 02:00 Asia/Seoul`. */
export function sayMoment(schedule: Schedule): string {
  return `${clockTimeOf(schedule).replace('T', ' ')} ${schedule.zone}`
}
