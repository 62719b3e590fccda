import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, toFailure } from '#contract/failure.ts'
import type { RdbFlavour } from '../rdb/opcodes.ts'
import { openControl, type Control } from '../redis/control.ts'
import { parseInfo } from '../redis/info.ts'
import { identityOf } from '../redis/probe.ts'
import { versionNumberOf } from '../redis/version.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import type { AskPlace } from '../source/stream-place.ts'
import { tellsExpiryTimeSince } from '../verify/expiry-times.ts'
import { idOfKey, type DbKey } from './checkpoint.ts'
import { DueAtPlace, type AtPlace, type IsOurPlace } from './due-at-place.ts'

/** A key's value at one moment of the source's history: to be placed exactly there. */
export interface ExactCopy extends AtPlace {
  /** As DUMP gives it. Null: the source has no such key then. */
  readonly payload: Buffer | null
  readonly flavour: RdbFlavour
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
 * DUMP and `askPlace` in one transaction, so nothing lies between. `take` is to ask while nothing of the stream is
 * placed: what has been placed by then lies before. Rejects as control connections do.
 */
export async function takeExactCopies(
  source: Connection,
  keys: readonly DbKey[],
  name: string,
  askPlace: AskPlace,
  take: (ask: () => Promise<CopiesTaken>) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  await using control = await openControl(source, { signal, name })
  const info = parseInfo(String(await control.call('INFO')))
  const dated = (versionNumberOf(info) ?? 0) >= tellsExpiryTimeSince
  const flavour = identityOf(info).flavour === 'valkey' ? 'valkey' : 'redis'
  const kind: Kind = { dated, flavour, askPlace }
  await take(async () => {
    const asked = await Promise.allSettled(keys.map((key) => takeOne(control, key, kind)))
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

/** What is to be known of a source: whether it knows PEXPIRETIME (7.0), whose values it has, how its moments are dated. */
interface Kind {
  readonly dated: boolean
  readonly flavour: RdbFlavour
  readonly askPlace: AskPlace
}

async function takeOne(
  control: Control,
  { db, key }: DbKey,
  { dated, flavour, askPlace }: Kind,
): Promise<ExactCopy> {
  const moment = askPlace(control.address)
  const replies = await watchedTransaction(control, [
    ['SELECT', db],
    ['DUMP', key],
    [dated ? 'PEXPIRETIME' : 'PTTL', key],
    ['TIME'],
    moment.command,
  ])
  if (replies === null) return fail('internal.unexpected', { message: 'a transaction without WATCH failed' })
  const [, payload, expiry, time, answer] = replies
  if (payload instanceof FailureError) throw payload
  const offset = await moment.place(answer)
  const [seconds, micros] = (time as readonly Buffer[]).map(Number)
  // Within a millisecond.
  const now = (seconds ?? 0) * 1000 + Math.floor((micros ?? 0) / 1000)
  const expires = typeof expiry === 'number' && expiry >= 0
  return {
    db,
    key,
    offset,
    payload: Buffer.isBuffer(payload) ? payload : null,
    expireAt: expires ? (dated ? expiry : now + expiry) : null,
    flavour,
  }
}

/**
 * Copies that wait for the stream to come to their offset, keys whose copy is still to be taken, and what both mean for
 * units on the way there. All keys are the source's.
 */
export class CopiesUnderWay {
  readonly #copies = new DueAtPlace<ExactCopy>()
  readonly #wanted = new Set<string>()

  get size(): number {
    return this.#copies.size
  }

  get wantsNone(): boolean {
    return this.#wanted.size + this.#copies.size === 0
  }

  has(key: DbKey): boolean {
    return this.#copies.has(key)
  }

  /** May the target have another value of this key until its copy is there? */
  isDoubtful(key: DbKey): boolean {
    return !this.wantsNone && (this.has(key) || this.#wanted.has(idOfKey(key)))
  }

  /** `replid`: the source's history, as it was known before it was asked. */
  add(copy: ExactCopy, replid: string): void {
    this.#wanted.delete(idOfKey(copy))
    this.#copies.add(copy, replid)
  }

  /** Of these copies are wanted. What another master has by now stays so: it is copied where it is. */
  want(keys: readonly DbKey[]): void {
    for (const key of keys) this.#wanted.add(idOfKey(key))
  }

  /**
   * Takes out those whose place is at or before `offset`, in the order of their places. Those of writes that the source
   * lost, before it sent them, are wanted again.
   */
  takeDue(offset: number, isOurs: IsOurPlace): readonly ExactCopy[] {
    if (this.#copies.size === 0) return []
    const { due, lost } = this.#copies.takeDue(offset, isOurs)
    this.want(lost)
    return due
  }
}
