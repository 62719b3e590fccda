import type { TaskStanding } from '#contract/task.ts'
import type { TaskState } from '#contract/task-states.ts'

/** All that applications wrote is in the target. */
const drained: ReadonlySet<TaskState> = new Set(['frozen', 'proving', 'finishing', 'finished', 'way-back'])

/**
 * Bytes of the stream that are still to be applied; null where that is not known. Once it is drained what the source goes on
 * to say is its own: that it lives, and which of its keys have expired, which they do on the target as well.
 */
export function lagOf({ state, progress }: Pick<TaskStanding, 'state' | 'progress'>): number | null {
  const lag = progress?.lagBytes ?? null
  return lag !== null && drained.has(state) ? 0 : lag
}
