/**
 * - `missing`: the source has it, the target has not
 * - `extra`: the target has it, the source has not
 * - `type`, `value`, `expiry`: both have it and these differ
 * - `groups`: consumer groups or last ids of a stream differ
 * - `misplaced`: a cluster's node holds it that does not own its slot
 * - `shared`: several sources have it; the target has room for one of them
 */
export const differenceKinds = [
  'missing',
  'extra',
  'type',
  'value',
  'expiry',
  'groups',
  'misplaced',
  'shared',
] as const
export type DifferenceKind = (typeof differenceKinds)[number]

/** What there is to say of a difference; the words are in `words/say-difference.ts`. */
export type DetailCode =
  | 'type-of'
  | 'types'
  | 'expiry'
  | 'content'
  | 'content-from'
  | 'length'
  | 'element'
  | 'rank'
  | 'member'
  | 'field'
  | 'field-expiry'
  | 'entry'
  | 'stream-fact'
  | 'groups'
  | 'group'
  | 'group-missing'
  | 'group-extra'
  | 'group-fact'
  | 'consumer-missing'
  | 'consumers'
  | 'pending-missing'
  | 'pending'
  | 'pendings'
  | 'changing'
  | 'servers'

/**
 * The first thing that differs in a key. Params are places, names (escaped by `escapeKey`), lengths and times of
 * `source` and `target`: no value of a person's data.
 */
export interface DifferenceDetail {
  readonly code: DetailCode
  readonly params: Readonly<Record<string, string | number>>
}

export interface Difference {
  /** Of the target. */
  readonly db: number
  /** Escaped by `escapeKey`. */
  readonly key: string
  /** The whole name, base64, where `key` had to be cut; null where it is too long to be kept. */
  readonly exact?: string | null
  readonly kind: DifferenceKind
  /** Null where the kind says it all. */
  readonly detail: DifferenceDetail | null
}

export function detail(code: DetailCode, params: DifferenceDetail['params'] = {}): DifferenceDetail {
  return { code, params }
}
