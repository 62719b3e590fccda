import { join } from 'node:path'
import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, toFailure, type Failure } from '#contract/failure.ts'
import type { FlushAnswer, ShardProgress, StreamMark, SyncPhase, SyncSpec } from '#contract/sync.ts'
import { parseInfo } from '../redis/info.ts'
import { replicationOf } from '../redis/replication.ts'
import { ownSlots } from '../redis/topology.ts'
import type { Position } from '../source/handshake.ts'
import { belongsTo } from '../source/lineage.ts'
import { Replication } from '../source/psync.ts'
import { findReplica } from '../source/replicas.ts'
import { Spool } from '../source/spool.ts'
import { earliest, type DbKey, type TaskMeta } from './checkpoint.ts'
import { Follower } from './follow.ts'
import type { FollowedRules } from './followed-rules.ts'
import { copyInto, type Begun, type Copied } from './full-copy.ts'
import { heldAmong } from './held-keys.ts'
import { InStep } from './in-step.ts'
import type { Holder } from './lease.ts'
import { Rates } from './rates.ts'
import type { MasterSays, SlotMoves } from './slot-moves.ts'
import { SourceWatch } from './source-watch.ts'
import type { SyncState, Tell } from './sync-state.ts'
import type { Place, TargetSession } from './target-session.ts'
import type { TtlGuard } from './ttl-guard.ts'

export interface ShardOptions {
  readonly spec: SyncSpec
  /** Its number, for the task's life. */
  readonly index: number
  /** How many there are. */
  readonly of: number
  /** The number of its source among the task's. */
  readonly ofSource: number
  readonly source: Connection
  /** Of a cluster: where its master is by now. */
  readonly seek: ((signal: AbortSignal) => Promise<Pick<Connection, 'host' | 'port'>>) | null
  /** Of a cluster's master: what goes between it and the others. */
  readonly moves: SlotMoves | null
  /** It came into being when the others were followed already. */
  readonly joined: boolean
  readonly holder: Holder
  readonly state: SyncState
  /** The source can never be followed, for this reason. */
  readonly onHopeless: (failure: Failure) => void
}

/** One stay at the target, as a shard sees it. */
export interface Stay {
  readonly session: TargetSession
  readonly place: Place
  readonly guard: TtlGuard
  readonly begun: Begun
  /** Null: everything goes along as it is. */
  readonly rules: FollowedRules | null
  /** Which of these keys another source has now, as far as they can be asked. */
  readonly heldByOthers: (shard: Shard, keys: readonly DbKey[]) => Promise<readonly boolean[]>
  /** The stay is to end for good. */
  readonly isFinishing: () => boolean
  /** The shard has been copied into the target. */
  readonly onCopied: () => void
  /** The target is lost, or all is to end at once. */
  readonly signal: AbortSignal
  /** What is under way is answered for, then it ends. */
  readonly ending: AbortSignal
}

/**
 * One source of a sync: receives its stream into a spool of its own, and brings it into the target, the snapshot
 * first. What it has come to is kept in the target under keys of its own, so each shard can be lost, resumed or
 * copied again without the others.
 */
export class Shard implements AsyncDisposable {
  readonly index: number
  readonly #options: ShardOptions
  readonly #spool: Spool
  readonly #watch: SourceWatch
  readonly #replication: Replication
  readonly #tell: Tell
  readonly #inStep = new InStep()
  readonly #running = new AbortController()
  /** There was nothing of it on disk when this run began. */
  readonly isNew: boolean
  #source: Connection
  /** The replica whose stream is had in its place; null where that is its own, undefined while none was sought. */
  #replica: Connection | null | undefined
  #watching: Promise<void> | null = null
  #replicating: Promise<void> | null = null
  #phase: 'connecting' | 'copying' | 'following' = 'connecting'
  #follower: Follower | null = null
  /** Of the present stay. */
  #rules: FollowedRules | null = null
  #copied = { bytes: 0, keys: 0 }
  #lastSafe: number | null = null
  readonly #rates = new Rates()
  #writes = 0
  #reconnects = 0
  #fullResyncs = 0
  #partialResyncs = 0

  private constructor(options: ShardOptions, spool: Spool) {
    const { spec, index, state } = options
    this.index = index
    this.isNew = spool.lineage === null
    this.#options = options
    this.#spool = spool
    this.#source = options.source
    this.#tell =
      options.of === 1
        ? state.event
        : (code, params, level) => state.event(code, { source: addressOf(this.#source), ...params }, level)
    const name = `kf:${spec.task}:source`
    this.#watch = new SourceWatch(
      () => this.#source,
      name,
      () => this.#replication,
      () => this.#inStep.isClose,
    )
    this.#replication = new Replication({
      connection: () => this.#replica ?? this.#source,
      spool,
      withoutSnapshot: this.#mark !== undefined,
      seek: (signal, have) => this.#seek(signal, have),
      name,
      onFullSync: (replid, offset) => {
        this.#fullResyncs += 1
        this.#watch.forget()
        this.#tell('source.full-resync', { replid, offset })
      },
      onPartialSync: (offset, newReplid) => {
        this.#partialResyncs += 1
        this.#tell('source.partial-resync', { offset })
        if (newReplid !== null) this.#tell('source.new-replid', { replid: newReplid })
      },
      onLost: ({ code }) => {
        this.#reconnects += 1
        this.#tell('source.lost', { code }, 'warning')
      },
    })
  }

  /** Opens its spool, or begins one, in a folder of its own. */
  static async open(options: ShardOptions): Promise<Shard> {
    const { spec, index, of } = options
    const { spoolQuotaBytes, keepBehindMs, folder } = spec
    const quotaBytes = Math.floor(spoolQuotaBytes / of)
    const name = index === 0 ? 'spool' : `spool-${index}`
    return new Shard(options, await Spool.open(join(folder, name), { quotaBytes, keepBehindMs }))
  }

  get follower(): Follower | null {
    return this.#phase === 'following' && this.#follower?.isAtTarget === true ? this.#follower : null
  }

  get moves(): SlotMoves | null {
    return this.#options.moves
  }

  /** Where it begins, if not with a copy. A master that joins a cluster later has none. */
  get #mark(): StreamMark | undefined {
    return this.#options.spec.from?.[this.index]
  }

  get #amongOthers(): boolean {
    return this.#options.of > 1 || this.moves !== null
  }

  get isConnecting(): boolean {
    return this.#phase === 'connecting'
  }

  /** How far its stream is applied; null while it is not. */
  get applied(): number | null {
    return this.follower?.applied ?? null
  }

  /** The same, where it was a moment ago; 0 while it never was. */
  get reached(): number {
    return this.#follower?.applied ?? 0
  }

  /** Bytes received in all. */
  get received(): number {
    return this.#replication.received
  }

  /** What its source says of its slots, as a master of a cluster; null where it cannot be asked now. */
  async askMaster(): Promise<MasterSays | null> {
    return await this.#watch.ask(async (control) => {
      const [nodes, info] = await Promise.all([
        control.call('CLUSTER', 'NODES'),
        control.call('INFO', 'replication'),
      ])
      return { ...ownSlots(String(nodes)), offset: replicationOf(parseInfo(String(info))).offset }
    })
  }

  /** Of a cluster's master: the names of all its keys of a slot. */
  async keysInSlot(slot: number): Promise<readonly Buffer[]> {
    const names = await this.#watch.ask(async (control) => {
      const count = Number(await control.call('CLUSTER', 'COUNTKEYSINSLOT', slot))
      return (await control.callBuffer(
        'CLUSTER',
        'GETKEYSINSLOT',
        slot,
        count,
      )) as unknown as readonly Buffer[]
    })
    return names ?? fail('source.not-ready', { address: addressOf(this.#source) })
  }

  expectCopies(keys: readonly DbKey[]): void {
    this.#follower?.expectCopies(keys)
  }

  /** Which of these keys of the target its source has now, as `heldAmong` tells it; null where it cannot be asked. */
  async holds(keys: readonly DbKey[]): Promise<readonly boolean[] | null> {
    return await this.#watch.ask((control) => heldAmong(control, keys, this.#rules))
  }

  async #seek(signal: AbortSignal, have: Position | null): Promise<void> {
    const { seek, spec } = this.#options
    if (seek !== null) {
      const { host, port } = await seek(signal)
      this.#source = nodeConnection(this.#source, host, port)
    }
    if (spec.prefer === 'replica') await this.#seekReplica(signal, have)
  }

  /** Its stream alone is had from there: what is asked and measured is asked of the primary, whose offsets are the same. */
  async #seekReplica(signal: AbortSignal, have: Position | null): Promise<void> {
    const { task, target } = this.#options.spec
    const before = this.#replica
    const { replica, of } = await findReplica(this.#source, have, {
      name: `kf:${task}:source`,
      target,
      last: before,
      signal,
    })
    this.#replica = replica
    if (replica !== null && (!before || addressOf(before) !== addressOf(replica)))
      this.#tell('source.replica', { replica: addressOf(replica) })
    if (replica === null && of !== null && before !== null)
      this.#tell('source.no-replica', { replicas: of }, 'warning')
  }

  /** What is signed in to its source by, if that is this one. */
  useCredentials(source: number, use: (connection: Connection) => Connection): void {
    if (this.#options.ofSource !== source) return
    this.#source = use(this.#source)
    if (this.#replica) this.#replica = use(this.#replica)
  }

  /** How far its source has written by now; null where that cannot be told. */
  async placeNow(): Promise<number | null> {
    return await this.#watch.placeNow()
  }

  /** How many keys its source holds; null where it cannot be asked now. */
  async countKeys(): Promise<number | null> {
    return await this.#watch.countKeys()
  }

  async askOffset(): Promise<number> {
    return Math.max((await this.#watch.askOffset()) ?? 0, this.#spool.end)
  }

  /** A source that cannot be asked is judged by what was received of it. Infinite before the stream is applied. */
  lagMs(): number {
    if (this.follower === null) return Infinity
    const { applied } = this.follower
    if (this.#watch.offset !== null) return this.#watch.lagMs(applied)
    return this.#replication.state === 'streaming' && applied >= this.#spool.end ? 0 : Infinity
  }

  /** To be called often: whether it is in step is seen from several looks. */
  look(): void {
    if (this.#spool.lineage !== null) this.#watch.hear(this.#spool.end)
    this.#inStep.look(this.lagMs(), Date.now())
  }

  /** How far it has come; where it begins behind a known place, that is noted in the target first. */
  async begin(session: TargetSession, place: Place): Promise<Place> {
    const mark = this.#mark
    if (mark === undefined || place.meta !== null) return place
    const { replid, offset } = mark
    if (this.#spool.lineage !== null) this.#refuseCopy()
    const meta: TaskMeta = {
      format: 1,
      lanes: session.lanes ?? this.#options.spec.lanes,
      phase: 'following',
      guarded: false,
      emptyAtStart: false,
      snapshot: `${replid} ${offset}`,
      targetRunId: session.runId,
    }
    await session.noteCopied(place.keys, meta, { replid, offset, db: 0 })
    return await session.readPlace(place.keys)
  }

  /**
   * Works on the target until the stay is to end, as long as it takes. Rejects when the target is lost, or with what
   * waiting cannot mend.
   */
  async visit(stay: Stay): Promise<void> {
    const { session, signal, ending } = stay
    this.#watching ??= this.#watch.run(this.#running.signal)
    this.#rules = stay.rules
    let { place } = stay
    for (let turn = 1; ; turn += 1) {
      const links = `${session.name}.${this.index}.`
      try {
        if ((await this.#workAt({ ...stay, place }, `${links}${turn}`)) === 'ended') return
      } catch (thrown) {
        // What was being copied is copied anew.
        if (ending.aborted && !signal.aborted && this.#phase !== 'following') return
        throw thrown
      }
      await session.fenceShard(links)
      place = await session.readPlace(place.keys)
    }
  }

  async #workAt(stay: Stay, name: string): Promise<'ended' | 'history-changed'> {
    const { session, place, guard, ending } = stay
    const { spec, holder, state, moves } = this.#options
    const { keys } = place
    this.#phase = 'connecting'
    const signal = AbortSignal.any([stay.signal, ending])
    let { meta } = place
    let from = await this.#resumable(stay, signal)
    if (from === null) {
      this.#phase = 'copying'
      const copied = await copyInto({
        spec,
        keys,
        session,
        place,
        name,
        begun: stay.begun,
        rules: stay.rules,
        amongOthers: this.#amongOthers,
        whose:
          moves === null
            ? async (found) => (await stay.heldByOthers(this, found)).map((held) => (held ? 'others' : 'own'))
            : moves.whoseFor(this, stay.rules, signal),
        spool: this.#spool,
        beforeWriting: async (until) => {
          // What came to it from the others is in its snapshot; their own streams must not take that away again.
          if (this.#options.joined) await moves?.passOthers(this.index, until)
        },
        tell: this.#tell,
        signal,
        onProgress: (bytes, written) => (this.#copied = { bytes, keys: written }),
      })
      if (copied === null) return 'history-changed'
      meta = copied.meta
      from = copied
      stay.onCopied()
      moves?.noteCopied(this.index)
    }
    const follower = new Follower({
      keys,
      holder,
      session,
      name,
      spool: this.#spool,
      source: () => this.#source,
      sourceVersion: () => this.#watch.versionNumber,
      askPlace: this.#replication.askPlace,
      lagMs: () => this.lagMs(),
      spillFile: join(spec.folder, `unsure-keys-${this.index}`),
      amongOthers: this.#amongOthers,
      decideFlush: (command, end) => this.#decideFlush(command, end),
      rules: stay.rules?.ofStream() ?? null,
      copyAnew: (command) => this.#copyAnew(command),
      abroad: moves === null ? null : (key, end) => moves.isAbroad(this.index, key, end),
      guard,
      tell: this.#tell,
      onTook: (commands) => {
        state.writes += commands
        this.#writes += commands
      },
      isFinishing: stay.isFinishing,
      meta: { ...meta!, targetRunId: session.runId },
      checkpoints: from.checkpoints,
      generation: from.generation,
    })
    this.#follower = follower
    this.#phase = 'following'
    try {
      return await follower.run(stay.signal, ending)
    } finally {
      this.#lastSafe = follower.safe
    }
  }

  /** Where the lanes stand, if the stream can be had from the earliest of them on; null: a copy is needed. */
  async #resumable(
    { session, place: { keys, meta, checkpoints } }: Stay,
    signal: AbortSignal,
  ): Promise<Pick<Copied, 'checkpoints' | 'generation'> | null> {
    const known = checkpoints.flatMap((one) => one ?? meta?.ended ?? [])
    if (meta === null || meta.phase === 'copying' || known.length !== meta.lanes) {
      if (this.#mark !== undefined) this.#refuseCopy()
      await this.#askForSnapshot()
      return null
    }
    const { replid, offset } = earliest(known)
    // For a moment, while a new snapshot is begun, the spool has no history at all.
    while (this.#replicating !== null && this.#spool.lineage === null) {
      signal.throwIfAborted()
      await this.#spool.changed.wait(signal, 1_000)
    }
    const { lineage } = this.#spool
    // The source has answered with a snapshot: what the target has lies before it, or in another history.
    const overtaken = lineage !== null && (offset < lineage.start || !belongsTo(lineage, replid, offset))
    if (overtaken && lineage.snapshot !== 'none') return null
    if (this.#lastSafe !== null && offset < this.#lastSafe)
      this.#tell('target.rolled-back', { from: this.#lastSafe, to: offset }, 'warning')
    if (!this.#spool.reaches(replid, offset))
      await this.#askAnew(() => this.#spool.beginStream(replid, offset))
    const { generation } = this.#spool
    this.#replicate()
    this.#tell('run.resumed', { resumedAt: offset })
    if (meta.targetRunId !== session.runId) await session.note(keys, { ...meta, targetRunId: session.runId })
    return { checkpoints: known, generation }
  }

  /** Nothing more is coming: tells the target. */
  async noteEnded(): Promise<void> {
    await this.#follower!.noteEnded()
  }

  /** What was noted in the target is gone: it may be at any moment by now, and a copy is not what was asked for. */
  #refuseCopy(): never {
    fail('source.stream-lost', { address: addressOf(this.#source), offset: this.#spool.end })
  }

  /** Sees to it that the spool has a snapshot with all of the stream behind it, or will have. */
  async #askForSnapshot(): Promise<void> {
    const { lineage, start } = this.#spool
    const usable = lineage !== null && lineage.snapshot !== 'none' && start === lineage.start
    if (lineage !== null && !usable) await this.#askAnew(() => this.#spool.forget())
    this.#replicate()
  }

  async #askAnew(prepare: () => Promise<void>): Promise<void> {
    if (this.#replicating === null) await prepare()
    else await this.#replication.restart(prepare)
  }

  /** What one of several sources means by it concerns the others' keys too: a person decides. */
  async #decideFlush(command: string, offset: number): Promise<FlushAnswer> {
    const { spec, index: shard } = this.#options
    const decided = spec.flushes.find((one) => one.shard === shard && one.offset === offset)
    // Where no copy may be made only the other answer goes on, and the question says so.
    if (decided === undefined || (decided.answer === 'copy-again' && spec.from !== undefined))
      return fail('source.flushed', {
        ...{ address: addressOf(this.#source), command, shard, offset },
        ...(spec.from !== undefined && { noCopy: 1 }),
      })
    this.#tell('source.flush-decided', { command, answer: decided.answer })
    if (decided.answer === 'copy-again') await this.#askAnew(() => this.#spool.forget())
    return decided.answer
  }

  /** Has another history begun. */
  async #copyAnew(command: string): Promise<void> {
    this.#tell('copy.begun-anew', { command }, 'warning')
    await this.#askAnew(() => this.#spool.forget())
  }

  #replicate(): void {
    this.#replicating ??= this.#replication
      .run(this.#running.signal)
      .catch((thrown: unknown) => this.#options.onHopeless(toFailure(thrown)))
  }

  progress(sourceKeys: number | null): ShardProgress {
    const { lineage } = this.#spool
    const { follower } = this
    const applied = follower?.applied ?? null
    // What the source said last, or what it has sent since.
    const written = lineage === null ? this.#watch.offset : Math.max(this.#watch.offset ?? 0, this.#spool.end)
    const lagMs = this.lagMsSeen()
    return {
      source: this.#options.ofSource,
      address: addressOf(this.#source),
      ...(this.#replica && { replica: addressOf(this.#replica) }),
      phase: this.#phaseNow(),
      snapshotBytes: this.#spool.snapshotBytes,
      snapshotTotal: this.#replication.snapshotTotal,
      copiedBytes: this.#copied.bytes,
      copiedKeys: this.#copied.keys,
      replid: lineage?.replid ?? null,
      sourceOffset: written,
      spooledOffset: lineage === null ? null : this.#spool.durable,
      appliedOffset: applied,
      lagBytes: written === null || applied === null ? null : Math.max(0, written - applied),
      lagMs,
      sourceKeys,
      spoolBytes: this.#spool.bytes,
      sourceReconnects: this.#reconnects,
      fullResyncs: this.#fullResyncs,
      partialResyncs: this.#partialResyncs,
      keysInRepair: follower?.keysInRepair ?? 0,
      ...this.#rates.look(Date.now(), this.#writes, this.received),
      waitingFor: this.#waitingFor(),
    }
  }

  /** Null where nobody can say. */
  lagMsSeen(): number | null {
    const lag = this.follower === null ? Infinity : this.#watch.lagMs(this.follower.applied)
    return Number.isFinite(lag) ? lag : null
  }

  #waitingFor(): Failure | null {
    return this.#follower?.waitingFor ?? this.#replication.waitingFor
  }

  #phaseNow(): SyncPhase {
    if (this.#waitingFor() !== null) return 'waiting'
    if (this.#phase === 'connecting') return 'connecting'
    const { state } = this.#replication
    // What is followed still is of a history that another one takes the place of.
    const isBegunAnew = state === 'waiting-for-snapshot' || state === 'receiving'
    if (this.#phase === 'following' && !isBegunAnew) return this.#inStep.yes ? 'in-step' : 'catching-up'
    return state === 'streaming' || state === 'waiting' || state === 'connecting' ? 'copying' : state
  }

  /** The task is over: what was received is of no use any more. */
  async removeSpool(): Promise<void> {
    await this.#spool.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.abort()
    await Promise.allSettled([this.#watching, this.#replicating])
    await this.#spool[Symbol.asyncDispose]()
  }
}
