import type { RestoreSpec } from '#contract/restore.ts'

/** Database of the source → database of the target. */
export type DbMap = (db: number) => number

/** `targetDb` gathers everything in one; `dbMap` moves those it names; the others keep their number. */
export function makeDbMap({ targetDb, dbMap }: Pick<RestoreSpec, 'targetDb' | 'dbMap'>): DbMap {
  if (targetDb !== undefined) return () => targetDb
  const moved = new Map(Object.entries(dbMap ?? {}).map(([from, to]) => [Number(from), to]))
  return (db) => moved.get(db) ?? db
}
