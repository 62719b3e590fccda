import { z } from 'zod'

/** What a client calls the type of a value (`TYPE`); every type a module brings is `module`. */
export const keyKinds = ['string', 'list', 'set', 'zset', 'hash', 'stream', 'module'] as const
export const keyKindSchema = z.enum(keyKinds)
export type KeyKind = z.infer<typeof keyKindSchema>

/** Cluster slots are numbered from 0 to this. */
export const lastSlot = 16383
const slot = z.int().min(0).max(lastSlot)
/** Cluster slots, both ends among them. */
export const slotRangeSchema = z
  .strictObject({ from: slot, to: slot })
  .refine(({ from, to }) => from <= to, 'a range of slots begins with the lower one')
export type SlotRange = z.infer<typeof slotRangeSchema>

/** `0-5460`, or `866` for one alone; null where it is not that, or goes beyond the last slot. */
export function parseSlotRange(text: string): SlotRange | null {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const range = { from: Number(first), to: Number(last) }
  return first === undefined || range.from > range.to || range.to > lastSlot ? null : range
}

/** `0-5460, 12000`, as a person writes it; `between` stands between two of them. */
export function saySlots(ranges: readonly SlotRange[], between = ', '): string {
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(between)
}

/**
 * What becomes of a key's expiry. The rule comes first; a key whose time is past after it is not written, as Redis
 * would not load it. A key that does not expire never gets an expiry, and those of hash fields stay as they are.
 * - `keep`: as in the file
 * - `none`: the key no longer expires, not even one whose time is past
 * - `set`: so many ms from the moment it is written, even where its time is past
 * - `extend`: so many ms later than in the file
 */
export const ttlRuleSchema = z.discriminatedUnion('rule', [
  z.strictObject({ rule: z.literal('keep') }),
  z.strictObject({ rule: z.literal('none') }),
  z.strictObject({ rule: z.literal('set'), ms: z.int().min(1) }),
  z.strictObject({ rule: z.literal('extend'), ms: z.int().min(1) }),
])
export type TtlRule = z.infer<typeof ttlRuleSchema>

const db = z.int().min(0).max(65535)
const globs = z.array(z.string().min(1)).default([])

/** Which keys go along. Every rule that is given must let a key pass; names, databases and slots are those where keys come from. */
export const selectionFields = {
  /** Globs as in KEYS: a key must match one of `include` (if any) and none of `exclude`. */
  include: globs,
  exclude: globs,
  dbs: z.array(db).min(1).optional(),
  types: z.array(keyKindSchema).min(1).optional(),
  excludeTypes: z.array(keyKindSchema).min(1).optional(),
  /** By the slot that a key's name has in a cluster. */
  slots: z.array(slotRangeSchema).min(1).optional(),
}

/** Which database of the target keys go to; at most one of the two is given. */
export const databaseFields = {
  /** Everything into this one database. */
  targetDb: db.optional(),
  /** Database where keys come from → database of the target; those not named keep their number. */
  dbMap: z.record(z.string().regex(/^\d+$/), db).optional(),
}

/**
 * What keys are called on the target. A new name is `addPrefix`, then the `dbPrefix` of
 * the key's database in the file, then the old name, without `stripPrefix` where it begins with that.
 */
const nameFields = {
  stripPrefix: z.string().min(1).optional(),
  addPrefix: z.string().min(1).optional(),
  dbPrefix: z.record(z.string().regex(/^\d+$/), z.string().min(1)).optional(),
}

/** What keys are called and how long they live on the target. */
export const renamingFields = { ...nameFields, ttl: ttlRuleSchema.default({ rule: 'keep' }) }

/** Rules for keys that are copied and followed. Their expiries stay the source's own. */
export const followedRulesSchema = z.strictObject({ ...selectionFields, ...databaseFields, ...nameFields })
export type FollowedRules = z.infer<typeof followedRulesSchema>

/** Do keys of this type go along, as far as the rules for types say? */
export function wantsKind(
  { types, excludeTypes }: Pick<FollowedRules, 'types' | 'excludeTypes'>,
  kind: KeyKind,
): boolean {
  return (types?.includes(kind) ?? true) && !(excludeTypes?.includes(kind) ?? false)
}

/** Is there any rule at all? */
export function hasRules({ include, exclude, ...others }: FollowedRules): boolean {
  return include.length + exclude.length > 0 || Object.values(others).some((rule) => rule !== undefined)
}

/** Of tasks: are these the same? */
export function sameRules(one: FollowedRules | undefined, other: FollowedRules | undefined): boolean {
  const text = (rules: FollowedRules | undefined): string =>
    rules === undefined || !hasRules(rules) ? '' : JSON.stringify(followedRulesOf(rules))
  return text(one) === text(other)
}

/** Those of an order that has more fields than these. */
export function followedRulesOf(order: FollowedRules): FollowedRules {
  const { include, exclude, dbs, types, excludeTypes, slots, targetDb, dbMap } = order
  const { stripPrefix, addPrefix, dbPrefix } = order
  const chosen = { include, exclude, dbs, types, excludeTypes, slots }
  return { ...chosen, targetDb, dbMap, stripPrefix, addPrefix, dbPrefix }
}

interface Rules {
  readonly targetDb?: number | undefined
  readonly dbMap?: Readonly<Record<string, number>> | undefined
  readonly dbs?: readonly number[] | undefined
  readonly types?: readonly KeyKind[] | undefined
  readonly excludeTypes?: readonly KeyKind[] | undefined
  readonly dbPrefix?: Readonly<Record<string, string>> | undefined
}

/** A field that cannot be meant like this, and why. */
export interface Contradiction {
  readonly field: string
  readonly reason: string
}

/** The first pair of rules that cannot be meant together; null where there is none. */
export function contradictionOf(rules: Rules): Contradiction | null {
  const { targetDb, dbMap, dbs, types, excludeTypes, dbPrefix } = rules
  if (targetDb !== undefined && dbMap !== undefined)
    return { field: 'dbMap', reason: 'everything is sent to one database already' }
  const both = types?.find((kind) => excludeTypes?.includes(kind))
  if (both !== undefined)
    return { field: 'excludeTypes', reason: `${both} is asked for, and left out as well` }
  const unused = Object.keys(dbPrefix ?? {}).find(
    (number) => dbs !== undefined && !dbs.includes(Number(number)),
  )
  if (unused !== undefined)
    return { field: 'dbPrefix', reason: `database ${unused} has a prefix, but is left out` }
  return null
}

/**
 * A prefix that is taken away from some names but not from all makes one name of two, sooner or later: where keys come
 * all the time, each must begin with it.
 */
export function nameMeeting({ stripPrefix, include }: FollowedRules): Contradiction | null {
  if (stripPrefix === undefined) return null
  const literal = stripPrefix.replace(/[*?[\\]/g, '\\$&')
  return include.length > 0 && include.every((glob) => glob.startsWith(literal))
    ? null
    : { field: 'stripPrefix', reason: `only where each glob of include begins with it: ${literal}*` }
}

/** Two of these databases that would have keys of the same names in one database of the target; null where none would. */
export function databasesMeeting(
  { dbs, targetDb, dbMap, dbPrefix }: FollowedRules,
  there: readonly number[],
): { readonly dbs: string; readonly db: number } | null {
  const taken = new Map<string, number>()
  for (const one of there.filter((db) => dbs?.includes(db) ?? true)) {
    const db = targetDb ?? dbMap?.[one] ?? one
    const place = `${db} ${dbPrefix?.[one] ?? ''}`
    const before = taken.get(place)
    if (before !== undefined) return { dbs: `${before}, ${one}`, db }
    taken.set(place, one)
  }
  return null
}

/** The rules that can leave a key out, in the order they are asked: the first one that does is counted. */
export const leftOutRules = ['db', 'type', 'slot', 'include', 'exclude'] as const
export type LeftOutRule = (typeof leftOutRules)[number]
/** How many keys each rule left out. */
export type LeftOut = Readonly<Record<LeftOutRule, number>>
