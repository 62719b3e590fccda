import type { Control } from '../redis/control.ts'
import { guardMs } from '../plan/expiry.ts'
import type { Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Link } from '../resp/link.ts'
import { answerLimitMs } from '../target/frame-exchange.ts'
import { type DbKey } from './checkpoint.ts'
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
      for (const db of await databasesOf(options.control)) await this.#passDatabase(db, options)
    } while (this.#swapped && !options.signal.aborted)
  }

  /** Every noted key to its own time; one that is past is removed by that. For a drained target. */
  async settleNoted(options: PassOptions): Promise<void> {
    for await (const keys of this.#noted.batches(scanCount))
      await this.#inLanes(keys, options, (expiry) => (expiry >= guardMs ? expiry - guardMs : null))
  }

  async forgetNoted(): Promise<void> {
    await this.#noted.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#noted.clear()
  }

  async #passDatabase(db: number, options: PassOptions): Promise<void> {
    const { control, signal } = options
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
      const theirs = keys.filter((key) => !isOurs(key))
      await this.#inLanes(
        theirs.map((key) => ({ db, key })),
        options,
        (expiry, key) => this.#wanted(expiry, key),
      )
    } while (cursor !== '0' && !signal.aborted)
  }

  #wanted(expiry: number, key: DbKey): number {
    const at = expiry >= guardMs ? expiry - guardMs : expiry
    return this.timeToWrite(at, key)
  }

  /**
   * Reads and changes expiries while the keys' lanes stand still, so that nothing the source says comes between.
   * `wanted`: null leaves a key as it is.
   */
  async #inLanes(
    keys: readonly DbKey[],
    { laneOf, alone }: PassOptions,
    wanted: (expiry: number, key: DbKey) => number | null,
  ): Promise<void> {
    const byLane = new Map<number, DbKey[]>()
    for (const key of keys) {
      const lane = laneOf(key.key)
      const group = byLane.get(lane)
      if (group === undefined) byLane.set(lane, [key])
      else group.push(key)
    }
    await Promise.all(
      [...byLane].map(([index, group]) =>
        alone(index, async (link) => {
          const expiries = await exchange(
            link,
            group.map(({ db, key }) => ({ db, args: ['PEXPIRETIME', key] })),
          )
          const changes = group.flatMap((key, at) => {
            const expiry = Number(expiries[at])
            const time = expiry > 0 ? wanted(expiry, key) : null
            return time === null || time === expiry
              ? []
              : [{ db: key.db, args: ['PEXPIREAT', key.key, time] }]
          })
          await exchange(link, changes)
        }),
      ),
    )
  }
}

interface DbCommand {
  readonly db: number
  readonly args: readonly (string | number | Uint8Array)[]
}

/** Sends commands over a link that stands in database 0, and leaves it there. */
async function exchange(link: Link, commands: readonly DbCommand[]): Promise<readonly Reply[]> {
  if (commands.length === 0) return []
  const parts: Buffer[] = []
  const mine: boolean[] = []
  let selected = 0
  const push = (args: DbCommand['args'], wanted: boolean): void => {
    parts.push(encodeCommand(args))
    mine.push(wanted)
  }
  for (const { db, args } of commands) {
    if (db !== selected) push(['SELECT', db], false)
    selected = db
    push(args, true)
  }
  if (selected !== 0) push(['SELECT', 0], false)
  const replies = await link.exchange(Buffer.concat(parts), mine.length, answerLimitMs)
  return replies.filter((_, index) => mine[index])
}

async function databasesOf(control: Control): Promise<readonly number[]> {
  const text = await control.call('INFO', 'keyspace')
  return [...String(text).matchAll(/^db(\d+):/gm)].map((found) => Number(found[1]))
}
