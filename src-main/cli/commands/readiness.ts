import type { Command } from 'commander'
import { fail } from '#contract/failure.ts'
import type { ReadinessReport, ReadinessSpec } from '#contract/readiness.ts'
import { perform } from '../command.ts'
import { addConnectionFlags, readConnections, type ConnectionFlags } from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { someText, wholeNumber } from '../option-values.ts'
import type { Output } from '../output.ts'
import { bytes, count } from '../terminal/figures.ts'
import { readinessLines } from '../terminal/readiness-lines.ts'

interface ReadinessFlags extends ConnectionFlags {
  readonly input?: string
  readonly for: number
  readonly monitor?: true
  readonly json?: true
}

const examples = `
Examples:
  keyferry readiness -i /var/lib/redis/appendonlydir
  keyferry readiness -f 10.0.0.4:6379 -P - --for 60
  keyferry readiness -f 10.0.0.4:6379 -P - --for 10 --monitor
  keyferry readiness -f 10.0.0.4:6379 -f 10.0.0.6:6379 --for 60

An append-only file and the replication stream hold writes only; --monitor sees
reads too, and takes a busy server up to half of its speed while it looks.
Nothing is changed anywhere. Several sources, and all masters of a cluster, are
looked at together, in one report. It ends with 0 where applications can use a
cluster as they are (case 1 and 2), with 3 where not (case 3).`

export function define(command: Command): void {
  command.option('-i, --input <file>', 'an append-only file, its manifest or its folder', someText)
  addConnectionFlags(command, 'source', 'optional-several')
    .option('--for <seconds>', 'how long to look at a live server', wholeNumber(1, 3_600), 30)
    .option('--monitor', 'look at everything it is asked (MONITOR), instead of its replication stream')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: ReadinessFlags) =>
      perform(flags.json === true, (output) => readiness(flags, output), 'reads'),
    )
}

async function readiness(flags: ReadinessFlags, output: Output): Promise<ExitCode> {
  const spec = await specOf(flags)
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  using interrupt = interruptible(() => undefined)
  if (spec.from !== 'aof') output.note(`Looking for ${spec.seconds} s; Ctrl-C gives it up.`)
  const report = await createJobRunner(findParts().worker)
    .run('readiness', spec, {
      signal: interrupt.signal,
      onProgress(progress) {
        output.event('progress', progress)
        output.status(`Seen ${count(progress.units)} commands, ${bytes(progress.bytesDone)}`)
      },
    })
    .finally(() => output.clearStatus())
  return told(report, output)
}

async function specOf(flags: ReadinessFlags): Promise<ReadinessSpec> {
  if ((flags.input === undefined) === (flags['source'] === undefined))
    fail('usage.invalid', { field: '-i', reason: 'name a file, or a live source with -f' })
  if (flags.input !== undefined) return { from: 'aof', input: flags.input }
  const sources = await readConnections(flags, 'source')
  return { from: flags.monitor === true ? 'monitor' : 'stream', sources, seconds: flags.for }
}

function told(report: ReadinessReport, output: Output): ExitCode {
  const code = report.case === 3 ? exitCode.differs : exitCode.done
  output.event('done', { ...report, exitCode: code })
  for (const line of readinessLines(report)) output.line(line)
  return code
}
