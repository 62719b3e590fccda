import { FailureError, type Failure } from '#contract/failure.ts'
import { Bell } from '../flow/bell.ts'
import { keySlot } from '../bytes/crc16.ts'
import {
  formatCheckpoint,
  formatSourceKey,
  type Checkpoint,
  type ClusterTaskKeys,
  type Partly,
} from '../flow/checkpoint.ts'
import { slotsOf } from '../plan/across-slots.ts'
import { isCommon } from '../plan/unit-steps.ts'
import type { Argument } from '../resp/encode.ts'
import type { Link } from '../resp/link.ts'
import { Lane, type Answered, type LaneOwner } from './lane.ts'
import type { LiveNodes } from './live-nodes.ts'
import type { LiveTarget } from './live-target.ts'
import {
  isLong,
  placesOf,
  sizeOf,
  type FailedUnit,
  type Frame,
  type PreparedUnit,
} from './transaction-frame.ts'
import { doInSteps } from './unit-in-steps.ts'

/** What waits in all lanes together: of small ones few, since what lives long is carried over by the collector. */
const maxPendingBytes = 16 * 1024 * 1024
const maxPendingUnits = 512
/** So often are the checkpoints of slots with nothing to do moved on: as far back does a restart go. */
const refreshEveryMs = 5_000
const refreshedAtOnce = 1_024

export interface LiveClusterOptions {
  readonly keys: ClusterTaskKeys
  readonly nodes: LiveNodes
  /** Of every slot. */
  readonly checkpoints: readonly Checkpoint[]
  readonly start: { readonly offset: number; readonly db: number }
  readonly replid: () => string
  /** Takes all keys of the cluster away, also where we die on the way; then every lane has this checkpoint. */
  readonly empty: (after: Checkpoint) => Promise<void>
  readonly onFailed: (units: readonly FailedUnit[]) => void
  readonly onTook: (commands: number) => void
  readonly signal: AbortSignal
}

/**
 * Applies units to a cluster. Every slot is a lane: its checkpoint lies in the slot, goes in the transactions of its
 * units, and wherever the slot goes, to another master or back with a replica that lacks the last moments, what it
 * holds and what it says it has taken stay together. A unit over several slots is done in steps.
 */
export class LiveCluster implements LiveTarget, LaneOwner {
  readonly signal: AbortSignal
  /** What one slot gets is too little at a time to be gathered. */
  readonly plain = null
  readonly #options: LiveClusterOptions
  readonly #ending = new AbortController()
  readonly #lanes: readonly Lane[]
  /** Those with something pending or unanswered, and perhaps some that have just ended. */
  readonly #busy = new Set<Lane>()
  /** Those that got something since everything was sent. */
  readonly #fresh = new Set<Lane>()
  readonly #partly = new Map<number, Partly>()
  /** Units made for a step. */
  readonly #parts = new WeakSet<PreparedUnit>()
  readonly #waiting = new Map<number, Failure>()
  readonly #room = new Bell()
  #pendingBytes = 0
  #pendingUnits = 0
  #placed: { offset: number; db: number }
  #refreshedAt = 0
  #companion: Disposable | null = null
  #failure: Failure | null = null

  constructor(options: LiveClusterOptions) {
    this.#options = options
    this.signal = AbortSignal.any([options.signal, this.#ending.signal])
    this.#placed = { ...options.start }
    this.#lanes = options.checkpoints.map(({ offset, partly }, slot) => {
      if (partly !== undefined) this.#partly.set(slot, partly)
      return new Lane(slot, offset, this)
    })
    options.nodes.onLost = (failure) => this.lost(failure)
  }

  get applied(): number {
    let least = this.#placed.offset
    for (const lane of this.#busy)
      if (lane.quiet) this.#busy.delete(lane)
      else least = Math.min(least, lane.appliedUpTo(this.#placed.offset))
    return least
  }

  get safe(): number {
    return this.#lanes.reduce((least, { acked }) => Math.min(least, acked), Number.POSITIVE_INFINITY)
  }

  get waitingFor(): Failure | null {
    return this.#waiting.values().next().value ?? null
  }

  get failure(): Failure | null {
    return this.#failure
  }

  place(unit: PreparedUnit): Promise<void> | null {
    this.#check()
    const [slot, ...others] = slotsOf(unit.commands.flatMap(placesOf))
    if (slot === undefined || others.length > 0 || unit.commands.some(isCommon))
      return this.#orLost(this.#placeInSteps(unit, slot === undefined ? [] : [slot, ...others]))
    const lane = this.#lanes[slot]!
    if (unit.end <= lane.acked) return null
    if (isLong(unit)) return this.#orLost(this.#placeAlone(unit, lane))
    this.#enqueue(unit, lane)
    return this.#crowded ? this.#untilRoom() : null
  }

  async placeCopy(unit: PreparedUnit): Promise<void> {
    this.#check()
    this.#enqueue(unit, this.#lanes[unit.lanes[0]!]!)
    if (this.#crowded) await this.#untilRoom()
  }

  advance(offset: number, db: number): void {
    this.#placed = { offset, db }
  }

  flush(): void {
    this.#check()
    for (const lane of this.#fresh) lane.flush()
    this.#fresh.clear()
  }

  async drain(): Promise<void> {
    await this.#drained([...this.#busy])
  }

  async drainAndNote(): Promise<void> {
    await this.drain()
    await this.#refresh()
  }

  async refresh(): Promise<void> {
    if (performance.now() - this.#refreshedAt < refreshEveryMs) return
    await this.#refresh()
  }

  async alone<T>(lane: number, work: (link: Link) => Promise<T>): Promise<T> {
    return await this.#lanes[lane]!.alone(() => work(this.#options.nodes.linkOf(lane)))
  }

  async exchange(lane: number, frame: Frame): Promise<Answered> {
    return await this.#options.nodes.exchange(lane, frame)
  }

  repairKey(lane: number): string {
    return this.#options.keys.note('repair', lane)
  }

  checkpoint(lane: number, offset: number, db: number): readonly Argument[] {
    const partly = this.#partly.get(lane)
    return this.#checkpointOf(lane, {
      offset,
      db,
      partly: partly !== undefined && partly.end > offset ? partly : undefined,
    })
  }

  waiting(lane: number, failure: Failure | null): void {
    if (failure === null) this.#waiting.delete(lane)
    else this.#waiting.set(lane, failure)
  }

  took(units: readonly PreparedUnit[]): void {
    for (const unit of units) {
      this.#pendingBytes -= sizeOf(unit)
      // Of what is done in steps, the whole is told when it is done.
      if (!this.#parts.has(unit)) this.#options.onTook(unit.commands.length)
    }
    this.#pendingUnits -= units.length
    // Half of it goes before more comes: then what comes is sent together.
    if (this.#pendingBytes < maxPendingBytes / 2 && this.#pendingUnits < maxPendingUnits / 2)
      this.#room.ring()
  }

  acked(lane: number, offset: number): void {
    if ((this.#partly.get(lane)?.end ?? Infinity) <= offset) this.#partly.delete(lane)
  }

  failed(units: readonly FailedUnit[]): void {
    this.#options.onFailed(units)
  }

  lost(failure: Failure): void {
    this.#failure ??= failure
    this.#ending.abort()
    this.#companion?.[Symbol.dispose]()
    this.#options.nodes.abandon(failure)
    for (const lane of this.#lanes) lane.end(failure)
    this.#room.ring()
  }

  /** Ends this when the target ends. */
  endsWith(companion: Disposable): void {
    this.#companion = companion
    if (this.#failure !== null) companion[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#ending.abort()
    this.#companion?.[Symbol.dispose]()
    this.#options.nodes[Symbol.dispose]()
  }

  get #crowded(): boolean {
    return this.#pendingBytes > maxPendingBytes || this.#pendingUnits > maxPendingUnits
  }

  async #untilRoom(): Promise<void> {
    this.flush()
    await this.#room.wait()
    this.#check()
  }

  #enqueue(unit: PreparedUnit, lane: Lane): void {
    this.#hold(unit)
    lane.enqueue(unit, this.#placed.offset)
    this.#busy.add(lane)
    this.#fresh.add(lane)
  }

  #hold(unit: PreparedUnit): void {
    this.#pendingBytes += sizeOf(unit)
    this.#pendingUnits += 1
  }

  /** One too long to be held with others. */
  async #placeAlone(unit: PreparedUnit, lane: Lane): Promise<void> {
    await lane.drain()
    await lane.alone(async () => {
      this.#hold(unit)
      await lane.sendAlone(unit, [this.checkpoint(lane.index, unit.end, unit.db)])
      lane.advance(unit.end)
    })
  }

  async #placeInSteps(unit: PreparedUnit, slots: readonly number[]): Promise<void> {
    const { nodes, keys, empty, replid, onTook } = this.#options
    const isForAll = unit.commands.some(isCommon)
    const lanes = isForAll ? this.#lanes : slots.map((slot) => this.#lanes[slot]!)
    if (!isForAll && lanes.every(({ acked }) => acked >= unit.end)) return
    await this.#drained(isForAll ? [...this.#busy] : lanes)
    const done = await doInSteps(unit, {
      nodes,
      lanes: this.#lanes,
      partly: this.#partly,
      before: this.#placed,
      checkpoint: (lane, at, partly) => this.#checkpointOf(lane, { ...at, partly }),
      temporary: (lane, index) => keys.temporary(lane, index),
      repair: (lane, of) => [
        'SADD',
        this.repairKey(lane),
        ...of.keys.filter(({ key }) => keySlot(key) === lane).map(formatSourceKey),
      ],
      empty: (at, partly) => empty({ replid: replid(), ...at, partly }),
      send: (lane, part, ours) => {
        this.#parts.add(part)
        this.#hold(part)
        return lane.sendAlone(part, ours)
      },
      failed: (units) => this.failed(units),
    })
    if (done) onTook(unit.commands.length)
  }

  async #drained(lanes: readonly Lane[]): Promise<void> {
    await Promise.all(lanes.map((lane) => lane.drain()))
  }

  async #refresh(): Promise<void> {
    this.#refreshedAt = performance.now()
    const { offset, db } = this.#placed
    const behind = this.#lanes.filter(({ quiet, acked }) => quiet && acked < offset)
    for (let at = 0; at < behind.length; at += refreshedAtOnce)
      await Promise.all(behind.slice(at, at + refreshedAtOnce).map((lane) => lane.refresh(offset, db)))
  }

  #checkpointOf(lane: number, at: Omit<Checkpoint, 'replid'>): readonly Argument[] {
    const { keys, replid } = this.#options
    return ['SET', keys.lane(lane), formatCheckpoint({ replid: replid(), ...at })]
  }

  async #orLost(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (thrown) {
      if (thrown instanceof FailureError) this.lost(thrown.failure)
      throw thrown
    }
  }

  #check(): void {
    if (this.#failure !== null) throw new FailureError(this.#failure)
  }
}
