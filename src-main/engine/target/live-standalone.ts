import type { Connection } from '#contract/connection.ts'
import { FailureError, type Failure } from '#contract/failure.ts'
import { formatCheckpoint, type TaskKeys } from '../flow/checkpoint.ts'
import type { Argument } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { exchangeFrame } from './frame-exchange.ts'
import { Lane, type Answered, type LaneOwner } from './lane.ts'
import type { LiveTarget } from './live-target.ts'
import {
  isLong,
  mayTakeOurKeys,
  type FailedUnit,
  type Frame,
  type PreparedUnit,
} from './transaction-frame.ts'

export interface LiveStandaloneOptions {
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
export class LiveStandalone implements LiveTarget, LaneOwner {
  readonly lanes: readonly Lane[]
  readonly signal: AbortSignal
  readonly #options: LiveStandaloneOptions
  readonly #ending = new AbortController()
  readonly #waiting = new Map<number, Failure>()
  #placed: { offset: number; db: number }
  #failure: Failure | null = null

  constructor(options: LiveStandaloneOptions) {
    this.#options = options
    this.signal = AbortSignal.any([options.signal, this.#ending.signal])
    this.#placed = { ...options.start }
    this.lanes = options.acked.map((acked, index) => new Lane(index, acked, this))
  }

  get applied(): number {
    return this.lanes.reduce(
      (least, lane) => Math.min(least, lane.appliedUpTo(this.#placed.offset)),
      this.#placed.offset,
    )
  }

  get safe(): number {
    return this.lanes.reduce((least, lane) => Math.min(least, lane.acked), Number.POSITIVE_INFINITY)
  }

  get placed(): number {
    return this.#placed.offset
  }

  get waitingFor(): Failure | null {
    return this.#waiting.values().next().value ?? null
  }

  place(unit: PreparedUnit): Promise<void> | null {
    this.#check()
    if (unit.lanes.length > 1 || isLong(unit) || mayTakeOurKeys(unit)) return this.#placeAlone(unit)
    const lane = this.lanes[unit.lanes[0]!]!
    if (unit.end > lane.acked) lane.enqueue(unit, this.#placed.offset)
    return lane.crowded ? lane.room() : null
  }

  async placeCopy(unit: PreparedUnit): Promise<void> {
    this.#check()
    const lane = this.lanes[unit.lanes[0]!]!
    lane.enqueue(unit, this.#placed.offset)
    if (lane.crowded) await lane.room()
  }

  advance(offset: number, db: number): void {
    this.#placed = { offset, db }
  }

  flush(): void {
    this.#check()
    for (const lane of this.lanes) lane.flush()
  }

  async drain(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.drain()))
    await this.refresh()
  }

  async refresh(): Promise<void> {
    const { offset, db } = this.#placed
    await Promise.all(
      this.lanes.filter((lane) => lane.quiet && lane.acked < offset).map((lane) => lane.refresh(offset, db)),
    )
  }

  async alone<T>(lane: number, work: (link: Link) => Promise<T>): Promise<T> {
    return await this.lanes[lane]!.alone(() => work(this.#options.links[lane]!))
  }

  async exchange(lane: number, frame: Frame): Promise<Answered> {
    const link = this.#options.links[lane]!
    return { replies: await exchangeFrame(link, frame), address: link.address }
  }

  repairKey(): string {
    return this.#options.keys.repair
  }

  checkpoint(lane: number, offset: number, db: number): readonly Argument[] {
    const { keys, replid } = this.#options
    return ['SET', keys.lane(lane), formatCheckpoint({ replid: replid(), offset, db })]
  }

  waiting(lane: number, failure: Failure | null): void {
    if (failure === null) this.#waiting.delete(lane)
    else this.#waiting.set(lane, failure)
  }

  took(units: readonly PreparedUnit[]): void {
    this.#options.onTook(units.reduce((sum, { commands }) => sum + commands.length, 0))
  }

  failed(units: readonly FailedUnit[]): void {
    this.#options.onFailed(units)
  }

  /** One lost link ends them all: only the target knows what it has taken, and it is asked anew. */
  lost(failure: Failure): void {
    this.#failure ??= failure
    this.#ending.abort()
    for (const link of this.#options.links) link.close()
    for (const lane of this.lanes) lane.end(failure)
  }

  get failure(): Failure | null {
    return this.#failure
  }

  [Symbol.dispose](): void {
    this.#ending.abort()
    for (const link of this.#options.links) link.close()
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
