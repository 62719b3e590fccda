import type { DbCount } from '#contract/verify.ts'
import { ownKeyPrefix } from '../flow/checkpoint.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { DbLink } from './db-link.ts'

/** What two servers were counted to have, database by database. */
export function besideEachOther(
  here: ReadonlyMap<number, number>,
  there: ReadonlyMap<number, number>,
): readonly DbCount[] {
  const dbs = [...new Set([...here.keys(), ...there.keys()])].sort((a, b) => a - b)
  return dbs.map((db) => ({ db, source: here.get(db) ?? 0, target: there.get(db) ?? 0 }))
}

/** The same at once, ours counted in. */
export async function countAll(link: DbLink): Promise<Map<number, number>> {
  const [part] = await link.askAll(0, [['INFO', 'keyspace']])
  // Before 2.6 there are no parts.
  const info = parseInfo(String(part instanceof ReplyError ? await link.ask(0, ['INFO']) : part))
  return new Map(Object.entries(keyspaceOf(info)).map(([db, { keys }]) => [Number(db), keys]))
}

/**
 * Keys of each database of a server, ours not counted. Expired keys that it has not removed yet are in its count, as
 * they are in DBSIZE.
 */
export async function countTheirs(link: DbLink): Promise<Map<number, number>> {
  const counts = await countAll(link)
  const held = counts.get(0) ?? 0
  if (held > 0) {
    const rest = held - (await countOurs(link))
    if (rest > 0) counts.set(0, rest)
    else counts.delete(0)
  }
  return counts
}

/** A SCAN of database 0 with a pattern: the server goes through its keys, but only ours travel. */
async function countOurs(link: DbLink): Promise<number> {
  const [known] = await link.askAll(0, [['SCAN', 0, 'COUNT', 1]])
  // Before 2.8 there is only this.
  if (known instanceof ReplyError) return (await keysLike(link, `${ownKeyPrefix}*`)).length
  let cursor = '0'
  let ours = 0
  do {
    const [next, found] = (await link.ask(0, [
      'SCAN',
      cursor,
      'MATCH',
      `${ownKeyPrefix}*`,
      'COUNT',
      10_000,
    ])) as unknown as [Buffer, readonly Buffer[]]
    cursor = next.toString()
    ours += found.length
  } while (cursor !== '0')
  return ours
}

/** Of a backup, the target may hold what has expired since, or hold it no more. */
export function agree(counts: readonly DbCount[]): boolean {
  return counts.every(({ source, target, expired = 0 }) => target <= source && target >= source - expired)
}

export function sum(counts: readonly DbCount[], side: 'source' | 'target'): number {
  return counts.reduce((total, count) => total + count[side], 0)
}

async function keysLike(link: DbLink, pattern: string): Promise<readonly Reply[]> {
  const keys = await link.ask(0, ['KEYS', pattern])
  return Array.isArray(keys) ? (keys as readonly Reply[]) : []
}
