import { FailureError, makeFailure } from '#contract/failure.ts'
import type { Argument, Control, Reply } from './control.ts'

/**
 * Runs commands as one MULTI … EXEC, behind a WATCH if there was one. Others may use the connection as well: all
 * are handed over at once, so nothing comes between. Gives the replies as bytes; null where a watched key was
 * changed. Rejects if any command was refused.
 */
export async function watchedTransaction(
  control: Control,
  commands: readonly (readonly [string, ...Argument[]])[],
): Promise<readonly Reply<Buffer>[] | null> {
  const opened = control.call('MULTI')
  const queued = commands.map(([name, ...args]) => control.call(name, ...args))
  const executed = control.callBuffer('EXEC')
  await Promise.all([opened, ...queued, executed])
  const replies = (await executed) as readonly Reply<Buffer>[] | null
  const refused = replies?.find((reply) => reply instanceof FailureError)
  if (refused instanceof FailureError) throw refused
  // EXEC on a server up to 4.0 that turned read-only in between answers less than was queued.
  if (replies !== null && replies.length !== commands.length)
    throw new FailureError(makeFailure('target.read-only', { address: control.address }))
  return replies
}
