import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError, toFailure, type Failure } from '#contract/failure.ts'
import type { ScanGap, SyncOrder, SyncPhase, SyncProgress, SyncResult, SyncSpec } from '#contract/sync.ts'
import { isClusterNode } from '../source/cluster-source.ts'
import { ScanSource } from '../source/scan-source.ts'
import { openInquiry, type TargetInquiry } from '../target/inquiry.ts'
import { openSide, type OpenSide } from '../verify/open-side.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import type { TaskKeys, TaskMeta } from './checkpoint.ts'
import { DirtyKeys } from './dirty-keys.ts'
import { InStep } from './in-step.ts'
import { renewEveryMs, renewLease, thisProcess } from './lease.ts'
import { countExisting } from './own-keys.ts'
import { ScanStay, type ScanMemory } from './scan-stay.ts'
import type { Wishes } from './steering.ts'
import { SyncState, type SyncFigures } from './sync-state.ts'
import { placeOf } from './target-place.ts'
import type { TargetSession } from './target-session.ts'

const tickMs = 50
const countEveryMs = 1_000
const longestPauseMs = 3_000
/** So long is waited for the source to let us listen, before its keys are gone through. */
const listenWithinMs = 3_000

/**
 * Brings a target to hold what a source holds that lets nobody follow it: all keys are read once, then those that its
 * keyspace events name; whenever something may have been missed, both sides are gone through and compared. Between two
 * passes a change may be seen late, and a value may skip what it was in between; once the source stands still and the
 * last pass has found nothing, both are equal. Fails only with what waiting cannot mend.
 */
export async function runScan(
  spec: SyncSpec,
  report: (progress: SyncProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<SyncOrder>,
): Promise<SyncResult> {
  const scan = new ScanSync(spec, report)
  orders.listen((order) => scan.obey(order))
  return await scan.run(signal)
}

class ScanSync {
  readonly #spec: SyncSpec
  readonly #state: SyncState
  readonly #holder = thisProcess(randomBytes(4).toString('hex'))
  readonly #wishes: Wishes = { settle: false, drainTo: null, ending: null }
  readonly #inStep = new InStep()
  readonly #memory: ScanMemory = {
    dirty: new DirtyKeys(),
    gaps: 0,
    closedGaps: 0,
    passedAt: null,
    copiedKeys: 0,
    copiedBytes: 0,
    failed: 0,
    toldRefused: new Set(),
  }
  #connection: Connection
  #watch: ScanSource | null = null
  #stay: ScanStay | null = null
  #attempt = 0
  #waitingFor: Failure | null = null
  #reconnects = 0
  #targetKeys: number | null = null
  #stopping = false
  #unheardTold = false
  #dropped = false

  constructor(spec: SyncSpec, report: (progress: SyncProgress) => void) {
    this.#spec = spec
    this.#state = new SyncState(report)
    this.#connection = spec.sources[0]!
  }

  obey(order: SyncOrder): void {
    const wishes = this.#wishes
    switch (order.type) {
      // Its expiries are the source's own all along.
      case 'settle':
        break
      case 'drainTo':
        wishes.drainTo = order.offsets
        break
      case 'follow':
        wishes.drainTo = null
        break
      case 'credentials': {
        const { username: _user, password: _password, ...rest } = this.#connection
        const { type: _type, ...credentials } = order
        this.#connection = { ...rest, ...credentials }
        break
      }
      case 'finish':
        if (order.force === true || this.#stay?.drained === true) wishes.ending = 'finish'
        else this.#state.event('order.refused', { order: 'finish' }, 'warning')
        break
      case 'pause':
      case 'leave':
        wishes.ending = order.type
        break
    }
  }

  async run(signal: AbortSignal): Promise<SyncResult> {
    const { folder, sources } = this.#spec
    if (sources.length > 1) fail('task.scan-one-source', { sources: sources.length })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const ticker = setInterval(() => this.#tick(), tickMs)
    const watching = new AbortController()
    let watched: Promise<void> | null = null
    try {
      const isCluster = await isClusterNode(this.#connection, signal)
      this.#watch = new ScanSource({
        connection: () => this.#connection,
        name: `kf:${this.#spec.task}:source`,
        isCluster,
        onKey: (db, key) => this.#heard(db, key),
        onGap: (why) => this.#missed(why),
      })
      this.#state.event('scan.begun', { source: addressOf(this.#connection) })
      watched = this.#watch.run(AbortSignal.any([signal, watching.signal]))
      return await this.#stayUntilEnded(signal)
    } catch (thrown) {
      if (signal.aborted) fail('job.cancelled')
      throw thrown
    } finally {
      clearInterval(ticker)
      watching.abort()
      await watched
      this.#state.tell(this.#figures(), true)
    }
  }

  #heard(db: number, key: Buffer): void {
    if (!this.#memory.dirty.tell(db, key, Date.now())) this.#dropped = true
  }

  #missed(why: ScanGap): void {
    const memory = this.#memory
    const isFirst = memory.gaps === memory.closedGaps && memory.passedAt !== null
    memory.gaps += 1
    if (isFirst) this.#state.event('scan.gap', { why }, 'warning')
  }

  /** Stays at both servers; when one is lost, comes back to them. */
  async #stayUntilEnded(signal: AbortSignal): Promise<SyncResult> {
    let pauseMs = 100
    for (;;) {
      const keysBefore = this.#memory.copiedKeys
      try {
        return await this.#stayOnce(signal)
      } catch (thrown) {
        if (signal.aborted) fail('job.cancelled')
        const failure = toFailure(thrown)
        const beginning = this.#attempt === 1 && this.#stay === null
        if (!failure.retryable || beginning || failure.code === 'task.held-elsewhere')
          throw new FailureError(failure)
        this.#lose(failure)
      }
      if (this.#wishes.ending === 'pause') return this.#result('paused')
      pauseMs = this.#memory.copiedKeys > keysBefore ? 100 : Math.min(pauseMs * 2, longestPauseMs)
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  #lose(failure: Failure): void {
    if (this.#waitingFor === null) {
      const { address } = failure.params
      const ofSource = typeof address === 'string' && this.#watch?.watches(address) === true
      if (ofSource) this.#reconnects += 1
      else this.#state.targetReconnects += 1
      this.#state.event(ofSource ? 'source.lost' : 'target.lost', { code: failure.code }, 'warning')
    }
    this.#waitingFor = failure
  }

  async #stayOnce(signal: AbortSignal): Promise<SyncResult> {
    this.#attempt += 1
    const { target, task } = this.#spec
    using inquiry = await openInquiry(target, signal)
    const place = placeOf(target, task, inquiry)
    await using session = await place.open({ holder: this.#holder, attempt: this.#attempt, signal })
    using source = await openSide(this.#connection, signal, `kf:${task}:source`)
    using targetSide = await openSide(session.connection, signal, session.name)
    const meta = await this.#begin(place.keys, session, targetSide)
    this.#waitingFor = null
    if (session.fenced > 0) this.#state.event('target.fenced', { count: session.fenced })
    if (session.restarted) {
      this.#state.event('target.restarted', {}, 'warning')
      this.#missed('target-behind')
    }
    await this.#untilHeard(signal)
    await this.#workAt({ session, inquiry, keys: place.keys, meta, source, target: targetSide }, signal)
    return await this.#end(session, place.keys)
  }

  /** Notes in the target that this is where it works. Fails with `target.not-empty`, `task.other-mode`. */
  async #begin(keys: TaskKeys, session: TargetSession, target: OpenSide): Promise<TaskMeta> {
    const found = session.meta
    if (found !== null && found.snapshot !== scanned)
      fail('task.other-mode', { address: addressOf(this.#spec.target) })
    const meta = found === null ? await this.#firstMeta(keys, session, target) : resumed(found, session)
    await session.note(session.keys, meta)
    if (found !== null && this.#attempt === 1) this.#state.event('run.resumed')
    return meta
  }

  async #firstMeta(keys: TaskKeys, session: TargetSession, target: OpenSide): Promise<TaskMeta> {
    const foreign = (await target.size()) - (await countExisting(session.control, [keys.lease]))
    if (foreign > 0 && this.#spec.onConflict === 'fail')
      fail('target.not-empty', { address: addressOf(this.#spec.target), keys: foreign, examples: '' })
    return {
      format: 1,
      lanes: session.lanes ?? this.#spec.lanes,
      phase: 'copying',
      guarded: false,
      emptyAtStart: foreign === 0,
      snapshot: scanned,
      targetRunId: session.runId,
    }
  }

  /** What is changed from here on shall be told; where that cannot be had, it is gone on without. */
  async #untilHeard(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + listenWithinMs
    const watch = this.#watch
    while (watch?.hears !== true && watch?.isDeaf !== true && Date.now() < deadline)
      await sleep(tickMs, undefined, { signal })
    if (this.#watch?.hears === true || this.#unheardTold) return
    this.#unheardTold = true
    this.#state.event('scan.unheard', { source: addressOf(this.#connection) }, 'warning')
  }

  async #workAt(at: StayPlace, signal: AbortSignal): Promise<void> {
    const ending = new AbortController()
    const alive = AbortSignal.any([signal, ending.signal])
    const stay = new ScanStay({
      ...at,
      spec: this.#spec,
      watch: this.#watch!,
      memory: this.#memory,
      wishes: this.#wishes,
      tell: this.#state.event,
      onCarried: (keys) => (this.#state.writes += keys),
      signal: alive,
    })
    this.#stay = stay
    let failure: unknown = null
    const crew = [
      stay.run().finally(() => ending.abort()),
      this.#keepLease(at, alive),
      this.#keepCount(at, alive),
    ]
    await Promise.all(
      crew.map((one) =>
        one.catch((thrown: unknown) => {
          // What comes of being ended is not why it ended.
          if (!ending.signal.aborted || toFailure(thrown).code !== 'job.cancelled') failure ??= thrown
          ending.abort()
        }),
      ),
    )
    if (failure !== null) throw failure
    signal.throwIfAborted()
  }

  async #keepLease({ session, keys }: StayPlace, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(renewEveryMs, undefined, { signal }).catch(() => undefined)
      if (!signal.aborted) await renewLease(session.control, keys, this.#holder)
    }
  }

  async #keepCount({ session, target, keys }: StayPlace, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [all, ours] = await Promise.all([
        target.size(),
        countExisting(session.control, [keys.meta, keys.lease]),
      ])
      this.#targetKeys = all - ours
      await sleep(countEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #end(session: TargetSession, keys: TaskKeys): Promise<SyncResult> {
    this.#stopping = true
    const { ending } = this.#wishes
    if (ending === 'finish') {
      await session.removeKeys()
      return this.#result('finished')
    }
    await session.control.call('DEL', keys.lease)
    return this.#result(ending === 'leave' ? 'left' : 'paused')
  }

  #result(outcome: SyncResult['outcome']): SyncResult {
    return { outcome, replid: null, appliedOffset: null, progress: this.#state.progress(this.#figures()) }
  }

  #tick(): void {
    if (this.#dropped) {
      this.#dropped = false
      this.#missed('too-many')
    }
    const isOpen = this.#memory.gaps > this.#memory.closedGaps
    // Where nothing tells of changes, more than a pass that has ended cannot be said.
    const lagMs = this.#watch?.hears === true ? (isOpen ? Infinity : (this.#lagMs ?? Infinity)) : 0
    this.#inStep.look(this.#memory.passedAt === null ? Infinity : lagMs, Date.now())
    this.#state.tell(this.#figures())
  }

  /** How old the oldest change is that is known, and has not arrived; null before all keys were gone through. */
  get #lagMs(): number | null {
    const { dirty, passedAt } = this.#memory
    if (passedAt === null) return null
    const since = this.#watch?.hears === true ? dirty.oldest : passedAt
    return since === null ? 0 : Math.max(0, Date.now() - since)
  }

  #phaseNow(): SyncPhase {
    const stay = this.#stay
    if (this.#stopping || this.#wishes.ending !== null) return 'stopping'
    if (this.#waitingFor !== null) return 'waiting'
    if (stay === null) return 'connecting'
    if (stay.drained) return 'drained'
    if (stay.doing !== null) return stay.doing
    // It has not begun yet with what it does first.
    if (this.#memory.passedAt === null) return 'connecting'
    return this.#inStep.yes ? 'in-step' : 'catching-up'
  }

  #figures(): SyncFigures {
    const { copiedBytes, copiedKeys } = this.#memory
    const phase = this.#phaseNow()
    return {
      phase,
      received: copiedBytes,
      targetKeys: this.#targetKeys,
      // Every value is written with the source's own expiry, and again when that is changed: no lag can cost a key.
      guard: 'final',
      waitingFor: this.#waitingFor,
      shards: [
        {
          source: 0,
          address: addressOf(this.#connection),
          phase,
          snapshotBytes: copiedBytes,
          snapshotTotal: null,
          copiedBytes,
          copiedKeys,
          replid: null,
          sourceOffset: null,
          spooledOffset: null,
          appliedOffset: null,
          lagBytes: null,
          lagMs: this.#lagMs,
          sourceKeys: this.#watch?.keys ?? null,
          spoolBytes: 0,
          sourceReconnects: this.#reconnects,
          fullResyncs: 0,
          partialResyncs: 0,
          keysInRepair: 0,
          waitingFor: this.#waitingFor,
        },
      ],
    }
  }
}

/** What stands in a task's note in the place of its snapshot. */
const scanned = 'scan'

/** As it was noted; what had been begun of the first scan goes on as a comparison. */
function resumed(found: TaskMeta, { runId }: TargetSession): TaskMeta {
  return { ...found, targetRunId: runId, ...(found.phase === 'copying' && { again: true as const }) }
}

interface StayPlace {
  readonly session: TargetSession
  readonly inquiry: TargetInquiry
  readonly keys: TaskKeys
  readonly meta: TaskMeta
  readonly source: OpenSide
  readonly target: OpenSide
}
