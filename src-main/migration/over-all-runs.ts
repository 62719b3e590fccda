import type { SyncProgress } from '#contract/sync.ts'

/** Counted from the task's beginning; a run of its own counts from nought. */
const counted = [
  'writes',
  'sourceReconnects',
  'targetReconnects',
  'fullResyncs',
  'partialResyncs',
] as const satisfies readonly (keyof SyncProgress)[]

/** A run's progress with what the runs before it have counted; `earlier` is how they left it, null before the first. */
export function overAllRuns(progress: SyncProgress, earlier: SyncProgress | null): SyncProgress {
  if (earlier === null) return progress
  const sums = counted.map((name) => [name, progress[name] + earlier[name]] as const)
  return { ...progress, ...(Object.fromEntries(sums) as Pick<SyncProgress, (typeof counted)[number]>) }
}
