import type { Difference } from '#contract/difference.ts'
import type { DifferencePage, DifferenceQuery, DifferencesForm } from '#contract/difference-page.ts'
import { unescapeKey } from '#contract/escape-key.ts'
import { fail } from '#contract/failure.ts'
import type { TextFile } from '#contract/text-file.ts'
import { sayDifference } from '#contract/words/say-difference.ts'

/** Those that are asked for, of all that a comparison has kept. */
export function pageOf(
  all: readonly Difference[],
  { kind, text, from, limit }: DifferenceQuery,
): DifferencePage {
  const wanted = text.toLowerCase()
  const rows: DifferencePage['rows'][number][] = []
  let total = 0
  for (const [at, one] of all.entries()) {
    if (kind !== undefined && one.kind !== kind) continue
    if (wanted !== '' && !one.key.toLowerCase().includes(wanted)) continue
    if (total >= from && rows.length < limit) rows.push({ ...one, at })
    total += 1
  }
  return { total, rows }
}

/**
 * All of them as a file. CSV (RFC 4180) says in English what differs; a field that a spreadsheet would take for a
 * formula begins with an apostrophe. JSON has codes and facts.
 */
export function differencesFile(all: readonly Difference[], form: DifferencesForm): TextFile {
  const name = `differences.${form}`
  if (form === 'json') return { name, text: `[\n${all.map((one) => JSON.stringify(one)).join(',\n')}\n]\n` }
  const rows = all.map(({ db, key, kind, detail }) => [String(db), key, kind, sayDifference(detail, 'en')])
  const text = [['db', 'key', 'kind', 'detail'], ...rows]
    .map((row) => row.map(csvField).join(','))
    .join('\r\n')
  return { name, text: `${text}\r\n` }
}

/** The key of one of them as base64. Fails with `difference.not-found`, where there is none, and `difference.long-key`. */
export function keyOf(one: Difference | undefined): { readonly db: number; readonly key: string } {
  const { db, key, exact } = one ?? fail('difference.not-found')
  if (exact === null) fail('difference.long-key')
  return { db, key: exact ?? Buffer.from(unescapeKey(key)).toString('base64') }
}

function csvField(text: string): string {
  const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame
}
