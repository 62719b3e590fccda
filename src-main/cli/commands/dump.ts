import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { dumpSpecSchema, type DumpProgress } from '#contract/dump.ts'
import { perform } from '../command.ts'
import { addConnectionFlags, readConnections, type ConnectionFlags } from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { someText } from '../option-values.ts'
import type { Output } from '../output.ts'
import { dumpLines, dumpStatus } from '../terminal/dump-lines.ts'

interface DumpFlags extends ConnectionFlags {
  readonly output: string
  readonly force?: true
  readonly json?: true
}

const examples = `
The source saves as for a new replica, and is changed in nothing; it must let
this machine copy it (ACL: +psync +sync +replconf +ping). A file bears its name
only when it is whole and was read through.

Examples:
  keyferry dump -f 10.0.0.5:6379 -P - -o dump.rdb
  keyferry dump -f any.node.of.a.cluster:6379 -o backups/
  keyferry dump -f 10.0.0.5:6379 -f 10.0.0.6:6379 -o backups/`

export function define(command: Command): void {
  addConnectionFlags(command, 'source', 'several')
    .requiredOption(
      '-o, --output <path>',
      'the file to write; or a folder, with / at its end, for a file of each source',
      someText,
    )
    .option('--force', 'replace files that are there already')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: DumpFlags) => perform(flags.json === true, (output) => dump(flags, output), 'reads'))
}

async function dump(flags: DumpFlags, output: Output): Promise<ExitCode> {
  const spec = dumpSpecSchema.parse({
    sources: await readConnections(flags, 'source'),
    to: flags.output,
    intoFolder: isFolder(flags.output),
    force: flags.force === true,
  })
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  using interrupt = interruptible(() => output.note('Stopping.'))
  const onProgress = (progress: DumpProgress): void => {
    output.event('progress', progress)
    if (!interrupt.signal.aborted) output.status(dumpStatus(progress))
  }
  const runner = createJobRunner(findParts().worker)
  const result = await runner.run('dump', spec, { signal: interrupt.signal, onProgress })
  output.event('done', { ...result, exitCode: exitCode.done })
  for (const line of dumpLines(result)) output.line(line)
  return exitCode.done
}

function isFolder(path: string): boolean {
  return /[/\\]$/.test(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
