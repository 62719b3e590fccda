import { Option, type Command } from 'commander'
import { stdinInput } from '#contract/input-name.ts'
import type { RestoreProgress, RestoreRequest, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { countingWritten, perform } from '../command.ts'
import { addConnectionFlags, readConnection, type ConnectionFlags } from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { addLossFlags, lossFields, type LossFlags } from '../loss-flags.ts'
import { dbMap, gather, wholeNumber } from '../option-values.ts'
import type { Output } from '../output.ts'
import { readSpec } from '../restore-spec.ts'
import { lossLines } from '../terminal/loss-lines.ts'
import { askHidden, askPastStdin } from '../terminal/hidden-prompt.ts'
import { ProgressView } from '../terminal/progress-view.ts'
import { restoreSummary } from '../terminal/restore-summary.ts'
import { styleFor } from '../terminal/style.ts'

interface RestoreFlags extends ConnectionFlags, LossFlags {
  readonly input: readonly string[]
  readonly keep?: string
  readonly connections: number
  readonly onConflict: RestoreSpec['onConflict']
  readonly targetDb?: number
  readonly dbMap?: Readonly<Record<string, number>>
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly json?: true
}

const examples = `
Examples:
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 -A -
  keyferry restore -i dump.rdb -t rediss://app@cache.example:6380/0 --on-conflict skip
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --db-map 3:0 --include 'user:*'
  keyferry restore -i 'https://backups.example/dump.rdb.gz?signature=…' -t 10.0.0.5:6379
  ssh db1 cat /var/lib/redis/dump.rdb | keyferry restore -i - -t 10.0.0.5:6379
  keyferry restore -i dump.rdb -t old.example:6379 --cannot-hold skip --field-ttl drop`

export function define(command: Command): void {
  command
    .requiredOption(
      '-i, --input <file>',
      'the backup: a file, a folder with an append-only file, an http(s):// URL, or - for stdin; .gz is unpacked; may be repeated',
      gather,
    )
    .option('--keep <folder>', 'keep there what is fetched; else it is removed at the end')
  addConnectionFlags(command, 'target')
  addLossFlags(command)
    .option('-n, --connections <number>', 'parallel connections to the target', wholeNumber(1, 256), 8)
    .addOption(
      new Option('--on-conflict <policy>', 'what to do with keys the target has already')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--target-db <number>', 'everything into this one database', wholeNumber(0, 65535))
    .option('--db-map <from:to>', 'a database of the file into another one; may be repeated', dbMap)
    .option('--include <glob>', 'only keys that match, as in KEYS; may be repeated', gather)
    .option('--exclude <glob>', 'no keys that match; may be repeated', gather)
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: RestoreFlags) =>
      perform(flags.json === true, async (output) => restore(await requested(flags), output)),
    )
}

async function requested(flags: RestoreFlags): Promise<RestoreSpec> {
  const ask = flags.input.includes(stdinInput) ? askPastStdin : askHidden
  const { connection, db } = await readConnection(flags, 'target', ask)
  const targetDb = flags.targetDb ?? (flags.dbMap === undefined ? db : undefined)
  const request: RestoreRequest = {
    files: [...flags.input],
    ...(flags.keep === undefined ? {} : { keepIn: flags.keep }),
    target: connection,
    connections: flags.connections,
    onConflict: flags.onConflict,
    ...lossFields(flags),
    ...(targetDb === undefined ? {} : { targetDb }),
    ...(flags.dbMap === undefined ? {} : { dbMap: flags.dbMap }),
    include: [...(flags.include ?? [])],
    exclude: [...(flags.exclude ?? [])],
  }
  return readSpec(request)
}

async function restore(spec: RestoreSpec, output: Output): Promise<ExitCode> {
  const result = await runRestore(spec, output)
  output.event('done', { ...result, exitCode: exitCodeOfResult(result) })
  for (const line of restoreSummary(result)) output.line(line)
  return exitCodeOfResult(result)
}

/** Runs a restore with its progress shown, until it ends or Ctrl-C ends it in order. */
export async function runRestore(spec: RestoreSpec, output: Output): Promise<RestoreResult> {
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  using view = output.json ? null : new ProgressView(process.stderr, styleFor(process.stderr))
  using interrupt = interruptible(() => {
    view?.clear()
    output.note('Stopping: waiting for the answers under way. Ctrl-C again leaves at once.')
  })
  let written = 0
  let foreseen = false
  const onProgress = (progress: RestoreProgress): void => {
    written = progress.keysWritten
    if (!foreseen && progress.cannotHold.length > 0) {
      foreseen = true
      view?.clear()
      output.note(['The target cannot hold all of it:', ...lossLines(progress.cannotHold)].join('\n'))
    }
    if (!interrupt.signal.aborted) view?.update(progress)
    output.event('progress', progress)
  }
  const runner = createJobRunner(findParts().worker)
  return await countingWritten(
    () => written,
    runner.run('restore', spec, { signal: interrupt.signal, onProgress }),
  )
}

function exitCodeOfResult({ keysSkipped, keysFailed }: RestoreResult): ExitCode {
  return keysSkipped > 0 || keysFailed > 0 ? exitCode.differs : exitCode.done
}
