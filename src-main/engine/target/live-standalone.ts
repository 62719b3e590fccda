import type { Connection } from '#contract/connection.ts'
import { FailureError, type Failure } from '#contract/failure.ts'
import { formatCheckpoint, type TaskKeys } from '../flow/checkpoint.ts'
import type { Argument } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { exchangeFrame } from './frame-exchange.ts'
import { Lane, type Answered, type LaneOwner } from './lane.ts'
import type { LiveTarget, PlainTarget } from './live-target.ts'
import type { PlainCommand } from './plain-run.ts'
import {
  commandsIn,
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

/** Units of several lanes that are no further apart than this are close: the lanes would but wait for each other. */
const closeTogether = 1_024
/** Of all lanes joined; told apart from the lanes' own. */
const joint = -1

/**
 * Applies units to a standalone server, each exactly once: a key's units in order on the lane of the key,
 * those of several lanes when all of these have caught up. Where such are close together, the lanes are joined for
 * as long as it lasts: everything goes over one connection, in order. Every transaction carries the checkpoint of
 * the place behind it, so the target itself tells what it has taken.
 */
export class LiveStandalone implements LiveTarget, LaneOwner {
  readonly lanes: readonly Lane[]
  readonly signal: AbortSignal
  readonly plain: PlainTarget
  readonly #options: LiveStandaloneOptions
  readonly #ending = new AbortController()
  readonly #waiting = new Map<number, Failure>()
  /** Takes the units of all lanes while these are joined: then nothing is pending in any of them, nor here otherwise. */
  readonly #joint: Lane
  #areJoined = false
  /** Units placed since the last of several lanes. */
  #sinceCrossing = Number.POSITIVE_INFINITY
  readonly #placed: { offset: number; db: number }
  /** One that has got as much as it may hold. */
  #crowded: Lane | null = null
  /** The lanes are to be parted before more comes. */
  #isParting = false
  #failure: Failure | null = null

  constructor(options: LiveStandaloneOptions) {
    this.#options = options
    this.signal = AbortSignal.any([options.signal, this.#ending.signal])
    this.#placed = { ...options.start }
    this.lanes = options.acked.map((acked, index) => new Lane(index, acked, this))
    this.#joint = new Lane(joint, options.start.offset, this)
    this.plain = {
      lanes: this.lanes.length,
      placePlain: (command) => this.#placePlain(command),
      room: () => this.#room(),
    }
  }

  get applied(): number {
    return [this.#joint, ...this.lanes].reduce(
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
    if (isLong(unit) || mayTakeOurKeys(unit)) return this.#placeAlone(unit)
    const isCrossing = unit.lanes.length > 1
    const isClose = this.#sinceCrossing < closeTogether
    this.#sinceCrossing = isCrossing ? 0 : this.#sinceCrossing + 1
    if (this.#areJoined) return isClose ? this.#enqueue(unit) : this.#partFor(unit)
    if (!isCrossing) return this.#enqueue(unit)
    return isClose ? this.#join(unit) : this.#placeAlone(unit)
  }

  async placeCopy(unit: PreparedUnit): Promise<void> {
    this.#check()
    const lane = this.#laneFor(unit)
    lane.enqueue(unit, this.#placed.offset)
    if (lane.crowded) await lane.room()
  }

  advance(offset: number, db: number): void {
    this.#placed.offset = offset
    this.#placed.db = db
  }

  flush(): void {
    this.#check()
    this.#joint.flush()
    for (const lane of this.lanes) lane.flush()
  }

  async drain(): Promise<void> {
    await this.#joint.drain()
    await Promise.all(this.lanes.map((lane) => lane.drain()))
  }

  async drainAndNote(): Promise<void> {
    await this.drain()
    await this.refresh()
  }

  async refresh(): Promise<void> {
    await this.#joint.alone(async () => {
      // What is pending there is behind no lane's checkpoint, and none may be written over it.
      if (!this.#joint.quiet) return
      const { offset, db } = this.#placed
      const behind = this.lanes.filter((lane) => lane.quiet && lane.acked < offset)
      await Promise.all(behind.map((lane) => lane.refresh(offset, db)))
    })
  }

  async alone<T>(lane: number, work: (link: Link) => Promise<T>): Promise<T> {
    return await this.#holdAll([this.lanes[lane]!], () => work(this.#options.links[lane]!))
  }

  async exchange(lane: number, frame: Frame): Promise<Answered> {
    const link = this.#linkOf(lane)
    return { replies: await exchangeFrame(link, frame), address: link.address }
  }

  repairKey(): string {
    return this.#options.keys.repair
  }

  checkpoint(lane: number, offset: number, db: number): readonly Argument[] {
    const { keys, replid } = this.#options
    const checkpoint = formatCheckpoint({ replid: replid(), offset, db })
    if (lane !== joint) return ['SET', keys.lane(lane), checkpoint]
    return ['MSET', ...this.#lanesUpTo(offset).flatMap(({ index }) => [keys.lane(index), checkpoint])]
  }

  acked(index: number, offset: number): void {
    if (index === joint) for (const lane of this.#lanesUpTo(offset)) lane.advance(offset)
  }

  waiting(lane: number, failure: Failure | null): void {
    if (failure === null) this.#waiting.delete(lane)
    else this.#waiting.set(lane, failure)
  }

  took(units: readonly PreparedUnit[]): void {
    this.#options.onTook(units.reduce((sum, unit) => sum + commandsIn(unit), 0))
  }

  failed(units: readonly FailedUnit[]): void {
    this.#options.onFailed(units)
  }

  /** One lost link ends them all: only the target knows what it has taken, and it is asked anew. */
  lost(failure: Failure): void {
    this.#failure ??= failure
    this.#ending.abort()
    for (const link of this.#options.links) link.close()
    for (const lane of [this.#joint, ...this.lanes]) lane.end(failure)
  }

  get failure(): Failure | null {
    return this.#failure
  }

  [Symbol.dispose](): void {
    this.#ending.abort()
    for (const link of this.#options.links) link.close()
  }

  #enqueue(unit: PreparedUnit): Promise<void> | null {
    const lane = this.#laneFor(unit)
    // All of a unit's lanes are behind it or none is: their checkpoints are written in its own transaction.
    if (unit.end > this.lanes[unit.lanes[0]!]!.acked) lane.enqueue(unit, this.#placed.offset)
    return lane.crowded ? lane.room() : null
  }

  async #join(unit: PreparedUnit): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.drain()))
    this.#areJoined = true
    await this.#enqueue(unit)
  }

  async #partFor(unit: PreparedUnit): Promise<void> {
    await this.#part()
    await (unit.lanes.length > 1 ? this.#placeAlone(unit) : this.#enqueue(unit))
  }

  #placePlain(command: PlainCommand): boolean {
    const own = this.lanes[command.lane]!
    const lane = this.#areJoined ? this.#joint : own
    const placed = this.#placed
    this.#isParting = this.#areJoined && this.#sinceCrossing >= closeTogether
    this.#sinceCrossing += 1
    if (command.end > own.acked) lane.enqueuePlain(command, placed.offset)
    placed.offset = command.end
    placed.db = command.db
    if (lane.crowded) this.#crowded = lane
    return !this.#isParting && this.#crowded === null
  }

  #room(): Promise<void> | null {
    this.#check()
    const lane = this.#crowded
    this.#crowded = null
    return this.#isParting ? this.#part() : (lane?.room() ?? null)
  }

  async #part(): Promise<void> {
    await this.#joint.drain()
    this.#areJoined = false
    this.#isParting = false
  }

  /**
   * A unit of several lanes, one too long to be held with others, or one behind which our own keys are written
   * back (also where there is but one lane), goes when each of its lanes has nothing unanswered, and moves all
   * their checkpoints.
   */
  async #placeAlone(unit: PreparedUnit): Promise<void> {
    const lanes = unit.lanes.map((index) => this.lanes[index]!)
    await this.#joint.drain()
    if (unit.end <= lanes[0]!.acked) return
    await Promise.all(lanes.map((lane) => lane.drain()))
    const ours = [
      ...(await this.#options.ownKeys(unit)),
      ...unit.lanes.map((index) => this.checkpoint(index, unit.end, unit.db)),
    ]
    try {
      await this.#holdAll(lanes, () => lanes[0]!.sendAlone(unit, ours))
    } catch (thrown) {
      if (thrown instanceof FailureError) this.lost(thrown.failure)
      throw thrown
    }
    for (const lane of lanes) lane.advance(unit.end)
  }

  /** Holds the lanes one inside the other, in ascending order, so that two who hold several never wait for each other. */
  async #holdAll<T>(lanes: readonly Lane[], work: () => Promise<T>): Promise<T> {
    const held = [this.#joint, ...lanes].reduceRight((inner, lane) => () => lane.alone(inner), work)
    return await held()
  }

  #laneFor(unit: PreparedUnit): Lane {
    return this.#areJoined ? this.#joint : this.lanes[unit.lanes[0]!]!
  }

  #linkOf(lane: number): Link {
    return this.#options.links[lane === joint ? 0 : lane]!
  }

  #lanesUpTo(offset: number): readonly Lane[] {
    return this.lanes.filter(({ acked }) => acked <= offset)
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
