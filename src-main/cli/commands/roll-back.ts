import type { Command } from 'commander'
import { addressOf } from '#contract/connection.ts'
import { perform } from '../command.ts'
import { addConnectionFlags, readConnection, type ConnectionFlags } from '../connection-flags.ts'
import { cutOver, writePauseMs } from '../cut-over.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { FollowedTask } from '../follow-task.ts'
import { interruptible } from '../interrupt.ts'
import { openOwnMigrations, passwordsOf } from '../migrations.ts'
import { commandWords } from '../option-values.ts'
import type { Output } from '../output.ts'
import { duration } from '../terminal/figures.ts'
import { verifyLines } from '../terminal/verify-lines.ts'
import { findWayBack, takeUpWayBack } from '../way-back.ts'

interface RollBackFlags extends ConnectionFlags {
  readonly onCutover?: readonly string[]
  readonly json?: true
}

const examples = `
The two addresses are those of the migration, whose way back was kept open
("keyferry run … --way-back"):
  keyferry roll-back -f 10.0.0.4:6379 -P - -t 10.0.0.5:6379 -A -
Writes to the new server are frozen, the last of them arrive at the old one,
both are compared, and the old one is unfrozen. Where they differ nothing is
rolled back, and the new one goes on.`

export function define(command: Command): void {
  addConnectionFlags(command, 'source')
  addConnectionFlags(command, 'target')
    .option(
      '--on-cutover <command>',
      'run this when applications are to go over, after the proof; $KEYFERRY_FROM and $KEYFERRY_TO are the addresses',
      commandWords,
    )
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: RollBackFlags) => perform(flags.json === true, (output) => rollBack(flags, output)))
}

async function rollBack(flags: RollBackFlags, output: Output): Promise<ExitCode> {
  const { connection: source } = await readConnection(flags, 'source')
  const { connection: target } = await readConnection(flags, 'target')
  await using migrations = await openOwnMigrations()
  const { id } = findWayBack(migrations, source, target)
  using interrupt = interruptible(() => output.note('Ending in order; what is frozen stays frozen.'))
  using task = new FollowedTask(migrations, id, output, interrupt.signal)
  const { onCutover } = flags
  const passwords = passwordsOf([target], source)
  if (task.view.concluding)
    output.note('All of it was applied before, and its sync ended; finishing what is left.')
  else await takeUpWayBack(task, passwords)
  const view = task.view.concluding
    ? await migrations.tasks.finish(id, { onCutover, passwords })
    : await cutOver(migrations, task, output, { onCutover })
  const code = view.state === 'finished' ? exitCode.done : exitCode.differs
  const pauseMs = writePauseMs(view)
  output.event('done', { task: id, state: view.state, writePauseMs: pauseMs, exitCode: code })
  if (view.state === 'finished')
    output.line(
      `Rolled back: ${addressOf(source)} is the original again, with all that ${addressOf(target)} took.`,
    )
  for (const line of view.proof?.result ? verifyLines(view.proof.result) : []) output.line(line)
  if (pauseMs !== null) output.line(`Write pause: ${duration(pauseMs)}.`)
  return code
}
