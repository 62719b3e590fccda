import type { Connection } from '#contract/connection.ts'
import { FailureError, type Failure } from '#contract/failure.ts'
import { formatCheckpoint, type TaskKeys } from '../flow/checkpoint.ts'
import type { Argument } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { Lane, type LaneOwner } from './lane.ts'
import { isLong, mayTakeOurKeys, type FailedUnit, type PreparedUnit } from './transaction-frame.ts'

export interface LiveTargetOptions {
  readonly keys: TaskKeys
  /** One link a lane, and the offset that lane has reached. */
  readonly links: readonly Link[]
  readonly acked: readonly number[]
  /** Where placing begins: nothing before it is still to come. */
  readonly start: { readonly offset: number; readonly db: number }
  /** The id to be written with the next checkpoints. */
  readonly replid: () => string
  /** Written with a unit that may take our own keys away (FLUSHALL, SWAPDB), behind it. */
  readonly ownKeys: (unit: PreparedUnit) => Promise<readonly (readonly Argument[])[]>
  readonly onFailed: (units: readonly FailedUnit[]) => void
  /** So many commands of units have been taken. */
  readonly onTook: (commands: number) => void
  readonly signal: AbortSignal
}

/**
 * Applies units to a standalone server, each exactly once: a key's units in order on the lane of the key,
 * those of several lanes when all of these have caught up. Every transaction carries the checkpoint of the
 * place behind it, so the target itself tells what it has taken.
 */
export class LiveTarget implements LaneOwner, Disposable {
  readonly lanes: readonly Lane[]
  readonly repairKey: string
  readonly signal: AbortSignal
  readonly #options: LiveTargetOptions
  readonly #ending = new AbortController()
  readonly #waiting = new Map<number, Failure>()
  #placed: { offset: number; db: number }
  #failure: Failure | null = null

  constructor(options: LiveTargetOptions) {
    this.#options = options
    this.repairKey = options.keys.repair
    this.signal = AbortSignal.any([options.signal, this.#ending.signal])
    this.#placed = { ...options.start }
    this.lanes = options.links.map((link, index) => new Lane(index, link, options.acked[index]!, this))
  }

  /** Every unit up to here is in the target. */
  get applied(): number {
    return this.lanes.reduce(
      (least, lane) => Math.min(least, lane.appliedUpTo(this.#placed.offset)),
      this.#placed.offset,
    )
  }

  /** What a restart would go on from: the least of the checkpoints in the target. */
  get safe(): number {
    return this.lanes.reduce((least, lane) => Math.min(least, lane.acked), Number.POSITIVE_INFINITY)
  }

  get placed(): number {
    return this.#placed.offset
  }

  /** Why the target does not take what it is sent; null while it does. */
  get waitingFor(): Failure | null {
    return this.#waiting.values().next().value ?? null
  }

  /** Puts a unit on its way. Resolves, where it returns a promise, when the next one may come. */
  place(unit: PreparedUnit): Promise<void> | null {
    this.#check()
    if (unit.lanes.length > 1 || isLong(unit) || mayTakeOurKeys(unit)) return this.#placeAlone(unit)
    const lane = this.lanes[unit.lanes[0]!]!
    if (unit.end > lane.acked) lane.enqueue(unit, this.#placed.offset)
    return lane.crowded ? lane.room() : null
  }

  /** Puts a key's copy on its way, at its offset, whatever the lane has taken: it is not a unit of the stream. */
  async placeCopy(unit: PreparedUnit): Promise<void> {
    this.#check()
    const lane = this.lanes[unit.lanes[0]!]!
    lane.enqueue(unit, this.#placed.offset)
    if (lane.crowded) await lane.room()
  }

  /** Placing has come to this boundary of the stream. */
  advance(offset: number, db: number): void {
    this.#placed = { offset, db }
  }

  flush(): void {
    this.#check()
    for (const lane of this.lanes) lane.flush()
  }

  /** Everything placed is applied, and the checkpoints of all lanes say so. */
  async drain(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.drain()))
    await this.refresh()
  }

  /** Lanes with nothing to do write where placing has come to. */
  async refresh(): Promise<void> {
    const { offset, db } = this.#placed
    await Promise.all(
      this.lanes.filter((lane) => lane.quiet && lane.acked < offset).map((lane) => lane.refresh(offset, db)),
    )
  }

  checkpoint(lane: number, offset: number, db: number): readonly Argument[] {
    const { keys, replid } = this.#options
    return ['SET', keys.lane(lane), formatCheckpoint({ replid: replid(), offset, db })]
  }

  waiting(lane: number, failure: Failure | null): void {
    if (failure === null) this.#waiting.delete(lane)
    else this.#waiting.set(lane, failure)
  }

  took(commands: number): void {
    this.#options.onTook(commands)
  }

  failed(units: readonly FailedUnit[]): void {
    this.#options.onFailed(units)
  }

  /** One lost link ends them all: only the target knows what it has taken, and it is asked anew. */
  lost(failure: Failure): void {
    this.#failure ??= failure
    this.#ending.abort()
    for (const lane of this.lanes) lane.end(failure)
  }

  get failure(): Failure | null {
    return this.#failure
  }

  [Symbol.dispose](): void {
    this.#ending.abort()
    for (const { link } of this.lanes) link.close()
  }

  /**
   * A unit of several lanes, one too long to be held with others, or one behind which our own keys are written
   * back (also where there is but one lane), goes when each of its lanes has nothing unanswered, and moves all
   * their checkpoints.
   */
  async #placeAlone(unit: PreparedUnit): Promise<void> {
    const lanes = unit.lanes.map((index) => this.lanes[index]!)
    // All of a unit's lanes are behind it or none is: their checkpoints are written in its own transaction.
    if (unit.end <= lanes[0]!.acked) return
    await Promise.all(lanes.map((lane) => lane.drain()))
    const ours = [
      ...(await this.#options.ownKeys(unit)),
      ...unit.lanes.map((index) => this.checkpoint(index, unit.end, unit.db)),
    ]
    try {
      await holdAll(lanes, () => lanes[0]!.sendAlone(unit, ours))
    } catch (thrown) {
      if (thrown instanceof FailureError) this.lost(thrown.failure)
      throw thrown
    }
    for (const lane of lanes) lane.advance(unit.end)
  }

  #check(): void {
    if (this.#failure !== null) throw new FailureError(this.#failure)
  }
}

/** One link a lane, all of one name; none where one of them cannot be had. Rejects as `Link.open` does. */
export async function openLinks(
  connection: Connection,
  name: string,
  lanes: number,
  signal: AbortSignal,
): Promise<readonly Link[]> {
  const opened = await Promise.allSettled(
    Array.from({ length: lanes }, () => Link.open(connection, { name, signal })),
  )
  const links = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const refused = opened.find((one) => one.status === 'rejected')
  if (refused === undefined) return links
  for (const link of links) link.close()
  throw refused.reason
}

/** Holds the lanes one inside the other, in ascending order, so that two who hold several never wait for each other. */
async function holdAll(lanes: readonly Lane[], work: () => Promise<void>): Promise<void> {
  const [first, ...others] = lanes
  if (first === undefined) await work()
  else await first.alone(() => holdAll(others, work))
}
