import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError, toFailure, type Failure } from '#contract/failure.ts'
import type { Limits } from '#contract/limits.ts'
import type { ScanGap, SyncOrder, SyncPhase, SyncProgress, SyncResult, SyncSpec } from '#contract/sync.ts'
import { Misheard } from '../redis/misheard.ts'
import { openInquiry, type TargetInquiry } from '../target/inquiry.ts'
import { openSide, type OpenSide } from '../verify/open-side.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import { forgetBegun, noteBegun, wasBegun } from './begun-mark.ts'
import type { TaskKeys, TaskMeta } from './checkpoint.ts'
import { DirtyKeys } from './dirty-keys.ts'
import { fromSource, FollowedRules } from './followed-rules.ts'
import { assertMayWrite } from './full-copy.ts'
import { InStep } from './in-step.ts'
import { keepLease } from './keep-stay.ts'
import { KeyCounts } from './key-counts.ts'
import { thisProcess } from './lease.ts'
import { obey } from './obey.ts'
import { Pauses } from './pauses.ts'
import { ScanSources } from './scan-sources.ts'
import { ScanStay, type ScanMemory } from './scan-stay.ts'
import type { Wishes } from './steering.ts'
import { SyncState, type SyncFigures } from './sync-state.ts'
import { placeOf } from './target-place.ts'
import type { TargetSession } from './target-session.ts'
import { Throttle } from './throttle.ts'

const tickMs = 50
/** So long is waited for the source to let us listen, before its keys are gone through. */
const listenWithinMs = 3_000

/**
 * Brings a target to hold what sources hold that let nobody follow them: all keys are read once, then those that their
 * keyspace events name; whenever something may have been missed, both sides are gone through and compared. Between two
 * passes a change may be seen late, and a value may skip what it was in between; once the sources stand still and the
 * last pass has found nothing, both sides are equal. Fails only with what waiting cannot mend.
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
  readonly #throttle: Throttle
  /** Null: everything goes along as it is. */
  readonly #rules: FollowedRules | null
  /** How each source is signed in to at present. */
  readonly #connections: Connection[]
  /** How often each was lost. */
  readonly #reconnects: number[]
  /** Null until it is known what they are. */
  #sources: ScanSources | null = null
  #stay: ScanStay | null = null
  /** Has the present stay begun anew. */
  #regroup: () => void = () => undefined
  #attempt = 0
  #waitingFor: Failure | null = null
  readonly #misheard = new Misheard()
  readonly #counts = new KeyCounts(() => this.#sources?.each ?? [])
  #stopping = false
  #unheardTold = false
  #dropped = false

  constructor(spec: SyncSpec, report: (progress: SyncProgress) => void) {
    this.#spec = spec
    this.#state = new SyncState(report)
    this.#connections = [...spec.sources]
    this.#reconnects = spec.sources.map(() => 0)
    this.#throttle = new Throttle(limitsOf(spec.scanKeysPerSecond))
    this.#rules = FollowedRules.of(spec, addressOf(spec.target))
  }

  obey(order: SyncOrder): void {
    obey(order, {
      wishes: this.#wishes,
      drained: this.#stay?.drained === true,
      tell: this.#state.event,
      usePace: (keysPerSecond) => this.#throttle.obey({ type: 'limits', limits: limitsOf(keysPerSecond) }),
      useCredentials: (source, use) => {
        this.#connections[source] = use(this.#connections[source]!)
        this.#sources?.each[source]?.useCredentials(use)
      },
    })
  }

  async run(signal: AbortSignal): Promise<SyncResult> {
    await mkdir(this.#spec.folder, { recursive: true, mode: 0o700 })
    const ticker = setInterval(() => this.#tick(), tickMs)
    const watching = new AbortController()
    let watched: Promise<void> | null = null
    try {
      const sources = await this.#findSources(signal)
      if (sources === null) return this.#result('paused')
      this.#state.event('scan.begun', { source: sources.addresses })
      watched = sources.run(AbortSignal.any([signal, watching.signal]))
      return await this.#stayUntilEnded(sources, signal)
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

  /** Waits for sources that are away. Null where it is to pause before they are back. */
  async #findSources(signal: AbortSignal): Promise<ScanSources | null> {
    const pauses = new Pauses()
    while (this.#wishes.ending !== 'pause') {
      try {
        this.#sources = await ScanSources.open(
          {
            connections: this.#connections,
            name: `kf:${this.#spec.task}:source`,
            onKey: (db, key) => this.#heard(db, key),
            onGap: (why) => this.#missed(why),
            onNode: (source) => {
              this.#reconnects[source]! += 1
              this.#regroup()
            },
          },
          signal,
        )
        return this.#sources
      } catch (thrown) {
        const failure = toFailure(thrown)
        if (!failure.retryable) throw thrown
        this.#waitingFor = failure
        await pauses.after(false, signal)
        signal.throwIfAborted()
      }
    }
    return null
  }

  #heard(db: number, key: Buffer): void {
    try {
      for (const to of fromSource(this.#rules, { db, key }))
        if (!this.#memory.dirty.tell(to.db, to.key, Date.now())) this.#dropped = true
    } catch {
      // Databases that meet: whoever goes through all keys fails by that.
      this.#dropped = true
    }
  }

  #missed(why: ScanGap): void {
    const memory = this.#memory
    const isFirst = memory.gaps === memory.closedGaps && memory.passedAt !== null
    memory.gaps += 1
    if (isFirst) this.#state.event('scan.gap', { why }, 'warning')
  }

  /** Stays at both sides; when a server is lost, comes back to them. */
  async #stayUntilEnded(sources: ScanSources, signal: AbortSignal): Promise<SyncResult> {
    const pauses = new Pauses()
    const isFirst = !(await wasBegun(this.#spec.folder))
    for (;;) {
      const keysBefore = this.#memory.copiedKeys
      const regrouping = new AbortController()
      this.#regroup = () => regrouping.abort()
      try {
        return await this.#stayOnce(sources, AbortSignal.any([signal, regrouping.signal]))
      } catch (thrown) {
        if (signal.aborted) fail('job.cancelled')
        const failure = toFailure(thrown)
        const beginning = isFirst && this.#attempt === 1 && this.#stay === null
        const isFinal =
          beginning ||
          failure.code === 'task.held-elsewhere' ||
          (!failure.retryable && !this.#misheard.mayBe(failure))
        if (!regrouping.signal.aborted) {
          if (isFinal) throw new FailureError(failure)
          this.#lose(sources, failure)
        }
      }
      if (this.#wishes.ending === 'pause') return this.#result('paused')
      await pauses.after(this.#memory.copiedKeys > keysBefore, signal)
    }
  }

  #lose(sources: ScanSources, failure: Failure): void {
    if (this.#waitingFor === null) {
      const source = sources.indexOf(failure.params['address'])
      if (source >= 0) this.#reconnects[source]! += 1
      else this.#state.targetReconnects += 1
      this.#state.event(source >= 0 ? 'source.lost' : 'target.lost', { code: failure.code }, 'warning')
    }
    this.#waitingFor = failure
  }

  async #stayOnce(sources: ScanSources, signal: AbortSignal): Promise<SyncResult> {
    this.#attempt += 1
    const { target, task } = this.#spec
    using inquiry = await openInquiry(target, signal)
    const place = placeOf(target, task, inquiry)
    await using session = await place.open({ holder: this.#holder, attempt: this.#attempt, signal })
    using source = await sources.openSide(signal)
    using targetSide = await openSide(session.connection, signal, session.name)
    const meta = await this.#begin(session)
    this.#waitingFor = null
    this.#misheard.forget()
    if (session.fenced > 0) this.#state.event('target.fenced', { count: session.fenced })
    if (session.restarted) {
      this.#state.event('target.restarted', {}, 'warning')
      this.#missed('target-behind')
    }
    await this.#untilHeard(sources, signal)
    await this.#workAt(
      {
        ...{ session, inquiry, keys: place.keys, meta, watch: sources },
        ...{ source, target: targetSide, rules: this.#rules },
      },
      signal,
    )
    return await this.#end(session)
  }

  /** Notes in the target that this is where it works. Fails with `target.not-empty`, `task.other-mode`, `task.other-rules`. */
  async #begin(session: TargetSession): Promise<TaskMeta> {
    const found = session.meta
    if (found !== null && found.snapshot !== scanned)
      fail('task.other-mode', { address: addressOf(this.#spec.target) })
    if (found !== null && found.rules !== this.#rules?.id)
      fail('task.other-rules', { address: addressOf(this.#spec.target) })
    const meta = found === null ? await this.#firstMeta(session) : resumed(found, session)
    await session.note(session.keys, meta)
    await noteBegun(this.#spec.folder)
    if (found !== null && this.#stay === null) this.#state.event('run.resumed')
    return meta
  }

  async #firstMeta(session: TargetSession): Promise<TaskMeta> {
    return {
      format: 1,
      lanes: session.lanes ?? this.#spec.lanes,
      phase: 'copying',
      guarded: false,
      emptyAtStart: await assertMayWrite(this.#spec, session),
      ...(this.#rules !== null && { rules: this.#rules.id }),
      snapshot: scanned,
      targetRunId: session.runId,
    }
  }

  /** What is changed from here on shall be told; where that cannot be had, it is gone on without. */
  async #untilHeard(sources: ScanSources, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + listenWithinMs
    while (!sources.hears && !sources.isDeaf && Date.now() < deadline)
      await sleep(tickMs, undefined, { signal })
    if (sources.hears || this.#unheardTold) return
    this.#unheardTold = true
    this.#state.event('scan.unheard', { source: sources.addresses }, 'warning')
  }

  async #workAt(at: StayPlace, signal: AbortSignal): Promise<void> {
    const ending = new AbortController()
    const alive = AbortSignal.any([signal, ending.signal])
    const stay = new ScanStay({
      ...at,
      spec: this.#spec,
      throttle: this.#throttle,
      memory: this.#memory,
      wishes: this.#wishes,
      tell: this.#state.event,
      onCarried: (keys) => (this.#state.writes += keys),
      count: () => this.#counts.countAtRest(at.session),
      signal: alive,
    })
    this.#stay = stay
    let failure: unknown = null
    const crew = [
      stay.run().finally(() => ending.abort()),
      keepLease(at.session, alive),
      this.#counts.keep(at.session, alive),
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

  async #end(session: TargetSession): Promise<SyncResult> {
    this.#stopping = true
    const { ending } = this.#wishes
    if (ending === 'finish') {
      await session.removeKeys()
      await forgetBegun(this.#spec.folder)
      return this.#result('finished')
    }
    await session.release()
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
    const lagMs = this.#sources?.hears === true ? (isOpen ? Infinity : (this.#lagMs ?? Infinity)) : 0
    this.#inStep.look(this.#memory.passedAt === null ? Infinity : lagMs, Date.now())
    this.#state.tell(this.#figures())
  }

  /** How old the oldest change is that is known, and has not arrived; null before all keys were gone through. */
  get #lagMs(): number | null {
    const { dirty, passedAt } = this.#memory
    if (passedAt === null) return null
    const since = this.#sources?.hears === true ? dirty.oldest : passedAt
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
      targetKeys: this.#counts.target,
      // Every value is written with the source's own expiry, and again when that is changed: no lag can cost a key.
      guard: 'final',
      waitingFor: this.#waitingFor,
      copied: { keys: copiedKeys, bytes: copiedBytes },
      shards: this.#spec.sources.map((connection, source) => ({
        source,
        address: addressOf(connection),
        phase,
        snapshotBytes: 0,
        snapshotTotal: null,
        copiedBytes: 0,
        copiedKeys: 0,
        replid: null,
        sourceOffset: null,
        spooledOffset: null,
        appliedOffset: null,
        lagBytes: null,
        lagMs: this.#lagMs,
        sourceKeys: this.#counts.source(source),
        spoolBytes: 0,
        sourceReconnects: this.#reconnects[source]!,
        fullResyncs: 0,
        partialResyncs: 0,
        keysInRepair: 0,
        writesPerSecond: null,
        bytesPerSecond: null,
        waitingFor: this.#waitingFor,
      })),
    }
  }
}

function limitsOf(keysPerSecond: number | null): Limits {
  return keysPerSecond === null ? {} : { keysPerSecond }
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
  readonly watch: ScanSources
  readonly source: OpenSide
  readonly target: OpenSide
  readonly rules: FollowedRules | null
}
