import { addressOf, placeOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { Passwords } from '#contract/profile.ts'
import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { FollowedTask } from './follow-task.ts'
import { interruptible } from './interrupt.ts'
import { findBegunTask } from './migrations.ts'
import type { Output } from './output.ts'

/** A way back goes to one source; fails with `task.way-back-one-source`. */
export function onlySource(sources: readonly Connection[]): Connection {
  if (sources.length > 1) fail('task.way-back-one-source', { sources: sources.length })
  return sources[0]!
}

/** The task that keeps the way back of a migration between two servers; fails with `way-back.none`. */
export function findWayBack(migrations: Migrations, source: Connection, target: Connection): TaskView {
  const found = findBegunTask(migrations, [target], source)
  if (found === undefined || found.wayBackOf === null)
    return fail('way-back.none', { source: placeOf(source), target: placeOf(target) })
  return found
}

/** Has an open way back at work, where it is not. */
export async function takeUpWayBack(task: FollowedTask, passwords: Passwords): Promise<TaskView> {
  if (task.view.actions.includes('resume')) await task.start(passwords, true)
  return await task.until(({ inStep, state }) => inStep || state === 'frozen')
}

/** Takes up a way back where nobody keeps it, and keeps it until Ctrl-C pauses it. */
export async function goOnWithWayBack(
  migrations: Migrations,
  id: string,
  passwords: Passwords,
  output: Output,
): Promise<ExitCode> {
  {
    using interrupt = interruptible(() => output.note('Pausing.'))
    using task = new FollowedTask(migrations, id, output, interrupt.signal)
    await takeUpWayBack(task, passwords)
  }
  return await keepWayBack(migrations, id, output)
}

/** Keeps a way back that is at work, until Ctrl-C pauses it. */
export async function keepWayBack(migrations: Migrations, id: string, output: Output): Promise<ExitCode> {
  const { from, to } = migrations.tasks.get(id)
  using interrupt = interruptible(() => output.note('Pausing: what is under way is answered for first.'))
  using task = new FollowedTask(migrations, id, output, interrupt.signal)
  output.event('way-back', { task: id, source: from, target: to })
  output.note(
    `The way back is open: what is written to ${from} goes to ${to}, which stays frozen. Ctrl-C pauses it.`,
  )
  try {
    await task.until(() => false)
    return exitCode.done
  } catch (thrown) {
    if (!interrupt.signal.aborted) throw thrown
    if (task.view.actions.includes('pause')) await migrations.tasks.pause(id)
    return toldOfWayBack(migrations.tasks.get(id), output)
  }
}

function toldOfWayBack({ id, state, progress, source, target }: TaskView, output: Output): ExitCode {
  const shards = progress?.shards ?? []
  const offset = shards.length > 1 ? null : (progress?.appliedOffset ?? null)
  const offsets = shards.map(({ address, appliedOffset }) => ({ address, offset: appliedOffset }))
  output.event('done', {
    task: id,
    state,
    offset,
    ...(shards.length > 1 && { shards: offsets }),
    exitCode: exitCode.done,
  })
  const [now, before] = [addressOf(source), addressOf(target)]
  if (shards.length > 1) {
    output.line(`Paused: ${before} holds all that the ${shards.length} masters of ${now} had written:`)
    for (const one of offsets) output.line(`  ${one.address} up to offset ${one.offset ?? 0}`)
  } else output.line(`Paused: ${before} holds all that ${now} had written up to offset ${offset ?? 0}.`)
  output.line(`The way back is open as long as ${now} keeps what it writes from there on in its backlog.`)
  output.line(`"keyferry sync --reverse -f ${before} -t ${now}" goes on with it,`)
  output.line(
    '"keyferry roll-back" with the same two addresses goes back, "keyferry finish --reverse" closes it.',
  )
  return exitCode.done
}
