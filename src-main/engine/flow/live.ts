import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, toFailure, type Failure } from '#contract/failure.ts'
import type { SyncOrder, SyncPhase, SyncProgress, SyncResult, SyncSpec } from '#contract/sync.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { belongsTo } from '../source/lineage.ts'
import { Replication } from '../source/psync.ts'
import { Spool } from '../source/spool.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import { earliest, keysOf, type Checkpoint, type TaskKeys } from './checkpoint.ts'
import { Follower, type Wishes } from './follow.ts'
import { copyInto } from './full-copy.ts'
import { InStep } from './in-step.ts'
import { renewEveryMs, renewLease, thisProcess, type Holder } from './lease.ts'
import { removeTaskKeys } from './own-keys.ts'
import { SourceWatch } from './source-watch.ts'
import { SyncState, type SyncFigures } from './sync-state.ts'
import { openTargetSession, type TargetSession } from './target-session.ts'

const tickMs = 50
const longestPauseMs = 3_000

/**
 * Follows a live source into a target until told to end: the snapshot first, then every write, each applied
 * exactly once, through lost links, restarts of either side and of this process. Fails only with what waiting
 * cannot mend.
 */
export async function runSync(
  spec: SyncSpec,
  report: (progress: SyncProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<SyncOrder>,
): Promise<SyncResult> {
  const { spoolQuotaBytes: quotaBytes, keepBehindMs } = spec
  await using spool = await Spool.open(join(spec.folder, 'spool'), { quotaBytes, keepBehindMs })
  const sync = new LiveSync(spec, spool, report)
  orders.listen((order) => sync.obey(order))
  const result = await sync.run(signal)
  if (result.outcome === 'finished') await spool.remove()
  return result
}

class LiveSync {
  readonly #spec: SyncSpec
  readonly #spool: Spool
  readonly #keys: TaskKeys
  readonly #holder: Holder
  readonly #state: SyncState
  readonly #watch: SourceWatch
  readonly #replication: Replication
  readonly #wishes: Wishes = { settle: false, drainTo: null, ending: null }
  readonly #freshStart: boolean
  #source: Connection
  #attempt = 0
  #replicating: Promise<void> | null = null
  #sourceFailure: Failure | null = null
  #stay = new AbortController()
  /** Why the present stay had to be given up from outside. */
  #stayFailure: Failure | null = null
  #phase: 'connecting' | 'copying' | 'following' | 'stopping' = 'connecting'
  #follower: Follower | null = null
  #targetFailure: Failure | null = null
  #copied = { bytes: 0, keys: 0 }
  #lastSafe: number | null = null
  readonly #inStep = new InStep()

  constructor(spec: SyncSpec, spool: Spool, report: (progress: SyncProgress) => void) {
    this.#spec = spec
    this.#spool = spool
    this.#source = spec.source
    this.#keys = keysOf(spec.task)
    this.#holder = thisProcess(randomBytes(4).toString('hex'))
    this.#freshStart = spool.lineage === null
    const state = new SyncState(report)
    this.#state = state
    const name = `kf:${spec.task}:source`
    this.#watch = new SourceWatch(() => this.#source, name)
    this.#replication = new Replication({
      connection: () => this.#source,
      spool,
      name,
      onFullSync: (replid, offset) => {
        state.fullResyncs += 1
        this.#watch.forget()
        state.event('source.full-resync', { replid, offset })
      },
      onPartialSync: (offset, newReplid) => {
        state.partialResyncs += 1
        state.event('source.partial-resync', { offset })
        if (newReplid !== null) state.event('source.new-replid', { replid: newReplid })
      },
      onLost: (failure) => {
        state.sourceReconnects += 1
        state.event('source.lost', { code: failure.code }, 'warning')
      },
    })
  }

  obey(order: SyncOrder): void {
    const wishes = this.#wishes
    switch (order.type) {
      case 'settle':
        wishes.settle = true
        break
      case 'drainTo':
        wishes.drainTo = order.offset
        break
      case 'follow':
        wishes.settle = false
        wishes.drainTo = null
        break
      case 'credentials': {
        const { username: _user, password: _password, ...address } = this.#source
        const { username, password } = order
        this.#source = {
          ...address,
          ...(username !== undefined && { username }),
          ...(password !== undefined && { password }),
        }
        break
      }
      case 'finish':
        if (order.force === true || this.#follower?.drained === true) wishes.ending = 'finish'
        else this.#state.event('order.refused', { order: 'finish' }, 'warning')
        break
      case 'pause':
      case 'leave':
        wishes.ending = order.type
        // A copy under way is begun again in any case: there is no point to wait for.
        if (order.type === 'pause' && this.#phase === 'copying') this.#stay.abort()
        break
    }
  }

  async run(signal: AbortSignal): Promise<SyncResult> {
    const ending = new AbortController()
    const all = AbortSignal.any([signal, ending.signal])
    const watching = this.#watch.run(all)
    const ticker = setInterval(() => this.#tick(), tickMs)
    try {
      return await this.#stayUntilEnded(all)
    } catch (thrown) {
      if (signal.aborted) fail('job.cancelled')
      throw thrown
    } finally {
      clearInterval(ticker)
      ending.abort()
      this.#state.tell(this.#figures(), true)
      await Promise.allSettled([watching, this.#replicating])
    }
  }

  /** Stays at the target; when it is lost, comes back to it. */
  async #stayUntilEnded(signal: AbortSignal): Promise<SyncResult> {
    let pauseMs = 100
    for (;;) {
      const appliedBefore = this.#follower?.applied ?? 0
      this.#stay = new AbortController()
      this.#stayFailure = null
      try {
        const result = await this.#stayOnce(AbortSignal.any([signal, this.#stay.signal]), signal)
        if (result !== null) return result
        pauseMs = 100
        continue
      } catch (thrown) {
        if (signal.aborted) fail('job.cancelled')
        if (this.#wishes.ending === 'pause' && this.#phase === 'copying') return this.#result('paused')
        if (this.#sourceFailure !== null) throw new FailureError(this.#sourceFailure)
        const failure = this.#stayFailure ?? toFailure(thrown)
        const beginning = this.#freshStart && this.#attempt === 1 && this.#phase === 'connecting'
        if (!failure.retryable || beginning || failure.code === 'task.held-elsewhere')
          throw new FailureError(failure)
        this.#leaveTarget(failure)
      }
      if (this.#wishes.ending === 'pause') return this.#result('paused')
      pauseMs = (this.#follower?.applied ?? 0) > appliedBefore ? 100 : Math.min(pauseMs * 2, longestPauseMs)
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  #leaveTarget(failure: Failure): void {
    if (this.#targetFailure === null) {
      this.#state.targetReconnects += 1
      this.#state.event('target.lost', { code: failure.code }, 'warning')
    }
    this.#targetFailure = failure
  }

  /** One stay at the target. Null: the source's history has changed, so come again and copy it. */
  async #stayOnce(stay: AbortSignal, signal: AbortSignal): Promise<SyncResult | null> {
    this.#attempt += 1
    const { target, task } = this.#spec
    await using session = await openTargetSession({
      connection: target,
      task,
      keys: this.#keys,
      holder: this.#holder,
      attempt: this.#attempt,
      signal: stay,
    })
    this.#targetFailure = null
    const renewing = this.#keepLease(session, stay)
    try {
      if ((await this.#workAt(session, stay, signal)) === 'history-changed') return null
    } finally {
      this.#stay.abort()
      await renewing
    }
    return await this.#end(session)
  }

  /** Renews the lease for as long as the stay lasts; a target that does not answer is found out by this too. */
  async #keepLease({ control }: TargetSession, stay: AbortSignal): Promise<void> {
    while (!stay.aborted) {
      await sleep(renewEveryMs, undefined, { signal: stay }).catch(() => undefined)
      if (stay.aborted) return
      try {
        await renewLease(control, this.#keys, this.#holder)
      } catch (thrown) {
        this.#stayFailure ??= toFailure(thrown)
        this.#stay.abort()
      }
    }
  }

  async #workAt(
    session: TargetSession,
    stay: AbortSignal,
    signal: AbortSignal,
  ): Promise<'ended' | 'history-changed'> {
    if (session.fenced > 0) this.#state.event('target.fenced', { count: session.fenced })
    if (session.restarted) this.#state.event('target.restarted', {}, 'warning')

    let meta = session.meta
    let checkpoints = await this.#resumable(session, stay, signal)
    if (checkpoints === null) {
      this.#phase = 'copying'
      const copied = await copyInto({
        spec: this.#spec,
        keys: this.#keys,
        holder: this.#holder,
        session,
        spool: this.#spool,
        state: this.#state,
        signal: stay,
        onProgress: (bytes, keys) => (this.#copied = { bytes, keys }),
      })
      if (copied === null) return 'history-changed'
      meta = copied.meta
      checkpoints = copied.checkpoints
    }
    this.#phase = 'following'
    const follower = new Follower({
      spec: this.#spec,
      keys: this.#keys,
      holder: this.#holder,
      session,
      spool: this.#spool,
      spillFile: join(this.#spec.folder, 'noted-keys'),
      source: () => this.#source,
      watch: this.#watch,
      state: this.#state,
      wishes: this.#wishes,
      meta: { ...meta!, targetRunId: session.runId },
      checkpoints,
    })
    this.#follower = follower
    try {
      return await follower.run(stay)
    } finally {
      this.#lastSafe = follower.safe
    }
  }

  /** The lanes' checkpoints, if the stream can be had from the earliest of them on; null: a copy is needed. */
  async #resumable(
    session: TargetSession,
    stay: AbortSignal,
    signal: AbortSignal,
  ): Promise<readonly Checkpoint[] | null> {
    const { meta } = session
    const known = session.checkpoints.flatMap((one) => (one === null ? [] : [one]))
    if (meta === null || meta.phase === 'copying' || known.length !== meta.lanes) {
      await this.#askForSnapshot(signal)
      return null
    }
    const { replid, offset } = earliest(known)
    // For a moment, while a new snapshot is begun, the spool has no history at all.
    while (this.#replicating !== null && this.#spool.lineage === null) {
      stay.throwIfAborted()
      await this.#spool.changed.wait(stay, 1_000)
    }
    const { lineage } = this.#spool
    // The source has answered with a snapshot: what the target has lies before it, or in another history.
    const overtaken = lineage !== null && (offset < lineage.start || !belongsTo(lineage, replid, offset))
    if (overtaken && lineage.snapshot !== 'none') return null
    if (this.#lastSafe !== null && offset < this.#lastSafe)
      this.#state.event('target.rolled-back', { from: this.#lastSafe, to: offset }, 'warning')
    if (!this.#spool.reaches(replid, offset))
      await this.#askAnew(signal, () => this.#spool.beginStream(replid, offset))
    this.#replicate(signal)
    this.#state.event('run.resumed', { resumedAt: offset })
    if (meta.targetRunId !== session.runId)
      await session.control.call(
        'SET',
        this.#keys.meta,
        JSON.stringify({ ...meta, targetRunId: session.runId }),
      )
    return known
  }

  /** Sees to it that the spool has a snapshot with all of the stream behind it, or will have. */
  async #askForSnapshot(signal: AbortSignal): Promise<void> {
    const { lineage, start } = this.#spool
    const usable = lineage !== null && lineage.snapshot !== 'none' && start === lineage.start
    if (lineage !== null && !usable) await this.#askAnew(signal, () => this.#spool.forget())
    this.#replicate(signal)
  }

  async #askAnew(signal: AbortSignal, prepare: () => Promise<void>): Promise<void> {
    if (this.#replicating === null) await prepare()
    else await this.#replication.restart(prepare)
    this.#replicate(signal)
  }

  #replicate(signal: AbortSignal): void {
    this.#replicating ??= this.#replication.run(signal).catch((thrown: unknown) => {
      this.#sourceFailure = toFailure(thrown)
      this.#stay.abort()
    })
  }

  async #end(session: TargetSession): Promise<SyncResult> {
    this.#phase = 'stopping'
    const { ending } = this.#wishes
    if (ending === 'finish') {
      const info = parseInfo(String(await session.control.call('INFO', 'keyspace')))
      await removeTaskKeys(session.control, this.#keys, Object.keys(keyspaceOf(info)).map(Number))
      return this.#result('finished')
    }
    await session.control.call('DEL', this.#keys.lease)
    return this.#result(ending === 'leave' ? 'left' : 'paused')
  }

  #result(outcome: SyncResult['outcome']): SyncResult {
    const progress = this.#state.progress(this.#figures())
    return { outcome, replid: progress.replid, appliedOffset: progress.appliedOffset, progress }
  }

  #tick(): void {
    const applied = this.#phase === 'following' ? this.#follower?.applied : undefined
    this.#inStep.look(applied === undefined ? Infinity : this.#lagMs(applied), Date.now())
    this.#state.tell(this.#figures())
  }

  /** A source that cannot be asked is judged by what was received of it. */
  #lagMs(applied: number): number {
    if (this.#watch.offset !== null) return this.#watch.lagMs(applied)
    return this.#replication.state === 'streaming' && applied >= this.#spool.end ? 0 : Infinity
  }

  #figures(): SyncFigures {
    const follower = this.#phase === 'connecting' || this.#phase === 'copying' ? null : this.#follower
    const { lineage } = this.#spool
    const applied = follower?.applied ?? null
    return {
      phase: this.#phaseNow(),
      snapshotBytes: this.#spool.snapshotBytes,
      snapshotTotal: this.#replication.snapshotTotal,
      copiedBytes: this.#copied.bytes,
      copiedKeys: this.#copied.keys,
      replid: lineage?.replid ?? null,
      sourceOffset: this.#sourceOffset(),
      spooledOffset: lineage === null ? null : this.#spool.durable,
      appliedOffset: applied,
      lagMs: this.#lagToTell(applied),
      received: this.#replication.received,
      sourceKeys: this.#watch.keys,
      targetKeys: follower?.targetKeys ?? null,
      guard: follower?.guard ?? 'guarded',
      spoolBytes: this.#spool.bytes,
      keysInRepair: follower?.keysInRepair ?? 0,
      waitingFor: this.#waitingFor(),
    }
  }

  #lagToTell(applied: number | null): number | null {
    const lag = applied === null ? Infinity : this.#watch.lagMs(applied)
    return Number.isFinite(lag) ? lag : null
  }

  /** What the source said last, or what it has sent since. */
  #sourceOffset(): number | null {
    if (this.#spool.lineage === null) return this.#watch.offset
    return Math.max(this.#watch.offset ?? 0, this.#spool.end)
  }

  #waitingFor(): Failure | null {
    return this.#targetFailure ?? this.#follower?.waitingFor ?? this.#replication.waitingFor
  }

  #phaseNow(): SyncPhase {
    if (this.#phase === 'stopping' || this.#wishes.ending !== null) return 'stopping'
    if (this.#waitingFor() !== null) return 'waiting'
    if (this.#phase === 'connecting') return 'connecting'
    if (this.#phase === 'copying') {
      const { state } = this.#replication
      if (state === 'streaming' || state === 'waiting' || state === 'connecting') return 'copying'
      return state
    }
    if (this.#follower?.drained === true) return 'drained'
    const { drainTo } = this.#wishes
    if (drainTo !== null && this.#follower !== null && this.#follower.applied >= drainTo) return 'settling'
    return this.#inStep.yes ? 'in-step' : 'catching-up'
  }
}
