import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from '#contract/connection.ts'
import { escapeKey } from '#contract/escape-key.ts'
import { fail, FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { KeyExample, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena, type Crc64Arena } from '../bytes/crc64.ts'
import { CommandRules } from '../plan/command-rules.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { leftOutOf } from '../plan/selection.ts'
import { probeCapabilities, type Capabilities } from '../redis/capabilities.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import { Link } from '../resp/link.ts'
import type { AofInput } from '../source/aof-input.ts'
import { RdbFile } from '../source/rdb-file.ts'
import { lookSilenceMs, type TargetLook } from '../target/look.ts'
import type { FailedUnit } from '../target/transaction-frame.ts'
import { DbLink } from '../verify/db-link.ts'
import { AofBase, baseArenaBytes } from './aof-base.ts'
import { lookForCommands } from './aof-look.ts'
import { surveyAof, type AofSurvey } from './aof-survey.ts'
import { lookBeforeWriting } from './before-writing.ts'
import {
  formatCheckpoint,
  keysOf,
  parseMeta,
  type Checkpoint,
  type TaskKeys,
  type TaskMeta,
} from './checkpoint.ts'
import { leaseCommand, renewEveryMs, renewLease, thisProcess, type Holder } from './lease.ts'
import { noCounts, type Counts } from './ledger.ts'
import { removeTaskKeys } from './own-keys.ts'
import { Patience } from './patience.ts'
import { ReplayRewriter } from './replay-rewriter.ts'
import { Replay } from './replay.ts'
import type { RestoreMeter } from './restore-meter.ts'
import type { Throttle } from './throttle.ts'
import { settleExpiries } from './settle-expiries.ts'
import { surveyFile, type Survey, type SurveyedFile } from './survey.ts'
import { openTargetSession, type TargetSession } from './target-session.ts'

const noteEveryMs = 500
/** Where more of the units than this wait for several connections, one connection is the faster way. */
const mostCrossing = 0.02
const examplesKept = 20

/**
 * Restores an append-only file into one server: the RDB it begins with, if it does, as any RDB; the commands behind
 * it as a live stream, each exactly once. How far that has come stands in the target itself, so the same restore run
 * again, after whatever ended this one, goes on from there. All of it is read once before the first write.
 *
 * Fails with `file.*`, `aof.*`, `connect.*`, `tls.*`, `auth.*`, `target.*`, `task.held-elsewhere` or
 * `job.cancelled`. Closes the files in any case.
 */
export async function restoreAof(
  input: AofInput,
  spec: RestoreSpec,
  rules: KeyRules,
  meter: RestoreMeter,
  throttle: Throttle,
  signal: AbortSignal,
): Promise<RestoreResult> {
  await using _files = input
  meter.measure(input.size)
  const arena = createCrc64Arena(baseArenaBytes(spec.connections))
  meter.enter('checking')
  await using baseFile = input.files[0]!.beginsWithRdb ? await RdbFile.open(input.files[0]!.path) : null
  const base = baseFile === null ? null : await surveyFile(baseFile, arena, rules, meter, signal)
  const commandsFrom = base === null ? 0 : baseFile!.size - base.checked.trailingBytes
  const survey = await surveyAof({
    input,
    commandsFrom,
    rules,
    until: spec.until,
    progress: (bytesDone) => meter.advance(bytesDone),
    signal,
  })
  if (spec.types !== undefined || spec.excludeTypes !== undefined)
    if (survey.commands > 0) fail('aof.cannot-select', { commands: 'types' })
  const checkMs = meter.elapsedMs
  const restore = new AofRestore({
    input,
    spec,
    rules,
    meter,
    throttle,
    arena,
    base,
    baseFile,
    commandsFrom,
    survey,
  })
  return await restore.run(checkMs, signal)
}

interface RestoreParts {
  readonly input: AofInput
  readonly spec: RestoreSpec
  readonly rules: KeyRules
  readonly meter: RestoreMeter
  readonly throttle: Throttle
  readonly arena: Crc64Arena
  readonly base: (Survey & SurveyedFile) | null
  readonly baseFile: RdbFile | null
  /** Where in the input the commands begin. */
  readonly commandsFrom: number
  readonly survey: AofSurvey
}

interface LookedAt {
  readonly look: TargetLook
  readonly capabilities: Capabilities
  readonly losses: readonly Loss[]
  readonly lackedModules: ReadonlySet<string>
}

class AofRestore {
  readonly #parts: RestoreParts
  readonly #id: string
  readonly #task: string
  readonly #keys: TaskKeys
  readonly #holder: Holder
  readonly #patience = new Patience()
  readonly #loadedAt = Date.now()
  readonly #examples: KeyExample[] = []
  #looked: LookedAt | null = null
  #base: AofBase | null = null
  #counts: Readonly<Counts> = noCounts()
  #attempt = 0
  #applied = 0
  #failed = 0
  #resumedFrom: number | null = null
  #reached = 0
  #gaveUp: Failure | null = null

  constructor(parts: RestoreParts) {
    this.#parts = parts
    this.#id = identify(parts.survey, parts.spec)
    this.#task = `restore-${this.#id.slice(0, 12)}`
    this.#keys = keysOf(this.#task)
    this.#holder = thisProcess(randomBytes(4).toString('hex'))
  }

  async run(checkMs: number, signal: AbortSignal): Promise<RestoreResult> {
    const { input, meter, base, spec } = this.#parts
    meter.enter('looking', base?.keys ?? 0)
    this.#looked = await this.#look(signal)
    await input.assertUnchanged()
    for (;;) {
      try {
        await this.#stay(signal)
        break
      } catch (thrown) {
        const failure = signal.aborted ? makeFailure('job.cancelled') : (this.#gaveUp ?? toFailure(thrown))
        const params = { ...failure.params, address: addressOf(spec.target), written: this.#counts.written }
        const pauseMs =
          this.#gaveUp === null ? this.#patience.pauseMs(failure, this.#reached, performance.now()) : null
        if (pauseMs === null || failure.code === 'task.held-elsewhere')
          throw new FailureError({ ...failure, params })
        meter.wait({ ...failure, params })
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
      }
    }
    return this.#result(checkMs)
  }

  /** Who the target is, and whether it can take all this. Nothing but samples is written. */
  async #look(signal: AbortSignal): Promise<LookedAt> {
    const { spec, survey, base, baseFile, arena, rules, meter } = this.#parts
    const dbs = [...new Set([...survey.targetDbs, ...(base?.targetDbs ?? [])])].sort((a, b) => a - b)
    using link = await Link.open(spec.target, { signal, silenceMs: lookSilenceMs, name: 'keyferry:look' })
    using _ending = link.endWith(signal)
    const meta = spec.resume === 'continue' ? await link.call(['GET', this.#keys.meta]) : null
    const begun = parseMeta(Buffer.isBuffer(meta) ? meta.toString() : null) !== null
    const merges = survey.targetDbs.length < survey.dbs.length
    const look = await lookForCommands(link, spec, survey, { writtenDbs: dbs, merges, begun })
    if (base === null || baseFile === null)
      return { look, capabilities: await probeCapabilities(link, look), losses: [], lackedModules: new Set() }
    // Whose keys are there has been looked at already, and differently.
    const policy = { ...spec, onConflict: 'replace' as const }
    return await lookBeforeWriting(policy, { files: [baseFile], arena, survey: base, rules, meter }, signal)
  }

  /** One stay at the target: from where it has come to, to the end. Rejects when the target is lost. */
  async #stay(signal: AbortSignal): Promise<void> {
    const { spec } = this.#parts
    const ended = new AbortController()
    const stay = AbortSignal.any([signal, ended.signal])
    this.#attempt += 1
    await using session = await openTargetSession({
      connection: spec.target,
      task: this.#task,
      keys: this.#keys,
      holder: this.#holder,
      attempt: this.#attempt,
      signal: stay,
    })
    let lost: Failure | null = null
    const lease = this.#keepLease(session, stay).catch((thrown: unknown) => {
      lost = toFailure(thrown)
      ended.abort()
    })
    try {
      const following = await this.#bringToCommands(session, stay)
      if (following !== null) {
        const { meta, checkpoints } = following
        await this.#replay(session, meta, checkpoints, { stay, ended })
        this.#parts.meter.enter('finishing')
        await this.#settle(session, stay)
        // From here on a crash must not have any of it done again, whichever of our keys are gone by then.
        await session.control.call('SET', this.#keys.meta, JSON.stringify({ ...meta, phase: 'done' }))
      }
      const info = parseInfo(String(await session.control.call('INFO', 'keyspace')))
      await removeTaskKeys(session.control, this.#keys, Object.keys(keyspaceOf(info)).map(Number))
    } catch (thrown) {
      throw lost === null || signal.aborted ? thrown : new FailureError(lost)
    } finally {
      ended.abort()
      await lease
    }
  }

  async #keepLease({ control }: TargetSession, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(renewEveryMs, undefined, { signal }).catch(() => undefined)
      if (!signal.aborted) await renewLease(control, this.#keys, this.#holder)
    }
  }

  /** Sees to it that the target holds all that comes before the commands, or more. Null where it holds everything. */
  async #bringToCommands(
    session: TargetSession,
    signal: AbortSignal,
  ): Promise<{ meta: TaskMeta; checkpoints: readonly Checkpoint[] } | null> {
    const { spec, survey, commandsFrom } = this.#parts
    const isAnew = spec.resume === 'afresh' && this.#attempt === 1
    const known = session.checkpoints.flatMap((one) => (one?.replid === this.#id ? [one] : []))
    const begun = isAnew ? null : session.meta
    if (begun?.phase === 'done') {
      this.#goOnFrom(this.#parts.input.size)
      return null
    }
    if (begun?.phase === 'following') {
      // Somebody has taken checkpoints away: what is in is not known, and must not be put in twice.
      if (known.length !== begun.lanes)
        fail('target.not-empty', { address: session.control.address, examples: '' })
      if (this.#attempt === 1) this.#goOnFrom(Math.min(...known.map(({ offset }) => offset)))
      return { meta: begun, checkpoints: known }
    }
    const meta: TaskMeta = begun ?? {
      format: 1,
      lanes: survey.crossing > mostCrossing ? 1 : spec.connections,
      phase: 'copying',
      guarded: true,
      emptyAtStart: spec.onConflict === 'fail',
      snapshot: `${this.#id} 0`,
      targetRunId: session.runId,
    }
    if (begun === null) this.#base = null
    else if (this.#attempt === 1) this.#goOnFrom(begun.copied?.offset ?? 0)
    await watchedTransaction(session.control, [
      ['SET', this.#keys.meta, JSON.stringify(meta)],
      leaseCommand(this.#keys, this.#holder) as [string, ...(string | number)[]],
    ])
    if (this.#parts.base !== null) await this.#writeBase(session, meta, signal)
    const following: TaskMeta = { ...meta, phase: 'following', targetRunId: session.runId }
    const checkpoint = { replid: this.#id, offset: commandsFrom, db: 0 }
    const lanes = Array.from({ length: meta.lanes }, (_, index) => this.#keys.lane(index))
    await watchedTransaction(session.control, [
      ['SET', this.#keys.meta, JSON.stringify(following)],
      ...lanes.map((lane) => ['SET', lane, formatCheckpoint(checkpoint)] as [string, ...string[]]),
    ])
    return { meta: following, checkpoints: lanes.map(() => checkpoint) }
  }

  #goOnFrom(offset: number): void {
    this.#resumedFrom = offset
    this.#parts.meter.resume(offset, this.#counts)
  }

  /** The place in the base is noted beside the data; to write the same keys once more does no harm. */
  async #writeBase(session: TargetSession, meta: TaskMeta, signal: AbortSignal): Promise<void> {
    const { spec, base, baseFile, arena, rules, meter, throttle } = this.#parts
    const { look, capabilities, lackedModules } = this.#looked!
    const { offset, db } = meta.copied ?? { offset: 0, db: 0 }
    this.#base ??= new AofBase({
      spec,
      file: baseFile!,
      survey: base!,
      arena,
      rules,
      look,
      capabilities,
      lackedModules,
      temporaryPrefix: `${this.#keys.prefix}tmp`,
      throttle,
      from: { offset, sourceDb: db },
      onAdvance: ({ offset: reached }, counts) => {
        this.#reached = reached
        this.#counts = counts
        meter.advance(reached, counts)
      },
    })
    const writing = this.#base
    meter.enter('writing')
    const done = new AbortController()
    const noting = this.#notePlace(session, meta, AbortSignal.any([signal, done.signal])).catch(
      () => undefined,
    )
    try {
      await writing.run(session.name, signal)
    } finally {
      done.abort()
      await noting
    }
  }

  async #notePlace({ control }: TargetSession, meta: TaskMeta, signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(noteEveryMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const { offset, sourceDb: db } = this.#base!.position
      await control.call('SET', this.#keys.meta, JSON.stringify({ ...meta, copied: { offset, db } }))
    }
  }

  async #replay(
    session: TargetSession,
    meta: TaskMeta,
    checkpoints: readonly Checkpoint[],
    { stay, ended }: { readonly stay: AbortSignal; readonly ended: AbortController },
  ): Promise<void> {
    const { survey, rules, meter, throttle } = this.#parts
    const { look } = this.#looked!
    meter.enter('replaying')
    const replay = new Replay({
      target: session.connection,
      keys: this.#keys,
      holder: this.#holder,
      session,
      meta,
      checkpoints,
      parts: survey.parts,
      rules: new CommandRules(rules),
      room: (bytes) => throttle.pass(bytes, 0, stay),
      rewriter: new ReplayRewriter({ versionNumber: look.versionNumber, scripts: survey.scripts }),
      loadedAt: this.#loadedAt + look.clockAheadMs,
      onFailed: (units) => this.#noteFailed(units),
      onTook: (commands) => (this.#applied += commands),
      onProgress: (applied, waitingFor) => {
        this.#reached = applied
        if (waitingFor === null) {
          if (meter.phase === 'waiting') meter.enter('replaying')
          meter.advance(applied, this.#counts)
          return
        }
        meter.wait(waitingFor)
        if (this.#patience.pauseMs(waitingFor, applied, performance.now()) !== null) return
        this.#gaveUp = waitingFor
        ended.abort()
      },
    })
    await replay.run(stay)
  }

  #noteFailed(units: readonly FailedUnit[]): void {
    for (const { unit, reply } of units) {
      this.#failed += unit.commands.length
      if (this.#examples.length >= examplesKept) continue
      const [named] = unit.commands.flatMap(({ keys }) => keys)
      const { code } = classifyReplyError(reply, {})
      this.#examples.push({
        db: named?.db ?? unit.commands[0]?.db ?? 0,
        key: named === undefined ? (unit.commands[0]?.name ?? '') : escapeKey(named.key),
        reason: code,
      })
    }
  }

  async #settle(session: TargetSession, signal: AbortSignal): Promise<void> {
    const { spec, survey, base } = this.#parts
    const fields = survey.setsFieldExpiry || (base?.demands.expiringHashes.count ?? 0) > 0
    using link = await DbLink.open(session.connection, session.name, signal)
    const { versionNumber } = this.#looked!.look
    await settleExpiries({ link, versionNumber, rule: spec.ttl, fields, signal })
  }

  #result(checkMs: number): RestoreResult {
    const { input, spec, survey, base, meter } = this.#parts
    const counts = this.#counts
    const cpu = process.cpuUsage()
    const keys = base?.keys ?? 0
    return {
      inputs: [{ file: input.name, kind: 'aof', bytes: input.size, keys, keptAt: null }],
      target: addressOf(spec.target),
      bytes: input.size,
      keys,
      keysWritten: counts.written,
      keysSkipped: counts.skipped,
      keysFiltered: counts.filtered,
      leftOut: base?.leftOut ?? leftOutOf([]),
      keysRenamed: base?.renamed ?? 0,
      keysExpired: counts.expired,
      keysFailed: counts.failed,
      functions: counts.functions,
      cannotHold: this.#looked!.losses,
      commands: {
        total: survey.commands,
        applied: this.#applied - this.#failed,
        failed: this.#failed,
        leftOut: survey.leftOut,
        cutOff: survey.cutOff,
      },
      examples: [...(this.#base?.examples ?? []), ...this.#examples].slice(0, examplesKept),
      resumedFrom: this.#resumedFrom,
      checkMs: Math.round(checkMs),
      writeMs: Math.round(meter.elapsedMs - checkMs),
      elapsedMs: Math.round(meter.elapsedMs),
      reconnects: this.#attempt - 1,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    }
  }
}

/**
 * Forty hexadecimal digits for this content under these rules: a restore that is run again is known by it, and
 * another one is another task.
 */
function identify({ id }: AofSurvey, spec: RestoreSpec): string {
  const { until, targetDb, dbMap, include, exclude, dbs, types, excludeTypes, slots } = spec
  const { stripPrefix, addPrefix, dbPrefix } = spec
  const rules = [until, targetDb, dbMap, include, exclude, dbs, types, excludeTypes, slots]
  const names = [stripPrefix, addPrefix, dbPrefix]
  return createHash('sha1')
    .update(JSON.stringify([id, rules, names]))
    .digest('hex')
}
