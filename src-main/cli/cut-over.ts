import { FailureError } from '#contract/failure.ts'
import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import type { FreezeOrder } from '#migration/cutover.ts'
import type { FinishRequest } from '#migration/tasks.ts'
import type { FollowedTask } from './follow-task.ts'
import type { Output } from './output.ts'
import { byHandSteps } from './terminal/by-hand-lines.ts'
import { count } from './terminal/figures.ts'
import { frozenLine } from './terminal/task-line.ts'

export interface CutOverWishes {
  /** The source's address as it was typed: every value is compared, and the source's keys are deleted at the end. */
  readonly deleteSource?: string | undefined
  /** How writes are frozen. */
  readonly freeze?: FreezeOrder | undefined
  /** What differs is written again under the freeze, and compared anew. */
  readonly repair?: boolean | undefined
  /** A repair also deletes what only the target has. */
  readonly deleteExtra?: boolean | undefined
  /** Keep a way back, whatever the plan says. */
  readonly wayBack?: boolean | undefined
  /** Words of a command to be run when applications are to go to the target; `false`: none, whatever the plan says. */
  readonly onCutover?: readonly string[] | false | undefined
}

/** What of that is asked for at the end. */
export function commandWish(
  onCutover: CutOverWishes['onCutover'],
): Pick<FinishRequest, 'onCutover' | 'command'> {
  return onCutover === false ? { command: 'skip' } : { onCutover }
}

/**
 * Freezes a task that is in step, drains, proves and finishes it. Resolves with how it stands then: `finished`,
 * `way-back`, or `paused` with its source unfrozen where the two sides were found to differ. Rejects with what failed;
 * the source is unfrozen then too, unless the freeze itself broke.
 */
export async function cutOver(
  { tasks }: Pick<Migrations, 'tasks'>,
  task: FollowedTask,
  output: Output,
  { freeze = {}, deleteSource, repair = false, deleteExtra = false, ...wishes }: CutOverWishes = {},
): Promise<TaskView> {
  // A freeze from before a crash is taken up again by itself.
  if (task.view.actions.includes('freeze')) {
    await tasks.freeze(task.id, freeze)
    if (freeze.byHand === true) {
      output.event('waiting-for-hands', { task: task.id })
      output.note(byHandSteps('begin with --ask-new-password'))
    }
  }
  const frozen = await task.until(
    ({ state, failure }) => state === 'frozen' || (state === 'following' && failure !== null),
  )
  if (frozen.state !== 'frozen') throw new FailureError(frozen.failure!)
  const { offset, shards, signedOut } = frozen.freeze
  output.event('frozen', { task: task.id, offset, shards, signedOut })
  const shut = frozen.freeze.byHand ? '' : ` ${signedOut} connections were signed out.`
  const arrived =
    frozen.mode === 'scan'
      ? 'All keys were compared once more, and what differed was written.'
      : 'Everything up to there has arrived.'
  output.note(`${frozenLine(frozen)}${shut} ${arrived} Comparing …`)
  tasks.verify(task.id, deleteSource === undefined ? undefined : 'full')
  const isProven = ({ proof, state }: TaskView): boolean => proof?.running === false && state !== 'proving'
  let proven = await task.until(isProven)
  if (repair && proven.actions.includes('repair')) {
    const { differing, byKind } = proven.proof?.result ?? { differing: 0, byKind: {} }
    output.event('repairing', { task: task.id, differing, byKind })
    output.note(`${count(differing)} keys differ; they are written again from the source …`)
    tasks.repair(task.id, { consent: proven.to, deleteExtra })
    proven = await task.until(isProven)
  }
  if (proven.finishNeedsConsent !== null || !proven.proof?.result) {
    await tasks.unfreeze(task.id)
    output.event('unfrozen', { task: task.id })
    output.note(
      frozen.freeze.byHand
        ? 'Not finished, and the sync was paused: let the writers in again by hand.'
        : 'Not finished: the source was unfrozen, and the sync was paused.',
    )
    const paused = await tasks.pause(task.id)
    const failure = proven.proof?.failure ?? proven.failure
    if (failure !== null) throw new FailureError(failure)
    return paused
  }
  const { progress: _progress, ...proof } = proven.proof
  output.event('proof', { task: task.id, ...proof })
  return await finish(tasks, task, output, { deleteSource, ...wishes })
}

/** Where the operator's command fails before the end, somebody has to say whether to go on; nobody there: no. */
async function finish(
  tasks: Migrations['tasks'],
  task: FollowedTask,
  output: Output,
  {
    onCutover,
    again = false,
    ...wishes
  }: Pick<CutOverWishes, 'deleteSource' | 'wayBack' | 'onCutover'> & { readonly again?: boolean },
): Promise<TaskView> {
  const { id } = task
  const request = { ...wishes, ...commandWish(onCutover), ...(again && { command: 'again' as const }) }
  try {
    return await tasks.finish(id, request)
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || !ofCommand.has(thrown.failure.code)) throw thrown
    const { state, command } = tasks.get(id)
    for (const line of command?.output ?? []) output.note(`  ${line}`)
    output.failure(thrown.failure)
    if (state !== 'frozen') return tasks.get(id)
    const said = await askHowToGoOn(task, output)
    if (said === 'again') return await finish(tasks, task, output, { ...wishes, onCutover, again: true })
    if (said === 'go') return await tasks.finish(id, { ...wishes, command: 'skip' })
    await tasks.unfreeze(id)
    output.event('unfrozen', { task: id })
    output.note('Not finished: the source was unfrozen, and the sync was paused.')
    await tasks.pause(id)
    throw thrown
  }
}

const ofCommand: ReadonlySet<string> = new Set(['command.failed', 'command.lost'])

async function askHowToGoOn(task: FollowedTask, output: Output): Promise<'again' | 'go' | null> {
  if (!process.stdin.isTTY) return null
  output.note(
    'Type "again" to run the command once more, "go" to finish without it; anything else aborts and unfreezes the source.',
  )
  const said = await task.ask('> ')
  return said === 'again' || said === 'go' ? said : null
}

/** How long writes were refused; null while they are, or when they never were. */
export function writePauseMs({ writePause }: TaskView): number | null {
  return writePause?.endedAt ? writePause.endedAt - writePause.startedAt : null
}
