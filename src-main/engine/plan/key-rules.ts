import type { RestoreSpec } from '#contract/restore.ts'
import type { TtlRule } from '#contract/selection.ts'
import { makeDbMap, type DbMap } from './db-map.ts'
import { Names } from './names.ts'
import { makeSelection, takesFunctions } from './selection.ts'

/** Decides which keys of a file go along: `goesAlong`, or the number of a rule, as `Selection.judge` gives it. */
export interface KeyJudge {
  judge(db: number, code: number, bytes: Uint8Array, start?: number, end?: number): number
}

/** What a restore makes of each key, whatever way it is written. */
export interface KeyRules {
  /** Null where every key goes along. */
  readonly selection: KeyJudge | null
  /** Function libraries go along. */
  readonly functions: boolean
  /** Null where every key keeps its name. */
  readonly names: Names | null
  readonly dbMap: DbMap
  readonly ttl: TtlRule
}

/** What of a restore's order its rules are made of. */
export type RuleFields = Pick<
  RestoreSpec,
  | 'targetDb'
  | 'dbMap'
  | 'include'
  | 'exclude'
  | 'dbs'
  | 'types'
  | 'excludeTypes'
  | 'slots'
  | 'stripPrefix'
  | 'addPrefix'
  | 'dbPrefix'
  | 'ttl'
>

/** The rules of a restore, made ready to be asked. */
export function makeKeyRules(spec: RuleFields): KeyRules {
  const { stripPrefix, addPrefix, dbPrefix } = spec
  const renames = stripPrefix !== undefined || addPrefix !== undefined || dbPrefix !== undefined
  return {
    selection: makeSelection(spec),
    functions: takesFunctions(spec),
    names: renames ? new Names(spec) : null,
    dbMap: makeDbMap(spec),
    ttl: spec.ttl,
  }
}

/** What a key of this database of the file is called on the target; to keep. */
export function nameOf({ names }: KeyRules, fileDb: number, key: Uint8Array): Uint8Array {
  return names === null ? key : names.nameOf(fileDb, key)
}

/** Those of a copy that leaves everything as it is. */
export const everythingAsItIs: KeyRules = {
  selection: null,
  functions: true,
  names: null,
  dbMap: (db) => db,
  ttl: { rule: 'keep' },
}
