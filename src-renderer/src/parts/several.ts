import { t } from '../i18n/i18n.svelte.ts'

/** A side's address where there is little room: of several servers the first, and how many more there are. */
export function inShort(address: string): string {
  const [first = '', ...others] = address.split(', ')
  return others.length === 0 ? first : t('several.more', { first, count: others.length })
}
