import type { Ending, TaskView } from '#contract/task.ts'
import type { Store } from '#store/open.ts'
import { demandConsent } from './command-consent.ts'
import type { FinishRequest } from './tasks.ts'

/** Whether something was chosen for an end that is not so in the one begun. */
export function contradicts(begun: Ending, { afterFinish, deleteSource, wayBack }: FinishRequest): boolean {
  return (
    (afterFinish !== undefined && afterFinish !== begun.afterFinish) ||
    (wayBack !== undefined && wayBack !== begun.wayBack) ||
    (deleteSource !== undefined && !begun.moving)
  )
}

/** The end that is asked for, by what was chosen before: in one that was cut short, else in the plan. */
export function endingOf(view: TaskView, { afterFinish, deleteSource, wayBack }: FinishRequest): Ending {
  const { options } = view
  const chosen = view.ending ?? { ...options, moving: false }
  const moving = deleteSource !== undefined || view.moving || chosen.moving
  return {
    afterFinish: afterFinish ?? chosen.afterFinish,
    moving,
    wayBack:
      (wayBack ?? chosen.wayBack) &&
      !moving &&
      view.wayBackOf === null &&
      view.writePause?.endedBy !== 'finished',
  }
}

/** The operator's command at an end that is asked for. */
export interface CommandOfEnd {
  readonly words: readonly string[]
  readonly how: 'once' | 'again' | 'skip'
}

/**
 * What was typed for this end, else what the plan has; a way back has none of its own. Null where there is none, or it has
 * done its work. Fails with `command.not-consented` where the plan's may not be run here.
 */
export function commandOfEnd(
  store: Pick<Store, 'preferences'>,
  { options, wayBackOf, command: before }: TaskView,
  { onCutover, command }: FinishRequest,
): CommandOfEnd | null {
  const words = onCutover ?? (wayBackOf === null ? options.onCutover : null) ?? null
  if (words === null || before?.state === 'done') return null
  if (onCutover === undefined && command !== 'skip') demandConsent(store, words)
  return { words, how: command ?? 'once' }
}
