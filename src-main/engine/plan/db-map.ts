import type { RestoreSpec } from '#contract/restore.ts'

type Mapping = Pick<RestoreSpec, 'targetDb' | 'dbMap'>

/** Database of the source → database of the target. */
export type DbMap = (db: number) => number

/** `targetDb` gathers everything in one; `dbMap` moves those it names; the others keep their number. */
export function makeDbMap({ targetDb, dbMap }: Mapping): DbMap {
  if (targetDb !== undefined) return () => targetDb
  const moved = new Map(Object.entries(dbMap ?? {}).map(([from, to]) => [Number(from), to]))
  return (db) => moved.get(db) ?? db
}

/** May another one of the source's databases (of `dbs` where only these go along) go to the same as this one? */
export function sharesTarget(mapping: Mapping & Pick<RestoreSpec, 'dbs'>, db: number): boolean {
  const { targetDb, dbMap, dbs } = mapping
  if (dbs === undefined && targetDb !== undefined) return true
  const map = makeDbMap(mapping)
  const to = map(db)
  const others = dbs ?? [...Object.keys(dbMap ?? {}).map(Number), to]
  return others.some((other) => other !== db && map(other) === to)
}
