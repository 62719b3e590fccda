export interface RichPart {
  readonly kind: 'plain' | 'strong' | 'code'
  readonly text: string
}

/**
 * Stand-ins for `*` and a backtick inside values that fill a sentence (a key may hold anything), so that only the
 * marks of the sentence itself are marks. Private-use characters; `escapeKey` never lets one through as itself.
 */
const asideOf: Readonly<Record<string, string>> = { '*': '\u{F8F0}', '`': '\u{F8F1}' }
const markOf: Readonly<Record<string, string>> = { '\u{F8F0}': '*', '\u{F8F1}': '`' }

/** Puts the marks of a value aside before it fills a sentence; `richParts` brings them back. */
export function shieldValue(value: string): string {
  return value.replace(/[*`]/g, (mark) => asideOf[mark] ?? mark)
}

/** Brings shielded marks back in a text shown without `richParts`. */
function unshield(text: string): string {
  return text.replace(/[\u{F8F0}\u{F8F1}]/gu, (aside) => markOf[aside] ?? aside)
}

/** Splits a sentence at its `**strong**` and `` `code` `` marks. */
export function richParts(text: string): readonly RichPart[] {
  const parts: RichPart[] = []
  let from = 0
  for (const mark of text.matchAll(/\*\*(.+?)\*\*|`(.+?)`/gs)) {
    if (mark.index > from) parts.push({ kind: 'plain', text: unshield(text.slice(from, mark.index)) })
    const [whole, strong, code] = mark
    parts.push(
      strong === undefined
        ? { kind: 'code', text: unshield(code ?? '') }
        : { kind: 'strong', text: unshield(strong) },
    )
    from = mark.index + whole.length
  }
  if (from < text.length) parts.push({ kind: 'plain', text: unshield(text.slice(from)) })
  return parts
}
