import type { Command } from 'commander'
import { addressOf, placeOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { perform } from '../command.ts'
import {
  addConnectionFlags,
  readConnection,
  readConnections,
  type ConnectionFlags,
} from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { FollowedTask } from '../follow-task.ts'
import { interruptible } from '../interrupt.ts'
import type { Migrations } from '#migration/open.ts'
import { findBegunTask, openOwnMigrations, passwordsOf, placeOfAll, reachFrozen } from '../migrations.ts'
import type { Output } from '../output.ts'
import { findWayBack, keepWayBack, onlySource } from '../way-back.ts'

interface FinishFlags extends ConnectionFlags {
  readonly asItIs?: true
  readonly wayBack?: true
  readonly reverse?: true
  readonly json?: true
}

const examples = `
The addresses are those of the sync:
  keyferry finish -f 10.0.0.4:6379 -P - -t 10.0.0.5:6379 -A -
  keyferry finish --reverse -f 10.0.0.4:6379 -t 10.0.0.5:6379`

export function define(command: Command): void {
  addConnectionFlags(command, 'source', 'several')
  addConnectionFlags(command, 'target')
    .option('--as-it-is', 'do not fetch what the source wrote since the sync was paused')
    .option('--way-back', 'have what is written to the target go back to the source, which has to be frozen')
    .option('--reverse', 'close the way back that a cutover between these two has left open')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: FinishFlags) => perform(flags.json === true, (output) => finish(flags, output)))
}

async function finish(flags: FinishFlags, output: Output): Promise<ExitCode> {
  const sources = await readConnections(flags, 'source')
  const { connection: target } = await readConnection(flags, 'target')
  await using migrations = await openOwnMigrations()
  if (flags.reverse) return await close(migrations, onlySource(sources), target, output)
  const task =
    findBegunTask(migrations, sources, target) ??
    fail('task.not-found', { id: `${placeOfAll(sources)} → ${placeOf(target)}` })
  const passwords = passwordsOf(
    sources.map((source) => reachFrozen(migrations, source)),
    target,
  )
  const { actions } = task
  // Paused it may have missed writes: they are fetched first.
  if (!actions.includes('finish') || (actions.includes('resume') && !flags.asItIs)) {
    using interrupt = interruptible(() => output.note('Pausing.'))
    using followed = new FollowedTask(migrations, task.id, output, interrupt.signal)
    await followed.start(passwords, true)
    await followed.until(({ inStep }) => inStep)
  }
  const { state } = await migrations.tasks.finish(task.id, {
    // All addresses were typed for this very command.
    consent: addressOf(target),
    wayBack: flags.wayBack,
    passwords,
  })
  const { wayBack } = migrations.tasks.get(task.id)
  if (state === 'way-back' && wayBack !== null) return await keepWayBack(migrations, wayBack, output)
  output.event('done', { task: task.id, state, exitCode: exitCode.done })
  output.line(`Finished: nothing of Keyferry is left in ${addressOf(target)}, and settings are as they were.`)
  return exitCode.done
}

/** The target stays the original; the source is let go as the plan says. */
async function close(
  migrations: Migrations,
  source: Connection,
  target: Connection,
  output: Output,
): Promise<ExitCode> {
  const { id, wayBackOf } = findWayBack(migrations, source, target)
  await migrations.tasks.stop(id, passwordsOf([target], source))
  const { freeze } = migrations.tasks.get(wayBackOf ?? id)
  output.event('done', { task: id, freeze: freeze.state, exitCode: exitCode.done })
  output.line(
    `The way back is closed: ${addressOf(target)} is the original, ${addressOf(source)} is ${freeze.state === 'left' ? 'left frozen' : 'unfrozen, as it was before'}.`,
  )
  return exitCode.done
}
