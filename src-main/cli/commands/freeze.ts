import type { Command } from 'commander'
import { addressOf } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import type { FreezePlan } from '#contract/freeze.ts'
import { perform } from '../command.ts'
import { addConnectionFlags, readConnections, type ConnectionFlags } from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { freezeId } from '../freeze-id.ts'
import { openOwnMigrations } from '../migrations.ts'
import { askNewPassword } from '../new-password.ts'
import type { Output } from '../output.ts'
import { watchHands } from '../watch-hands.ts'
import { count } from '../terminal/figures.ts'

interface FreezeFlags extends ConnectionFlags {
  readonly askNewPassword?: true
  readonly byHand?: true
  readonly dryRun?: true
  readonly json?: true
}

const examples = `
Examples:
  keyferry freeze -f 10.0.0.4:6379 -P - --dry-run
  keyferry freeze -f 10.0.0.4:6379 -P -
  keyferry freeze -f 10.0.0.4:6379 -f 10.0.0.6:6379 -P -
  keyferry freeze -f managed.example:6379 -P - --by-hand
  keyferry unfreeze -f 10.0.0.4:6379`

export function define(command: Command): void {
  addConnectionFlags(command, 'source', 'several')
    .option('--ask-new-password', 'ask for the password to freeze with, instead of making one')
    .option('--by-hand', 'you shut the writers out (console, firewall); wait until that is seen to hold')
    .option('--dry-run', 'show what would be done, and to whom; change nothing')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: FreezeFlags) => perform(flags.json === true, (output) => freeze(flags, output), 'reads'))
}

async function freeze(flags: FreezeFlags, output: Output): Promise<ExitCode> {
  const sources = await readConnections(flags, 'source')
  const taskId = freezeId(sources)
  if (flags.dryRun) {
    const { planFreezes } = await import('#migration/freeze/plan-sources.ts')
    return shown(await planFreezes(taskId, sources), output)
  }
  const newPassword = flags.askNewPassword ? await askNewPassword() : undefined
  const [{ freezeSources }, { shardsOf }] = await Promise.all([
    import('#migration/freeze/freeze-sources.ts'),
    import('#migration/freeze/record.ts'),
  ])
  await using migrations = await openOwnMigrations()
  const request = { taskId, sources, journal: migrations.freezes, newPassword }
  const kept = await (flags.byHand ? watchHands(request, output) : freezeSources(request))
  const shards = kept.flatMap(({ record }) => shardsOf(record))
  const signedOut = kept.reduce((sum, { record }) => sum + record.signedOut, 0)
  const address = addressOf({ ...sources[0]!, others: sources.slice(1) })
  const offset = shards.length === 1 ? shards[0]!.offset : null
  output.event('frozen', { address, offset, shards, signedOut })
  output.event('done', { exitCode: exitCode.done })
  for (const shard of shards)
    output.line(
      `Writes at ${shard.address} are frozen${shard.offset === null ? '' : ` at offset ${count(shard.offset)}`}.`,
    )
  if (flags.byHand)
    output.line(
      'Nothing is written any more. Let the writers in again by hand, then run "keyferry unfreeze".',
    )
  else {
    output.line(`Connections signed out: ${count(signedOut)}. The old password is refused.`)
    output.line('A restart of a server would undo it. "keyferry unfreeze" puts everything back.')
  }
  return exitCode.done
}

function shown(plan: FreezePlan, output: Output): ExitCode {
  output.event('done', { plan, exitCode: exitCode.done })
  for (const { kind, address, commands, allowed } of plan.steps) {
    output.line(`${kind}  ${address}${allowed === false ? '  (not allowed)' : ''}`)
    for (const command of commands) output.line(`  ${command}`)
  }
  if (plan.steps.length > 0) output.line(`Connections that would be signed out: ${count(plan.clientCount)}.`)
  for (const { name, host, count: connections } of plan.clients)
    output.line(`  ${count(connections)} × ${name === '' ? 'no name' : name}  ${host}`)
  if (plan.refusal !== null) throw new FailureError(plan.refusal)
  return exitCode.done
}
