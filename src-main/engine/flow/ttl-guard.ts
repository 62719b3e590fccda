import type { Control } from '../redis/control.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { guardMs } from '../plan/expiry.ts'
import { answerLimitMs } from '../target/frame-exchange.ts'
import type { Link } from '../resp/link.ts'
import { byDatabase } from '../verify/findings.ts'
import { DbLink } from '../verify/db-link.ts'
import { type DbKey } from './checkpoint.ts'
import { changeFieldExpiries } from './field-expiries.ts'
import { NotedKeys } from './noted-keys.ts'
import { isOurs } from './own-keys.ts'

/** Expiries nearer than this stay guarded while the others are settled ahead of a freeze. */
export const horizonMs = 60_000
const scanCount = 500

/** How expiries are written: all shifted; the near ones shifted and noted; none. */
export type GuardMode = 'guarded' | 'settled' | 'final'

export interface PassOptions {
  readonly control: Control
  readonly laneOf: (key: Uint8Array) => number
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
    do {
      this.#swapped = false
      for await (const { db, keys, expiringHashes } of scanTarget(options.control, options.signal))
        await this.#inLanes(keysIn(db, keys), expiringHashes > 0, options, (expiry, key) =>
          this.#wanted(expiry, key),
        )
    } while (this.#swapped && !options.signal.aborted)
  }

  /** Every noted key to its own time; one that is past is removed by that. For a drained target. */
  async settleNoted(options: PassOptions): Promise<void> {
    const databases = await keyspaceOfTarget(options.control)
    const fields = Object.values(databases).some(({ expiringHashes }) => expiringHashes > 0)
    for await (const keys of this.#noted.batches(scanCount))
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
    { alone, laneOf, versionNumber }: PassOptions,
    wanted: (expiry: number, key: DbKey) => number | null,
  ): Promise<void> {
    await Promise.all(
      [...byLane(keys, laneOf)].map(([index, group]) =>
        alone(index, async (lane) => {
          const link = DbLink.over(lane, versionNumber, answerLimitMs)
          for (const [db, some] of byDatabase(group)) {
            const expiries = await link.expiries(db, some)
            const changes = some.flatMap((key, at) => {
              const expiry = expiries[at]!
              const time = expiry > 0 ? wanted(expiry, { db, key }) : null
              return time === null || time === expiry ? [] : [['PEXPIREAT', key, time]]
            })
            await link.askAll(db, changes)
            if (fields)
              await changeFieldExpiries(db, some, link, (expiry, key) => wanted(expiry, { db, key }))
          }
          // As the transactions of the lane expect it.
          await link.select(0)
        }),
      ),
    )
  }
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

/** Keys of one database of a target, none of them ours. */
export interface ScannedKeys {
  readonly db: number
  readonly keys: readonly Buffer[]
  /** What the database had when it was begun with. */
  readonly expires: number
  readonly expiringHashes: number
}

/** Every key of a target, in batches. */
export async function* scanTarget(control: Control, signal: AbortSignal): AsyncGenerator<ScannedKeys, void> {
  for (const [name, { expires, expiringHashes }] of Object.entries(await keyspaceOfTarget(control))) {
    const db = Number(name)
    let cursor = '0'
    do {
      // The control connection is shared: SELECT and SCAN must not be parted by another's command.
      const [, scanned] = await Promise.all([
        control.call('SELECT', db),
        control.callBuffer('SCAN', cursor, 'COUNT', scanCount),
        control.call('SELECT', 0),
      ])
      const [next, keys] = scanned as unknown as [Buffer, readonly Buffer[]]
      cursor = next.toString()
      yield { db, keys: keys.filter((key) => !isOurs(key)), expires, expiringHashes }
    } while (cursor !== '0' && !signal.aborted)
  }
}

async function keyspaceOfTarget(control: Control): Promise<ReturnType<typeof keyspaceOf>> {
  return keyspaceOf(parseInfo(String(await control.call('INFO', 'keyspace'))))
}

function keysIn(db: number, keys: readonly Buffer[]): readonly DbKey[] {
  return keys.map((key) => ({ db, key }))
}
