import { Option, type Command } from 'commander'
import { stdinInput } from '#contract/input-name.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import type { RestoreProgress, RestoreRequest, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { restoresFolder } from '#console/data-folder.ts'
import { countingWritten, perform } from '../command.ts'
import { addConnectionFlags, readConnection, type ConnectionFlags } from '../connection-flags.ts'
import { exitCode, exitCodeOf, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { addLossFlags, lossFields, type LossFlags } from '../loss-flags.ts'
import { addKeyFlags, keyFields, type KeyFlags } from '../key-flags.ts'
import { addLimitFlags, limitFields, type LimitFlags } from '../limit-flags.ts'
import { gather, moment, wholeNumber } from '../option-values.ts'
import type { Output } from '../output.ts'
import { readSpec } from '../restore-spec.ts'
import { lossLines } from '../terminal/loss-lines.ts'
import { askHidden, askPastStdin } from '../terminal/hidden-prompt.ts'
import { planLines } from '../terminal/plan-lines.ts'
import { ProgressView } from '../terminal/progress-view.ts'
import { restoreSummary } from '../terminal/restore-summary.ts'
import { styleFor } from '../terminal/style.ts'

interface RestoreFlags extends ConnectionFlags, KeyFlags, LossFlags, LimitFlags {
  readonly input: readonly string[]
  readonly keep?: string
  readonly connections: number
  readonly onConflict: RestoreSpec['onConflict']
  readonly until?: number
  readonly restart?: true
  readonly dryRun?: true
  readonly json?: true
}

const examples = `
Examples:
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 -A -
  keyferry restore -i dump.rdb -t rediss://app@cache.example:6380/0 --on-conflict skip
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --db-map 3:0 --include 'user:*'
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --target-db 0 --db-prefix 3:orders: --ttl extend:7d
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --max-bytes 50MB --max-latency 20
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --type hash,stream --add-prefix new: --dry-run
  keyferry restore -i 'https://backups.example/dump.rdb.gz?signature=…' -t 10.0.0.5:6379
  ssh db1 cat /var/lib/redis/dump.rdb | keyferry restore -i - -t 10.0.0.5:6379
  keyferry restore -i /var/lib/redis/appendonlydir -t 10.0.0.5:6379 --until 2026-11-21T14:30:00Z
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
  addKeyFlags(command)
  addLossFlags(command)
  addLimitFlags(command)
    .option('-n, --connections <number>', 'parallel connections to the target', wholeNumber(1, 256), 8)
    .addOption(
      new Option('--on-conflict <policy>', 'what to do with keys the target has already')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--until <time>', 'of an append-only file with times: nothing written after that', moment)
    .option(
      '--restart',
      'begin anew where an earlier restore of the same was interrupted, instead of going on',
    )
    .option('--dry-run', 'write nothing; tell what would be written where, with 100 keys as examples')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: RestoreFlags) =>
      perform(flags.json === true, async (output) => {
        const spec = await requested(flags)
        return await (flags.dryRun === true ? plan(spec, output) : restore(spec, output))
      }),
    )
}

async function requested(flags: RestoreFlags): Promise<RestoreSpec> {
  const ask = flags.input.includes(stdinInput) ? askPastStdin : askHidden
  const { connection, db } = await readConnection(flags, 'target', ask)
  const request: RestoreRequest = {
    files: [...flags.input],
    ...(flags.keep === undefined ? {} : { keepIn: flags.keep }),
    target: connection,
    connections: flags.connections,
    onConflict: flags.onConflict,
    ...lossFields(flags),
    ...keyFields(flags, db),
    ...limitFields(flags),
    ...(flags.until === undefined ? {} : { until: flags.until }),
    resume: flags.restart === true ? 'afresh' : 'continue',
    stateFolder: restoresFolder(),
  }
  return readSpec(request)
}

async function restore(spec: RestoreSpec, output: Output): Promise<ExitCode> {
  const result = await runRestore(spec, output)
  output.event('done', { ...result, exitCode: exitCodeOfResult(result) })
  for (const line of restoreSummary(result)) output.line(line)
  return exitCodeOfResult(result)
}

/** Ends as the restore itself would: with 1 where it would not begin, with 3 where keys would be missing. */
async function plan(spec: RestoreSpec, output: Output): Promise<ExitCode> {
  const found = await runPlan(spec, output)
  const [stop] = found.stops
  const isLess = found.lost > 0 || (spec.onConflict === 'skip' && found.conflicts.keys > 0)
  const code = stop !== undefined ? exitCodeOf(stop) : isLess ? exitCode.differs : exitCode.done
  output.event('plan', { ...found, exitCode: code })
  for (const line of planLines(found, spec.onConflict)) output.line(line)
  return code
}

async function runPlan(spec: RestoreSpec, output: Output): Promise<RestorePlan> {
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  using view = output.json ? null : new ProgressView(process.stderr, styleFor(process.stderr))
  using interrupt = interruptible(() => view?.clear())
  const onProgress = (progress: RestoreProgress): void => {
    if (!interrupt.signal.aborted) view?.update(progress)
    output.event('progress', progress)
  }
  const runner = createJobRunner(findParts().worker)
  return await runner.run('plan', spec, { signal: interrupt.signal, onProgress })
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
  let isResumed = false
  const onProgress = (progress: RestoreProgress): void => {
    written = progress.keysWritten
    if (!foreseen && progress.cannotHold.length > 0) {
      foreseen = true
      view?.clear()
      output.note(['The target cannot hold all of it:', ...lossLines(progress.cannotHold)].join('\n'))
    }
    if (!isResumed && progress.resumedFrom !== null) {
      isResumed = true
      view?.clear()
      output.note(resumedLine(progress.resumedFrom, progress.bytesTotal))
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

function resumedLine(offset: number, total: number): string {
  const percent = total > 0 ? Math.floor((offset / total) * 100) : 0
  return `An interrupted restore of this into this target is continued at ${percent} % (--restart begins anew).`
}

function exitCodeOfResult({ keysSkipped, keysFailed, commands }: RestoreResult): ExitCode {
  return keysSkipped > 0 || keysFailed > 0 || (commands?.failed ?? 0) > 0 ? exitCode.differs : exitCode.done
}
