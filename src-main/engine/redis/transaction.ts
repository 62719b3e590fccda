import { FailureError, makeFailure } from '#contract/failure.ts'
import type { Argument, Control, Reply } from './control.ts'

export type Command = readonly [string, ...Argument[]]

/**
 * Runs commands as one MULTI … EXEC, sent together. Resolves with one reply a command; an error inside stands
 * in its place. Rejects when nothing was executed: with the refusal of the first command that could not be
 * queued, else with EXEC's own.
 */
export async function transaction(control: Control, commands: readonly Command[]): Promise<readonly Reply[]> {
  const opened = control.call('MULTI')
  const queued = commands.map(([name, ...args]) => control.call(name, ...args))
  const executed = control.call('EXEC')
  const settled = await Promise.allSettled([opened, ...queued, executed])
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason
  const replies = await executed
  if (!Array.isArray(replies) || replies.length !== commands.length)
    throw new FailureError(makeFailure('server.refused', { address: control.address, command: 'EXEC' }))
  return replies as readonly Reply[]
}
