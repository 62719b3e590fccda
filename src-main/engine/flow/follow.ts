import { setTimeout as sleep } from 'node:timers/promises'
import { escapeKey } from '#contract/escape-key.ts'
import type { Connection } from '#contract/connection.ts'
import { FailureError, toFailure, type Failure } from '#contract/failure.ts'
import type { ExpiryGuard, SyncSpec } from '#contract/sync.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Spool } from '../source/spool.ts'
import { LiveStandalone, openLinks } from '../target/live-standalone.ts'
import type { LiveTarget } from '../target/live-target.ts'
import type { FailedUnit, PreparedUnit } from '../target/transaction-frame.ts'
import {
  earliest,
  formatDbKey,
  parseDbKey,
  type Checkpoint,
  type TaskKeys,
  type TaskMeta,
} from './checkpoint.ts'
import { commandsOf, CopiesUnderWay, takeExactCopies } from './exact-copy.ts'
import { GuardedRewriter } from './guarded-rewriter.ts'
import { type Holder } from './lease.ts'
import { commandsToKeepOurKeys } from './own-keys.ts'
import { UnitPreparer } from './prepare.ts'
import { Settling } from './settling.ts'
import type { SourceWatch } from './source-watch.ts'
import type { SyncState } from './sync-state.ts'
import type { TargetSession } from './target-session.ts'
import { TtlGuard, type PassOptions } from './ttl-guard.ts'
import { UnitSplitter, type Unit } from './units.ts'

/** What a sync has been told to do; orders change it. */
export interface Wishes {
  settle: boolean
  /** The source stands still behind this offset. */
  drainTo: number | null
  ending: 'pause' | 'leave' | 'finish' | null
}

export interface FollowerParts {
  readonly spec: SyncSpec
  readonly keys: TaskKeys
  readonly holder: Holder
  readonly session: TargetSession
  readonly spool: Spool
  readonly spillFile: string
  readonly source: () => Connection
  readonly watch: SourceWatch
  readonly state: SyncState
  readonly wishes: Wishes
  readonly meta: TaskMeta
  /** The lanes' checkpoints, in order. */
  readonly checkpoints: readonly Checkpoint[]
}

const lookEveryMs = 25
const houseEveryMs = 1_000
const repairEveryMs = 100
const repairsAtOnce = 500

/**
 * Applies the stream from the spool to a target, for one stay at it: until it is told to end, the target is
 * lost, or the source's history is another one.
 */
export class Follower {
  readonly #parts: FollowerParts
  readonly #preparer: UnitPreparer
  readonly #guard: TtlGuard
  readonly #settling: Settling
  readonly #copies = new CopiesUnderWay()
  readonly #ended = new AbortController()
  #target: LiveTarget | null = null
  #splitter: UnitSplitter
  #betweenPieces = true
  #meta: TaskMeta
  #drained = false
  #targetKeys: number | null = null
  #keysInRepair = 0

  constructor(parts: FollowerParts) {
    this.#parts = parts
    this.#meta = parts.meta
    const from = earliest(parts.checkpoints)
    this.#splitter = new UnitSplitter(from.offset, from.db)
    this.#guard = new TtlGuard(parts.spillFile)
    const { state } = parts
    this.#settling = new Settling(
      {
        guard: this.#guard,
        keepGuarded: (guarded) => this.#writeMeta({ ...this.#meta, guarded }),
        onSettled: () => state.event('expiry.settled'),
        onGuardedAgain: () => state.event('expiry.guarded-again'),
      },
      parts.meta.guarded,
    )
    this.#preparer = new UnitPreparer({
      lanes: parts.meta.lanes,
      rewriter: new GuardedRewriter(this.#guard, ({ db, key }) =>
        state.event('expiry.beyond-guard', { db, key: escapeKey(key) }, 'warning'),
      ),
      onUnknown: (command) => state.event('apply.unknown-command', { command }, 'warning'),
    })
  }

  get applied(): number {
    return this.#target?.applied ?? this.#splitter.boundary
  }

  /** What a restart would go on from. */
  get safe(): number {
    return this.#target?.safe ?? earliest(this.#parts.checkpoints).offset
  }

  get waitingFor(): Failure | null {
    return this.#target?.waitingFor ?? null
  }

  get guard(): ExpiryGuard {
    return this.#settling.state
  }

  get drained(): boolean {
    return this.#drained
  }

  get targetKeys(): number | null {
    return this.#targetKeys
  }

  get keysInRepair(): number {
    return this.#keysInRepair
  }

  /**
   * Resolves when a wish to end has been met: everything placed is applied and its checkpoints are written. With
   * `history-changed` when the spool holds another history now. Rejects when the target is lost.
   */
  async run(signal: AbortSignal): Promise<'ended' | 'history-changed'> {
    const { session, checkpoints, keys, spool } = this.#parts
    const generation = spool.generation
    const ended = AbortSignal.any([signal, this.#ended.signal])
    const links = await openLinks(session.connection, session.name, this.#meta.lanes, ended)
    const from = earliest(checkpoints)
    using target = new LiveStandalone({
      keys,
      links,
      acked: checkpoints.map(({ offset }) => offset),
      start: from,
      replid: () => spool.lineage?.replid ?? from.replid,
      ownKeys: (unit) => commandsToKeepOurKeys(unit, session.control, keys, this.#meta, this.#parts.holder),
      onFailed: (units) => this.#tellFailed(units),
      onTook: (commands) => (this.#parts.state.writes += commands),
      signal: ended,
    })
    this.#target = target
    await using _guard = this.#guard
    const crew = [
      this.#read(target, from.offset, ended),
      this.#keepHouse(target, ended),
      this.#obey(target, ended),
    ]
    let failure: unknown = null
    await Promise.all(
      crew.map((one) =>
        one.catch((thrown: unknown) => (failure ??= thrown)).finally(() => this.#ended.abort()),
      ),
    )
    if (failure !== null) throw failure
    if (signal.aborted) throw new FailureError(toFailure(signal.reason))
    if (generation !== spool.generation) return 'history-changed'
    await target.drain()
    return 'ended'
  }

  async #read(target: LiveTarget, from: number, signal: AbortSignal): Promise<void> {
    const splitter = this.#splitter
    for await (const piece of this.#parts.spool.read(from, signal)) {
      this.#betweenPieces = false
      let { db } = splitter
      for (const unit of splitter.push(piece.bytes)) {
        if (this.#copies.size > 0) {
          await this.#placeDue(target, unit.end - 1, db)
          if (this.#isReplaced(unit)) {
            target.advance(unit.end, unit.db)
            db = unit.db
            continue
          }
        }
        const prepared = this.#preparer.prepare(unit, piece.receivedAt)
        const full = target.place(this.#copies.size > 0 ? this.#withRepair(prepared) : prepared)
        if (full !== null) await full
        target.advance(unit.end, unit.db)
        db = unit.db
      }
      target.advance(splitter.boundary, splitter.db)
      await this.#placeDue(target, splitter.boundary, splitter.db)
      target.flush()
      this.#betweenPieces = true
    }
  }

  /** Puts the copies whose moment has come into their lanes. */
  async #placeDue(target: LiveTarget, offset: number, db: number): Promise<void> {
    const due = this.#copies.takeDue(offset)
    for (const copy of due) {
      const lanes = [this.#preparer.laneOf(copy.key)]
      const commands = commandsOf(copy, this.#parts.keys, this.#guard)
      await target.placeCopy({ end: copy.offset, db, commands, lanes })
    }
    if (due.length > 0) this.#parts.state.event('repair.done', { count: due.length })
  }

  /** Every key of the unit will be written anew at a later place: the unit can be left out. */
  #isReplaced(unit: Unit): boolean {
    return unit.commands.every(
      ({ db, args, shape }) =>
        shape?.kind === 'write' &&
        shape.keyPlaces(args).every((place) => this.#copies.has({ db, key: args[place]! })),
    )
  }

  /**
   * A unit with some keys that will be written anew is applied, but what it read there may have been wrong: its
   * other keys go on the list in the same transaction, in their own lanes' order.
   */
  #withRepair(unit: PreparedUnit): PreparedUnit {
    const keys = unit.commands.flatMap((command) => command.keys)
    const others = keys.filter((key) => !this.#copies.has(key))
    if (others.length === keys.length || others.length === 0) return unit
    const bytes = encodeCommand(['SADD', this.#parts.keys.repair, ...others.map(formatDbKey)])
    return { ...unit, commands: [...unit.commands, { db: 0, name: 'SADD', bytes, keys: [] }] }
  }

  async #keepHouse(target: LiveTarget, signal: AbortSignal): Promise<void> {
    const { spool } = this.#parts
    while (!signal.aborted) {
      await target.refresh()
      await spool.release(target.safe)
      await this.#count()
      if (this.#keysInRepair > 0 && this.#copies.size === 0) await this.#repair(target, signal)
      const pauseMs = this.#keysInRepair > 0 ? repairEveryMs : houseEveryMs
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #count(): Promise<void> {
    const { session, keys } = this.#parts
    const lanes = Array.from({ length: this.#meta.lanes }, (_, index) => keys.lane(index))
    const [info, ours, inRepair] = await Promise.all([
      session.control.call('INFO', 'keyspace'),
      session.control.call('EXISTS', keys.meta, keys.lease, keys.repair, ...lanes),
      session.control.call('SCARD', keys.repair),
    ])
    const held = Object.values(keyspaceOf(parseInfo(String(info)))).reduce((sum, db) => sum + db.keys, 0)
    this.#targetKeys = held - Number(ours)
    this.#keysInRepair = Number(inRepair)
  }

  /** Takes fresh copies of keys on which a command failed, to be placed when the stream has come that far. */
  async #repair(target: LiveTarget, signal: AbortSignal): Promise<void> {
    const { session, keys, source } = this.#parts
    const members = (await session.control.callBuffer(
      'SRANDMEMBER',
      keys.repair,
      repairsAtOnce,
    )) as unknown as readonly Buffer[]
    try {
      const copies = await takeExactCopies(source(), members.map(parseDbKey), session.name, signal)
      for (const copy of copies) this.#copies.add(copy)
    } catch (thrown) {
      // The source cannot be asked now: the keys stay on the list.
      if (toFailure(thrown).code === 'internal.unexpected') throw thrown
      return
    }
    if (!this.#betweenPieces) return
    await this.#placeDue(target, this.#splitter.boundary, this.#splitter.db)
    target.flush()
  }

  async #obey(target: LiveTarget, signal: AbortSignal): Promise<void> {
    const { wishes, session, watch, spool } = this.#parts
    const pass: PassOptions = {
      control: session.control,
      target,
      laneOf: (key) => this.#preparer.laneOf(key),
      signal,
    }
    while (!signal.aborted) {
      if (wishes.ending === 'pause' || wishes.ending === 'finish') return
      if (wishes.ending === 'leave') wishes.drainTo ??= Math.max((await watch.askOffset()) ?? 0, spool.end)
      if (wishes.drainTo === null) {
        this.#drained = false
        this.#settling.wanted = wishes.settle ? 'settled' : 'guarded'
        await this.#settling.step(pass, watch.lagMs(target.applied))
      } else if (!this.#drained && target.applied >= wishes.drainTo) {
        await target.drain()
        await this.#count()
        if (this.#keysInRepair === 0) {
          await this.#settling.finalise(pass)
          this.#drained = !signal.aborted
        }
      }
      if (this.#drained && wishes.ending === 'leave') return
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #writeMeta(meta: TaskMeta): Promise<void> {
    const { session, keys } = this.#parts
    await session.control.call('SET', keys.meta, JSON.stringify(meta))
    this.#meta = meta
  }

  #tellFailed(units: readonly FailedUnit[]): void {
    for (const { unit, reply } of units) {
      const [key] = unit.commands.flatMap((command) => command.keys)
      this.#parts.state.event(
        'apply.command-failed',
        {
          command: unit.commands[0]?.name ?? '',
          key: key === undefined ? '' : escapeKey(key.key),
          db: key?.db ?? 0,
          reason: reply.slice(0, 200),
        },
        'warning',
      )
    }
  }
}
