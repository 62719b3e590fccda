import { numberFormat } from './intl.ts'

/**
 * The small language of our sentences.
 *
 * - `{name}` is a param as it is; `{name:keys}` a counted number of keys (absent when 0); `{name:count}` a number with
 *   its grouping; `{name:bytes}` a size; `{name:duration}` a span given in milliseconds; `{name:if}` says nothing, and is
 *   there when the param is.
 * - `[with {name}|without]` says the first part when every param in it is there, else the second (or nothing).
 *   Of more parts it says the first that is whole, else the last.
 *
 * Brackets do not nest. A param outside brackets that is missing leaves an empty place, so the words put every
 * param that a caller may not know into brackets.
 */
export function fillTemplate(
  template: string,
  params: Readonly<Record<string, string | number>>,
  style: TemplateStyle,
): string {
  return template
    .replace(optionalPart, (_, inside: string) => {
      const [first = '', ...others] = inside.split('|')
      const otherwise = others.pop() ?? ''
      const isWhole = (part: string): boolean =>
        placeholdersOf(part).every(({ name, form }) => isThere(params[name], form))
      return [first, ...others].find(isWhole) ?? otherwise
    })
    .replace(placeholder, (_, name: string, form: string | undefined) => formatted(params[name], form, style))
}

/** How a language writes what is counted. */
export interface TemplateStyle {
  /** BCP 47, for Intl. */
  readonly locale: string
  /** A count of keys with its noun; `number` is the count written out in digits. */
  readonly keys: (count: number, number: string) => string
}

/** Every `{name:form}` of a template, in order. */
export function placeholdersOf(template: string): readonly { name: string; form: string | undefined }[] {
  return [...template.matchAll(placeholder)].map((found) => ({ name: found[1]!, form: found[2] }))
}

const placeholder = /\{(\w+)(?::(keys|count|bytes|duration|if))?\}/g
const optionalPart = /\[([^[\]]*)\]/g

function isThere(value: string | number | undefined, form: string | undefined): boolean {
  if (value === undefined || value === '') return false
  return form !== 'keys' || Number(value) > 0
}

function formatted(
  value: string | number | undefined,
  form: string | undefined,
  style: TemplateStyle,
): string {
  if (value === undefined || form === 'if') return ''
  if (form === 'keys') return style.keys(Number(value), numberFormat(style.locale).format(Number(value)))
  if (form === 'bytes') return formatBytes(Number(value), style.locale)
  if (form === 'duration') return formatDuration(Number(value), style.locale)
  if (form === 'count') return numberFormat(style.locale).format(Number(value))
  return String(value)
}

/** A size in the unit that keeps it short: `0 B`, `1.5 KiB`, `12 GiB`. */
export function formatBytes(bytes: number, locale: string): string {
  let size = bytes
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : 1
  return `${numberFormat(locale, { maximumFractionDigits: digits }).format(size)} ${units[unit]}`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A span of time in its two largest units: `161 ms`, `58.8 sec`, `2 min 5 sec`. */
export function formatDuration(ms: number, locale: string): string {
  const unit = (value: number, name: string, digits = 0): string =>
    numberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    })
      .format(value)
      // Chinese words of ours have a space there.
      .replace(/(?<=\d)(?=\p{Script=Han})/u, ' ')
  if (ms < 1_000) return unit(ms, 'millisecond')
  const seconds = ms / 1_000
  if (seconds < 60) return unit(seconds, 'second', 1)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${unit(minutes, 'minute')} ${unit(Math.floor(seconds % 60), 'second')}`
  return `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`
}
