import type { TaskStanding } from '#contract/task.ts'
import { isAtRest, type TaskState } from '#contract/task-states.ts'

/** All that applications wrote is in the target. */
const drained: ReadonlySet<TaskState> = new Set(['frozen', 'proving', 'finishing', 'finished', 'way-back'])

/** Nothing of ours looks at either side, and the source was not drained: what is known of them is what was seen last. */
export function isStanding({ state }: Pick<TaskStanding, 'state'>): boolean {
  return isAtRest(state) && !drained.has(state)
}

/**
 * Bytes of the stream that are still to be applied; null where that is not known, as of a task that stands: applications
 * go on writing. Once it is drained what the source goes on to say is its own: that it lives, and which of its keys have
 * expired, which they do on the target as well.
 */
export function lagOf({ state, progress }: Pick<TaskStanding, 'state' | 'progress'>): number | null {
  const lag = isStanding({ state }) ? null : (progress?.lagBytes ?? null)
  return lag !== null && drained.has(state) ? 0 : lag
}
