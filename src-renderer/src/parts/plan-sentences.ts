import type { Limits } from '#contract/limits.ts'
import { keyKinds, saySlots, wantsKind, type FollowedRules } from '#contract/selection.ts'
import { formatBytes, formatMoment, formatSpan } from '../i18n/format.ts'
import { t } from '../i18n/i18n.svelte.ts'
import { sayDbMap } from '../state/restore-fields.ts'
import type { RestoreDraft } from '../state/restore-draft.svelte.ts'
import type { RestoreScope } from '../state/restore-scope.svelte.ts'

/** Which keys go along, in sentences. `all`: what is said where no pattern chooses among them. */
export function sayKeys(rules: FollowedRules, all: string): string {
  const { include, exclude, dbs, slots } = rules
  const types = keyKinds.filter((kind) => wantsKind(rules, kind))
  return [
    include.length === 0 ? all : t('review.what.include', { globs: include.join(', ') }),
    exclude.length > 0 && t('review.what.exclude', { globs: exclude.join(', ') }),
    dbs !== undefined && t('review.scope.dbs', { dbs: dbs.join(', ') }),
    types.length < keyKinds.length && t('review.scope.types', { types: types.join(', ') }),
    slots !== undefined && t('review.scope.slots', { slots: saySlots(slots) }),
  ]
    .filter((sentence) => sentence !== false)
    .join(' ')
}

/** Of backups. */
export function sayScope(scope: RestoreScope): string {
  const keys = sayKeys(scope.rules, t('review.what.all'))
  const until = scope.until === '' ? null : formatMoment(Date.parse(scope.until))
  return until === null ? keys : `${keys} ${t('review.scope.until', { moment: until })}`
}

/** Into which databases. */
export function sayDatabases({ targetDb, dbMap }: FollowedRules): string {
  if (targetDb !== undefined) return t('review.databases.one', { db: String(targetDb) })
  return dbMap === undefined
    ? t('review.databases.keep')
    : t('review.databases.map', { map: sayDbMap(dbMap) })
}

/** Under which names. */
export function sayNames({ stripPrefix, addPrefix, dbPrefix = {} }: FollowedRules): string {
  const sentences = [
    stripPrefix !== undefined && t('review.names.strip', { prefix: stripPrefix }),
    ...Object.entries(dbPrefix).map(([db, prefix]) => t('review.names.db', { db, prefix })),
    addPrefix !== undefined && t('review.names.add', { prefix: addPrefix }),
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

/** What becomes of keys that the target has already; one that goes on finds its own there. */
export function sayPresent({ onConflict, goesOn }: Pick<RestoreDraft, 'onConflict' | 'goesOn'>): string {
  return t(goesOn && onConflict === 'fail' ? 'review.conflict.others' : `review.conflict.${onConflict}`)
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
