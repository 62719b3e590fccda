import type { Command } from 'commander'
import { fail } from '#contract/failure.ts'
import { perform } from '../command.ts'
import {
  addConnectionFlags,
  readConnection,
  readConnections,
  type ConnectionFlags,
} from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { makeBackups } from '../make-backups.ts'
import type { Output } from '../output.ts'
import { duration } from '../terminal/figures.ts'
import { someText } from '../option-values.ts'

interface BackupFlags extends ConnectionFlags {
  readonly output: string
  readonly aof?: true
  readonly force?: true
  readonly guided?: true
  readonly byHand?: true
  readonly yes?: true
  readonly json?: true
}

const examples = `
Every source saves in the background, and is waited for. What it saved is
fetched where its files can be reached: on this machine, or over SFTP on the
last hop of its tunnel (--source-via). Else it is told where they lie, and the
command ends with 3.

Examples:
  keyferry backup -f 127.0.0.1:6379 -o backups
  keyferry backup -f 127.0.0.1:6379 --source-via ssh://ops@db1 -o backups
  keyferry backup -f 127.0.0.1:6379 -f 127.0.0.1:6380 --aof -o backups
  keyferry backup --guided -f 10.0.0.4:6379 -P - -t 10.0.0.9:6379 -A - \\
    -o backups`

export function define(command: Command): void {
  addConnectionFlags(command, 'source', 'several')
  addConnectionFlags(command, 'target', 'optional')
    .requiredOption('-o, --output <folder>', 'the folder for the backups, each named by address', someText)
    .option('--aof', 'the append-only file, rewritten first, instead of an RDB')
    .option(
      '--force',
      'replace what is there already; with --guided, at a source that is frozen already, keys of the target too',
    )
    .option(
      '--guided',
      'a whole move by backup, step by step: freeze, save, restore into -t, compare, new address',
    )
    .option('--by-hand', 'with --guided: you shut the writers out yourself')
    .option('--yes', 'with --guided: do not ask before writes are frozen')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: BackupFlags) =>
      flags.guided === true
        ? perform(flags.json === true, (output) => guided(flags, output))
        : perform(flags.json === true, (output) => backup(flags, output), 'reads'),
    )
}

async function backup(flags: BackupFlags, output: Output): Promise<ExitCode> {
  if (flags.target !== undefined)
    fail('usage.invalid', { field: '--target', reason: 'it is a part of --guided' })
  const result = await makeBackups(
    {
      sources: [...(await readConnections(flags, 'source'))],
      folder: flags.output,
      kind: flags.aof === true ? 'aof' : 'rdb',
      force: flags.force === true,
    },
    output,
  )
  const code = result.backups.every(({ file }) => file !== null) ? exitCode.done : exitCode.differs
  output.event('done', { ...result, exitCode: code })
  output.line(`Done: in ${duration(result.elapsedMs)}.`)
  return code
}

async function guided(flags: BackupFlags, output: Output): Promise<ExitCode> {
  const sources = await readConnections(flags, 'source')
  if (sources.length !== 1 || flags.target === undefined || flags.aof === true)
    fail('usage.invalid', {
      field: '--guided',
      reason: 'it takes one source (-f), one target (-t), and an RDB',
    })
  const { connection: target } = await readConnection(flags, 'target')
  const { guidedBackup } = await import('../guided-backup.ts')
  return await guidedBackup(
    {
      source: sources[0]!,
      target,
      folder: flags.output,
      force: flags.force === true,
      byHand: flags.byHand === true,
      isConsented: flags.yes === true,
    },
    output,
  )
}
