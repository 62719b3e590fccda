import { lineOfCommand } from '#contract/cutover-command.ts'
import { fail } from '#contract/failure.ts'
import type { Migrations } from '#migration/open.ts'
import type { Output } from './output.ts'
import { askLine } from './terminal/ask-line.ts'

/**
 * Has somebody at this machine consent to the command that a task's plan has, where nobody has yet: by its digest, or by
 * typing it. Fails with `command.not-consented`.
 */
export async function demandConsent(
  { tasks, consents }: Pick<Migrations, 'tasks' | 'consents'>,
  id: string,
  allowed: string | undefined,
  output: Output,
): Promise<void> {
  const { commandConsent, options } = tasks.get(id)
  const words = options.onCutover ?? null
  if (commandConsent === null || words === null || commandConsent.given) return
  const { digest } = commandConsent
  if (allowed !== digest && !(allowed === undefined && (await isTyped(lineOfCommand(words), output))))
    fail('command.not-consented', { program: words[0] ?? '', digest })
  consents.give(words)
}

async function isTyped(line: string, output: Output): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  output.note(`At the cutover this plan runs a command on this machine:\n\n  ${line}\n`)
  output.note('Type the command to allow it; anything else ends this.')
  return (await askLine('> ')) === line
}
