import type { Limits } from '#contract/limits.ts'
import { formatBytes, formatMoment, formatSpan } from '../i18n/format.ts'
import { t } from '../i18n/i18n.svelte.ts'
import { parseDbPrefixes, parsePatterns } from '../state/restore-fields.ts'
import type { RestoreDraft } from '../state/restore-draft.svelte.ts'
import type { RestoreScope } from '../state/restore-scope.svelte.ts'

/** Which keys go along, in sentences. */
export function sayScope(scope: RestoreScope): string {
  const include = parsePatterns(scope.include)
  const exclude = parsePatterns(scope.exclude)
  const { chosenDbs, chosenKinds } = scope
  return [
    include.length === 0 ? t('review.what.all') : t('review.what.include', { globs: include.join(', ') }),
    exclude.length > 0 && t('review.what.exclude', { globs: exclude.join(', ') }),
    chosenDbs !== null && t('review.scope.dbs', { dbs: chosenDbs.join(', ') }),
    chosenKinds !== null && t('review.scope.types', { types: chosenKinds.join(', ') }),
    scope.until !== '' && t('review.scope.until', { moment: formatMoment(Date.parse(scope.until)) }),
    scope.slots.trim() !== '' && t('review.scope.slots', { slots: scope.slots.trim() }),
  ]
    .filter((sentence) => sentence !== false)
    .join(' ')
}

/** Into which databases. */
export function sayDatabases(scope: RestoreScope): string {
  if (scope.databases === 'one') return t('review.databases.one', { db: scope.targetDb })
  return scope.databases === 'map'
    ? t('review.databases.map', { map: scope.dbMap })
    : t('review.databases.keep')
}

/** Under which names. */
export function sayNames(scope: RestoreScope): string {
  const byDb = Object.entries(parseDbPrefixes(scope.dbPrefix) ?? {})
  const sentences = [
    scope.stripPrefix !== '' && t('review.names.strip', { prefix: scope.stripPrefix }),
    ...byDb.map(([db, prefix]) => t('review.names.db', { db, prefix })),
    scope.addPrefix !== '' && t('review.names.add', { prefix: scope.addPrefix }),
  ].filter((sentence) => sentence !== false)
  return sentences.length === 0 ? t('review.names.keep') : sentences.join(' ')
}

/** What becomes of expiries. */
export function sayExpiry(scope: RestoreScope): string {
  if (scope.ttl === 'keep') return t('review.expiry.text')
  if (scope.ttl === 'none') return t('review.ttl.none')
  const duration = formatSpan(Number(scope.ttlAmount), scope.ttlUnit)
  return t(`review.ttl.${scope.ttl}`, { duration })
}

/** What becomes of what the target cannot hold. */
export function sayLosses(draft: Pick<RestoreDraft, 'cannotHold' | 'fieldExpiry'>): string {
  const whole = t(`review.cannotHold.${draft.cannotHold}`)
  return draft.fieldExpiry === 'stop' ? whole : `${whole} ${t(`review.fieldExpiry.${draft.fieldExpiry}`)}`
}

/** Each limit in force, in a few words; empty where there is none. */
export function sayLimits({ bytesPerSecond, keysPerSecond, latencyMs }: Limits): readonly string[] {
  return [
    bytesPerSecond !== undefined && t('limits.now.bytes', { rate: formatBytes(bytesPerSecond) }),
    keysPerSecond !== undefined && t('limits.now.keys', { count: keysPerSecond }),
    latencyMs !== undefined && t('limits.now.latency', { ms: latencyMs }),
  ].filter((word) => word !== false)
}
