import { FailureError, isOfTheLink } from '#contract/failure.ts'
import type { Control } from './control.ts'

/**
 * Whether our account may run a command, without running it: ACL DRYRUN (7.0 and later). Null where the
 * server does not say, or may not be asked.
 */
export async function mayRun(control: Control, ...command: readonly string[]): Promise<boolean | null> {
  try {
    const user = String(await control.call('ACL', 'WHOAMI'))
    return (await control.call('ACL', 'DRYRUN', user, ...command)) === 'OK'
  } catch (thrown) {
    if (thrown instanceof FailureError && !isOfTheLink(thrown.failure)) return null
    throw thrown
  }
}

/**
 * The same on servers before 7.0: the command is put into a transaction that is thrown away, and the right to
 * it is judged when it is queued.
 */
export async function mayQueue(
  control: Control,
  ...command: readonly [string, ...string[]]
): Promise<boolean> {
  const [, asked] = await Promise.allSettled([
    control.call('MULTI'),
    control.call(...command),
    control.call('DISCARD'),
  ])
  if (asked.status === 'fulfilled') return true
  const failure = asked.reason instanceof FailureError ? asked.reason.failure : null
  if (failure === null || isOfTheLink(failure)) throw asked.reason
  const { code } = failure
  return code !== 'auth.no-permission' && code !== 'server.unknown-command'
}
