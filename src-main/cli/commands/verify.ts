import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import { dataFolder } from '#console/data-folder.ts'
import type { Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import { verifySpecSchema, type VerifyProgress } from '#contract/verify.ts'
import { perform } from '../command.ts'
import { addConnectionFlags, readConnection, type ConnectionFlags } from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { openOwnMigrations, reachFrozen } from '../migrations.ts'
import type { Output } from '../output.ts'
import { count, keys } from '../terminal/figures.ts'
import { verifyLines } from '../terminal/verify-lines.ts'

interface VerifyFlags extends ConnectionFlags {
  readonly mode: 'counts' | 'full'
  readonly json?: true
}

export function define(command: Command): void {
  addConnectionFlags(command, 'source')
  addConnectionFlags(command, 'target')
    .addOption(
      new Option('--mode <what>', 'key counts, or every value both ways')
        .choices(['counts', 'full'])
        .default('full'),
    )
    .option('--json', 'one JSON object a line on stdout')
    .action((flags: VerifyFlags) => perform(flags.json === true, (output) => verify(flags, output)))
}

/** Exit code 3 where the sides differ. */
async function verify(flags: VerifyFlags, output: Output): Promise<ExitCode> {
  const { connection: typed } = await readConnection(flags, 'source')
  const { connection: target } = await readConnection(flags, 'target')
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  const source = await frozenOrTyped(typed)
  using interrupt = interruptible(() => output.note('Stopping.'))
  const onProgress = (progress: VerifyProgress): void => {
    output.event('progress', progress)
    output.status(`Comparing both ways: ${count(progress.keysDone)} of ${keys(progress.keysTotal)}`)
  }
  const spec = verifySpecSchema.parse({ source, target, mode: flags.mode })
  const runner = createJobRunner(findParts().worker)
  const result = await runner.run('verify', spec, { signal: interrupt.signal, onProgress })
  const code = result.equal ? exitCode.done : exitCode.differs
  output.event('done', { ...result, exitCode: code })
  for (const text of verifyLines(result)) output.line(text)
  return code
}

/** A comparison needs nothing that is kept: where that cannot be opened, the source is reached as typed. */
async function frozenOrTyped(typed: Connection): Promise<Connection> {
  if (!existsSync(join(dataFolder(), 'keyferry.db'))) return typed
  try {
    await using migrations = await openOwnMigrations()
    return reachFrozen(migrations, typed)
  } catch (thrown) {
    if (toFailure(thrown).code.startsWith('store.')) return typed
    throw thrown
  }
}
