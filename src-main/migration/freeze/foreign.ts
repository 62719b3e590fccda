import type { ClientLine } from '#engine/redis/client-list.ts'
import type { FreezeRecord } from './record.ts'

/** Whether a connection is neither ours, by its user or its name, nor a replica's. */
export function isForeign(
  { flags, name, user }: Pick<ClientLine, 'flags' | 'name' | 'user'>,
  { ownUser }: Pick<FreezeRecord, 'ownUser'>,
): boolean {
  if (flags.includes('S') || /^(kf|keyferry):/.test(name)) return false
  return ownUser === null || user !== ownUser
}
