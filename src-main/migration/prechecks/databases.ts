import { makeDbMap } from '#engine/plan/db-map.ts'
import { failed, onBoth, passed } from './context.ts'

/** Every database of the source needs its place in the target. */
export const targetDatabases = onBoth(
  'target-databases',
  'target',
  ({ facts: source }, { facts: target }, { options: { rules } }) => {
    const goes = (db: number): boolean => rules?.dbs?.includes(db) ?? true
    const places = Object.keys(source.keysPerDb)
      .map(Number)
      .filter(goes)
      .map(makeDbMap(rules ?? {}))
    const highest = Math.max(0, ...places)
    if (target.mode === 'cluster' && highest > 0) return failed('databases-cluster', { highest })
    return target.databases !== null && highest >= target.databases
      ? failed('databases-too-few', { highest, databases: target.databases })
      : passed('databases-enough', { highest })
  },
)
