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
import type { WalkedKeys, WalkSeat } from './target-walk.ts'

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
  readonly session: Pick<TargetSession, 'openQuestions' | 'versionNumber'>
  /** Where the target's slots were when the copy was made; null while one was on its way. */
  readonly slots: string | null
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
  /** It does not apply its stream any more. */
  readonly ended: AbortSignal
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
  #slots: string | null

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#slots = options.slots
    this.#noted = this.#openNoted()
  }

  /** Is the whole target to be gone through? */
  get wantsAll(): boolean {
    return this.#everything && this.#isNeeded === true
  }

  /** Not so far behind that what is compared now would wait for long to be placed. */
  get isNear(): boolean {
    return this.#options.lagMs() <= lagLimitMs
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

  /** Where the target's slots are now: keys that have gone to another server do not expire when they did. */
  noteSlots(slots: string | null): void {
    if (slots === null || slots !== this.#slots) {
      this.#moved = true
      this.#everything = true
    }
    this.#slots = slots
  }

  /** Compares noted keys in the background, as long as the target is near. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#isNeeded === true && this.isNear) await this.#tryOnce(() => this.#runNoted(signal), signal)
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /**
   * Compares all that the target has of this source, with the others who take the same walk. False where one of the two
   * cannot be asked now, or it is ended.
   */
  async reconcileAll(seat: WalkSeat, signal: AbortSignal): Promise<boolean> {
    const over = AbortSignal.any([signal, this.#options.ended])
    return await this.#tryOnce(() => this.#runAll(seat, over), over)
  }

  /**
   * Until no noted key is left, for a source that stands still. False where one of the two cannot be asked now, or the
   * whole target is to be gone through once more.
   */
  async finish(signal: AbortSignal): Promise<boolean> {
    if (this.#isNeeded === null) return false
    // One that is under way has taken upon itself what it may yet fail to do.
    await this.#turn.run(() => Promise.resolve())
    while (this.#isNeeded && !this.#noted.isEmpty)
      if (!(await this.#tryOnce(() => this.#runNoted(signal), signal))) return false
    return !this.wantsAll
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
  async #tryOnce(work: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#turn.run(work)
      return true
    } catch (thrown) {
      if (signal.aborted || isOfTheServers(thrown)) return false
      throw thrown
    }
  }

  async #runNoted(signal: AbortSignal): Promise<void> {
    if (this.#noted.isEmpty) return
    const noted = this.#noted
    this.#noted = this.#openNoted()
    try {
      using asked = await this.#openSource(signal)
      using asking = await this.#openTarget(signal)
      for await (const keys of noted.batches(askedAtOnce)) {
        for (const [db, some] of byDatabase(keys)) await this.#reconcile(db, this.#own(some), asked, asking)
        signal.throwIfAborted()
      }
    } catch (thrown) {
      // None of it has been looked at for sure.
      for await (const keys of noted.batches(askedAtOnce)) for (const key of keys) this.#noted.add(key)
      throw thrown
    } finally {
      await noted.clear()
    }
  }

  async #runAll(seat: WalkSeat, signal: AbortSignal): Promise<void> {
    this.#everything = false
    try {
      using asked = await this.#openSource(signal)
      using asking = await this.#openTarget(signal)
      const { rules } = this.#options
      if (rules !== null) {
        seat.leave()
        await this.#reconcileChosen(rules, asked, asking, signal)
      } else await seat.go((walked) => this.#visit(walked, asked, asking), signal)
      this.#done = true
    } catch (thrown) {
      this.#everything = true
      throw thrown
    }
  }

  #openSource(signal: AbortSignal): Promise<SourceExpiries> {
    const { source, name, askPlace } = this.#options
    return SourceExpiries.open(source(), name, askPlace, signal)
  }

  #openTarget(signal: AbortSignal): Promise<Questioned & Disposable> {
    const { session, name } = this.#options
    return session.openQuestions(name, signal)
  }

  #openNoted(): NotedKeys {
    this.#spills += 1
    return new NotedKeys(`${this.#options.spillFile}-${this.#spills % 2}`)
  }

  /**
   * Keys of the target; gives back those that are not this source's. What does not expire there does not at the source
   * either, but where a run of ours may have ended with notes of sums.
   */
  async #visit(
    { db, keys, expires }: WalkedKeys,
    asked: SourceExpiries,
    target: Questioned,
  ): Promise<readonly Buffer[]> {
    if (expires === 0 && !asked.forgetsExpiries) return keys
    const own = this.#own(keys)
    const mine = new Set<Buffer>()
    for (let at = 0; at < own.length; at += askedAtOnce)
      for (const key of await this.#reconcile(db, own.slice(at, at + askedAtOnce), asked, target))
        mine.add(key)
    return keys.filter((key) => !mine.has(key))
  }

  /** Without those that are another master's to tell of. */
  #own<Key extends Buffer>(keys: readonly Key[]): readonly Key[] {
    const { abroad } = this.#options
    return abroad === null ? keys : keys.filter((key) => !abroad(key))
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
        const chosen = this.#own(keys).filter((key) => rules.goes({ db, key }))
        signal.throwIfAborted()
        for (let at = 0; at < chosen.length; at += askedAtOnce)
          await this.#reconcile(db, chosen.slice(at, at + askedAtOnce), asked, target)
      }
  }

  /** Resolves with those of these keys that the source has. */
  async #reconcile(
    db: number,
    keys: readonly Buffer[],
    asked: SourceExpiries,
    target: Questioned,
  ): Promise<readonly Buffer[]> {
    if (keys.length === 0) return []
    const { abroad, rules, take } = this.#options
    const placed = keys.map((key): DbKey => rules?.placed({ db, key }) ?? { db, key })
    const there = await target.expiries(
      placed[0]!.db,
      placed.map(({ key }) => key),
    )
    // A cluster's transaction has one slot.
    const groups = abroad === null ? [[...keys.keys()]] : bySlot(keys)
    const found: Buffer[] = []
    await take(async () => {
      const answers = await asked.askGroups(
        db,
        groups.map((group) => group.map((at) => keys[at]!)),
      )
      return answers.flatMap(({ offset, expiries }, of) =>
        groups[of]!.flatMap((at, index): readonly ExpiryCorrection[] => {
          const expireAt = expiries[index]!
          if (expireAt === noKey) return []
          found.push(keys[at]!)
          const to = placed[at]!
          return differenceOf(expireAt, there[at]!) <= this.#toleranceMs
            ? []
            : [{ ...to, key: Buffer.from(to.key), offset, expireAt }]
        }),
      )
    })
    return found
  }
}

/** Their places in the list. */
function bySlot(keys: readonly Buffer[]): readonly (readonly number[])[] {
  const slots = new Map<number, number[]>()
  for (const [at, key] of keys.entries()) {
    const slot = keySlot(key)
    const some = slots.get(slot)
    if (some === undefined) slots.set(slot, [at])
    else some.push(at)
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
