import type { TtlRule } from '#contract/selection.ts'
import { guardMs } from '../plan/expiry.ts'
import { expiryByRule } from '../plan/ttl-rule.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import type { Argument } from '../resp/encode.ts'
import type { DbLink } from '../verify/db-link.ts'
import { expiryTimes } from '../verify/expiry-times.ts'
import { changeFieldExpiries } from './field-expiries.ts'
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
/** SCAN. */
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
  const { link, versionNumber, rule, fields } = options
  for await (const keys of keysOf(db, options)) {
    const expiries = await expiryTimes(link, db, keys, versionNumber)
    await link.askAll(
      db,
      keys.flatMap((key, index) => {
        const expiry = expiries[index]!
        return expiry >= guardMs ? [settled(key, expiryByRule(rule, expiry - guardMs, Date.now()))] : []
      }),
    )
    // Redis 7.4, Valkey 9.0.
    if (fields)
      await changeFieldExpiries(db, keys, link, (expiry) => (expiry >= guardMs ? expiry - guardMs : null))
  }
}

function settled(key: Buffer, at: number): readonly Argument[] {
  return at < 0 ? ['PERSIST', key] : ['PEXPIREAT', key, at]
}

/** The keys of a database that are not ours, batch by batch; one may come twice, as with SCAN. */
export async function* keysOf(
  db: number,
  { link, versionNumber, signal }: Pick<SettleOptions, 'link' | 'versionNumber' | 'signal'>,
): AsyncGenerator<readonly Buffer[], void> {
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
