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
 * Whether our account may use PSYNC, of a server of 7.0 or later that does not tell: there it is never queued. Told to take
 * over by a replication id that is nobody's, a server refuses it whatever our rights are, and only for want of them, if
 * that is what is missing (`syncCommand` in `replication.c`).
 */
export async function mayPsync(control: Control): Promise<boolean> {
  return await isAllowed(control.call('PSYNC', '0'.repeat(40), '-1', 'FAILOVER'))
}

/**
 * Whether our account may run a command on servers before 7.0: the command is put into a transaction that is thrown away, and the right to
 * it is judged when it is queued.
 */
export async function mayQueue(
  control: Control,
  ...command: readonly [string, ...string[]]
): Promise<boolean> {
  const [, asked] = await Promise.all([
    control.call('MULTI').catch(() => undefined),
    isAllowed(control.call(...command)),
    control.call('DISCARD').catch(() => undefined),
  ])
  return asked
}

/** What is refused for another reason than the want of a right would be allowed. */
async function isAllowed(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer
    return true
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || isOfTheLink(thrown.failure)) throw thrown
    return !['auth.no-permission', 'server.unknown-command'].includes(thrown.failure.code)
  }
}
