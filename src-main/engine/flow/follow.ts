import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, toFailure, type Failure } from '#contract/failure.ts'
import type { FlushAnswer } from '#contract/sync.ts'
import type { Link } from '../resp/link.ts'
import { belongsTo } from '../source/lineage.ts'
import type { StreamPiece } from '../source/spool-segment.ts'
import type { Spool } from '../source/spool.ts'
import type { AskPlace } from '../source/stream-place.ts'
import type { LiveTarget } from '../target/live-target.ts'
import { mayTakeOurKeys, takesDatabases, type PreparedUnit } from '../target/transaction-frame.ts'
import {
  earliest,
  sourceKey,
  type Checkpoint,
  type DbKey,
  type TaskKeys,
  type TaskMeta,
} from './checkpoint.ts'
import { DueAtPlace } from './due-at-place.ts'
import { correctionCommand, type ExpiryCorrection } from './expiry-corrections.ts'
import { ExpiryReconciler } from './expiry-reconciler.ts'
import type { FollowedRules, RuledUnit } from './followed-rules.ts'
import type { ShardLists } from './key-lists.ts'
import { KeyRepair, listing } from './key-repair.ts'
import { type Holder } from './lease.ts'
import { Mutex } from './mutex.ts'
import type { PlainCommands } from './plain-commands.ts'
import { laneOf } from './prepare.ts'
import { StaleKeys } from './stale-keys.ts'
import type { Tell } from './sync-state.ts'
import type { TargetSession } from './target-session.ts'
import type { TtlGuard } from './ttl-guard.ts'
import { UnitSplitter, type Unit } from './units.ts'
import { Voice } from './voice.ts'

export interface FollowerParts {
  readonly keys: TaskKeys
  readonly holder: Holder
  readonly session: TargetSession
  /** Of the shard's connections. */
  readonly name: string
  readonly spool: Spool
  /** The spool's, when the checkpoints were seen to lie in its history. */
  readonly generation: number
  readonly source: () => Connection
  /** The Redis version that it is, or stands for: 7.0 → 700; null while it is not known. */
  readonly sourceVersion: () => number | null
  /** How a moment of the source is found in its stream. */
  readonly askPlace: AskPlace
  /** How far behind it the target is, milliseconds. */
  readonly lagMs: () => number
  /** Where keys whose expiry is not certain are noted when they are many: names of files begin so. */
  readonly spillFile: string
  /** One of several sources that go into the same target. */
  readonly amongOthers: boolean
  /**
   * Of one of several: what becomes of a command that concerns whole databases, `end` its unit's. With `copy-again`
   * another history has been begun. Rejects with `source.flushed` where a person has to decide.
   */
  readonly decideFlush: (command: string, end: number) => Promise<FlushAnswer>
  /** Null: everything goes along as it is. */
  readonly rules: FollowedRules | null
  /** Has another history begun, because of this command. */
  readonly copyAnew: (command: string) => Promise<void>
  /** Of a cluster's master: is a key outside of its own slots, in what ends at this place? */
  readonly abroad: ((key: Uint8Array, end?: number) => boolean) | null
  readonly guard: TtlGuard
  readonly tell: Tell
  /** So many commands have been taken. */
  readonly onTook: (commands: number) => void
  /** What it has come to is taken out of the target once it has ended: nobody needs it noted. */
  readonly isFinishing: () => boolean
  readonly meta: TaskMeta
  /** The lanes' checkpoints, in order. */
  readonly checkpoints: readonly Checkpoint[]
}

const houseEveryMs = 1_000
const repairEveryMs = 100
const stalesAtOnce = 500
const lookEveryMs = 25

/**
 * Applies the stream of one source from its spool to a target, for one stay at it: until it is told to end, the
 * target is lost, or the source's history is another one.
 */
export class Follower {
  readonly #parts: FollowerParts
  readonly #lists: ShardLists
  readonly #repair: KeyRepair
  readonly #corrections = new DueAtPlace<ExpiryCorrection>()
  readonly expiries: ExpiryReconciler
  /** Held while a piece of the stream is placed. */
  readonly #placing = new Mutex()
  readonly #ended = new AbortController()
  #target: LiveTarget | null = null
  /** Null until the target has been asked. */
  #voice: Voice | null = null
  #plain: PlainCommands | null = null
  #stale: StaleKeys | null = null
  #splitter: UnitSplitter
  #meta: TaskMeta
  /** The newest id of the history that is applied. */
  #replid: string

  constructor(parts: FollowerParts) {
    this.#parts = parts
    this.#lists = parts.session.listsOf(parts.keys)
    this.#meta = parts.meta
    const from = earliest(parts.checkpoints)
    this.#replid = from.replid
    this.#splitter = new UnitSplitter(from.offset, from.db)
    this.#repair = new KeyRepair({ ...parts, lists: this.#lists, replid: () => this.#replidNow() })
    this.expiries = new ExpiryReconciler({
      ...parts,
      slots: parts.meta.slots ?? '',
      ended: this.#ended.signal,
      take: (ask) =>
        this.#placing.run(async () => {
          const replid = this.#replidNow()
          for (const correction of await ask()) this.#corrections.add(correction, replid)
          await this.#placeNow()
        }),
    })
  }

  /** Its links to the target are open. */
  get isAtTarget(): boolean {
    return this.#target !== null
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

  get keysInRepair(): number {
    return this.#repair.listed
  }

  laneOf(key: Uint8Array): number {
    return laneOf(key, this.#meta.lanes)
  }

  /** Runs `work` with a lane's link while nothing of this source is on its way there. */
  async alone(lane: number, work: (link: Link) => Promise<void>): Promise<void> {
    await this.#reachedTarget().alone(lane, work)
  }

  #reachedTarget(): LiveTarget {
    return this.#target ?? fail('connect.lost', { address: this.#parts.session.control.address })
  }

  /** Resolves when everything is applied that has been placed by now, or it ends. Rejects when the target is lost. */
  async applyPlaced(signal: AbortSignal): Promise<void> {
    const target = this.#reachedTarget()
    const over = AbortSignal.any([signal, this.#ended.signal])
    const placed = await this.#placing.run(() => Promise.resolve(this.#splitter.boundary))
    while (target.applied < placed && !over.aborted) {
      target.flush()
      await sleep(lookEveryMs, undefined, { signal: over }).catch(() => undefined)
    }
  }

  /** Everything placed is applied; afterwards it is known how many keys wait for repair. */
  async drain(): Promise<void> {
    await this.#target?.drain()
    await this.#repair.count(this.applied)
  }

  /** Were all expiries of this source once as certain as can be? Those doubtful since are looked at in the background. */
  get expiriesAreSure(): boolean {
    return this.expiries.done
  }

  /**
   * Of a source that stands still and has been drained: makes all expiries its own, but for the guard's shift, once the
   * whole target has been gone through. False where one of the two cannot be asked now, or that is to be done again.
   */
  async reconcile(signal: AbortSignal): Promise<boolean> {
    if (!(await this.expiries.finish(signal))) return false
    // The source goes on counting, but no key changes: what waits comes with its next sign of life.
    while (this.#corrections.size > 0 && !signal.aborted)
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    await this.#target?.drain()
    return !signal.aborted
  }

  /**
   * Takes away what an earlier copy left and no source has. To be called when all is applied. False where `held` could
   * not tell.
   */
  async removeStale(held: (keys: readonly DbKey[]) => Promise<readonly boolean[] | null>): Promise<boolean> {
    const stale = this.#stale!
    const target = this.#target!
    const listed = stale.keys
    for (let at = 0; at < listed.length; at += stalesAtOnce) {
      const some = listed.slice(at, at + stalesAtOnce)
      const kept = await held(some)
      if (kept === null) return false
      await this.#placing.run(async () => {
        const { boundary: end, db } = this.#splitter
        for (const [index, key] of some.entries()) {
          // Written again in between, it has been deleted before that.
          if (!stale.has(key)) continue
          // What another source has was merely not known as its own when the list was made.
          const commands = kept[index] === true ? stale.settle([key]) : stale.remove(key)
          await target.placeCopy({ end, db, commands, lanes: [this.laneOf(key.key)] })
        }
        target.flush()
      })
      await target.drain()
    }
    return true
  }

  /** Tells the target whether expiries may lie unshifted in it. */
  async keepGuarded(guarded: boolean): Promise<void> {
    await this.#note({ ...this.#meta, guarded, drained: undefined })
  }

  /**
   * Tells the target that it has been drained; holds until expiries are told to lie otherwise. All lanes note how far they
   * are just before that, and behind the last of their expiries: what has fallen back behind those lacks that note too.
   */
  async noteDrained(): Promise<void> {
    await this.#target?.drainAndNote()
    await this.#note({ ...this.#meta, drained: this.safe })
  }

  /** Tells the target that nothing more will come. To be called when `run` has ended. */
  async noteEnded(): Promise<void> {
    const { boundary: offset, db } = this.#splitter
    await this.#note({ ...this.#meta, ended: { replid: this.#replidNow(), offset, db } })
  }

  async #note(meta: TaskMeta): Promise<void> {
    const { session, keys } = this.#parts
    await session.note(keys, meta)
    this.#meta = meta
  }

  /**
   * Resolves once `ending` has aborted: everything placed is applied and its checkpoints are written. With
   * `history-changed` when the spool holds another history now. Rejects when the target is lost.
   */
  async run(signal: AbortSignal, ending: AbortSignal): Promise<'ended' | 'history-changed'> {
    const { session, name, checkpoints, keys, spool, generation } = this.#parts
    const ended = AbortSignal.any([signal, ending, this.#ended.signal])
    this.#stale = await StaleKeys.read(this.#lists.stale)
    await this.#repair.takeUp()
    const from = earliest(checkpoints)
    this.#voice = await Voice.open(
      { ...this.#parts, lists: this.#lists },
      {
        unsure: (key) => this.expiries.note(sourceKey(key)),
        allUnsure: () => this.expiries.noteEverything(),
        toCopy: (wanted) => this.#repair.leaveUntold(wanted),
      },
    )
    using target = await session.openLive({
      keys,
      name,
      meta: () => this.#meta,
      checkpoints,
      replid: () => this.#replidNow(),
      onFailed: (units) => this.#repair.noteFailed(units),
      onTook: this.#parts.onTook,
      signal,
    })
    this.#target = target
    // What goes as it came is not looked into.
    this.#plain = this.#parts.rules === null ? this.#voice.plainFor(target) : null
    await using reconciler = this.expiries
    const crew = [
      this.#read(target, from.offset, ended),
      this.#keepHouse(target, ended),
      reconciler.keep(ended),
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
    await (this.#parts.isFinishing() ? target.drain() : target.drainAndNote())
    return 'ended'
  }

  /** What is applied belongs to this history, also when the spool has begun another in the meantime. */
  #replidNow(): string {
    const { spool, generation } = this.#parts
    if (spool.generation === generation && spool.lineage !== null) this.#replid = spool.lineage.replid
    return this.#replid
  }

  readonly #isOurPlace = (replid: string, offset: number): boolean => {
    const { lineage } = this.#parts.spool
    return lineage !== null && belongsTo(lineage, replid, offset)
  }

  async #read(target: LiveTarget, from: number, signal: AbortSignal): Promise<void> {
    const { spool, generation } = this.#parts
    for await (const piece of spool.read(from, signal, generation))
      await this.#placing.run(() => this.#place(target, piece))
  }

  async #place(target: LiveTarget, { bytes, receivedAt }: StreamPiece): Promise<void> {
    const splitter = this.#splitter
    splitter.feed(bytes)
    for (;;) {
      const wait = this.#passPlain(splitter)
      if (wait !== null) {
        await wait
        continue
      }
      const { db, boundary: at } = splitter
      const unit = splitter.next()
      if (unit === null) break
      // Seldom: a promise for each unit would cost more than its commands.
      if (this.#repair.waiting + this.#corrections.size > 0)
        await this.#placeDue(target, unit.end - 1, at, db)
      if (this.#repair.waiting > 0 && this.#repair.isReplaced(unit)) {
        target.advance(unit.end, unit.db)
        continue
      }
      const { rules, amongOthers, copyAnew } = this.#parts
      const ruled = rules?.apply(unit, this.#meta.emptyAtStart && !amongOthers)
      if (ruled !== undefined && ruled.anew !== null) {
        if (!amongOthers) {
          // What is copied begins behind all that is there.
          await target.drainAndNote()
          return await copyAnew(ruled.anew)
        }
        if ((await this.#decideFlush(target, ruled.anew, unit.end, { at, db })) === 'copy-again') return
      }
      if (ruled !== undefined) {
        this.#tellUnruly(ruled)
        if (hasNothingLeft(ruled)) {
          target.advance(unit.end, unit.db)
          continue
        }
      }
      let prepared = this.#prepare(ruled, unit, receivedAt)
      if (amongOthers && mayTakeOurKeys(prepared)) {
        const { name } = prepared.commands.find((command) => takesDatabases(command))!
        if ((await this.#decideFlush(target, name, unit.end, { at, db })) === 'copy-again') return
        prepared = {
          ...prepared,
          commands: prepared.commands.filter((command) => !takesDatabases(command)),
        }
      }
      const fresh = this.#stale!.freshen(prepared)
      if (fresh.length > 0) await this.#placeAhead(target, fresh, at, db)
      const full = target.place(this.#repair.withDoubtful(prepared))
      if (full !== null) await full
      target.advance(unit.end, unit.db)
      const copying = this.#repair.copyUntold(() => this.#placeNow())
      if (copying !== null) await copying
    }
    target.advance(splitter.boundary, splitter.db)
    await this.#placeDue(target, splitter.boundary, splitter.boundary, splitter.db)
    target.flush()
  }

  /** Whoever is asked is told that all before the command has been applied, up to this place. */
  async #decideFlush(
    target: LiveTarget,
    command: string,
    end: number,
    { at, db }: { readonly at: number; readonly db: number },
  ): Promise<FlushAnswer> {
    target.advance(at, db)
    await target.drainAndNote()
    return await this.#parts.decideFlush(command, end)
  }

  /** Places what needs no more than that; resolves when more can be placed, null: it is to be done as units. */
  #passPlain(splitter: UnitSplitter): Promise<void> | null {
    const plain = this.#plain
    if (plain === null || this.#parts.abroad !== null || !this.#stale!.isEmpty) return null
    if (this.#repair.waiting + this.#corrections.size > 0) return null
    plain.db = splitter.db
    splitter.pass(plain.take)
    return plain.room()
  }

  /** What the rules cannot make a command of is told, or copied. */
  #tellUnruly({ toCopy, unruly }: RuledUnit): void {
    for (const command of unruly) this.#voice!.leaveOut(command)
    this.#repair.leaveUntold(toCopy)
  }

  #prepare(ruled: RuledUnit | undefined, unit: Unit, receivedAt: number): PreparedUnit {
    const told = this.#voice!.prepare(ruled?.unit ?? unit, receivedAt)
    const prepared = this.#withMoved(ruled === undefined ? told : this.#inLanesOf(ruled, told))
    return this.#repair.withUntold(prepared)
  }

  /** What is copied is in order with the rest of its lane, too. */
  #inLanesOf({ unit, toCopy }: RuledUnit, prepared: PreparedUnit): PreparedUnit {
    const ofCopies = toCopy.map(({ key }) => this.laneOf(key))
    const ofCommands = unit.commands.length === 0 ? [] : prepared.lanes
    return { ...prepared, lanes: [...new Set([...ofCommands, ...ofCopies])].sort((a, b) => a - b) }
  }

  /** A key written, or to be copied, outside of the shard's own slots goes on a list: another's writes may come in between. */
  #withMoved(unit: PreparedUnit): PreparedUnit {
    const { abroad } = this.#parts
    if (abroad === null) return unit
    const written = [...unit.commands.flatMap((command) => command.keys), ...this.#repair.untold].filter(
      (key) => abroad(sourceKey(key).key, unit.end),
    )
    return written.length === 0 ? unit : listing(unit, this.#lists.moved, written)
  }

  /** Puts keys in order in their lanes, each by itself, before the unit that begins at this place. */
  async #placeAhead(target: LiveTarget, keys: readonly DbKey[], end: number, db: number): Promise<void> {
    for (const key of keys)
      await target.placeCopy({ end, db, commands: this.#stale!.remove(key), lanes: [this.laneOf(key.key)] })
  }

  /**
   * Puts what waits for places up to `offset` into its lanes. Their checkpoints become `end`, where all units before have
   * been placed: up to 6.0 a question dated by INFO is a transaction in the stream itself, and its place between MULTI
   * and EXEC, where nobody can go on.
   */
  async #placeDue(target: LiveTarget, offset: number, end: number, db: number): Promise<void> {
    const { tell } = this.#parts
    const corrections = this.#corrections.takeDue(offset, this.#isOurPlace)
    for (const lost of corrections.lost) this.expiries.note(sourceKey(lost))
    for (const correction of corrections.due) {
      const lanes = [this.laneOf(correction.key)]
      const commands = [correctionCommand(correction, this.#parts.guard)]
      await target.placeCopy({ end, db, commands, lanes })
    }
    const due = this.#repair.takeDue(offset, this.#isOurPlace)
    for (const copy of due) {
      const to = this.#parts.rules?.placed(copy) ?? copy
      const lanes = [this.laneOf(to.key)]
      const commands = [...(await this.#voice!.commandsOf(copy)), ...this.#stale!.settle([to])]
      await target.placeCopy({ end, db, commands, lanes })
    }
    if (due.length > 0) tell('repair.done', { count: due.length })
  }

  /** While nothing is placed: what the stream has come to already goes now, the rest when it is due. */
  async #placeNow(): Promise<void> {
    const target = this.#target
    if (target === null) return
    const { boundary, db } = this.#splitter
    await this.#placeDue(target, boundary, boundary, db)
    target.flush()
  }

  /** These go on the list of keys to be copied, by another's hand. */
  expectCopies(keys: readonly DbKey[]): void {
    this.#repair.expect(keys)
  }

  async #keepHouse(target: LiveTarget, signal: AbortSignal): Promise<void> {
    const { spool } = this.#parts
    while (!signal.aborted) {
      await target.refresh()
      await spool.release(target.safe)
      await this.#repair.count(this.applied)
      const { listed, waiting } = this.#repair
      if (listed > 0 && waiting === 0)
        await this.#repair.copyListed(
          (work) => this.#placing.run(work),
          () => this.#placeNow(),
          signal,
        )
      const pauseMs = listed > 0 ? repairEveryMs : houseEveryMs
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Do the rules leave nothing of it for the target? */
function hasNothingLeft({ unit, toCopy }: RuledUnit): boolean {
  return unit.commands.length + toCopy.length === 0
}
