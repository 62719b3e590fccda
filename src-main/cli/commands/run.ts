import { Option, type Command } from 'commander'
import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { turnedRound, type Passwords } from '#contract/profile.ts'
import type { Schedule } from '#contract/schedule.ts'
import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { perform } from '../command.ts'
import { demandConsent } from '../command-consent.ts'
import { commandWish, cutOver, writePauseMs, type CutOverWishes } from '../cut-over.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addFlushFlag, type FlushFlag } from '../flush-flag.ts'
import { FollowedTask } from '../follow-task.ts'
import { interruptible } from '../interrupt.ts'
import { addMetricsFlag, openMetrics, type MetricsFlag } from '../metrics-flag.ts'
import { commandWords, startTime } from '../option-values.ts'
import { openOwnMigrations } from '../migrations.ts'
import { askNewPassword } from '../new-password.ts'
import type { Output } from '../output.ts'
import { taskOfProfile } from '../saved-profile.ts'
import { goOnWithWayBack, keepWayBack } from '../way-back.ts'
import { askLine } from '../terminal/ask-line.ts'
import { duration } from '../terminal/figures.ts'
import { verifyLines } from '../terminal/verify-lines.ts'

interface RunFlags extends MetricsFlag, FlushFlag {
  readonly cutover: 'auto' | 'manual'
  readonly acceptWarnings?: true
  readonly at?: Schedule
  readonly deleteSource?: string
  readonly byHand?: true
  readonly askNewPassword?: true
  readonly repair?: true
  readonly deleteExtra?: true
  readonly wayBack?: true
  readonly onCutover?: readonly string[] | false
  readonly allowCommand?: string
  readonly json?: true
}

const examples = `
Profiles are made and saved in the console ("keyferry serve", or the window).
Examples:
  keyferry run "shop to new host"
  keyferry run nightly --cutover auto --accept-warnings --json
  keyferry run nightly --cutover auto --at "2026-11-22 02:00 Asia/Seoul"
  keyferry run "shop to new host" --cutover auto --way-back
  keyferry run managed --cutover auto --by-hand
  keyferry run "shop to new host" --cutover auto \\
    --on-cutover './switch-dns shop.example'
  keyferry run "shop to new host" --cutover auto --no-on-cutover
  keyferry run retire --cutover auto --delete-source 10.0.0.4:6379
A time without a zone is one of this machine's clock; one that ends in Z or an
offset is exact.`

export function define(command: Command): void {
  command
    .argument('<profile>', 'the name of a saved profile, or its id')
    .addOption(
      new Option('--cutover <how>', 'freeze, prove and finish by itself once in step, or when you say so')
        .choices(['auto', 'manual'])
        .default('manual'),
    )
    .option(
      '--delete-source <address>',
      'move: once every value is proven, delete the keys of the source, whose address you type here',
    )
    .option('--by-hand', 'you shut the writers out (console, firewall); it goes on when that is seen to hold')
    .option(
      '--ask-new-password',
      'ask for the password to freeze with, or that you will set, before it begins',
    )
    .option(
      '--repair',
      'where the comparison finds differences, write them again from the source and compare anew',
    )
    .option('--delete-extra', 'with --repair: delete what only the target has')
    .option(
      '--way-back',
      'have what is written to the target afterwards go back to the source, which stays frozen',
    )
    .option(
      '--on-cutover <command>',
      'run this when applications are to go over, after the proof; $KEYFERRY_FROM and $KEYFERRY_TO are the addresses',
      commandWords,
    )
    .option('--no-on-cutover', 'run none, though the profile has one')
    .option(
      '--allow-command <digest>',
      'let the command of the profile be run on this machine ("keyferry profiles show" tells it and its digest)',
    )
    .option('--accept-warnings', 'go on where the checks only warn')
    .option(
      '--at <time>',
      'wait, checked and armed, and start then: "2026-11-22 02:00 Asia/Seoul"',
      startTime,
    )
  addMetricsFlag(addFlushFlag(command))
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((profile: string, flags: RunFlags) =>
      perform(flags.json === true, (output) => run(profile, flags, output)),
    )
}

async function run(named: string, flags: RunFlags, output: Output): Promise<ExitCode> {
  if (flags.deleteExtra && !flags.repair)
    fail('usage.invalid', { field: '--delete-extra', reason: 'it is a part of --repair' })
  const newPassword = flags.askNewPassword ? await askNewPassword() : undefined
  const freeze = { byHand: flags.byHand === true, newPassword }
  await using migrations = await openOwnMigrations()
  await using _metrics = await openMetrics(flags, migrations.tasks, output)
  const { id, passwords } = await taskOfProfile(migrations, named)
  demandTyped(migrations.tasks.get(id), flags.deleteSource)
  await demandConsent(migrations, id, flags.allowCommand, output)
  const { wayBack } = migrations.tasks.get(id)
  if (wayBack !== null) {
    output.note('Its sync has ended, and its way back was begun: going on with that.')
    return await goOnWithWayBack(migrations, wayBack, turnedRound(passwords), output)
  }
  if (migrations.tasks.get(id).concluding) {
    output.note('All of it was applied before, and its sync ended; finishing what is left.')
    const { deleteSource, wayBack, onCutover } = flags
    const wishes = { deleteSource, wayBack, ...commandWish(onCutover) }
    const view = await migrations.tasks.finish(id, { ...wishes, passwords })
    return told(view, output)
  }
  const ended = await migrate(migrations, id, passwords, { ...flags, freeze }, output)
  const code = told(ended, output)
  if (ended.state !== 'way-back' || ended.wayBack === null) return code
  return await keepWayBack(migrations, ended.wayBack, output)
}

async function migrate(
  migrations: Migrations,
  id: string,
  passwords: Passwords,
  wishes: RunFlags & CutOverWishes,
  output: Output,
): Promise<TaskView> {
  using interrupt = interruptible(() => output.note('Ending in order; what is frozen stays frozen.'))
  using task = new FollowedTask(migrations, id, output, interrupt.signal, wishes.onFlush)
  await task.start(passwords, wishes.acceptWarnings === true, wishes.at)
  await task.until(({ inStep, state }) => inStep || state === 'frozen')
  if (wishes.cutover === 'manual') await askForCutover(task, output, interrupt.signal)
  return await cutOver(migrations, task, output, wishes)
}

/** What cannot be undone is not found to be mistyped at the end only. */
function demandTyped({ from }: TaskView, deleteSource: string | undefined): void {
  if (deleteSource !== undefined && deleteSource !== from) fail('task.move-consent', { source: from })
}

function told(view: TaskView, output: Output): ExitCode {
  const { id, state, source, target, freeze, proof } = view
  const pauseMs = writePauseMs(view)
  const isOver = state === 'finished' || state === 'way-back'
  const code = isOver ? exitCode.done : exitCode.differs
  output.event('done', { task: id, state, writePauseMs: pauseMs, freeze: freeze.state, exitCode: code })
  if (isOver)
    output.line(
      `Finished: ${addressOf(target)} is the original now; ${addressOf(source)} is ${standingWords(view)}.`,
    )
  for (const line of proof?.result ? verifyLines(proof.result) : []) output.line(line)
  if (pauseMs !== null) output.line(`Write pause: ${duration(pauseMs)}.`)
  return code
}

function standingWords({ state, freeze }: TaskView): string {
  if (state === 'way-back') return 'frozen, and follows it'
  return freeze.byHand ? 'as you have left it' : (freezeWords[freeze.state] ?? 'as before')
}

const freezeWords: Readonly<Partial<Record<TaskView['freeze']['state'], string>>> = {
  undone: 'unfrozen, as it was before',
  left: 'left frozen',
  frozen: 'still frozen ("keyferry unfreeze" tries again)',
}

async function askForCutover(task: FollowedTask, output: Output, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) return
  output.note('In step. Press Enter to freeze writes, prove and finish; Ctrl-C leaves it resumable.')
  const frozen = task.until(({ state }) => state === 'frozen')
  const over = new AbortController()
  try {
    const enter = askLine('', AbortSignal.any([signal, over.signal]))
    // Without anybody at the keyboard only another console can go on.
    if ((await Promise.race([enter, frozen])) === null) await frozen
  } finally {
    over.abort()
  }
}
