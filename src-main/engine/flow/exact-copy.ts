import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, toFailure } from '#contract/failure.ts'
import { guardMs } from '../plan/expiry.ts'
import { openControl, type Control } from '../redis/control.ts'
import { infoNumber, parseInfo } from '../redis/info.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import { encoded, type PreparedCommand } from '../target/transaction-frame.ts'
import { formatDbKey, type DbKey, type TaskKeys } from './checkpoint.ts'
import type { TtlGuard } from './ttl-guard.ts'

/** A key's value at one moment of the source's history: to be placed exactly there. */
export interface ExactCopy extends DbKey {
  /** The source's offset at that moment. */
  readonly offset: number
  /** Null: the source has no such key then. */
  readonly payload: Buffer | null
  /** Absolute milliseconds; null: it does not expire. */
  readonly expireAt: number | null
}

export interface CopiesTaken {
  readonly copies: readonly ExactCopy[]
  /** Another master of the source's cluster has these by now, or they are on their way there. */
  readonly elsewhere: readonly DbKey[]
}

/**
 * Takes keys from the very server whose stream is followed, each with the offset at which it had this value:
 * DUMP and INFO in one transaction, so nothing lies between. `take` is to ask while nothing of the stream is
 * placed: what has been placed by then lies before. Rejects as control connections do.
 */
export async function takeExactCopies(
  source: Connection,
  keys: readonly DbKey[],
  name: string,
  take: (ask: () => Promise<CopiesTaken>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await using control = await openControl(source, { signal, name })
  const absolute = await knowsAbsoluteExpiry(control)
  await take(async () => {
    const asked = await Promise.allSettled(keys.map((key) => takeOne(control, key, absolute)))
    const elsewhere: DbKey[] = []
    const copies = asked.flatMap((one, index) => {
      if (one.status === 'fulfilled') return [one.value]
      if (toFailure(one.reason).code !== 'target.slot-moving') throw one.reason
      elsewhere.push(keys[index]!)
      return []
    })
    return { copies, elsewhere }
  })
}

/** PEXPIRETIME is known from 7.0 on; before, the time left and the clock are within a millisecond of it. */
async function knowsAbsoluteExpiry(control: Control): Promise<boolean> {
  try {
    await control.call('PEXPIRETIME', '')
    return true
  } catch (thrown) {
    const { code } = toFailure(thrown)
    if (code === 'server.unknown-command') return false
    // A node of a cluster knows the command, and has not the slot of this key.
    if (code === 'target.slot-moving') return true
    throw thrown
  }
}

async function takeOne(control: Control, { db, key }: DbKey, absolute: boolean): Promise<ExactCopy> {
  const replies = await watchedTransaction(control, [
    ['SELECT', db],
    ['DUMP', key],
    [absolute ? 'PEXPIRETIME' : 'PTTL', key],
    ['TIME'],
    ['INFO', 'replication'],
  ])
  if (replies === null) return fail('internal.unexpected', { message: 'a transaction without WATCH failed' })
  const [, payload, expiry, time, info] = replies
  if (payload instanceof FailureError) throw payload
  const offset = infoNumber(parseInfo(String(info)), 'master_repl_offset')
  if (offset === null)
    return fail('server.refused', { address: control.address, reply: 'INFO tells no offset' })
  const [seconds, micros] = (time as readonly Buffer[]).map(Number)
  const now = (seconds ?? 0) * 1000 + Math.floor((micros ?? 0) / 1000)
  const expires = typeof expiry === 'number' && expiry >= 0
  return {
    db,
    key,
    offset,
    payload: Buffer.isBuffer(payload) ? payload : null,
    expireAt: expires ? (absolute ? expiry : now + expiry) : null,
  }
}

/** The commands that put a copy in its place and take it off the list, for one transaction. */
export function commandsOf(copy: ExactCopy, keys: TaskKeys, guard: TtlGuard): PreparedCommand[] {
  const { db, key, payload, expireAt } = copy
  const at = expireAt === null ? 0 : guard.timeToWrite(Math.min(expireAt, guardMs - 1), copy)
  const write =
    payload === null
      ? ['DEL', key]
      : ['RESTORE', key, at, payload, 'REPLACE', ...(at === 0 ? [] : ['ABSTTL'])]
  return [
    { db, name: String(write[0]), ...encoded(write), keys: [{ db, key }] },
    { db: 0, name: 'SREM', ...encoded(['SREM', keys.repair, formatDbKey(copy)]), keys: [] },
  ]
}

/** Copies that wait for the stream to come to their offset, and what they mean for units on the way there. */
export class CopiesUnderWay {
  readonly #copies = new Map<string, ExactCopy>()

  get size(): number {
    return this.#copies.size
  }

  has(key: DbKey): boolean {
    return this.#copies.has(idOf(key))
  }

  add(copy: ExactCopy): void {
    this.#copies.set(idOf(copy), copy)
  }

  /** Takes out those whose place is at or before `offset`, in the order of their places. */
  takeDue(offset: number): readonly ExactCopy[] {
    if (this.#copies.size === 0) return []
    const due = [...this.#copies.values()].filter((copy) => copy.offset <= offset)
    for (const copy of due) this.#copies.delete(idOf(copy))
    return due.sort((a, b) => a.offset - b.offset)
  }
}

function idOf({ db, key }: DbKey): string {
  return `${db}:${key.toString('latin1')}`
}
