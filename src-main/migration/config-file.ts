import { isOfTheLink, toFailure, type FailureCode } from '#contract/failure.ts'
import { parseClientList } from '#engine/redis/client-list.ts'
import type { Control } from '#engine/redis/control.ts'
import type { Info } from '#engine/redis/info.ts'
import { replicationOf } from '#engine/redis/replication.ts'
import { isSentinel } from './freeze/foreign.ts'

/**
 * In a failover Sentinels have each server write its settings into its configuration file (sentinel.c,
 * `sentinelSendSlaveOf`), what was ours at that moment with them: has it write down how they are now. Resolves with why
 * we may not; null where it did, or has no file that it may write: then nobody has written there either. Rejects when the
 * link is lost.
 */
export async function writeConfigFile(control: Control): Promise<FailureCode | null> {
  try {
    await control.call('CONFIG', 'REWRITE')
    return null
  } catch (thrown) {
    const failure = toFailure(thrown)
    if (isOfTheLink(failure)) throw thrown
    const { code } = failure
    return code === 'auth.no-permission' || code === 'server.unknown-command' ? code : null
  }
}

/** Tells one time of a server as a primary, or as a replica, from the next: between them it may have written its file. */
export function timeOf(info: Info): string {
  const { role, replid } = replicationOf(info)
  return `${role} ${replid ?? info.get('run_id') ?? ''}`
}

/** Are Sentinels connected to it? */
export async function isWatched(control: Control): Promise<boolean> {
  const list = await control.call('CLIENT', 'LIST').catch((thrown: unknown) => {
    if (isOfTheLink(toFailure(thrown))) throw thrown
    return ''
  })
  return parseClientList(String(list)).some(isSentinel)
}
