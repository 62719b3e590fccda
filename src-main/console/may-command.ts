import { fail } from '#contract/failure.ts'
import type { ConsoleServices } from './services.ts'

/**
 * What a plan has run on this machine is for whoever sits at it: a console that is served to browsers takes no command but
 * one that the plan had `before`, unless whoever serves it has allowed that. Fails with `command.not-from-here`.
 */
export function demandCommandsAllowed(
  { host }: Pick<ConsoleServices, 'host'>,
  words: readonly string[] | null | undefined,
  before: readonly string[] | null = null,
): void {
  if (host.commands || !words || JSON.stringify(words) === JSON.stringify(before)) return
  fail('command.not-from-here', { program: words[0] ?? '' })
}
