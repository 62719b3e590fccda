import type { Difference, DifferenceKind } from '#contract/difference.ts'
import { sayDifference } from '#contract/words/say-difference.ts'
import { language, t } from '../../i18n/i18n.svelte.ts'
import type { IconName } from '../../ui/icon-names.ts'
import { formatExpiry } from './expiry-shown.ts'

export const differenceIcons: Readonly<Record<DifferenceKind, IconName>> = {
  missing: 'minus',
  extra: 'plus',
  misplaced: 'shards',
  shared: 'shards',
  type: 'table',
  value: 'notequal',
  expiry: 'clock',
  groups: 'user',
}

/** What a key's difference is, in one line. */
export function sayListed({ kind, detail }: Difference): string {
  const said = t(`difference.said.${kind}`)
  if (detail === null) return said
  const { code, params } = detail
  const times = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      typeof value === 'number' && (name === 'source' || name === 'target') ? formatExpiry(value) : value,
    ]),
  )
  const isTime = code === 'expiry' || code === 'field-expiry'
  return `${said} · ${sayDifference(isTime ? { code, params: times } : detail, language.locale)}`
}
