import type { Reply } from '../resp/decode.ts'
import { theKey } from '../resp/encode.ts'
import type { Questioned } from './db-link.ts'

/** PEXPIRETIME (7.0). */
export const tellsExpiryTimeSince = 700
/** So few that they are mostly answered within one millisecond. */
const askedWithinOne = 32
const triesForOne = 8

/** How a server is asked: `versionNumber` is the Redis version that it is, or stands for, 7.0 → 700. */
type Asked = Pick<Questioned, 'askAll' | 'askEach'>

/**
 * When each key expires, absolute milliseconds by the server's clock; negative where it does not, or is not there.
 * Exact since 7.0; before, mostly, and never out by more than one.
 */
export async function expiryTimes(
  server: Asked,
  db: number,
  keys: readonly Uint8Array[],
  versionNumber: number,
): Promise<readonly number[]> {
  if (versionNumber >= tellsExpiryTimeSince)
    return (await server.askEach(db, keys, [['PEXPIRETIME', theKey]])).map(Number)
  const groups: Promise<readonly number[]>[] = []
  for (let at = 0; at < keys.length; at += askedWithinOne)
    groups.push(timesByClock(server, db, keys.slice(at, at + askedWithinOne)))
  return (await Promise.all(groups)).flat()
}

/**
 * The same from what is left of them, between two looks at the server's clock: when both show the same millisecond,
 * so did the clock for every key. Else the half of them is asked at once, down to one, which may be out by one.
 */
async function timesByClock(
  server: Asked,
  db: number,
  keys: readonly Uint8Array[],
  tries = 1,
): Promise<readonly number[]> {
  const replies = await server.askAll(db, [['TIME'], ...keys.map((key) => ['PTTL', key]), ['TIME']])
  const now = clockOf(replies[0])
  const left = replies.slice(1, -1).map(Number)
  const sure = now === clockOf(replies.at(-1)) || left.every((ms) => ms < 0)
  if (sure || (keys.length === 1 && tries === triesForOne)) return left.map((ms) => (ms < 0 ? ms : ms + now))
  if (keys.length === 1) return await timesByClock(server, db, keys, tries + 1)
  const middle = keys.length >> 1
  const [first, second] = await Promise.all([
    timesByClock(server, db, keys.slice(0, middle)),
    timesByClock(server, db, keys.slice(middle)),
  ])
  return [...first, ...second]
}

/** The answer to TIME in milliseconds. */
export function clockOf(reply: Reply | undefined): number {
  const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : []
  return (seconds ?? 0) * 1000 + Math.floor((microseconds ?? 0) / 1000)
}
