import { numberFormat } from './intl.ts'

/**
 * The small language of our sentences.
 *
 * - `{name}` is a param as it is; `{name:keys}` a counted number of keys (absent when 0); `{name:bytes}` a size;
 *   `{name:if}` says nothing, and is there when the param is.
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

const placeholder = /\{(\w+)(?::(keys|bytes|if))?\}/g
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
