import { formatBytes } from '#contract/words/template.ts'

const grouped = new Intl.NumberFormat('en')
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** `1,234,567` */
export function count(value: number): string {
  return grouped.format(value)
}

/** `1 key`, `2,000 keys` */
export function keys(value: number): string {
  return `${count(value)} ${value === 1 ? 'key' : 'keys'}`
}

/** `847`, `12k`, `1.3M`: for rates, where the last digits only flicker. */
export function short(value: number): string {
  if (value < 9_950) return grouped.format(Math.round(value))
  if (value < 999_500) return `${Math.round(value / 1_000)}k`
  return `${oneDigit.format(value / 1_000_000)}M`
}

/** `333 MiB` */
export function bytes(value: number): string {
  return formatBytes(value, 'en')
}

/** `0:04`, `12:34`, `1:02:03`; whole seconds, rounded up. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min` */
export function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 9.95) return `${oneDigit.format(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
