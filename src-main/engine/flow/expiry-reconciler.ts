import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { keySlot } from '../bytes/crc16.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { unguarded } from '../verify/same-bytes.ts'
import { DbLink, type Questioned } from '../verify/db-link.ts'
import { byDatabase } from '../verify/findings.ts'
import type { AskPlace } from '../source/stream-place.ts'
import type { DbKey } from './checkpoint.ts'
import type { ExpiryCorrection } from './expiry-corrections.ts'
import type { FollowedRules } from './followed-rules.ts'
import { Mutex } from './mutex.ts'
import { NotedKeys } from './noted-keys.ts'
import { tellsExpiryTimeSince } from '../verify/expiry-times.ts'
import { keysOf } from './settle-expiries.ts'
import { SourceExpiries } from './source-expiries.ts'
import type { TargetSession } from './target-session.ts'

/**
 * What is told in relation to a clock, before PEXPIRETIME (7.0), is out by a millisecond on either side; nothing nearer is
 * corrected.
 */
const toleranceMs = 2
const askedAtOnce = 200
const lookEveryMs = 500
/** Further behind, what is compared now would wait for long to be placed. */
const lagLimitMs = 5_000
/** A source that tells when keys expire, in its stream too; a target that takes it along with a value (ABSTTL). */
const exactSourceSince = 700
const exactTargetSince = 500

export interface ReconcilerOptions {
  /** Where keys to be looked at go when they are many: names of files begin so. */
  readonly spillFile: string
  readonly session: Pick<TargetSession, 'openQuestions' | 'scan' | 'versionNumber'>
  /** Asked for every new connection. */
  readonly source: () => Connection
  readonly sourceVersion: () => number | null
  readonly askPlace: AskPlace
  /** Of a cluster's master: is a key outside of its own slots? Then another one is to be asked. */
  readonly abroad: ((key: Uint8Array) => boolean) | null
  /** Null: everything goes along as it is. */
  readonly rules: FollowedRules | null
  readonly lagMs: () => number
  /** Of our connections. */
  readonly name: string
  /**
   * Asks while nothing is placed, so that what the source tells is never behind what has been placed, and places the
   * answer when the stream has come that far.
   */
  readonly take: (ask: () => Promise<readonly ExpiryCorrection[]>) => Promise<void>
}

/**
 * Puts the expiries of a target right where the source's stream does not tell them exactly: up to 6.2 it says how
 * long a key has left, up to 5.0 it makes a SET without an expiry of an INCRBYFLOAT, and scripts set what they
 * please; and where the target itself changes them, as a cluster does when it moves a slot. Such keys are noted and compared with the source, and each correction is placed at the very offset at
 * which it was true, so that it can be made at any time.
 */
export class ExpiryReconciler implements AsyncDisposable {
  readonly #options: ReconcilerOptions
  readonly #turn = new Mutex()
  #noted: NotedKeys
  #spills = 0
  #everything = true
  #done = false
  /** Keys have gone from one of the target's servers to another. */
  #moved = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#noted = this.#openNoted()
  }

  /** The whole target has been gone through once, or need not be: what is left are keys noted since. */
  get done(): boolean {
    return this.#done || this.#isNeeded === false
  }

  /** A key of the source. */
  note(key: DbKey): void {
    if (this.#isNeeded !== false) this.#noted.add(key)
  }

  /** Something was done that does not say with which keys. */
  noteEverything(): void {
    this.#everything = true
  }

  /** Keys have gone from one of the target's servers to another, and their expiries are not what they were. */
  noteMoved(): void {
    this.#moved = true
    this.#everything = true
  }

  /** Compares in the background what is due, as long as the target is near. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#isNeeded === true && this.#options.lagMs() <= lagLimitMs) await this.#tryOnce(signal)
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Until nothing is left, for a source that stands still. False where one of the two cannot be asked now. */
  async finish(signal: AbortSignal): Promise<boolean> {
    if (this.#isNeeded === null) return false
    // One that is under way has taken upon itself what it may yet fail to do.
    await this.#turn.run(() => Promise.resolve())
    while (this.#isNeeded && (this.#everything || !this.#noted.isEmpty))
      if (!(await this.#tryOnce(signal))) return false
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#noted.clear()
  }

  /** Null while the source has not told its version. */
  get #isNeeded(): boolean | null {
    const version = this.#options.sourceVersion()
    if (version === null) return null
    return version < exactSourceSince || this.#options.session.versionNumber < exactTargetSince || this.#moved
  }

  get #toleranceMs(): number {
    const { session, sourceVersion } = this.#options
    const both = Math.min(sourceVersion() ?? 0, session.versionNumber)
    return both >= tellsExpiryTimeSince ? 0 : toleranceMs
  }

  /** False where one of the two could not be asked. */
  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#turn.run(() => this.#run(signal))
      return true
    } catch (thrown) {
      if (signal.aborted || isOfTheServers(thrown)) return false
      throw thrown
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { session, source, name, askPlace } = this.#options
    if (!this.#everything && this.#noted.isEmpty) return
    const noted = this.#noted
    const everything = this.#everything
    this.#noted = this.#openNoted()
    this.#everything = false
    try {
      using asked = await SourceExpiries.open(source(), name, askPlace, signal)
      using asking = await session.openQuestions(name, signal)
      if (everything) await this.#reconcileAll(asked, asking, signal)
      for await (const keys of noted.batches(askedAtOnce)) {
        for (const [db, some] of byDatabase(keys)) await this.#reconcile(db, some, asked, asking)
        signal.throwIfAborted()
      }
      this.#done = true
    } catch (thrown) {
      // None of it has been looked at for sure.
      this.#everything ||= everything
      for await (const keys of noted.batches(askedAtOnce)) for (const key of keys) this.#noted.add(key)
      throw thrown
    } finally {
      await noted.clear()
    }
  }

  #openNoted(): NotedKeys {
    this.#spills += 1
    return new NotedKeys(`${this.#options.spillFile}-${this.#spills % 2}`)
  }

  /**
   * The target is walked. What does not expire there does not at the source either, but where a run of ours may have
   * ended with notes of sums.
   */
  async #reconcileAll(asked: SourceExpiries, target: Questioned, signal: AbortSignal): Promise<void> {
    if (this.#options.rules !== null) {
      await this.#reconcileChosen(this.#options.rules, asked, target, signal)
      return
    }
    for await (const { db, keys, expires } of this.#options.session.scan(signal)) {
      if (expires === 0 && !asked.forgetsExpiries) continue
      for (let at = 0; at < keys.length; at += askedAtOnce)
        await this.#reconcile(db, keys.slice(at, at + askedAtOnce), asked, target)
      signal.throwIfAborted()
    }
  }

  /** Where names or databases are others the source is walked: what a key of the target was there is not told by it. */
  async #reconcileChosen(
    rules: FollowedRules,
    asked: SourceExpiries,
    target: Questioned,
    signal: AbortSignal,
  ): Promise<void> {
    using link = await DbLink.open(this.#options.source(), this.#options.name, signal)
    const { versionNumber } = await link.look()
    const keyspace = keyspaceOf(parseInfo(String(await link.ask(0, ['INFO', 'keyspace']))))
    for (const db of Object.keys(keyspace).map(Number))
      for await (const keys of keysOf(db, { link, versionNumber, signal })) {
        const chosen = keys.filter((key) => rules.goes({ db, key }))
        for (let at = 0; at < chosen.length; at += askedAtOnce)
          await this.#reconcile(db, chosen.slice(at, at + askedAtOnce), asked, target)
      }
  }

  /** These keys of the source. */
  async #reconcile(
    db: number,
    all: readonly Buffer[],
    asked: SourceExpiries,
    target: Questioned,
  ): Promise<void> {
    const { abroad } = this.#options
    const keys = abroad === null ? all : all.filter((key) => !abroad(key))
    if (keys.length === 0) return
    const placed = keys.map((key): DbKey => this.#options.rules?.placed({ db, key }) ?? { db, key })
    const expiries = await target.expiries(
      placed[0]!.db,
      placed.map(({ key }) => key),
    )
    const there = new Map(
      keys.map((key, index) => [key, { ...placed[index]!, expireAt: expiries[index]! }] as const),
    )
    // A cluster's transaction has one slot.
    const groups = abroad === null ? [keys] : bySlot(keys)
    await this.#options.take(async () => {
      const found = await Promise.all(groups.map((group) => this.#differing(db, group, asked, there)))
      return found.flat()
    })
  }

  /** Those of these keys whose expiry in the target is not the source's, with the source's. */
  async #differing(
    db: number,
    keys: readonly Buffer[],
    asked: SourceExpiries,
    there: ReadonlyMap<Buffer, DbKey & { readonly expireAt: number }>,
  ): Promise<readonly ExpiryCorrection[]> {
    const { offset, expiries } = await asked.ask(db, keys)
    return keys.flatMap((key, index): readonly ExpiryCorrection[] => {
      const expireAt = expiries[index]!
      const to = there.get(key)!
      const isRight = expireAt === noKey || differenceOf(expireAt, to.expireAt) <= this.#toleranceMs
      return isRight ? [] : [{ ...to, key: Buffer.from(to.key), offset, expireAt }]
    })
  }
}

function bySlot(keys: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const slots = new Map<number, Buffer[]>()
  for (const key of keys) {
    const slot = keySlot(key)
    const some = slots.get(slot)
    if (some === undefined) slots.set(slot, [key])
    else some.push(key)
  }
  return [...slots.values()]
}

const noKey = -2

/** How far the target's expiry is from the source's, milliseconds; what the target has not yet is not judged. */
function differenceOf(here: number, there: number): number {
  if (there === noKey) return Infinity
  if (here < 0 || there < 0) return here === there ? 0 : Infinity
  return Math.abs(here - unguarded(there))
}

/** Is it the source, or the target, that cannot be asked for now? */
function isOfTheServers(thrown: unknown): boolean {
  return thrown instanceof FailureError && thrown.failure.code !== 'internal.unexpected'
}
