import type { Command } from 'commander'
import { placeOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import type { Migrations } from '#migration/open.ts'
import type { KeptFreeze } from '#migration/freeze/record.ts'
import { parseAddress } from '../address.ts'
import { perform } from '../command.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { openOwnMigrations } from '../migrations.ts'
import { gather } from '../option-values.ts'
import type { Output } from '../output.ts'

interface UnfreezeFlags {
  readonly source?: readonly string[]
  readonly forget?: readonly string[]
  readonly json?: true
}

const examples = `
Examples:
  keyferry unfreeze
  keyferry unfreeze -f 10.0.0.4:6379
  keyferry unfreeze -f 10.0.0.4:6379 --forget 10.0.0.6:6379`

export function define(command: Command): void {
  command
    .option(
      '-f, --source <address>',
      'only this server: HOST:PORT, may be repeated; otherwise all that are frozen',
      gather,
    )
    .option(
      '--forget <address>',
      'a server of a frozen source that is gone for ever: the others are unfrozen without it; may be repeated',
      gather,
    )
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: UnfreezeFlags) =>
      perform(flags.json === true, (output) => unfreeze(flags, output), 'reads'),
    )
}

/** Needs no password: the journal has it. Also after a crash, of us or of the source. */
async function unfreeze(flags: UnfreezeFlags, output: Output): Promise<ExitCode> {
  await using migrations = await openOwnMigrations()
  const wanted = flags.source?.map((address) => hostAndPort(parseAddress(address, '-f'))) ?? null
  const frozen = migrations.freezes
    .open()
    .filter(({ record }) => wanted === null || wanted.includes(hostAndPort(record.connection)))
  if (frozen.length === 0) fail('freeze.not-frozen', wanted === null ? {} : { address: wanted.join(', ') })
  const { forgetNode } = await import('#migration/freeze/unfreeze.ts')
  for (const named of flags.forget ?? []) {
    const address = hostAndPort(parseAddress(named, '--forget'))
    const known = frozen.filter((kept) => forgetNode(kept, migrations.freezes, address) !== null)
    if (known.length === 0) fail('freeze.not-frozen', { address })
    output.line(
      `${address} is not waited for. Should it come back, restart it: that gives it its former password.`,
    )
  }
  let code: ExitCode = exitCode.done
  for (const { journalId, record } of frozen) {
    // The other sources of a task are unfrozen with its first.
    const kept = migrations.freezes.open().find((open) => open.journalId === journalId)
    const changedMeanwhile = kept === undefined ? [] : await undo(migrations, kept)
    const address = placeOf(record.connection)
    output.event('unfrozen', { address, changedMeanwhile })
    output.line(
      record.byHand
        ? `${address}: nothing of ours was changed there; let the writers in again by hand.`
        : `${address} is unfrozen: password and users are as they were.`,
    )
    for (const what of changedMeanwhile)
      output.line(`  left alone, because somebody else changed it: ${what}`)
    if (changedMeanwhile.length > 0) code = exitCode.differs
  }
  output.event('done', { exitCode: code })
  return code
}

/** Through its task where it has one, so that the task knows. */
async function undo({ tasks, freezes }: Migrations, kept: KeptFreeze): Promise<readonly string[]> {
  if (tasks.list().some(({ id }) => id === kept.taskId))
    return (await tasks.unfreeze(kept.taskId)).freeze.changedMeanwhile
  const { unfreezeWrites } = await import('#migration/freeze/unfreeze.ts')
  return (await unfreezeWrites({ kept, journal: freezes })).changedMeanwhile
}
