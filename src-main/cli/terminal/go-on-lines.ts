import type { AskedRestore } from '#contract/restore.ts'
import { readsStdin, restoreCommand } from '../restore-command.ts'

/** How a restore that was cut short is gone on with. */
export function goOnLines(asked: AskedRestore): readonly string[] {
  const command = restoreCommand(asked)
  if (command === null) return ['To go on where it stopped: open it in the console, under Restores.']
  return [
    'To go on where it stopped:',
    `  ${command}`,
    ...(readsStdin(asked) ? ['  with the same data at its standard input'] : []),
    ...asked.shortened.map((name) => `  with the whole address of ${name}: it was a secret, and is not kept`),
  ]
}
