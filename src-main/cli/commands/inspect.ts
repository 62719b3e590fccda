import type { Command } from 'commander'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { reportLines } from '../terminal/file-report.ts'
import { addOneInput, oneInput, type OneInputFlags } from '../one-input.ts'
import { oneByte, wholeNumber } from '../option-values.ts'
import { progressLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'

interface InspectFlags extends OneInputFlags {
  readonly separator: string
  readonly depth: number
  readonly json?: true
}

const examples = `
Examples:
  keyferry inspect dump.rdb
  keyferry inspect /var/lib/redis/appendonlydir
  keyferry inspect dump.rdb --separator / --depth 2 --json`

export function define(command: Command): void {
  addOneInput(
    command,
    'the backup: a file, a folder with an append-only file, an http(s):// URL, or - for stdin',
  )
    .option('--separator <character>', 'what ends a part of a key', oneByte, ':')
    .option(
      '--depth <number>',
      'how many parts of a key make the prefix it is counted under',
      wholeNumber(1, 64),
      1,
    )
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((named: string | undefined, flags: InspectFlags) =>
      perform(
        flags.json === true,
        async (output) => {
          const file = oneInput(named, flags)
          const [{ findParts }, { createJobRunner }] = await Promise.all([
            import('#console/parts.ts'),
            import('#engine/worker/pool.ts'),
          ])
          using interrupt = interruptible(() => undefined)
          const { redraws, unicode } = styleFor(process.stderr)
          const shown = redraws && !output.json
          const report = await createJobRunner(findParts().worker)
            .run(
              'inspect',
              { file, prefixes: { separator: flags.separator, depth: flags.depth } },
              {
                signal: interrupt.signal,
                onProgress(progress) {
                  output.event('progress', progress)
                  const figures = {
                    ...progress,
                    keysDone: 0,
                    keysTotal: null,
                    keysPerSecond: 0,
                    etaSeconds: null,
                  }
                  const line = progressLine('Reading', figures, process.stderr.columns, unicode)
                  if (shown) process.stderr.write(`\r${line}\u001b[K`)
                },
              },
            )
            .finally(() => {
              if (shown) process.stderr.write('\r\u001b[K')
            })
          output.event('done', { ...report, exitCode: exitCode.done })
          for (const line of reportLines(report)) output.line(line)
          return exitCode.done
        },
        'reads',
      ),
    )
}
