import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { perform } from '../command.ts'
import { compareServers, type Comparison } from '../demo/compare.ts'
import { findServerProgram, startLocalServer } from '../demo/local-server.ts'
import { fillWithSampleData } from '../demo/sample-data.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import type { Output } from '../output.ts'
import { readSpec } from '../restore-spec.ts'
import { bytes, duration, keys } from '../terminal/figures.ts'
import { restoreSummary } from '../terminal/restore-summary.ts'
import { runRestore } from './restore.ts'

export function define(command: Command): void {
  command
    .option('--json', 'one JSON object a line on stdout')
    .action((flags: { readonly json?: true }) => perform(flags.json === true, demo))
}

async function demo(output: Output): Promise<ExitCode> {
  const started = performance.now()
  const program = findServerProgram()
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-demo-'))
  try {
    await using source = await startLocalServer(program, join(folder, 'source'))
    await using target = await startLocalServer(program, join(folder, 'target'))
    output.line(
      `Two servers of version ${program.version} run: the source on port ${source.port}, the target on port ${target.port}.`,
    )
    const data = await fillWithSampleData(source.control, program.major)
    await source.control.call('SAVE')
    const file = join(folder, 'source', 'dump.rdb')
    output.line(
      `The source was given ${keys(data.keys)} and saved them: ${file}, ${bytes(statSync(file).size)}.`,
    )
    output.line()
    output.line(`$ keyferry restore -i ${file} -t 127.0.0.1:${target.port}`)

    const spec = readSpec({ file, target: { host: '127.0.0.1', port: target.port } })
    const result = await runRestore(spec, output)
    for (const line of restoreSummary(result)) output.line(line)

    const comparisons = await compareServers(source.control, target.control, data, program.major)
    const equal = comparisons.every((comparison) => comparison.equal)
    output.line()
    output.line('Both servers were asked for the same things, and the answers compared:')
    for (const line of comparisons.map(comparisonLine)) output.line(line)
    output.line()
    output.line(
      equal
        ? `The target holds exactly what the source holds. Both servers are ended and their folder is removed (${duration(performance.now() - started)} in all).`
        : 'The target differs from the source. Both servers are ended.',
    )
    output.event('done', {
      ...result,
      comparisons,
      equal,
      exitCode: equal ? exitCode.done : exitCode.differs,
    })
    return equal ? exitCode.done : exitCode.differs
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function comparisonLine({ what, equal }: Comparison): string {
  return `  ${equal ? 'equal  ' : 'DIFFERS'}  ${what}`
}
