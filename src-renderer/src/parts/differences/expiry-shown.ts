import { momentFormat } from '#contract/words/intl.ts'
import { language, t } from '../../i18n/i18n.svelte.ts'

/** A time a key expires at, absolute milliseconds, to the millisecond: differences may be small. */
export function formatExpiry(at: number): string {
  if (at < 0) return t('difference.never')
  if (at === Infinity) return t('difference.sometime')
  // Times beyond what a calendar has are possible in Redis.
  if (at > 8.64e15) return String(at)
  return momentFormat(language.locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  }).format(at)
}
