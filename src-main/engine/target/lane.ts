import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError, type Failure } from '#contract/failure.ts'
import { Bell } from '../flow/bell.ts'
import { formatSourceKey } from '../flow/checkpoint.ts'
import { Mutex } from '../flow/mutex.ts'
import type { Argument } from '../resp/encode.ts'
import type { Reply } from '../resp/decode.ts'
import { maxRunBytes, maxRunCommands, PlainRun, type PlainCommand } from './plain-run.ts'
import {
  commandsIn,
  encodeFrame,
  judge,
  sizeOf,
  takenApart,
  type FailedUnit,
  type Frame,
  type PreparedUnit,
} from './transaction-frame.ts'

const maxBatchCommands = maxRunCommands
const maxBatchBytes = maxRunBytes
const maxPendingBytes = 2 * 1024 * 1024
/** More than a batch, so that the next is full. Small ones take many times their bytes, but for those in runs. */
const maxPendingUnits = 640
const maxPendingCommands = 4096
/** Runs that are kept when they are answered for, to be used again: those of which the memory is worth it. */
const maxSpareRuns = 8
const leastSpareBytes = 16 * 1024
const shortestPauseMs = 50
const longestPauseMs = 2_000

/** What a frame was answered, and by whom. */
export interface Answered {
  readonly replies: readonly Reply[]
  readonly address: string
}

/** What a lane asks of whoever owns it, and tells. */
export interface LaneOwner {
  readonly signal: AbortSignal
  /** Sends a frame to where the lane's keys are. Rejects when the link is lost. */
  exchange(lane: number, frame: Frame): Promise<Answered>
  /** The key that lists what of a lane must be copied afresh. */
  repairKey(lane: number): string
  /** The lane's checkpoint command for a place in the stream. */
  checkpoint(lane: number, offset: number, db: number): readonly Argument[]
  /** The target refuses for now; null: it has taken the batch. */
  waiting(lane: number, failure: Failure | null): void
  took(units: readonly PreparedUnit[]): void
  /** The lane's checkpoint in the target is this one now. */
  acked(lane: number, offset: number): void
  failed(units: readonly FailedUnit[]): void
  lost(failure: Failure): void
}

/**
 * Applies the units of its keys in order, in batches, each a transaction together with the checkpoint behind it. No
 * second batch is sent while one is unanswered: if the first were refused and the second taken, the first would be lost.
 */
export class Lane {
  readonly index: number
  readonly #owner: LaneOwner
  readonly #mutex = new Mutex()
  readonly #changed = new Bell()
  #pending: PreparedUnit[] = []
  #pendingBytes = 0
  #pendingCommands = 0
  /** The run that stands last among what is pending. */
  #run: PlainRun | null = null
  readonly #spare: PlainRun[] = []
  #pumping = false
  #acked: number
  #floor: number
  #failure: Failure | null = null

  constructor(index: number, acked: number, owner: LaneOwner) {
    this.index = index
    this.#owner = owner
    this.#acked = acked
    this.#floor = acked
  }

  /** What the target has as this lane's checkpoint. */
  get acked(): number {
    return this.#acked
  }

  get quiet(): boolean {
    return !this.#pumping && this.#pending.length === 0
  }

  /** Every unit of this lane that ends at or before is applied; `placed` is where placing has come to. */
  appliedUpTo(placed: number): number {
    return this.quiet ? Math.max(placed, this.#acked) : Math.max(this.#acked, this.#floor)
  }

  /** Takes a unit whose end is behind `before`, where placing had come to. */
  enqueue(unit: PreparedUnit, before: number): void {
    if (this.quiet) this.#floor = Math.max(this.#floor, before)
    this.#run = null
    this.#pending.push(unit)
    this.#pendingBytes += sizeOf(unit)
    this.#pendingCommands += unit.commands.length
    if (this.#pendingCommands >= maxBatchCommands) this.flush()
  }

  /** The same for a command that is a unit by itself, without making one of it. */
  enqueuePlain(command: PlainCommand, before: number): void {
    if (this.#run?.db !== command.db || !this.#run.hasRoom(command.to - command.from)) {
      if (this.quiet) this.#floor = Math.max(this.#floor, before)
      this.#run = this.#newRun(command.db)
      this.#pending.push(this.#run)
    }
    this.#pendingBytes += this.#run.add(command)
    this.#pendingCommands += 1
    if (this.#pendingCommands >= maxBatchCommands) this.flush()
  }

  get crowded(): boolean {
    return (
      this.#pendingBytes > maxPendingBytes ||
      this.#pending.length > maxPendingUnits ||
      this.#pendingCommands > maxPendingCommands
    )
  }

  /** Resolves when more units may come. */
  async room(): Promise<void> {
    this.flush()
    while (this.crowded) await this.#next()
  }

  /** Sends what is pending, if nothing is unanswered; else it goes as soon as the answer is here. */
  flush(): void {
    if (this.#pumping || this.#pending.length === 0 || this.#failure !== null) return
    this.#pumping = true
    void this.#pump()
  }

  /** Sends everything and resolves when all is answered. */
  async drain(): Promise<void> {
    this.flush()
    while (!this.quiet) await this.#next()
    this.#check()
  }

  /** Runs `work` while nothing of this lane is unanswered and nothing is sent. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    return await this.#mutex.run(async () => {
      this.#check()
      return await work()
    })
  }

  /** Writes the checkpoint of a quiet lane again, so that it does not hold back the others'. */
  async refresh(offset: number, db: number): Promise<void> {
    await this.alone(async () => {
      if (this.#acked >= offset || this.#pending.some((unit) => firstEndOf(unit) <= offset)) return
      await this.#send([], [this.#owner.checkpoint(this.index, offset, db)])
      this.#acked = offset
    })
  }

  /** Sends one unit now, with `ours` behind it. For barriers: every lane it concerns is held by the caller. */
  async sendAlone(unit: PreparedUnit, ours: readonly (readonly Argument[])[]): Promise<void> {
    await this.#send([unit], ours)
  }

  /** A barrier has written this lane's checkpoint. */
  advance(offset: number): void {
    this.#acked = Math.max(this.#acked, offset)
  }

  /** Ends the lane: whoever waits for it is told. */
  end(failure: Failure): void {
    this.#failure ??= failure
    this.#changed.ring()
  }

  async #pump(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        await this.#mutex.run(async () => {
          this.#check()
          const batch = this.#takeBatch()
          const last = batch.at(-1)
          if (last === undefined) return
          await this.#send(batch, [this.#owner.checkpoint(this.index, last.end, last.db)])
          this.#acked = last.end
          this.#owner.acked(this.index, last.end)
          this.#keepSpare(batch)
        })
        this.#changed.ring()
      }
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown
      this.end(thrown.failure)
      this.#owner.lost(thrown.failure)
    } finally {
      this.#pumping = false
      this.#changed.ring()
    }
  }

  #takeBatch(): PreparedUnit[] {
    let commands = 0
    let bytes = 0
    let count = 0
    while (count < this.#pending.length && commands < maxBatchCommands && bytes < maxBatchBytes) {
      const unit = this.#pending[count]!
      commands += commandsIn(unit)
      bytes += sizeOf(unit)
      count += 1
    }
    this.#pendingBytes -= bytes
    this.#pendingCommands -= commands
    if (count === this.#pending.length) this.#run = null
    return this.#pending.splice(0, count)
  }

  #newRun(db: number): PlainRun {
    const spare = this.#spare.pop()
    spare?.clear(db)
    return spare ?? new PlainRun(this.index, db)
  }

  #keepSpare(answered: readonly PreparedUnit[]): void {
    for (const unit of answered)
      if (unit instanceof PlainRun && unit.capacity >= leastSpareBytes && this.#spare.length < maxSpareRuns)
        this.#spare.push(unit)
  }

  /**
   * Sends a frame until the target has taken it. Rejects when the link is lost or the frame can never be taken; with
   * `job.cancelled` where it is refused and the owner is to end.
   */
  async #send(units: readonly PreparedUnit[], ours: readonly (readonly Argument[])[]): Promise<void> {
    let left = units
    let mine = ours
    let pauseMs = shortestPauseMs
    for (;;) {
      const frame = encodeFrame(left, mine)
      const { replies, address } = await this.#owner.exchange(this.index, frame)
      const verdict = judge(frame, replies, address)
      switch (verdict.kind) {
        case 'applied':
          if (pauseMs > shortestPauseMs) this.#owner.waiting(this.index, null)
          if (verdict.failed.length > 0) {
            await this.#noteRepair(verdict.failed)
            this.#owner.failed(verdict.failed)
          }
          this.#owner.took(units)
          return
        case 'unacceptable': {
          const refused = verdict.units
          left = takenApart(left).filter((unit) => !refused.some((one) => one.unit === unit))
          mine = [...repairCommands(this.#owner.repairKey(this.index), refused), ...mine]
          this.#owner.failed(refused)
          break
        }
        case 'refused':
          this.#owner.waiting(this.index, verdict.failure)
          await sleep(pauseMs, undefined, { signal: this.#owner.signal }).catch(() => undefined)
          this.#check()
          // It may refuse for ever, and is not waited for by whoever is to end: nothing of the frame was done.
          if (this.#owner.signal.aborted) fail('job.cancelled')
          pauseMs = Math.min(pauseMs * 2, longestPauseMs)
          break
        case 'broken':
          throw new FailureError(verdict.failure)
      }
    }
  }

  async #noteRepair(failed: readonly FailedUnit[]): Promise<void> {
    const commands = repairCommands(this.#owner.repairKey(this.index), failed)
    if (commands.length > 0) await this.#send([], commands)
  }

  async #next(): Promise<void> {
    this.#check()
    await this.#changed.wait()
    this.#check()
  }

  #check(): void {
    if (this.#failure !== null) throw new FailureError(this.#failure)
  }
}

function firstEndOf(unit: PreparedUnit): number {
  return unit instanceof PlainRun ? unit.firstEnd : unit.end
}

function repairCommands(repairKey: string, failed: readonly FailedUnit[]): readonly (readonly Argument[])[] {
  const keys = failed.flatMap(({ unit }) => unit.commands.flatMap((command) => command.keys))
  return keys.length === 0 ? [] : [['SADD', repairKey, ...keys.map(formatSourceKey)]]
}
