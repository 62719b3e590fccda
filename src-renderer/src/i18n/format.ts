import { momentFormat, numberFormat } from '#contract/words/intl.ts'
import { language, t } from './i18n.svelte.ts'

/** A whole number with the language's grouping. */
export function formatCount(value: number): string {
  return numberFormat(language.locale, { maximumFractionDigits: 0 }).format(value)
}

/** As `formatCount`; a dash where it is not known. */
export function formatCountOr(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : formatCount(value)
}

/** A number in short, as beside an axis: `12.3K`. */
export function formatCompact(value: number): string {
  return numberFormat(language.locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value)
}

/** A share of 0 to 1; never rounded up to 100 % before it is whole. */
export function formatPercent(share: number): string {
  const percent = share >= 1 ? 100 : Math.floor(share * 100)
  return `${numberFormat(language.locale).format(percent)}\u202f%`
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export interface Measure {
  readonly value: string
  readonly unit: string
}

/** Bytes in the binary unit that keeps the number short: `19.5 GiB`. */
export function measureBytes(bytes: number): Measure {
  let at = 0
  let value = bytes
  while (value >= 1024 && at < byteUnits.length - 1) {
    value /= 1024
    at += 1
  }
  const digits = at === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  const format = numberFormat(language.locale, { maximumFractionDigits: digits })
  return { value: format.format(value), unit: byteUnits[at] ?? 'B' }
}

/** As `measureBytes`, in one line. */
export function formatBytes(bytes: number): string {
  const { value, unit } = measureBytes(bytes)
  return `${value} ${unit}`
}

/**
 * A span of time in its two largest units: `2 min 47 s`; below a second in milliseconds. One that began after now has only
 * just begun: the clock of a page ticks, and the host has its own.
 */
export function formatDuration(span: number): string {
  const ms = Math.max(0, span)
  if (ms < 1000) return t('duration.ms', { ms: Math.round(ms) })
  const seconds = Math.floor(ms / 1000)
  if (seconds < 10) {
    const format = numberFormat(language.locale, { maximumFractionDigits: 1 })
    return t('duration.s', { s: format.format(ms / 1000) })
  }
  if (seconds < 60) return t('duration.s', { s: seconds })
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return t('duration.min', { min: minutes, s: seconds % 60 })
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return t('duration.h', { h: hours, min: minutes % 60 })
  return t('duration.d', { d: Math.floor(hours / 24), h: hours % 24 })
}

/** How long something has gone on by now: in whole seconds, which is how often it changes before a person's eyes. */
export function formatElapsed(ms: number): string {
  return formatDuration(Math.max(1, Math.floor(ms / 1000)) * 1000)
}

/** A whole number of a unit of time, in words: `1 day`. */
export function formatSpan(amount: number, unit: 'second' | 'minute' | 'hour' | 'day'): string {
  return numberFormat(language.locale, { style: 'unit', unit, unitDisplay: 'long' }).format(amount)
}

/** The clock time of a moment, to the second, in 24 hours: what a log shows. */
export function formatTime(moment: number): string {
  return momentFormat(language.locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(moment)
}

/** The clock time of a moment, with its day where it is one of a span longer than a day. */
export function formatTimeWithin(moment: number, spanMs: number): string {
  if (spanMs < 86_400_000) return formatTime(moment)
  return momentFormat(language.locale, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(moment)
}

/** A moment to come, by the clocks of a time zone: `Mon, Nov 23, 02:00 GMT+9`, with its year where that is another. */
export function formatMomentIn(moment: number, zone: string): string {
  const isThisYear = new Date(moment).getFullYear() === new Date().getFullYear()
  return momentFormat(language.locale, {
    timeZone: zone,
    timeZoneName: 'short',
    ...(!isThisYear && { year: 'numeric' }),
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(moment)
}

/** Date and time of a moment that need not be today. */
export function formatMoment(moment: number): string {
  return momentFormat(language.locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(moment)
}

/** Milliseconds of a round trip. */
export function formatLatency(ms: number): string {
  const format = numberFormat(language.locale, { maximumFractionDigits: ms < 10 ? 1 : 0 })
  return `${format.format(ms)} ms`
}
