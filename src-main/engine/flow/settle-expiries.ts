import type { TtlRule } from '#contract/selection.ts'
import { guardMs } from '../plan/expiry.ts'
import { expiryByRule } from '../plan/ttl-rule.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import type { Reply } from '../resp/decode.ts'
import { theKey, type Argument } from '../resp/encode.ts'
import type { DbLink } from '../verify/db-link.ts'
import { isOurs } from './own-keys.ts'

export interface SettleOptions {
  readonly link: DbLink
  /** The Redis version that the server is, or stands for: 7.0 → 700. */
  readonly versionNumber: number
  /** What becomes of an expiry once it is put right; `keep` is its own time. */
  readonly rule: TtlRule
  /** Fields of hashes may have shifted expiries too. */
  readonly fields: boolean
  readonly signal?: AbortSignal
}

const scanCount = 1_000
/** So few that they are mostly answered within one millisecond. */
const askedWithinOne = 32
const triesForOne = 8
/** PEXPIRETIME (7.0), SCAN (2.8). */
const tellsExpiryTimeSince = 700
const scansSince = 208

/**
 * Puts every expiry that was written `guardMs` too late to the time it stands for; what is past by now goes.
 * Others' expiries are not touched. Repeatable: what is right already is left as it is.
 */
export async function settleExpiries(options: SettleOptions): Promise<void> {
  const { link, fields } = options
  const keyspace = keyspaceOf(parseInfo(String(await link.ask(0, ['INFO', 'keyspace']))))
  for (const [db, { expires }] of Object.entries(keyspace))
    if (expires > 0 || fields) await settleDatabase(Number(db), options)
}

async function settleDatabase(db: number, options: SettleOptions): Promise<void> {
  const { link, rule, fields } = options
  for await (const keys of keysOf(db, options)) {
    const expiries = await expiriesOf(db, keys, options)
    await link.askAll(
      db,
      keys.flatMap((key, index) => {
        const expiry = expiries[index]!
        return expiry >= guardMs ? [settled(key, expiryByRule(rule, expiry - guardMs, Date.now()))] : []
      }),
    )
    if (fields) await settleFields(db, keys, link)
  }
}

function settled(key: Buffer, at: number): readonly Argument[] {
  return at < 0 ? ['PERSIST', key] : ['PEXPIREAT', key, at]
}

async function* keysOf(db: number, options: SettleOptions): AsyncGenerator<readonly Buffer[], void> {
  const { link, versionNumber, signal } = options
  if (versionNumber < scansSince) {
    const keys = (await link.ask(db, ['KEYS', '*'])) as unknown as readonly Buffer[]
    const theirs = keys.filter((key) => !isOurs(key))
    for (let at = 0; at < theirs.length; at += scanCount) yield theirs.slice(at, at + scanCount)
    return
  }
  let cursor = '0'
  do {
    signal?.throwIfAborted()
    const [next, found] = (await link.ask(db, ['SCAN', cursor, 'COUNT', scanCount])) as unknown as [
      Buffer,
      readonly Buffer[],
    ]
    cursor = next.toString()
    yield found.filter((key) => !isOurs(key))
  } while (cursor !== '0')
}

/** When each key expires, absolute milliseconds; negative where it does not. */
async function expiriesOf(
  db: number,
  keys: readonly Buffer[],
  { link, versionNumber }: SettleOptions,
): Promise<readonly number[]> {
  if (versionNumber >= tellsExpiryTimeSince)
    return (await link.askEach(db, keys, [['PEXPIRETIME', theKey]])).map(Number)
  const expiries: number[] = []
  for (let at = 0; at < keys.length; at += askedWithinOne)
    expiries.push(...(await expiriesByClock(db, keys.slice(at, at + askedWithinOne), link)))
  return expiries
}

/**
 * The same from what is left of them, between two looks at the server's clock: when both show the same millisecond,
 * so did the clock for every key. Else the half of them is asked at once, down to one, which may be out by one.
 */
async function expiriesByClock(
  db: number,
  keys: readonly Buffer[],
  link: DbLink,
  tries = 1,
): Promise<readonly number[]> {
  const replies = await link.askAll(db, [['TIME'], ...keys.map((key) => ['PTTL', key]), ['TIME']])
  const now = clockOf(replies[0])
  const left = replies.slice(1, -1).map(Number)
  // Nothing to be put right is not asked again.
  const near = left.every((ms) => ms < guardMs / 2)
  if (near || now === clockOf(replies.at(-1)) || (keys.length === 1 && tries === triesForOne))
    return left.map((ms) => (ms < 0 ? -1 : ms + now))
  if (keys.length === 1) return await expiriesByClock(db, keys, link, tries + 1)
  const middle = keys.length >> 1
  return [
    ...(await expiriesByClock(db, keys.slice(0, middle), link)),
    ...(await expiriesByClock(db, keys.slice(middle), link)),
  ]
}

function clockOf(reply: Reply | undefined): number {
  const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : []
  return (seconds ?? 0) * 1000 + Math.floor((microseconds ?? 0) / 1000)
}

/** The same for fields of hashes (Redis 7.4, Valkey 9.0). */
async function settleFields(db: number, keys: readonly Buffer[], link: DbLink): Promise<void> {
  const types = await link.askEach(db, keys, [['TYPE', theKey]])
  for (const key of keys.filter((_, index) => String(types[index]) === 'hash')) {
    const names = (await link.ask(db, ['HKEYS', key])) as unknown as readonly Buffer[]
    for (let at = 0; at < names.length; at += scanCount) {
      const some = names.slice(at, at + scanCount)
      const [expiries] = await link.askAll(db, [['HPEXPIRETIME', key, 'FIELDS', some.length, ...some]])
      if (!Array.isArray(expiries)) continue
      await link.askAll(
        db,
        some.flatMap((name, index) => {
          const expiry = Number(expiries[index])
          return expiry >= guardMs ? [['HPEXPIREAT', key, expiry - guardMs, 'FIELDS', 1, name]] : []
        }),
      )
    }
  }
}
