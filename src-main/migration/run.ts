import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { Ending } from '#contract/task.ts'
import { checksAllow, type CheckResult } from '#contract/precheck.ts'
import { syncSpecSchema, type StreamMark, type SyncProgress } from '#contract/sync.ts'
import { checkTask } from './checking.ts'
import { conclude, endPause, giveSettingsBack, giveTargetBack, giveUp, removeFolder } from './conclusion.ts'
import { Cutover } from './cutover.ts'
import type { Ends } from './endpoint.ts'
import { freezeOf, type KeptFreeze } from './freeze/record.ts'
import { connectionNow } from './freeze/sign-in.ts'
import { moveAway } from './moving.ts'
import { overAllRuns } from './over-all-runs.ts'
import { settingsIn, type RunServices } from './services.ts'
import { setAllSettings } from './all-settings.ts'
import { sampleSource } from './source-load.ts'
import { settingsFor } from './wanted-settings.ts'
import { SyncJob } from './sync-job.ts'
import { eventOf, guardTarget, TargetGuards } from './target-guard.ts'
import { isLockedServer, keepTargetLocked, lockTarget } from './target-lock.ts'
import { scanPaceOf } from './task-record.ts'
import { isOldServer, keepOldFrozen, watchOldFrozen } from './old-side.ts'
import { becomeKept, endsNow, markTarget, noteWayBackOpen, settleWayBack } from './way-back.ts'

/** How long an order may take before the job is ended without it; its checkpoints make that safe. */
const orderMs = 30_000
const closingMs = 8_000
const sampleMs = 1_000
/** So long may events of what was changed before a freeze still come, and be carried over by us. */
const lateEventsMs = 1_000
/** Who cannot be reached to have his settings set is tried again after this. */
const setAgainMs = 3_000
/** How long a server that was started anew may take to come up and be locked or frozen again. */
const shutAgainMs = 60_000

/**
 * One migration at work in this process, from *start* or *resume* until it pauses, fails or is over. What it
 * does is written in the book as it happens; every step can be taken up again by another process.
 */
export class MigrationRun {
  readonly #services: RunServices
  readonly #id: string
  #ends: Ends
  readonly #over = new AbortController()
  #job: SyncJob | null = null
  /** How the runs before its job have left the task. */
  #earlier: SyncProgress | null = null
  #cutover: Cutover | null = null
  readonly #guards = new TargetGuards()
  /** By which links the servers were reached when it was last seen to that their settings are right. */
  #linksSet = ''
  #settingAgain = false
  /** Ends when nothing is being set for this run: what is put back must not be set behind that. */
  #setting: Promise<void> = Promise.resolve()
  /** Of each source that is frozen. */
  #kept: readonly KeptFreeze[] = []
  /** An end that somebody asked for: what the job's end then means. */
  #asked: 'pause' | 'interrupt' | 'stop' | 'finish' | null = null
  /** How often a server that lets only us in was shut once more: the target, or the old server of a way back. */
  #shutAgain = 0
  /** Ends when nobody locks the target any more: what is unlocked must not be locked behind that. */
  #keepingLock: Promise<void> = Promise.resolve()
  /** Resolves when it works no more. */
  ended: Promise<void> = Promise.resolve()

  constructor(services: RunServices, id: string, ends: Ends) {
    this.#services = services
    this.#id = id
    this.#ends = ends
  }

  /** Null until the sync runs. */
  get cutover(): Cutover {
    return this.#cutover ?? fail('task.wrong-state', { state: this.#services.book.get(this.#id).state })
  }

  /** Checks once more, sets settings, and lets the sync run, once nothing else is at work there. Returns at once. */
  begin(resuming: boolean, free: Promise<void>): void {
    this.ended = this.#live(resuming, free).finally(async () => {
      this.#over.abort()
      await this.#keepingLock
      if (this.#asked !== 'stop' && this.#asked !== 'finish') this.#services.book.release(this.#id)
    })
  }

  async #live(resuming: boolean, free: Promise<void>): Promise<void> {
    try {
      await free
      const of = this.#wayBackOf
      if (of !== null) await keepOldFrozen(this.#services, this.#id, of, this.#over.signal)
      this.#ends = await endsNow(this.#services, this.#id, this.#ends, this.#over.signal)
      if (await this.#allowed(resuming)) {
        await this.#lockTarget()
        await this.#setSettings()
        await this.#sync()
      }
    } catch (thrown) {
      this.#endedBy(toFailure(thrown))
    }
  }

  /** The migration whose way back this is. */
  get #wayBackOf(): string | null {
    return this.#services.book.get(this.#id).record.wayBackOf
  }

  /** The checks of the start. A fresh task goes back to *draft* with what they found; a resumed one fails. */
  async #allowed(resuming: boolean): Promise<boolean> {
    const { book } = this.#services
    // The servers of a way back were proven equal a moment ago, by a migration that holds both.
    if (this.#wayBackOf !== null && book.get(this.#id).record.marks === null) return true
    const sources = await this.#sourcesNow()
    const { signal } = this.#over
    const results = await checkTask(this.#services, this.#id, { ...this.#ends, sources, resuming, signal })
    if (checksAllow(results)) {
      this.#settleMode(results)
      return true
    }
    const blocking = results.filter(({ state }) => state !== 'passed' && state !== 'warning')
    // A resumed task has been through its warnings; only what makes it impossible stops it.
    if (resuming && blocking.length === 0) return true
    const failure =
      blocking.length === 0
        ? makeFailure('task.warnings-open')
        : (blocking.find((one) => one.failure !== null)?.failure ??
          makeFailure('task.checks-failed', { checks: blocking.length }))
    if (resuming) book.become(this.#id, 'failed', { failure })
    else book.become(this.#id, 'draft', { failure, startedAt: null })
    return false
  }

  /** For good: a source frozen by us would let us follow it, and what was read key by key cannot be followed up. */
  #settleMode(results: readonly CheckResult[]): void {
    const { book } = this.#services
    const { mode } = book.get(this.#id).record
    const isScan = results.some(({ finding }) => finding === 'scan-instead' || finding === 'scan-chosen')
    book.change(this.#id, { mode: mode ?? (isScan ? 'scan' : 'stream') })
  }

  /** How each source lets us in at this moment: frozen by us, or as before. */
  async #sourcesNow(): Promise<readonly Connection[]> {
    this.#kept = this.#services.freezes.open(this.#id)
    return await Promise.all(
      this.#ends.sources.map(async (source) => {
        const kept = freezeOf(this.#kept, source)
        return kept === undefined ? source : await connectionNow(kept.record, source, this.#over.signal)
      }),
    )
  }

  /** Before anything is written there, where that was chosen. */
  async #lockTarget(): Promise<void> {
    const { book } = this.#services
    // The servers of a way back are locked by their migration, or frozen.
    if (!book.get(this.#id).body.options.lockTarget || this.#wayBackOf !== null) return
    const target = await lockTarget(this.#services, this.#id, this.#ends.target, this.#over.signal)
    this.#ends = { ...this.#ends, target }
    this.#keepingLock = this.#keepLocked()
  }

  async #keepLocked(): Promise<void> {
    const { signal } = this.#over
    try {
      await keepTargetLocked(this.#services, this.#id, { signal, onLocked: () => (this.#shutAgain += 1) })
    } catch (thrown) {
      this.#tellFailed(thrown)
    }
  }

  /** What goes on beside the sync, and does not end it. */
  #tellFailed(thrown: unknown): void {
    const { book } = this.#services
    if (book.holds(this.#id)) book.tellFailed(this.#id, toFailure(thrown))
  }

  /** Only before anything was copied: a change of the backlog between a lost link and its resume would cost the copy. */
  async #setSettings(): Promise<void> {
    if (this.#services.book.get(this.#id).record.progress === null) await this.#setSettingsAt('all')
  }

  async #setSettingsAt(servers: 'all' | 'new'): Promise<void> {
    const { body, record } = this.#services.book.get(this.#id)
    const choice = { ...body.options, mode: record.mode ?? 'stream' }
    if (settingsFor(choice).length === 0) return
    const settings = settingsIn(this.#services, this.#id)
    await setAllSettings(this.#ends, settings, choice, servers === 'new')
  }

  /**
   * Who has become a primary meanwhile is set as the one before him. Only in step: by then every stream has been gone on
   * with, and a change of the backlog costs no copy.
   */
  #keepSettings({ phase, shards, targetReconnects }: SyncProgress): void {
    if (phase !== 'in-step' || this.#settingAgain) return
    const links = [
      targetReconnects,
      ...shards.map(({ address, sourceReconnects }) => `${address} ${sourceReconnects}`),
    ].join()
    if (links === this.#linksSet) return
    this.#settingAgain = true
    this.#setting = this.#setSettingsAt('new').then(
      () => {
        this.#linksSet = links
        this.#settingAgain = false
      },
      // One of them cannot be reached now: a little later anew.
      () => void setTimeout(() => (this.#settingAgain = false), setAgainMs).unref(),
    )
  }

  async #sync(): Promise<void> {
    const { book, jobs, folder } = this.#services
    const task = book.get(this.#id)
    const { body, record } = task
    const { onConflict, prefer, lanes, copyConnections } = body.options
    const from = this.#wayBackOf === null ? null : await this.#markedPlaces(this.#wayBackOf)
    const spec = syncSpecSchema.parse({
      task: this.#id,
      sources: await this.#sourcesNow(),
      target: this.#ends.target,
      mode: record.mode ?? 'stream',
      prefer,
      folder: join(folder, this.#id),
      onConflict,
      lanes,
      copyConnections,
      flushes: record.flushes,
      scanKeysPerSecond: scanPaceOf(task),
      ...(from !== null && { from }),
      ...body.options.rules,
    })
    void this.#sample()
    void this.#guardTarget()
    if (this.#wayBackOf !== null) void this.#watchOldSide(this.#wayBackOf)
    for (;;) {
      this.#over.signal.throwIfAborted()
      const shutBefore = this.#shutAgain
      this.#earlier = book.get(this.#id).record.progress
      const job = new SyncJob(jobs, spec, (progress) => this.#heard(progress))
      this.#job = job
      this.#cutover = new Cutover(this.#services, this.#id, this.#ends, job, this.#kept, this.#guards)
      if (this.#kept.length > 0) void this.#takeUpFreeze(job)
      const end = await job.ended
      this.#cutover.end()
      if ('failure' in end) {
        if (await this.#isLetInAgain(end.failure, shutBefore)) continue
        this.#endedBy(end.failure)
      } else if (this.#asked !== 'stop' && this.#asked !== 'finish') this.#resumable(end.result.progress)
      return
    }
  }

  async #watchOldSide(of: string): Promise<void> {
    try {
      await watchOldFrozen(this.#services, this.#id, of, {
        signal: this.#over.signal,
        onFrozen: () => (this.#shutAgain += 1),
      })
    } catch (thrown) {
      this.#tellFailed(thrown)
    }
  }

  /** A server that lets only us in, and was started anew, knows us once it is locked or frozen again: that is waited for. */
  async #isLetInAgain({ code, params }: Failure, shutBefore: number): Promise<boolean> {
    const of = this.#wayBackOf
    if (this.#asked !== null || !code.startsWith('auth.')) return false
    // What was drained or proven was so by the sync that has ended.
    if (heldStates.has(this.#services.book.get(this.#id).state)) return false
    const { address } = params
    const isShutByUs =
      of === null
        ? isLockedServer(this.#services, this.#id, address)
        : isOldServer(this.#services, of, address)
    if (!isShutByUs) return false
    const { signal } = this.#over
    const deadline = Date.now() + shutAgainMs
    while (!signal.aborted && this.#shutAgain === shutBefore && Date.now() < deadline)
      await sleep(100, undefined, { signal }).catch(() => undefined)
    return this.#shutAgain > shutBefore && this.#asked === null
  }

  /** Where a way back begins: on disk before anything is received, and before its source lets anybody in again. */
  async #markedPlaces(of: string): Promise<readonly StreamMark[]> {
    const { book } = this.#services
    const marks =
      book.get(this.#id).record.marks ??
      (await markTarget(this.#id, this.#ends.sources[0]!, this.#over.signal))
    book.change(this.#id, { marks })
    const unlocked = await giveTargetBack(this.#services, of)
    if (unlocked !== null) this.#ends = { ...this.#ends, sources: [unlocked] }
    return marks
  }

  #endedBy(failure: Failure): void {
    const { book } = this.#services
    if (this.#asked === 'stop' || this.#asked === 'finish') return
    if (this.#asked !== null) {
      this.#resumable()
      return
    }
    book.become(this.#id, 'failed', { failure, inStepSince: null })
    book.tellFailed(this.#id, failure)
  }

  /** Ended by its checkpoints' leave. */
  #resumable(progress = this.#job?.progress ?? null): void {
    const state = this.#asked === 'interrupt' ? 'interrupted' : 'paused'
    const whole = progress === null ? {} : { progress: overAllRuns(progress, this.#earlier) }
    this.#services.book.become(this.#id, state, { ...whole, inStepSince: null })
  }

  /** The sync's own phase leads the state, but only while nothing stronger (freeze, proof) does. */
  #heard(heard: SyncProgress): void {
    const progress = overAllRuns(heard, this.#earlier)
    const { book } = this.#services
    const { state, record } = book.get(this.#id)
    const sameRun = record.progress !== null && record.progress.elapsedMs <= progress.elapsedMs
    const known = sameRun ? (record.progress?.events.at(-1)?.id ?? 0) : 0
    for (const { id, level, code, params, at } of progress.events)
      if (id > known) book.tell(this.#id, level, code, params, at)
    if (heldStates.has(state)) {
      book.change(this.#id, { progress })
      return
    }
    this.#keepSettings(heard)
    const inStepSince = progress.phase === 'in-step' ? (record.inStepSince ?? Date.now()) : null
    book.change(this.#id, { progress, inStepSince })
    if (copyPhases.has(progress.phase) && state !== 'copying') book.become(this.#id, 'copying')
    if (followPhases.has(progress.phase) && state !== 'following') book.become(this.#id, 'following')
    if (record.wayBackOf !== null && inStepSince !== null && record.inStepSince === null)
      noteWayBackOpen(this.#services, record.wayBackOf)
  }

  /** Writes were frozen by us before a crash or a pause: goes on to where that was. */
  async #takeUpFreeze(job: SyncJob): Promise<void> {
    try {
      await job.until(({ phase }) => phase === 'in-step', this.#over.signal)
      if (this.#services.book.get(this.#id).state === 'following') this.cutover.freeze()
    } catch {
      // The sync has ended, and tells why itself.
    }
  }

  /** Goes through the keys of its sources so fast from now on. */
  usePace(keysPerSecond: number | null): void {
    this.#job?.order({ type: 'pace', keysPerSecond })
  }

  /** Ends the sync so that it can be resumed. */
  async pause(): Promise<void> {
    await this.#endResumable('pause', orderMs)
  }

  /** The same because Keyferry is being closed. What is frozen stays frozen. */
  async interrupt(): Promise<void> {
    await this.#endResumable('interrupt', closingMs)
  }

  async #endResumable(asked: 'pause' | 'interrupt', limitMs: number): Promise<void> {
    this.#asked ??= asked
    this.#cutover?.end()
    if (this.#job === null) this.#over.abort()
    this.#job?.order({ type: 'pause' })
    const timer = setTimeout(() => this.#job?.cancel(), limitMs)
    await this.ended
    clearTimeout(timer)
  }

  /** As *pause*, but with every expiry of the target put to its own time first. */
  async leave(): Promise<void> {
    this.#asked ??= 'pause'
    this.#job?.order({ type: 'leave' })
    await this.ended
  }

  /**
   * Ends the sync for good, takes our keys out of the target, puts settings and password back. With `moving` the source's
   * keys are deleted before it is let go. For a way back `openWayBack` is called when nothing of ours writes any more; where
   * that says there is one now, the source stays frozen.
   */
  async finish(ending: Ending, openWayBack: (ends: Ends) => Promise<boolean>): Promise<void> {
    const { book } = this.#services
    const job = this.#job ?? fail('task.wrong-state', { state: book.get(this.#id).state })
    const drained = book.get(this.#id).state === 'frozen'
    book.become(this.#id, 'finishing', { failure: null, ending })
    try {
      if (!drained) await this.#drainUnfrozen(job)
      this.#asked = 'finish'
      book.change(this.#id, { concluding: true })
      job.order({ type: 'finish', force: true })
      const end = await job.ended
      if ('failure' in end) throw new FailureError(end.failure)
      await this.ended
      await this.#setting
      if (ending.wayBack && (await openWayBack(this.#ends))) {
        becomeKept(this.#services, this.#id)
        await removeFolder(this.#services, this.#id)
        return
      }
      const unlocked = await giveTargetBack(this.#services, this.#id)
      if (unlocked !== null) this.#ends = { ...this.#ends, target: unlocked }
      if (this.#wayBackOf !== null) {
        await giveSettingsBack(this.#services, this.#id, this.#ends)
        await settleWayBack(this.#services, this.#wayBackOf, 'rolled-back')
      }
      endPause(this.#services, this.#id, 'finished')
      if (ending.moving) await moveAway(this.#services, this.#id, this.#ends.target)
      await conclude(this.#services, this.#id, this.#ends, ending.afterFinish)
      book.become(this.#id, 'finished', { endedAt: Date.now(), inStepSince: null })
    } catch (thrown) {
      const failure = toFailure(thrown)
      if (book.holds(this.#id)) book.become(this.#id, 'failed', { failure, inStepSince: null })
      throw thrown
    } finally {
      book.release(this.#id)
    }
  }

  /** Nobody has frozen the source: what it has written by now is what the target will have. */
  async #drainUnfrozen(job: SyncJob): Promise<void> {
    const { signal } = this.#over
    job.order({ type: 'settle' })
    await job.until(({ guard }) => guard === 'settled' || guard === 'final', signal)
    job.order({
      type: 'drainTo',
      offsets: job.progress?.shards.map(({ sourceOffset }) => sourceOffset ?? 0) ?? [],
    })
    await job.until(({ phase }) => phase === 'drained', signal)
  }

  /** Gives up: what was copied stays in the target, everything of ours is put back. */
  async stop(): Promise<void> {
    this.#asked = 'stop'
    this.#cutover?.end()
    this.#over.abort()
    this.#job?.cancel()
    await this.ended
    await this.#setting
    try {
      await giveUp(this.#services, this.#id, this.#ends)
    } finally {
      this.#services.book.release(this.#id)
    }
  }

  /** Before anything is decided by a proof: what somebody has changed since is told first. Never rejects. */
  async lookAtTarget(): Promise<void> {
    await this.#guards.lookNow()
  }

  /** Tells who else writes to the target; what was proven before somebody did after the freeze proves nothing. */
  async #guardTarget(): Promise<void> {
    const { book } = this.#services
    let quietSince: number | null = null
    await guardTarget(this.#ends.target, {
      taskId: this.#id,
      signal: this.#over.signal,
      guards: this.#guards,
      quiet: () => {
        const anew = this.#cutover?.guardedAnew ?? null
        const { state, record } = book.get(this.#id)
        if (anew === null || !quietStates.has(state)) {
          quietSince = null
          return null
        }
        quietSince ??= Date.now()
        if (record.mode === 'scan' && Date.now() - quietSince < lateEventsMs) return null
        return { applied: this.#job?.progress?.writes ?? 0, anew }
      },
      onDeed: (deed) => {
        if (!book.holds(this.#id)) return
        const { event, params } = eventOf(deed)
        book.tell(this.#id, 'warning', event, params)
        const { proof } = book.get(this.#id).record
        if (deed.what === 'key' && proof !== null) book.change(this.#id, { proof: { ...proof, void: true } })
      },
    })
  }

  /** A point for the plots every second. */
  async #sample(): Promise<void> {
    const { store, book } = this.#services
    const { signal } = this.#over
    let sourceOps: number | null = null
    let before: SyncProgress | null = null
    void sampleSource(
      () => this.#sourcesNow(),
      signal,
      (ops) => {
        sourceOps = ops
      },
    )
    while (!signal.aborted) {
      await sleep(sampleMs, undefined, { signal, ref: false }).catch(() => undefined)
      const progress = this.#job?.progress ?? null
      if (signal.aborted || progress === null || !book.holds(this.#id)) continue
      const sample = {
        at: Date.now(),
        keysPerSecond: keysPerSecond(before, progress),
        bytesPerSecond: progress.bytesPerSecond,
        writesPerSecond: progress.writesPerSecond,
        lagBytes: progress.lagBytes,
        lagMs: progress.lagMs,
        sourceKeys: progress.sourceKeys,
        targetKeys: progress.targetKeys,
        sourceOps: this.#cutover?.sourceOps ?? sourceOps,
      }
      try {
        store.samples.add(this.#id, sample)
      } catch {
        // A point of a plot may be missing; that the disk is full is told by what has to be on it.
      }
      before = progress
    }
  }
}

function keysPerSecond(before: SyncProgress | null, now: SyncProgress): number {
  const seconds = before === null ? 0 : (now.elapsedMs - before.elapsedMs) / 1000
  return before === null || seconds <= 0
    ? 0
    : Math.max(0, Math.round((now.copiedKeys - before.copiedKeys) / seconds))
}

/** States that the sync's phases do not move. */
const heldStates: ReadonlySet<string> = new Set(['freezing', 'frozen', 'proving', 'finishing'])
/** Drained: nothing of ours writes to the target any more. */
const quietStates: ReadonlySet<string> = new Set(['frozen', 'proving'])
const copyPhases: ReadonlySet<string> = new Set([
  'handshake',
  'waiting-for-snapshot',
  'receiving',
  'copying',
  'scanning',
])
const followPhases: ReadonlySet<string> = new Set([
  'reconciling',
  'catching-up',
  'in-step',
  'settling',
  'drained',
])
