import type { Command } from 'commander'
import { toFailure } from '#contract/failure.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import { askedOf, type RestoreProgress, type RestoreResult, type RestoreSpec } from '#contract/restore.ts'
import { countingWritten, perform } from '../command.ts'
import { exitCode, exitCodeOf, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import type { Output } from '../output.ts'
import { addRestoreFlags, readRestore, type RestoreFlags } from '../restore-flags.ts'
import { goOnLines } from '../terminal/go-on-lines.ts'
import { lossLines } from '../terminal/loss-lines.ts'
import { planLines } from '../terminal/plan-lines.ts'
import { ProgressView } from '../terminal/progress-view.ts'
import { restoreSummary } from '../terminal/restore-summary.ts'
import { styleFor } from '../terminal/style.ts'

interface Flags extends RestoreFlags {
  readonly dryRun?: true
  readonly json?: true
}

const examples = `
Examples:
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 -A -
  keyferry restore -i dump.rdb -t rediss://app@cache.example:6380/0 \\
    --on-conflict skip
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --db-map 3:0 --include 'user:*'
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --target-db 0 \\
    --db-prefix 3:orders: --ttl extend:7d
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --max-bytes 50MB \\
    --max-latency 20
  keyferry restore -i dump.rdb -t 10.0.0.5:6379 --type hash,stream \\
    --add-prefix new: --dry-run
  keyferry restore -i 'https://backups.example/dump.rdb.gz?signature=…' \\
    -t 10.0.0.5:6379
  ssh db1 cat /var/lib/redis/dump.rdb | keyferry restore -i - -t 10.0.0.5:6379
  keyferry restore -i /var/lib/redis/appendonlydir -t 10.0.0.5:6379 \\
    --until 2026-11-21T14:30:00Z
  keyferry restore -i dump.rdb -t old.example:6379 --cannot-hold skip \\
    --field-ttl drop`

export function define(command: Command): void {
  addRestoreFlags(command)
    .option('--dry-run', 'write nothing; tell what would be written where, with 100 keys as examples')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: Flags) =>
      perform(flags.json === true, async (output) => {
        const spec = await readRestore(flags)
        return await (flags.dryRun === true ? plan(spec, output) : restore(spec, output))
      }),
    )
}

async function restore(spec: RestoreSpec, output: Output): Promise<ExitCode> {
  let hasWritten = false
  const hear = ({ phase }: RestoreProgress): void => {
    hasWritten ||= phase === 'writing' || phase === 'replaying'
  }
  try {
    const result = await runRestore(spec, output, hear)
    output.event('done', { ...result, exitCode: exitCodeOfResult(result) })
    for (const line of restoreSummary(result)) output.line(line)
    return exitCodeOfResult(result)
  } catch (thrown) {
    const failure = toFailure(thrown)
    output.failure(failure)
    if (hasWritten) for (const line of goOnLines(askedOf(spec, spec.files))) output.note(line)
    return exitCodeOf(failure)
  }
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

/** Runs a restore with its progress shown, until it ends or Ctrl-C ends it in order. `hear` is told the progress too. */
export async function runRestore(
  spec: RestoreSpec,
  output: Output,
  hear?: (progress: RestoreProgress) => void,
): Promise<RestoreResult> {
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
    hear?.(progress)
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
