import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from '#contract/connection.ts'
import { FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena, type Crc64Arena } from '../bytes/crc64.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { LandedInput } from '../source/land-input.ts'
import type { Destination } from '../target/destination.ts'
import { openInquiry } from '../target/inquiry.ts'
import type { TargetLook } from '../target/look.ts'
import { AofApplier } from './aof-applier.ts'
import { baseArenaBytes } from './aof-base.ts'
import { holdsPart, lookForCommands } from './aof-look.ts'
import { noteAof } from './aof-note.ts'
import { AofOutcome } from './aof-outcome.ts'
import { AofSeries, identifySeries, type SurveyedSeries } from './aof-series.ts'
import { assertNothingShared } from './aof-shared-keys.ts'
import { lookBeforeWriting } from './before-writing.ts'
import type { TaskKeys } from './checkpoint.ts'
import { renewEveryMs, renewLease, thisProcess, type Holder } from './lease.ts'
import { Patience } from './patience.ts'
import type { RestoreMeter } from './restore-meter.ts'
import type { Throttle } from './throttle.ts'
import { placeOf, type TargetPlace } from './target-place.ts'
import type { TargetSession } from './target-session.ts'

/**
 * Restores inputs of which one at least is an append-only file into one server, one after another: of each the RDB
 * it begins with, if it does, as any RDB; the commands behind it as a live stream, each exactly once. How far that
 * has come stands in the target itself, so the same restore run again, after whatever ended this one, goes on from
 * there. All of it is read once before the first write.
 *
 * Fails with `file.*`, `aof.*`, `connect.*`, `tls.*`, `auth.*`, `target.*`, `task.held-elsewhere` or
 * `job.cancelled`.
 */
export async function restoreAof(
  inputs: readonly LandedInput[],
  spec: RestoreSpec,
  rules: KeyRules,
  meter: RestoreMeter,
  throttle: Throttle,
  signal: AbortSignal,
): Promise<RestoreResult> {
  await using files = await AofSeries.open(inputs)
  meter.measure(files.size)
  const arena = createCrc64Arena(baseArenaBytes(spec.connections))
  meter.enter('checking')
  const series = await files.survey(spec, arena, rules, meter, signal)
  const checkMs = meter.elapsedMs
  const restore = new AofRestore({ inputs, files, series, spec, rules, meter, throttle, arena })
  const { outcome, losses, reconnects } = await restore.run(signal)
  return outcome.result({ spec, inputs, series, losses, meter, checkMs, reconnects })
}

interface RestoreParts {
  readonly inputs: readonly LandedInput[]
  readonly files: AofSeries
  readonly series: SurveyedSeries
  readonly spec: RestoreSpec
  readonly rules: KeyRules
  readonly meter: RestoreMeter
  readonly throttle: Throttle
  readonly arena: Crc64Arena
}

interface LookedAt {
  readonly place: TargetPlace
  readonly destination: Destination | null
  readonly look: TargetLook
  readonly capabilities: Capabilities
  readonly losses: readonly Loss[]
  readonly lackedModules: ReadonlySet<string>
}

class AofRestore {
  readonly #parts: RestoreParts
  readonly #id: string
  readonly #task: string
  readonly #holder: Holder
  readonly #patience = new Patience()
  readonly #outcome = new AofOutcome()
  #attempt = 0

  constructor(parts: RestoreParts) {
    this.#parts = parts
    const { id, task } = identifySeries(parts.series, parts.spec)
    this.#id = id
    this.#task = task
    this.#holder = thisProcess(randomBytes(4).toString('hex'))
  }

  async run(
    signal: AbortSignal,
  ): Promise<{ outcome: AofOutcome; losses: readonly Loss[]; reconnects: number }> {
    const { inputs, files, meter, series, spec } = this.#parts
    meter.enter('looking', series.bases.keys)
    const { losses, place, ...looked } = await this.#look(signal)
    meter.foresee(losses)
    await files.assertUnchanged()
    const applier = new AofApplier({
      ...this.#parts,
      ...looked,
      id: this.#id,
      keys: place.keys,
      patience: this.#patience,
      outcome: this.#outcome,
    })
    const note = await noteAof(spec, inputs, files.size, () => ({
      offset: applier.reached,
      counts: this.#outcome.counts,
    }))
    try {
      await this.#toTheEnd(applier, place, signal)
    } catch (thrown) {
      await note?.leave()
      throw thrown
    }
    await note?.remove()
    return { outcome: this.#outcome, losses, reconnects: this.#attempt - 1 }
  }

  async #toTheEnd(applier: AofApplier, place: TargetPlace, signal: AbortSignal): Promise<void> {
    const { meter, spec } = this.#parts
    for (;;) {
      try {
        await this.#stay(applier, place, signal)
        return
      } catch (thrown) {
        const failure = signal.aborted ? makeFailure('job.cancelled') : (applier.gaveUp ?? toFailure(thrown))
        const { written } = this.#outcome.counts
        const params = { ...failure.params, address: addressOf(spec.target), written }
        const pauseMs =
          applier.gaveUp === null ? this.#patience.pauseMs(failure, applier.reached, performance.now()) : null
        if (pauseMs === null || failure.code === 'task.held-elsewhere')
          throw new FailureError({ ...failure, params })
        meter.wait({ ...failure, params })
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** Who the target is, and whether it can take all this. Nothing but samples is written. */
  async #look(signal: AbortSignal): Promise<LookedAt> {
    const { spec, series, arena, rules, meter } = this.#parts
    const { parts, bases, commands } = series
    const dbs = [...new Set([...commands.targetDbs, ...bases.targetDbs])].sort((a, b) => a - b)
    using inquiry = await openInquiry(spec.target, signal)
    const { look } = inquiry
    const place = placeOf(spec.target, this.#task, inquiry)
    const begun = spec.resume === 'continue' && (await holdsPart(inquiry, place))
    const merges = commands.targetDbs.length < commands.dbs.length
    const leftOut = await lookForCommands(inquiry, spec, commands, { writtenDbs: dbs, merges, begun })
    if (parts.length > 1 && spec.onConflict === 'fail' && !begun)
      await assertNothingShared({ parts, arena, rules, meter, signal })
    const baseFiles = parts.flatMap(({ base }) => (base === null ? [] : [base.file]))
    if (baseFiles.length === 0) {
      const capabilities = await inquiry.capabilities()
      return { place, look, capabilities, losses: leftOut, lackedModules: new Set(), destination: null }
    }
    // Whose keys are there has been looked at already, and differently.
    const policy = { ...spec, onConflict: 'replace' as const }
    const looked = await lookBeforeWriting(
      policy,
      { files: baseFiles, arena, survey: bases, rules, meter },
      signal,
    )
    return { ...looked, place, losses: [...leftOut, ...looked.losses] }
  }

  /** One stay at the target: from where it has come to, to the end. Rejects when the target is lost. */
  async #stay(applier: AofApplier, place: TargetPlace, signal: AbortSignal): Promise<void> {
    const ended = new AbortController()
    const stay = AbortSignal.any([signal, ended.signal])
    this.#attempt += 1
    await using session = await place.open({
      holder: this.#holder,
      attempt: this.#attempt,
      signal: stay,
    })
    let lost: Failure | null = null
    const lease = this.#keepLease(session, place.keys, stay).catch((thrown: unknown) => {
      lost = toFailure(thrown)
      ended.abort()
    })
    try {
      await applier.apply(session, this.#attempt === 1, { stay, ended })
      await session.removeKeys()
    } catch (thrown) {
      throw lost === null || signal.aborted ? thrown : new FailureError(lost)
    } finally {
      ended.abort()
      await lease
    }
  }

  async #keepLease({ control }: TargetSession, keys: TaskKeys, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(renewEveryMs, undefined, { signal }).catch(() => undefined)
      if (!signal.aborted) await renewLease(control, keys, this.#holder)
    }
  }
}
