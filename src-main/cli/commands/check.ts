import type { Command } from 'commander'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { CheckResult, CheckState } from '#contract/precheck.ts'
import { profileOptionsSchema } from '#contract/profile.ts'
import type { Migrations } from '#migration/open.ts'
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
import { addFollowedKeyFlags, followedRules, type FollowedKeyFlags } from '../key-flags.ts'
import { openOwnMigrations } from '../migrations.ts'
import type { Output } from '../output.ts'
import { taskOfProfile } from '../saved-profile.ts'
import { checkLines } from '../terminal/check-lines.ts'
import { columnsOf } from '../terminal/style.ts'

interface CheckFlags extends ConnectionFlags, FollowedKeyFlags {
  readonly settings: boolean
  readonly json?: true
}

interface Servers {
  readonly sources: readonly Connection[]
  readonly target: Connection
}

const examples = `
Examples:
  keyferry check "shop to new host"
  keyferry check -f 10.0.0.4:6379 -P - -t 10.0.0.5:6379 -A - --json
  keyferry check -f 10.0.0.4:6379 -f 10.0.0.6:6379 -t 10.0.0.5:6379
  keyferry check -f 10.0.0.4:6379 -t 10.0.0.5:6379 --target-db 0 \\
    --db-prefix 3:orders:

Nothing is changed on either server. It ends with 0 when every check passes,
with 3 when some only warn, and with 1 when something stands in the way.`

export function define(command: Command): void {
  command.argument('[profile]', 'the name of a saved profile, or its id; else -f and -t')
  addConnectionFlags(command, 'source', 'optional-several')
  addConnectionFlags(command, 'target', 'optional')
  addFollowedKeyFlags(command, 'source')
    .option('--no-settings', 'judge by the settings as they are, not as a migration would set them')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((profile: string | undefined, flags: CheckFlags) =>
      perform(flags.json === true, (output) => check(profile, flags, output), 'reads'),
    )
}

async function check(profile: string | undefined, flags: CheckFlags, output: Output): Promise<ExitCode> {
  const servers = profile === undefined ? await readServers(flags) : null
  await using migrations = await openOwnMigrations()
  using interrupt = interruptible(() => undefined)
  const { signal } = interrupt
  const rules = followedRules(flags)
  if (rules !== undefined && profile !== undefined)
    fail('usage.invalid', { field: '[profile]', reason: 'it has rules for keys of its own' })
  const options = profileOptionsSchema.parse({ adjustSettings: flags.settings, rules })
  const results =
    servers === null
      ? await checkProfile(migrations, profile!, output, signal)
      : await migrations.check({ ...servers, options, signal })
  return told(results, output)
}

async function readServers(flags: CheckFlags): Promise<Servers> {
  for (const [side, field] of [
    ['source', '-f'],
    ['target', '-t'],
  ] as const)
    if (flags[side] === undefined) fail('usage.invalid', { field, reason: 'name a profile, or both sides' })
  const sources = await readConnections(flags, 'source')
  const { connection: target } = await readConnection(flags, 'target')
  return { sources, target }
}

async function checkProfile(
  migrations: Migrations,
  named: string,
  output: Output,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const { id, passwords } = await taskOfProfile(migrations, named)
  using task = new FollowedTask(migrations, id, output, signal)
  migrations.tasks.check(id, passwords)
  const { checks } = await task.until(({ state }) => state !== 'checking')
  return checks?.results ?? []
}

function told(results: readonly CheckResult[], output: Output): ExitCode {
  const count = (...states: readonly CheckState[]): number =>
    results.filter(({ state }) => states.includes(state)).length
  const warnings = count('warning')
  const passed = count('passed')
  const skipped = count('skipped')
  const failed = results.length - passed - warnings - skipped
  const code = failed + skipped > 0 ? exitCode.failed : warnings > 0 ? exitCode.differs : exitCode.done
  output.event('checked', { results })
  output.event('done', { passed, warnings, failed, skipped, exitCode: code })
  for (const line of checkLines(results, { all: true, columns: columnsOf(process.stdout) })) output.line(line)
  output.line()
  const waiting = skipped > 0 ? `, ${skipped} waiting for these` : ''
  output.line(
    `${passed} passed, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${failed} in the way${waiting}.`,
  )
  return code
}
