import type { RestoreSpec } from '#contract/restore.ts'
import type { TtlRule } from '#contract/selection.ts'
import { makeDbMap, type DbMap } from './db-map.ts'
import { Names } from './names.ts'
import { makeSelection, takesFunctions, type Selection } from './selection.ts'

/** What a restore makes of each key, whatever way it is written. */
export interface KeyRules {
  /** Null where every key goes along. */
  readonly selection: Selection | null
  /** Function libraries go along. */
  readonly functions: boolean
  /** Null where every key keeps its name. */
  readonly names: Names | null
  readonly dbMap: DbMap
  readonly ttl: TtlRule
}

/** The rules of a restore, made ready to be asked. */
export function makeKeyRules(spec: RestoreSpec): KeyRules {
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

/** Those of a copy that leaves everything as it is. */
export const everythingAsItIs: KeyRules = {
  selection: null,
  functions: true,
  names: null,
  dbMap: (db) => db,
  ttl: { rule: 'keep' },
}
