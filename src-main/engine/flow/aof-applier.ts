import { setTimeout as sleep } from 'node:timers/promises'
import { fail, type Failure } from '#contract/failure.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import { impossibleInCluster } from '../plan/across-slots.ts'
import { CommandRules } from '../plan/command-rules.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { Destination } from '../target/destination.ts'
import type { TargetLook } from '../target/look.ts'
import { DbLink } from '../verify/db-link.ts'
import { AofBase } from './aof-base.ts'
import type { AofOutcome } from './aof-outcome.ts'
import type { SeriesPart, SurveyedSeries } from './aof-series.ts'
import type { Checkpoint, TaskKeys, TaskMeta } from './checkpoint.ts'
import type { Patience } from './patience.ts'
import { ReplayRewriter } from './replay-rewriter.ts'
import { Replay } from './replay.ts'
import type { RestoreMeter } from './restore-meter.ts'
import { settleExpiries } from './settle-expiries.ts'
import type { TargetSession } from './target-session.ts'
import type { Throttle } from './throttle.ts'

const noteEveryMs = 500
/** Where more of the units than this wait for several connections, one connection is the faster way. */
const mostCrossing = 0.02

export interface ApplierParts {
  readonly spec: RestoreSpec
  readonly rules: KeyRules
  readonly meter: RestoreMeter
  readonly throttle: Throttle
  readonly arena: Crc64Arena
  readonly series: SurveyedSeries
  readonly look: TargetLook
  /** Where RDBs are written to; null where there are none. */
  readonly destination: Destination | null
  readonly capabilities: Capabilities
  /** Module types of the files that the target cannot load. */
  readonly lackedModules: ReadonlySet<string>
  /** Forty hexadecimal digits for this content under these rules. */
  readonly id: string
  readonly keys: TaskKeys
  readonly patience: Patience
  readonly outcome: AofOutcome
}

/** Where a target stands: at which input and in what phase, and its lanes' checkpoints where commands are applied. */
interface Standing {
  readonly meta: TaskMeta
  readonly checkpoints: readonly Checkpoint[]
}

/**
 * Brings a target from where its own checkpoints say it stands to the end of a series: of each input the RDB, over
 * whatever is there, then the commands, each exactly once. The step from one input to the next is one transaction
 * that says so in the target; offsets go on from input to input.
 */
export class AofApplier {
  readonly #parts: ApplierParts
  readonly #loadedAt = Date.now()
  #reached = 0
  #gaveUp: Failure | null = null

  constructor(parts: ApplierParts) {
    this.#parts = parts
  }

  /** As far has it come, counted over all inputs. */
  get reached(): number {
    return this.#reached
  }

  /** Why the target was given up, though its links are up. */
  get gaveUp(): Failure | null {
    return this.#gaveUp
  }

  /** Rejects when the target is lost. `ended` ends the stay. */
  async apply(
    session: TargetSession,
    isFirstStay: boolean,
    { stay, ended }: { readonly stay: AbortSignal; readonly ended: AbortController },
  ): Promise<void> {
    const { series, meter, spec } = this.#parts
    const begun = spec.resume === 'afresh' && isFirstStay ? null : session.meta
    if (begun?.phase === 'done') {
      this.#goOnFrom(series.parts.at(-1)!.input.end)
      return
    }
    let standing =
      begun?.phase === 'following'
        ? this.#takeUp(session, begun, isFirstStay)
        : await this.#begin(session, begun, isFirstStay)
    for (let at = standing.meta.input ?? 0; at < series.parts.length; at += 1) {
      if (standing.meta.input !== at) standing = await this.#enter(session, { ...standing.meta, input: at })
      if (standing.meta.phase === 'copying') standing = await this.#copy(session, standing.meta, at, stay)
      await this.#replay(session, standing, at, { stay, ended })
    }
    meter.enter('finishing')
    await this.#settle(session, stay)
    // From here on a crash must not have any of it done again, whichever of our keys are gone by then.
    await session.note(session.keys, { ...standing.meta, phase: 'done' })
  }

  #part(at: number): SeriesPart {
    return this.#parts.series.parts[at]!
  }

  #takeUp(session: TargetSession, meta: TaskMeta, isFirstStay: boolean): Standing {
    const checkpoints = session.checkpoints.flatMap((one) => (one?.replid === this.#parts.id ? [one] : []))
    // Somebody has taken checkpoints away: what is in is not known, and must not be put in twice.
    if (checkpoints.length !== meta.lanes)
      fail('target.not-empty', { address: session.control.address, examples: '' })
    if (isFirstStay) this.#goOnFrom(Math.min(...checkpoints.map(({ offset }) => offset)))
    return { meta: { ...meta, input: meta.input ?? 0 }, checkpoints }
  }

  async #begin(session: TargetSession, begun: TaskMeta | null, isFirstStay: boolean): Promise<Standing> {
    const { spec, id, series, outcome } = this.#parts
    if (begun === null) outcome.bases.clear()
    else if (isFirstStay) this.#goOnFrom(begun.copied?.offset ?? this.#part(begun.input ?? 0).input.start)
    const crossing = Math.max(...series.parts.map(({ survey }) => survey.crossing))
    return await this.#enter(session, {
      format: 1,
      lanes: session.lanes ?? (crossing > mostCrossing ? 1 : spec.connections),
      guarded: true,
      emptyAtStart: spec.onConflict === 'fail',
      snapshot: `${id} 0`,
      input: 0,
      ...begun,
      // Which of a cluster's masters has lost something, what one of them notes does not tell.
      ...(session.lanes !== null && session.restarted ? { copied: undefined } : {}),
      phase: 'copying',
      targetRunId: session.runId,
    })
  }

  /** Tells the target that an input is about to be written; how far its RDB has come is kept where it is the same. */
  async #enter(session: TargetSession, wanted: TaskMeta): Promise<Standing> {
    const { input: at = 0, copied } = wanted
    const { start, end } = this.#part(at).input
    const isWithin = copied !== undefined && copied.offset >= start && copied.offset <= end
    const meta: TaskMeta = {
      ...wanted,
      phase: 'copying',
      copied: wanted.phase === 'copying' && isWithin ? copied : { offset: start, db: 0 },
    }
    await session.note(session.keys, meta)
    return { meta, checkpoints: [] }
  }

  /** Sees to it that the target holds the RDB of an input, and stands before its commands. */
  async #copy(session: TargetSession, meta: TaskMeta, at: number, signal: AbortSignal): Promise<Standing> {
    const { id } = this.#parts
    if (this.#part(at).base !== null) await this.#writeBase(session, meta, at, signal)
    const following: TaskMeta = { ...meta, phase: 'following', targetRunId: session.runId }
    const checkpoint = { replid: id, offset: this.#part(at).commandsFrom, db: 0 }
    await session.noteCopied(session.keys, following, checkpoint)
    return { meta: following, checkpoints: Array.from({ length: meta.lanes }, () => checkpoint) }
  }

  #goOnFrom(offset: number): void {
    this.#parts.outcome.resumedFrom = offset
    this.#parts.meter.resume(offset, this.#parts.outcome.counts)
  }

  /** The place in the base is noted beside the data; to write the same keys once more does no harm. */
  async #writeBase(session: TargetSession, meta: TaskMeta, at: number, signal: AbortSignal): Promise<void> {
    const { keys, meter, outcome } = this.#parts
    const { base, input } = this.#part(at)
    const { offset, db } = meta.copied ?? { offset: input.start, db: 0 }
    const writing =
      outcome.bases.get(at) ??
      new AofBase({
        ...this.#parts,
        destination: this.#parts.destination!,
        file: base!.file,
        survey: base!.surveyed,
        temporaryPrefix: `${keys.prefix}tmp:${at}`,
        from: { offset, sourceDb: db },
        onAdvance: ({ offset: reached }) => {
          this.#reached = reached
          meter.advance(reached, outcome.counts)
        },
      })
    outcome.bases.set(at, writing)
    meter.enter('writing')
    const done = new AbortController()
    const noting = this.#notePlace(session, meta, writing, AbortSignal.any([signal, done.signal])).catch(
      () => undefined,
    )
    try {
      await writing.run(session.name, signal)
    } finally {
      done.abort()
      await noting
    }
  }

  async #notePlace(
    { control }: TargetSession,
    meta: TaskMeta,
    writing: AofBase,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      await sleep(noteEveryMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const { offset, sourceDb: db } = writing.position
      const noted: TaskMeta = { ...meta, copied: { offset, db } }
      await control.call('SET', this.#parts.keys.meta, JSON.stringify(noted))
    }
  }

  async #replay(
    session: TargetSession,
    { meta, checkpoints }: Standing,
    at: number,
    { stay, ended }: { readonly stay: AbortSignal; readonly ended: AbortController },
  ): Promise<void> {
    const { rules, meter, throttle, look, keys, outcome, patience } = this.#parts
    const { survey } = this.#part(at)
    if (survey.parts.every(({ from, to }) => from >= to)) return
    meter.enter('replaying')
    const replay = new Replay({
      keys,
      session,
      meta,
      checkpoints,
      parts: survey.parts,
      rules: new CommandRules(rules),
      isImpossible: (command) => look.mode === 'cluster' && impossibleInCluster(command) !== null,
      room: (bytes) => throttle.pass(bytes, 0, stay),
      rewriter: new ReplayRewriter({ versionNumber: look.versionNumber, scripts: survey.scripts }),
      loadedAt: this.#loadedAt + look.clockAheadMs,
      onFailed: (units) => outcome.noteFailed(units),
      onTook: (commands) => outcome.took(commands),
      onProgress: (applied, waitingFor) => {
        this.#reached = applied
        if (waitingFor === null) {
          if (meter.phase === 'waiting') meter.enter('replaying')
          meter.advance(applied, outcome.counts)
          return
        }
        meter.wait(waitingFor)
        if (patience.pauseMs(waitingFor, applied, performance.now()) !== null) return
        this.#gaveUp = waitingFor
        ended.abort()
      },
    })
    await replay.run(stay)
  }

  async #settle(session: TargetSession, signal: AbortSignal): Promise<void> {
    const { spec, series, look } = this.#parts
    const fields =
      series.parts.some(({ survey }) => survey.setsFieldExpiry) ||
      series.bases.demands.expiringHashes.count > 0
    await session.eachServer(async (server) => {
      using link = await DbLink.open(server, session.name, signal)
      await settleExpiries({ link, versionNumber: look.versionNumber, rule: spec.ttl, fields, signal })
    })
  }
}
