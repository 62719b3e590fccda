import type { Command } from 'commander'
import { fail } from '#contract/failure.ts'
import type { InterruptedRestore } from '#contract/restore.ts'
import { restoresFolder } from '#console/data-folder.ts'
import { perform } from '../command.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import type { Output } from '../output.ts'
import { restoreCommand } from '../restore-command.ts'
import { bytes, keys } from '../terminal/figures.ts'
import { goOnLines } from '../terminal/go-on-lines.ts'

const examples = `
A restore that ended without being done, by Ctrl-C, by kill -9 or with the
machine, goes on where it was when the same is asked for again, by this command
or in the console. Examples:
  keyferry restores
  keyferry restores --json
  keyferry restores forget 5c1f0e2ab93d`

export function define(command: Command): void {
  command
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action(({ json }: { readonly json?: true }) => perform(json === true, list, 'reads'))
  command
    .command('forget')
    .description('forget some: asked for again they begin anew; what they have written stays on the target')
    .argument('<id...>', 'their ids, or the beginnings of these')
    .action((ids: readonly string[]) => perform(false, (output) => forget(ids, output), 'reads'))
}

async function list(output: Output): Promise<ExitCode> {
  const { listInterrupted } = await import('#engine/flow/interrupted-restores.ts')
  const found = await listInterrupted(restoresFolder())
  for (const one of found) {
    output.event('interrupted', { ...one, command: one.asked === null ? null : restoreCommand(one.asked) })
    for (const line of linesOf(one)) output.line(line)
  }
  if (found.length === 0) output.line('No restore was cut short.')
  return exitCode.done
}

async function forget(ids: readonly string[], output: Output): Promise<ExitCode> {
  const { forgetInterrupted, listInterrupted } = await import('#engine/flow/interrupted-restores.ts')
  for (const named of ids) {
    const [found, second] = (await listInterrupted(restoresFolder())).filter(({ id }) => id.startsWith(named))
    if (found === undefined || second !== undefined) fail('restore.not-found', { id: named })
    await forgetInterrupted(restoresFolder(), found.id)
    output.line(`${found.inputs.join(', ')} → ${found.target}: forgotten.`)
  }
  return exitCode.done
}

function linesOf({ id, asked, changed, ...restore }: InterruptedRestore): readonly string[] {
  const { inputs, target, bytesDone, bytesTotal, keysWritten, endedAt } = restore
  return [
    `${id.slice(0, 12)}  ${inputs.join(', ')} → ${target}`,
    `  ${bytes(bytesDone)} of ${bytes(bytesTotal)}, ${keys(keysWritten)} written, ${new Date(endedAt).toISOString()}`,
    ...changed.map((name) => `  ${name} is gone, or no longer what it was: with it this cannot go on.`),
    ...(asked === null
      ? ['  It goes on when the same is asked for again; what was asked for is not kept of so old a one.']
      : goOnLines(asked).map((line) => `  ${line}`)),
    '',
  ]
}
