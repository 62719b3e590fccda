import type { Command } from 'commander'
import { backupSpecSchema, type BackupProgress, type MadeBackup } from '#contract/backup.ts'
import { perform } from '../command.ts'
import { addConnectionFlags, readConnections, type ConnectionFlags } from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import type { Output } from '../output.ts'
import { dumpStatus } from '../terminal/dump-lines.ts'
import { bytes, duration, keys } from '../terminal/figures.ts'

interface BackupFlags extends ConnectionFlags {
  readonly output: string
  readonly aof?: true
  readonly force?: true
  readonly json?: true
}

const examples = `
Every source saves in the background, and is waited for. What it saved is fetched
where its files can be reached: on this machine, or over SFTP on the last hop of its
tunnel (--source-via). Else it is told where they lie, and the command ends with 3.

Examples:
  keyferry backup -f 127.0.0.1:6379 -o backups
  keyferry backup -f 127.0.0.1:6379 --source-via ssh://ops@db1 -o backups
  keyferry backup -f 127.0.0.1:6379 -f 127.0.0.1:6380 --aof -o backups`

export function define(command: Command): void {
  addConnectionFlags(command, 'source', 'several')
    .requiredOption('-o, --output <folder>', 'the folder for the backups, each named by address')
    .option('--aof', 'the append-only file, rewritten first, instead of an RDB')
    .option('--force', 'replace what is there already')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: BackupFlags) => perform(flags.json === true, (output) => backup(flags, output), 'reads'))
}

async function backup(flags: BackupFlags, output: Output): Promise<ExitCode> {
  const spec = backupSpecSchema.parse({
    sources: await readConnections(flags, 'source'),
    folder: flags.output,
    kind: flags.aof === true ? 'aof' : 'rdb',
    force: flags.force === true,
  })
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  using interrupt = interruptible(() => output.note('Stopping. A source that saves goes on by itself.'))
  const onProgress = (progress: BackupProgress): void => {
    output.event('progress', progress)
    if (!interrupt.signal.aborted) output.status(dumpStatus(progress))
  }
  const runner = createJobRunner(findParts().worker)
  const result = await runner.run('backup', spec, { signal: interrupt.signal, onProgress })
  const code = result.backups.every(({ file }) => file !== null) ? exitCode.done : exitCode.differs
  output.event('done', { ...result, exitCode: code })
  for (const made of result.backups) output.line(sayMade(made))
  output.line(`Done: in ${duration(result.elapsedMs)}.`)
  return code
}

function sayMade({ address, file, bytes: size, keys: held, madeAt }: MadeBackup): string {
  if (file !== null) return `${address} → ${file}: ${held === null ? '' : `${keys(held)}, `}${bytes(size)}.`
  const place = madeAt === null ? 'where it saves to it does not tell' : `there at ${madeAt}`
  return `${address} has saved, ${place}; its files are not reached from here. Copy it yourself, or use keyferry dump.`
}
