import type { ClientLine } from '#engine/redis/client-list.ts'
import type { FreezeRecord } from './record.ts'

/** Whether a connection is neither ours, by its user or its name, nor a replica's, a primary's or a Sentinel's. */
export function isForeign(
  client: Pick<ClientLine, 'flags' | 'name' | 'user'>,
  { ownUser }: Pick<FreezeRecord, 'ownUser'>,
): boolean {
  return (
    !/[SM]/.test(client.flags) && !isOwnName(client.name) && !isSentinel(client) && client.user !== ownUser
  )
}

/** How our connections are called. */
export function isOwnName(name: string): boolean {
  return /^(kf|keyferry):/.test(name)
}

/** Sentinels name their connections, one for commands and one for Pub/Sub (sentinel.c, `sentinelSetClientName`). */
export function isSentinel({ name }: Pick<ClientLine, 'name'>): boolean {
  return /^sentinel-[0-9a-f]+-(cmd|pubsub)$/.test(name)
}
