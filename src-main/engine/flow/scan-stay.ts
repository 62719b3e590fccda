import { setTimeout as sleep } from 'node:timers/promises'
import { escapeKey } from '#contract/escape-key.ts'
import { fail, toFailure } from '#contract/failure.ts'
import type { KeyExample } from '#contract/restore.ts'
import type { SyncPhase, SyncSpec } from '#contract/sync.ts'
import type { TargetInquiry } from '../target/inquiry.ts'
import { chosenSource } from '../verify/chosen-sides.ts'
import type { ListedKeys, OpenSide } from '../verify/open-side.ts'
import { pairsOf, type Pair } from '../verify/pairs.ts'
import type { DbKey, TaskKeys, TaskMeta } from './checkpoint.ts'
import type { DirtyKeys, TakenKeys } from './dirty-keys.ts'
import type { FollowedRules } from './followed-rules.ts'
import { KeyCarrier, type ReadKeys } from './key-carrier.ts'
import { isOurs } from './own-keys.ts'
import { carryLibraries } from './scan-libraries.ts'
import { comparePass, stillDiffering } from './scan-pass.ts'
import type { ScanSources } from './scan-sources.ts'
import type { Wishes } from './steering.ts'
import type { Tell } from './sync-state.ts'
import type { TargetSession } from './target-session.ts'
import type { Throttle } from './throttle.ts'

/** What a scan keeps from one stay at its servers to the next. */
export interface ScanMemory {
  readonly dirty: DirtyKeys
  /** How often something may have been missed, and how often when the last pass began that has ended. */
  gaps: number
  closedGaps: number
  /** When the pass began that ended last; null before the first. */
  passedAt: number | null
  /** Brought over so far, one as often as it was; what of them the target did not take. */
  copiedKeys: number
  copiedBytes: number
  failed: number
  readonly toldRefused: Set<string>
}

export interface ScanStayParts {
  readonly spec: SyncSpec
  readonly keys: TaskKeys
  readonly session: TargetSession
  readonly inquiry: TargetInquiry
  /** As it is. */
  readonly source: OpenSide
  readonly target: OpenSide
  /** Null: everything goes along as it is. */
  readonly rules: FollowedRules | null
  readonly watch: Pick<ScanSources, 'hears'>
  /** How fast all keys are gone through while the sources are in use. */
  readonly throttle: Throttle
  readonly memory: ScanMemory
  readonly wishes: Wishes
  readonly meta: TaskMeta
  readonly tell: Tell
  /** So many keys have been written or deleted. */
  readonly onCarried: (keys: number) => void
  /** Looks how many keys both sides have, now that nothing is written. */
  readonly count: () => Promise<void>
  readonly signal: AbortSignal
}

/** Keys asked for at once. */
const roundKeys = 500
const lookEveryMs = 50
/** Where nothing is told of changes, the pause between two passes is twice as long as one takes, and this at least. */
const shortestRestMs = 1_000
/** There are changes without an event (XACK, say): a pass for these, where nothing else calls for one. */
const quietPassEveryMs = 15 * 60_000
/** Keys that the source does not tell of now are asked for again after so long, and have waited since they were told. */
const untoldPauseMs = 100
/** After so long it is looked whether keys may be carried again. */
const longestWaitMs = 250
/** What differs still after so many times is not for us to make equal. */
const finalTries = 3
/** What is kept in mind of the keys that differed in a pass. */
const mostDiffering = 100_000
const mostTold = 100

/**
 * A scan's work while both servers stand: one hand carries keys over as they come to be known as changed, another goes
 * through all keys whenever something may have been missed.
 */
export class ScanStay {
  readonly #parts: ScanStayParts
  /** What of the source goes along, by the names of the target. */
  readonly #source: OpenSide
  readonly #pairs: readonly Pair[]
  readonly #over = new AbortController()
  readonly #signal: AbortSignal
  readonly #underWay: TakenKeys[] = []
  #doing: 'scanning' | 'reconciling' | 'settling' | null = null
  #passMs = 0
  #drained = false

  constructor(parts: ScanStayParts) {
    this.#parts = parts
    this.#source = chosen(parts.source, parts.rules)
    this.#pairs = pairsOf(this.#source, parts.target)
    this.#signal = AbortSignal.any([parts.signal, this.#over.signal])
  }

  get drained(): boolean {
    return this.#drained
  }

  /** What is done with all keys; null where only changes are followed. */
  get doing(): Extract<SyncPhase, 'scanning' | 'reconciling' | 'settling'> | null {
    return this.#doing
  }

  /** Resolves when a wish to end has been met. Rejects when one of the servers is lost. */
  async run(): Promise<void> {
    const { spec, inquiry, keys, session, source, target, rules } = this.#parts
    rules?.noteDatabases((await source.count()).keys())
    using carrier = await KeyCarrier.open({
      source: this.#source.links[0]!,
      target: target.links[0]!,
      destination: inquiry.destination(),
      look: inquiry.look,
      capabilities: await inquiry.capabilities(),
      name: session.name,
      connections: spec.copyConnections,
      temporaryPrefix: `${keys.prefix}scan`,
      signal: this.#signal,
    })
    using _source = source.endWith(this.#signal)
    using _target = target.endWith(this.#signal)
    const crew = [this.#steer().catch((thrown: unknown) => this.#unlessOver(thrown)), this.#carry(carrier)]
    const settled = await Promise.allSettled(crew.map((one) => one.finally(() => this.#over.abort())))
    this.#parts.signal.throwIfAborted()
    // Whoever was only told to end is not the one that failed.
    for (const one of settled)
      if (one.status === 'rejected' && toFailure(one.reason).code !== 'job.cancelled') throw one.reason
  }

  /** What comes of being ended is not why it ended. */
  #unlessOver(thrown: unknown): never {
    if (this.#over.signal.aborted) fail('job.cancelled')
    throw thrown
  }

  /** Has everything arrived that was changed at the source before this moment? */
  hasReached(moment: number): boolean {
    const { memory, watch } = this.#parts
    if ((memory.dirty.oldest ?? Infinity) <= moment) return false
    return watch.hears
      ? memory.closedGaps >= memory.gaps
      : memory.passedAt !== null && memory.passedAt >= moment
  }

  async #steer(): Promise<void> {
    const { wishes, meta } = this.#parts
    if (meta.phase === 'copying') await this.#unlessInterrupted((signal) => this.#scanFirst(signal))
    let leavingSince: number | null = null
    while (!this.#signal.aborted) {
      const { ending, drainTo } = wishes
      if (ending === 'pause') return
      // A target that was lost since it was drained may have fallen behind that: it is brought there again.
      if (ending === 'finish' && (drainTo === null || this.#drained)) return
      if (ending === 'leave') leavingSince ??= Date.now()
      if (leavingSince !== null && this.hasReached(leavingSince)) return
      if (drainTo === null) this.#drained = false
      if (drainTo !== null && !this.#drained) await this.#unlessInterrupted((signal) => this.#drain(signal))
      else if (drainTo === null && this.#isPassDue)
        await this.#unlessInterrupted((signal) => this.#reconcile(signal))
      await sleep(lookEveryMs, undefined, { signal: this.#signal }).catch(() => undefined)
    }
  }

  /** Does work that takes as long as there are keys; it is broken off where something else is wished meanwhile. */
  async #unlessInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { wishes } = this.#parts
    const { drainTo } = wishes
    const broken = new AbortController()
    const look = setInterval(() => {
      if (wishes.ending === 'pause' || wishes.drainTo !== drainTo) broken.abort()
    }, lookEveryMs)
    try {
      await work(AbortSignal.any([this.#signal, broken.signal]))
    } catch (thrown) {
      if (this.#signal.aborted || !broken.signal.aborted) throw thrown
    } finally {
      clearInterval(look)
      this.#doing = null
    }
  }

  /** All keys for the first time. What an earlier run has brought over already is not brought again. */
  async #scanFirst(signal: AbortSignal): Promise<void> {
    const { memory, session, meta, tell } = this.#parts
    this.#doing = 'scanning'
    const began = Date.now()
    const { gaps } = memory
    if (meta.again === true) await this.#pass(signal)
    else {
      await this.#carryLibraries()
      for await (const { db, keys } of this.#sourceKeys(signal)) {
        const theirs = keys.filter((key) => !isOurs(key))
        await memory.dirty.list(
          theirs.map((key) => ({ db, key })),
          signal,
        )
      }
      await this.#untilCarried(signal)
    }
    this.#close(gaps, began)
    const { again: _again, ...common } = meta
    await session.note(session.keys, { ...common, phase: 'following' })
    const { copiedKeys: keys, copiedBytes: bytes, failed } = memory
    const ms = Date.now() - began
    tell('copy.done', { keys, failed, bytes, ms }, failed > 0 ? 'warning' : 'info')
  }

  get #isPassDue(): boolean {
    const { memory, watch } = this.#parts
    const sinceMs = Date.now() - (memory.passedAt ?? 0)
    if (memory.gaps > memory.closedGaps) return true
    return sinceMs > (watch.hears ? quietPassEveryMs : Math.max(shortestRestMs, 2 * this.#passMs))
  }

  /** A pass because something may have been missed. One that is only to be sure leaves the phase as it is. */
  async #reconcile(signal: AbortSignal): Promise<void> {
    const { memory, tell } = this.#parts
    const began = Date.now()
    const { gaps } = memory
    const isDue = gaps > memory.closedGaps || memory.passedAt === null
    if (isDue) this.#doing = 'reconciling'
    const { compared, count } = await this.#pass(signal)
    this.#close(gaps, began)
    if (isDue) tell('scan.reconciled', { keys: compared, differing: count, ms: Date.now() - began })
  }

  #close(gaps: number, began: number): void {
    const { memory } = this.#parts
    memory.closedGaps = Math.max(memory.closedGaps, gaps)
    memory.passedAt = began
    this.#passMs = Date.now() - began
  }

  /** The source stands still: goes through all keys, and looks at what differed until it does no more. */
  async #drain(signal: AbortSignal): Promise<void> {
    const { memory, tell, count: countBoth } = this.#parts
    this.#doing = 'settling'
    const began = Date.now()
    const { gaps } = memory
    const { compared, count, differing } = await this.#pass(signal)
    this.#close(gaps, began)
    tell('scan.reconciled', { keys: compared, differing: count, ms: Date.now() - began })
    // There is more than can be looked at again: once more through all of it.
    if (count > differing.length) return
    let left = differing
    for (let turn = 1; turn <= finalTries; turn += 1) {
      left = await stillDiffering(this.#pairs.at(-1)!, left, this.#toleranceMs)
      if (left.length === 0) break
      await memory.dirty.list(left, signal)
      await this.#untilCarried(signal)
    }
    await countBoth()
    signal.throwIfAborted()
    if (left.length > 0) tell('scan.unequal', { keys: left.length }, 'warning')
    this.#drained = true
  }

  /** Through all keys of both sides; what differs has been carried over by the time it resolves. */
  async #pass(
    signal: AbortSignal,
  ): Promise<{ readonly compared: number; readonly count: number; readonly differing: readonly DbKey[] }> {
    const { target, memory, meta } = this.#parts
    let compared = 0
    let count = 0
    const differing: DbKey[] = []
    await this.#carryLibraries()
    await comparePass({
      sourceKeys: this.#sourceKeys(signal),
      targetKeys: this.#atPace(target, signal),
      // The first links are those that carry.
      pairs: this.#pairs.slice(1),
      extras: meta.emptyAtStart,
      expiryToleranceMs: this.#toleranceMs,
      onCompared: (keys) => (compared += keys),
      onDiffering: async (keys) => {
        count += keys.length
        differing.push(...keys.slice(0, Math.max(0, mostDiffering - differing.length)))
        await memory.dirty.list(keys, signal)
      },
      signal,
    })
    await this.#untilCarried(signal)
    return { compared, count, differing }
  }

  /** All keys of the source that go along, as the target has them; those that do not are gone past at the same pace. */
  #sourceKeys(signal: AbortSignal): AsyncGenerator<ListedKeys, void> {
    const { source, rules } = this.#parts
    return chosen({ ...source, keys: () => this.#atPace(source, signal) }, rules).keys()
  }

  /** All keys of a side, no more at once than the pace allows for a tenth of a second. */
  async *#atPace(side: OpenSide, signal: AbortSignal): AsyncGenerator<ListedKeys, void> {
    const { throttle, wishes } = this.#parts
    for await (const { db, keys, misplaced, shared } of side.keys()) {
      for (let at = 0; at < keys.length;) {
        // Nobody uses a source that is frozen, and writes wait for this.
        const isHeldBack = wishes.drainTo === null
        const some = isHeldBack ? keys.slice(at, at + throttle.keysAtOnce) : keys.slice(at)
        if (isHeldBack) await throttle.pass(0, some.length, signal)
        signal.throwIfAborted()
        at += some.length
        yield { db, keys: some, misplaced, shared }
      }
    }
  }

  async #carryLibraries(): Promise<void> {
    const { source, target, session, meta, rules } = this.#parts
    if (rules?.keys.functions === false) return
    const [from, into] = [source.links[0]!, target.links[0]!]
    await carryLibraries({ source: from, target: into, session, deleteOthers: meta.emptyAtStart })
  }

  /** Everything has been carried over that differs by now: what is told to have changed already is not listed as well. */
  async #untilCarried(signal: AbortSignal): Promise<void> {
    const { dirty } = this.#parts.memory
    const now = Date.now()
    while (!dirty.hasCarried(now)) {
      signal.throwIfAborted()
      await dirty.changed.wait(signal, 1_000)
    }
  }

  /** Before 5.0 an expiry is restored as what is left of it, and that takes its time. */
  get #toleranceMs(): number {
    return this.#parts.target.look.versionNumber >= 500 ? 5 : 3_000
  }

  /** What is read next is asked for while what was read before is written, which ends before the next is. */
  async #carry(carrier: KeyCarrier): Promise<void> {
    const { memory, onCarried } = this.#parts
    const parts = this.#read(carrier)
    const untold: DbKey[] = []
    let next = parts.next()
    try {
      for (;;) {
        const { value, done } = await next
        if (done === true) return
        next = parts.next()
        next.catch(() => undefined)
        const { read, taken } = value
        const { failed, examples } = await carrier.write(read)
        untold.push(...read.untold)
        memory.failed += failed
        memory.copiedBytes += read.rdb?.bytes.length ?? 0
        memory.copiedKeys += read.found + read.large.length
        onCarried(read.found + read.large.length + read.gone.length)
        this.#tellRefused('copy.cannot-hold', examples)
        this.#tellRefused(
          'scan.too-large',
          read.tooLarge.map(({ db, key }) => ({ db, key: escapeKey(key) })),
        )
        if (taken !== null) {
          if (untold.length > 0) await sleep(untoldPauseMs, undefined, { signal: this.#signal })
          this.#underWay.splice(this.#underWay.indexOf(taken), 1)
          taken.done(untold.splice(0))
        }
      }
    } finally {
      this.#over.abort()
      await next.catch(() => undefined)
      // What was taken and is not there yet is still to be carried over, by whoever comes next.
      for (const taken of this.#underWay.splice(0)) taken.putBack()
    }
  }

  /** Each key once, and no more than a person would read. */
  #tellRefused(
    code: 'copy.cannot-hold' | 'scan.too-large',
    examples: readonly Pick<KeyExample, 'db' | 'key'>[],
  ): void {
    const { memory, tell } = this.#parts
    for (const { db, key } of examples) {
      const id = `${db}:${key}`
      if (memory.toldRefused.has(id) || memory.toldRefused.size >= mostTold) continue
      memory.toldRefused.add(id)
      tell(code, { key, db }, 'warning')
    }
  }

  /** With the last part of a round what was taken for it. */
  async *#read(
    carrier: KeyCarrier,
  ): AsyncGenerator<{ readonly read: ReadKeys; readonly taken: TakenKeys | null }, void> {
    const { dirty } = this.#parts.memory
    while (!this.#signal.aborted) {
      // Once it is told to be drained nothing of ours is written any more: whoever else writes is seen by that.
      const taken = this.#drained ? null : dirty.take(roundKeys)
      if (taken === null) {
        await dirty.changed.wait(this.#signal, longestWaitMs)
        continue
      }
      this.#underWay.push(taken)
      let before: ReadKeys | null = null
      for await (const read of carrier.read(taken.keys)) {
        if (before !== null) yield { read: before, taken: null }
        before = read
      }
      if (before !== null) yield { read: before, taken }
    }
  }
}

function chosen(source: OpenSide, rules: FollowedRules | null): OpenSide {
  return rules === null ? source : chosenSource(source, rules)
}
