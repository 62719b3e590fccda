import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fail, FailureError, toFailure, type Failure } from '#contract/failure.ts'
import type { SyncOrder, SyncPhase, SyncProgress, SyncResult, SyncSpec } from '#contract/sync.ts'
import { Misheard } from '../redis/misheard.ts'
import type { ClusterSource } from '../source/cluster-source.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import type { DbKey } from './checkpoint.ts'
import { ExpiryRounds } from './expiry-rounds.ts'
import { ShardFinder, type FoundShard } from './find-shards.ts'
import type { Follower } from './follow.ts'
import { FollowedRules } from './followed-rules.ts'
import { assertMayWrite } from './full-copy.ts'
import { keepLease } from './keep-stay.ts'
import { KeyCounts } from './key-counts.ts'
import { thisProcess } from './lease.ts'
import { obey } from './obey.ts'
import { Pauses } from './pauses.ts'
import { runScan } from './scan-sync.ts'
import { Shard } from './shard.ts'
import { furthestBack } from './shard-totals.ts'
import { SlotMoves } from './slot-moves.ts'
import { haveReached, Steering, type Wishes } from './steering.ts'
import { SyncState, type SyncFigures } from './sync-state.ts'
import { findPlace, type TargetPlace } from './target-place.ts'
import type { Place, TargetSession } from './target-session.ts'
import { TtlGuard } from './ttl-guard.ts'

const tickMs = 50

/**
 * Follows live sources into a target until told to end: the snapshot of each first, then every write, each applied
 * exactly once, through lost links, restarts of either side and of this process. Fails only with what waiting
 * cannot mend.
 */
export async function runSync(
  spec: SyncSpec,
  report: (progress: SyncProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<SyncOrder>,
): Promise<SyncResult> {
  if (spec.mode === 'scan') return await runScan(spec, report, signal, orders)
  await using sync = new LiveSync(spec, report)
  orders.listen((order) => sync.obey(order))
  return await sync.run(signal)
}

class LiveSync implements AsyncDisposable {
  readonly #spec: SyncSpec
  readonly #state: SyncState
  readonly #holder = thisProcess(randomBytes(4).toString('hex'))
  readonly #wishes: Wishes = { settle: false, drainTo: null, ending: null }
  readonly #finder: ShardFinder
  readonly #moves = new Map<ClusterSource, SlotMoves>()
  readonly #shards: Shard[] = []
  /** Why it is not known yet which shards there are. */
  #seeking: Failure | null = null
  /** A cluster has got another master, which is to be followed too. */
  #growing = false
  #attempt = 0
  #stay = new AbortController()
  /** Why the present stay had to be given up from outside. */
  #stayFailure: Failure | null = null
  #hopeless: Failure | null = null
  #targetFailure: Failure | null = null
  readonly #misheard = new Misheard()
  #steering: Steering | null = null
  /** Null until the target has been looked at. */
  #place: TargetPlace | null = null
  readonly #counts = new KeyCounts(() => this.#shards)
  #stopping = false
  /** The order that the target was drained by, and said so. */
  #drainedBy: Wishes['drainTo'] = null

  constructor(spec: SyncSpec, report: (progress: SyncProgress) => void) {
    this.#spec = spec
    this.#state = new SyncState(report)
    this.#finder = new ShardFinder(spec)
  }

  obey(order: SyncOrder): void {
    obey(order, {
      wishes: this.#wishes,
      drained: this.#steering?.drained === true,
      tell: this.#state.event,
      // A stream comes as it is written.
      usePace: () => undefined,
      useCredentials: (source, use) => {
        this.#finder.useCredentials(source, use)
        for (const shard of this.#shards) shard.useCredentials(source, use)
      },
    })
  }

  async run(signal: AbortSignal): Promise<SyncResult> {
    const ticker = setInterval(() => this.#tick(), tickMs)
    try {
      await this.#findShards(signal)
      if (this.#shards.length === 0) return this.#result('paused')
      return await this.#stayUntilEnded(signal)
    } catch (thrown) {
      if (signal.aborted) fail('job.cancelled')
      throw thrown
    } finally {
      clearInterval(ticker)
      this.#state.tell(this.#figures(), true)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard[Symbol.asyncDispose]()))
  }

  /** Waits for the sources where it has to ask them which shards there are. */
  async #findShards(signal: AbortSignal): Promise<void> {
    const pauses = new Pauses()
    while (this.#wishes.ending !== 'pause') {
      try {
        await this.#take(await this.#finder.find(signal))
        this.#seeking = null
        return
      } catch (thrown) {
        const failure = toFailure(thrown)
        if (!failure.retryable) throw thrown
        this.#seeking = failure
        await pauses.after(false, signal)
        signal.throwIfAborted()
      }
    }
  }

  /** Opens the shards that are not open yet. */
  async #take(found: readonly FoundShard[]): Promise<void> {
    for (let index = this.#shards.length; index < found.length; index += 1) {
      const { source, connection, cluster, seek, joined } = found[index]!
      const shard = await Shard.open({
        spec: this.#spec,
        index,
        of: found.length,
        ofSource: source,
        source: connection,
        seek,
        moves: cluster === null ? null : this.#movesOf(cluster, source),
        joined,
        holder: this.#holder,
        state: this.#state,
        onHopeless: (failure) => {
          this.#hopeless = failure
          this.#stay.abort()
        },
      })
      this.#shards.push(shard)
    }
  }

  /** Looks for masters that are new to a cluster; with one more shard the stay is begun anew. */
  async #grow(): Promise<void> {
    const { signal } = this.#stay
    try {
      const before = this.#shards.length
      await this.#take(await this.#finder.findNew(signal))
      if (this.#shards.length === before) return
      this.#growing = true
      this.#stay.abort()
    } catch {
      // It will be looked for again.
    }
  }

  #movesOf(cluster: ClusterSource, source: number): SlotMoves {
    const known = this.#moves.get(cluster)
    if (known !== undefined) return known
    const ofCluster = (): readonly Shard[] => this.#shards.filter(({ moves }) => moves === made)
    const made: SlotMoves = new SlotMoves({
      homes: this.#finder.homesOf(source),
      shards: ofCluster,
      keep: (homes) => this.#finder.keepHomes(source, homes),
      onStranger: () => void this.#grow(),
    })
    this.#moves.set(cluster, made)
    return made
  }

  /** Stays at the target; when it is lost, comes back to it. */
  async #stayUntilEnded(signal: AbortSignal): Promise<SyncResult> {
    const pauses = new Pauses()
    const isFirst = this.#shards.every(({ isNew }) => isNew)
    for (;;) {
      const appliedBefore = this.#applied()
      this.#stay = new AbortController()
      this.#stayFailure = null
      try {
        return await this.#stayOnce(AbortSignal.any([signal, this.#stay.signal]))
      } catch (thrown) {
        if (signal.aborted) fail('job.cancelled')
        if (this.#hopeless !== null) throw new FailureError(this.#hopeless)
        if (this.#growing) {
          this.#growing = false
          continue
        }
        const failure = this.#stayFailure ?? toFailure(thrown)
        const beginning = isFirst && this.#attempt === 1 && this.#shards.every((one) => one.isConnecting)
        if (beginning || failure.code === 'task.held-elsewhere') throw new FailureError(failure)
        if (!failure.retryable && !this.#misheard.mayBe(failure)) throw new FailureError(failure)
        this.#leaveTarget(failure)
      }
      if (this.#wishes.ending === 'pause') return this.#result('paused')
      await pauses.after(this.#applied() > appliedBefore, signal)
    }
  }

  /** Of the shards that apply their streams now. */
  #followers(): readonly Follower[] {
    return this.#shards.flatMap(({ follower }) => follower ?? [])
  }

  #applied(): number {
    return this.#shards.reduce((sum, { reached }) => sum + reached, 0)
  }

  #leaveTarget(failure: Failure): void {
    if (this.#targetFailure === null) {
      this.#state.targetReconnects += 1
      this.#state.event('target.lost', { code: failure.code }, 'warning')
    }
    this.#targetFailure = failure
  }

  async #stayOnce(signal: AbortSignal): Promise<SyncResult> {
    this.#attempt += 1
    this.#place ??= await findPlace(this.#spec, signal)
    await using session = await this.#place.open({
      shards: this.#shards.length,
      holder: this.#holder,
      attempt: this.#attempt,
      signal,
    })
    this.#targetFailure = null
    this.#misheard.forget()
    if (session.fenced > 0) this.#state.event('target.fenced', { count: session.fenced })
    if (session.restarted) {
      this.#state.event('target.restarted', {}, 'warning')
      // Before it is noted there that it is known.
      const since = Date.now() - this.#spec.keepBehindMs
      for (const moves of this.#moves.values()) await moves.doubtSince(since)
    }
    if (!(await this.#isDone(session))) {
      await using guard = new TtlGuard(join(this.#spec.folder, 'noted-keys'))
      await this.#workAt(session, guard, signal)
    }
    return await this.#end(session)
  }

  /**
   * Told to finish, and the target, which was lost meanwhile, has all that it had when it was drained: the sources need
   * not be there any more. Masters of a cluster that were started anew may each lack something else.
   */
  async #isDone(session: TargetSession): Promise<boolean> {
    const { ending, drainTo } = this.#wishes
    if (ending !== 'finish' || drainTo === null || drainTo !== this.#drainedBy) return false
    const [first, ...others] = session.places
    if (first!.meta === null)
      // It goes last. But a target that comes back empty has none either.
      return this.#stopping && (this.#counts.target === 0 || (await session.countKeys()) > 0)
    const { targetRunId, ended } = first!.meta
    if (session.lanes !== null && targetRunId !== session.runId) return false
    return (
      hasDrained(first!) &&
      others.every((place) => (place.meta === null ? ended !== undefined : hasDrained(place)))
    )
  }

  /** All shards at work, until it is time to end. Whichever fails first ends the stay for all. */
  async #workAt(session: TargetSession, guard: TtlGuard, signal: AbortSignal): Promise<void> {
    const places = await Promise.all(
      this.#shards.map((shard, index) => shard.begin(session, session.places[index]!)),
    )
    const known = places.find(({ meta }) => meta !== null)?.meta ?? null
    const rules = FollowedRules.of(this.#spec, session.control.address)
    // A cluster has no other one, also where it has no keys yet.
    if (this.#moves.size > 0) rules?.noteDatabases([0])
    if (known !== null && known.rules !== rules?.id)
      fail('task.other-rules', { address: session.control.address })
    const begun = {
      ...(rules !== null && { rules: rules.id }),
      lanes: known?.lanes ?? session.lanes ?? this.#spec.lanes,
      emptyAtStart: known?.emptyAtStart ?? (await assertMayWrite(this.#spec, session)),
    }
    const ending = new AbortController()
    const expiries = new ExpiryRounds(session)
    const steering = new Steering({
      wishes: this.#wishes,
      session,
      shards: this.#shards,
      guard,
      expiries,
      guarded: places.every(({ meta }) => meta?.guarded !== false),
      tell: this.#state.event,
      count: () => this.#counts.countAtRest(session),
      slotsAtRest: () => [...this.#moves.values()].every(({ isAtRest }) => isAtRest),
      onDrained: (order) => (this.#drainedBy = order),
    })
    this.#steering = steering
    const crew = [
      // Before anything is steered: each lets go of what it had at the target in an earlier stay.
      ...this.#shards.map((shard) =>
        shard.visit({
          session,
          place: places[shard.index]!,
          guard,
          begun,
          rules,
          heldByOthers: (asking, keys) => this.#heldByOthers(asking, keys),
          isFinishing: () => this.#wishes.ending === 'finish',
          onCopied: () => steering.noteCopy(),
          signal,
          ending: ending.signal,
        }),
      ),
      steering.run(signal).finally(() => ending.abort()),
      expiries.keep(() => this.#followers(), AbortSignal.any([signal, ending.signal])),
      keepLease(session, AbortSignal.any([signal, ending.signal])),
      this.#counts.keep(session, AbortSignal.any([signal, ending.signal])),
      ...[...this.#moves.values()].map((moves) =>
        moves.watch(
          (shard) => session.listsOf(places[shard]!.keys),
          rules,
          AbortSignal.any([signal, ending.signal]),
        ),
      ),
    ]
    for (const one of crew)
      one.catch((thrown: unknown) => {
        this.#stayFailure ??= toFailure(thrown)
        this.#stay.abort()
      })
    await Promise.allSettled(crew)
    await Promise.all(crew)
    signal.throwIfAborted()
    if (this.#wishes.ending === 'finish') await Promise.all(this.#shards.map((shard) => shard.noteEnded()))
  }

  async #heldByOthers(asking: Shard, keys: readonly DbKey[]): Promise<readonly boolean[]> {
    const others = this.#shards.filter((shard) => shard !== asking)
    const answers = await Promise.all(others.map((shard) => shard.holds(keys)))
    return keys.map((_, index) => answers.some((held) => held?.[index] === true))
  }

  async #end(session: TargetSession): Promise<SyncResult> {
    this.#stopping = true
    const { ending } = this.#wishes
    if (ending === 'finish') {
      await session.removeKeys()
      const result = this.#result('finished')
      await Promise.all(this.#shards.map((shard) => shard.removeSpool()))
      return result
    }
    await session.release()
    return this.#result(ending === 'leave' ? 'left' : 'paused')
  }

  #result(outcome: SyncResult['outcome']): SyncResult {
    const progress = this.#state.progress(this.#figures())
    return { outcome, replid: progress.replid, appliedOffset: progress.appliedOffset, progress }
  }

  #tick(): void {
    for (const shard of this.#shards) shard.look()
    this.#state.tell(this.#figures())
  }

  #figures(): SyncFigures {
    const shards = this.#shards.map((shard) => shard.progress(this.#counts.source(shard.index)))
    const waitingFor =
      this.#seeking ?? this.#targetFailure ?? shards.find((shard) => shard.waitingFor)?.waitingFor ?? null
    return {
      phase: this.#phaseNow(waitingFor === null ? furthestBack(shards) : 'waiting'),
      received: this.#shards.reduce((sum, shard) => sum + shard.received, 0),
      targetKeys: this.#counts.target,
      guard: this.#steering?.guard ?? 'guarded',
      waitingFor,
      shards,
    }
  }

  /** What the shards do, unless something is done with all of them. */
  #phaseNow(ofShards: SyncPhase): SyncPhase {
    const { ending, drainTo } = this.#wishes
    if (this.#stopping || ending !== null) return 'stopping'
    const followers = this.#followers()
    if (ofShards === 'waiting' || followers.length < this.#shards.length) return ofShards
    if (this.#steering?.drained === true) return 'drained'
    return drainTo !== null && haveReached(followers, drainTo) ? 'settling' : ofShards
  }
}

/** By what the target itself has noted of a shard. */
function hasDrained({ meta, checkpoints }: Place): boolean {
  const { drained, ended } = meta!
  if (drained === undefined) return false
  return checkpoints.every((one) => (one === null ? ended !== undefined : one.offset >= drained))
}
