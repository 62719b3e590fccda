import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { fail } from '#contract/failure.ts'
import { perform } from '../command.ts'
import { showRestore } from '../demo/backup-restore.ts'
import type { Comparison } from '../demo/compare.ts'
import { showMigration } from '../demo/live-migration.ts'
import { requireServerProgram, startLocalServer } from '#console/practice/local-server.ts'
import { fillWithSampleData } from '#console/practice/sample-data.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import type { Output } from '../output.ts'
import { duration, keys } from '../terminal/figures.ts'

const examples = `
It takes half a minute at most, needs a redis-server or valkey-server on PATH,
and leaves nothing behind:
  keyferry demo`

export function define(command: Command): void {
  command
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: { readonly json?: true }) => perform(flags.json === true, demo))
}

async function demo(output: Output): Promise<ExitCode> {
  const started = performance.now()
  const program = requireServerProgram()
  const { major } = program
  using folder = temporaryFolder()
  using interrupt = interruptible(() =>
    output.note('Ending: the servers are ended and their folder removed.'),
  )
  const { signal } = interrupt
  const goOn = (): void => void (signal.aborted && fail('job.cancelled'))

  const secret = (): string => randomBytes(12).toString('hex')
  await using source = await startLocalServer(program, join(folder.path, 'source'), secret())
  await using target = await startLocalServer(program, join(folder.path, 'target'), secret())
  output.line(
    `Two servers of version ${program.version} run: the source on port ${source.port}, the target on port ${target.port}.`,
  )
  const data = await fillWithSampleData(source.control, major)
  output.line(`The source was given ${keys(data.keys)} of every type, in three databases.`)
  goOn()
  const home = join(folder.path, 'keyferry')
  const migration = await showMigration({ source, target, data, major, home, output, signal })
  tellComparisons(migration.comparisons, output)
  goOn()

  await using third = await startLocalServer(program, join(folder.path, 'third'))
  output.line()
  const file = join(folder.path, 'source', 'dump.rdb')
  const restore = await showRestore({ source, target: third, file, data, major, output })
  tellComparisons(restore.comparisons, output)
  goOn()

  const equal = migration.equal && restore.equal
  const took = duration(performance.now() - started)
  output.line()
  output.line(
    equal
      ? `Both ways the copy holds exactly what the source holds. The servers are ended and their folder is removed (${took} in all).`
      : 'A copy differs from the source. The servers are ended.',
  )
  const code = equal ? exitCode.done : exitCode.differs
  output.event('done', { migration, restore, equal, exitCode: code })
  return code
}

/** Removed when disposed of, and when Ctrl-C pressed twice leaves no time for that. */
function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'keyferry-demo-'))
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  process.on('exit', remove)
  return {
    path,
    [Symbol.dispose]() {
      process.off('exit', remove)
      remove()
    },
  }
}

function tellComparisons(comparisons: readonly Comparison[], output: Output): void {
  output.line('Both servers were asked for the same things, and the answers compared:')
  for (const { what, equal } of comparisons) output.line(`  ${equal ? 'equal  ' : 'DIFFERS'}  ${what}`)
}
