import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError } from '#contract/failure.ts'
import { guardMs } from '../plan/expiry.ts'
import { answerLimitMs } from '../target/frame-exchange.ts'
import type { Link } from '../resp/link.ts'
import { byDatabase } from '../verify/findings.ts'
import { DbLink } from '../verify/db-link.ts'
import { assertHere } from './assert-here.ts'
import { type DbKey } from './checkpoint.ts'
import { changeFieldExpiries } from './field-expiries.ts'
import { NotedKeys } from './noted-keys.ts'
import type { TargetSession } from './target-session.ts'

/** Expiries nearer than this stay guarded while the others are settled ahead of a freeze. */
export const horizonMs = 60_000
const keysAtOnce = 500
const lookAgainMs = 100

/** How expiries are written: all shifted; the near ones shifted and noted; none. */
export type GuardMode = 'guarded' | 'settled' | 'final'

export interface PassOptions {
  readonly target: Pick<TargetSession, 'scan' | 'hasExpiringFields'>
  readonly laneOf: (key: Uint8Array) => number
  /** Resolves when everything is in the target that has been placed by now. */
  readonly applyPlaced: () => Promise<void>
  /** Runs `work` with a link of a lane's while nothing that is for the keys of this lane is on its way. */
  readonly alone: (lane: number, work: (link: Link) => Promise<void>) => Promise<void>
  /** The Redis version that the target is, or stands for: 7.0 → 700. */
  readonly versionNumber: number
  readonly signal: AbortSignal
}

/**
 * Keeps a target from expiring anything by itself while a source is followed: every expiry is written shifted
 * far into the future (`guardMs`), so that a key whose expiry is renewed at the source in the last moment
 * cannot be lost to a lag. What expires at the source is removed by the source's own DEL.
 *
 * Before a freeze the expiries that are not near are put to their own time (`settled`), so that only the near
 * ones, noted here, are left to be put right while writes stand still.
 */
export class TtlGuard implements AsyncDisposable {
  #mode: GuardMode = 'guarded'
  #swapped = false
  readonly #noted: NotedKeys

  /** `spillFile`: where noted keys go when they are many. */
  constructor(spillFile: string) {
    this.#noted = new NotedKeys(spillFile)
  }

  get mode(): GuardMode {
    return this.#mode
  }

  /** Writes from now on go by this mode. What is in the target already is brought in line by `pass`. */
  set mode(mode: GuardMode) {
    this.#mode = mode
  }

  /**
   * The time to write for an expiry of the source. One that lies beyond the guard itself (the year 3084) stays
   * shifted until the end, lest it be taken for a shifted one.
   */
  timeToWrite(at: number, key: DbKey): number {
    if (this.#mode === 'final') return at
    if (this.#mode === 'settled') {
      if (at > Date.now() + horizonMs && at < guardMs) return at
      this.#noted.add(key)
    }
    return at + guardMs
  }

  /** A key that has been given another's expiry, shifted or not. */
  noteMoved(key: DbKey): void {
    if (this.#mode === 'settled') this.#noted.add(key)
  }

  /** Databases changed places: a scan under way may have missed keys. */
  noteSwap(): void {
    this.#swapped = true
  }

  /** Goes through the whole target once and brings every expiry in line with the mode. Repeatable at any time. */
  async pass(options: PassOptions): Promise<void> {
    // It may have been prepared by another mode, and must not arrive behind the look at its key.
    await options.applyPlaced()
    do {
      this.#swapped = false
      for await (const { db, keys, expiringHashes } of options.target.scan(options.signal))
        await this.#inLanes(keysIn(db, keys), expiringHashes > 0, options, (expiry, key) =>
          this.#wanted(expiry, key),
        )
    } while (this.#swapped && !options.signal.aborted)
  }

  /** Every noted key to its own time; one that is past is removed by that. For a drained target. */
  async settleNoted(options: PassOptions): Promise<void> {
    const fields = await options.target.hasExpiringFields()
    for await (const keys of this.#noted.batches(keysAtOnce))
      await this.#inLanes(keys, fields, options, (expiry) => (expiry >= guardMs ? expiry - guardMs : null))
  }

  async forgetNoted(): Promise<void> {
    await this.#noted.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#noted.clear()
  }

  #wanted(expiry: number, key: DbKey): number {
    const at = expiry >= guardMs ? expiry - guardMs : expiry
    return this.timeToWrite(at, key)
  }

  /**
   * Reads and changes expiries while the keys' lanes stand still, so that nothing the source says comes between.
   * `fields`: those of hashes too. `wanted`: null leaves an expiry as it is.
   */
  async #inLanes(
    keys: readonly DbKey[],
    fields: boolean,
    { alone, laneOf, versionNumber, signal }: PassOptions,
    wanted: (expiry: number, key: DbKey) => number | null,
  ): Promise<void> {
    const change = async (lane: Link, group: readonly DbKey[]): Promise<void> => {
      const link = DbLink.over(lane, versionNumber, answerLimitMs)
      for (const [db, some] of byDatabase(group)) {
        const expiries = await link.expiries(db, some)
        if (expiries.some(Number.isNaN)) fail('target.slot-moving', { address: lane.address })
        const changes = some.flatMap((key, at) => {
          const expiry = expiries[at]!
          const time = expiry > 0 ? wanted(expiry, { db, key }) : null
          return time === null || time === expiry ? [] : [['PEXPIREAT', key, time]]
        })
        assertHere(await link.askAll(db, changes), lane.address)
        if (fields) await changeFieldExpiries(db, some, link, (expiry, key) => wanted(expiry, { db, key }))
      }
      // As the transactions of the lane expect it.
      await link.select(0)
    }
    await Promise.all(
      [...byLane(keys, laneOf)].map(async ([index, group]) => {
        while (
          !signal.aborted &&
          !(await alone(index, (lane) => change(lane, group)).then(isDone, notMoving))
        )
          await sleep(lookAgainMs, undefined, { signal }).catch(() => undefined)
      }),
    )
  }
}

const isDone = (): boolean => true

/** While a cluster's slot is on its way, it is waited for. */
function notMoving(thrown: unknown): boolean {
  if (thrown instanceof FailureError && thrown.failure.code === 'target.slot-moving') return false
  throw thrown
}

function byLane(
  keys: readonly DbKey[],
  laneOf: (key: Uint8Array) => number,
): ReadonlyMap<number, readonly DbKey[]> {
  const lanes = new Map<number, DbKey[]>()
  for (const key of keys) {
    const lane = laneOf(key.key)
    const group = lanes.get(lane)
    if (group === undefined) lanes.set(lane, [key])
    else group.push(key)
  }
  return lanes
}

function keysIn(db: number, keys: readonly Buffer[]): readonly DbKey[] {
  return keys.map((key) => ({ db, key }))
}
