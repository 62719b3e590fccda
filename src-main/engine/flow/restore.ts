import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { isUrlInput, stdinInput } from '#contract/input-name.ts'
import type { RestoreOrder } from '#contract/limits.ts'
import type { RestoreProgress, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { bigValueCommands } from '../plan/big-value-commands.ts'
import { composerBytes } from '../plan/compose.ts'
import { makeConversion, typesLeftOut } from '../plan/conversion.ts'
import { makeKeyRules, type KeyJudge, type KeyRules } from '../plan/key-rules.ts'
import { RdbFiles } from '../source/rdb-files.ts'
import { readingBytes } from '../source/rdb-file.ts'
import { cutBlocks } from '../target/block.ts'
import { openInquiry } from '../target/inquiry.ts'
import { StandaloneTarget } from '../target/standalone.ts'
import type { TargetOptions } from '../target/target.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import type { LandedInput } from '../source/land-input.ts'
import { LandedInputs } from './land-inputs.ts'
import { lookBeforeWriting } from './before-writing.ts'
import { RestoreMeter } from './restore-meter.ts'
import { restoreAof } from './restore-aof.ts'
import { RestoreWriter } from './restore-writer.ts'
import { Resumption } from './resumption.ts'
import { SeriesWriter } from './series-writer.ts'
import { surveyFiles } from './survey.ts'
import { watchTarget } from './target-watch.ts'
import { Throttle } from './throttle.ts'
import { writeToTheEnd } from './write-to-the-end.ts'

/** All blocks together, as far as they are used; many connections have small ones. */
const blocksBytes = 12 * 1024 * 1024
const largestBlock = 128 * 1024
/** Staged strings and a few commands must fit one. */
const smallestBlock = 96 * 1024

/**
 * Restores RDB files, or append-only files with or without such, into one server or cluster. They are read twice: once to vouch for
 * them (nothing is written where one is broken anywhere), once to write them. Survives a target that goes away and
 * comes back.
 *
 * Fails with `file.*`, `connect.*`, `tls.*`, `auth.*`, `target.*` or `job.cancelled`; once writing has begun,
 * the failure's `written` and `total` tell how many keys are on the target.
 */
export async function runRestore(
  spec: RestoreSpec,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
  orders?: OrderInbox<RestoreOrder>,
): Promise<RestoreResult> {
  const throttle = new Throttle(spec.limits)
  orders?.listen((order) => throttle.obey(order))
  const watching = new AbortController()
  const watch = watchTarget(spec.target, throttle, watching.signal)
  try {
    return await restore(spec, makeKeyRules(spec), throttle, report, signal)
  } finally {
    watching.abort()
    await watch
  }
}

/** The same with those keys alone that `only` lets go along; it is asked instead of the order's selection. */
export async function restoreOnly(
  spec: RestoreSpec,
  only: KeyJudge,
  signal: AbortSignal,
): Promise<RestoreResult> {
  const rules = { ...makeKeyRules(spec), selection: only }
  return await restore(spec, rules, new Throttle(spec.limits), () => undefined, signal)
}

async function restore(
  spec: RestoreSpec,
  rules: KeyRules,
  throttle: Throttle,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestoreResult> {
  const meter = new RestoreMeter(0, report)
  meter.limitedBy = () => throttle.limitedBy
  throttle.onPause = (paused) => meter.hold(paused)
  const isAtHand = spec.files.every((file) => !isUrlInput(file) && file !== stdinInput)
  // A wrong password is told before a long file has been fetched, or read; that there is no such file, before that.
  if (!isAtHand) await knock(spec.target, signal)
  await using inputs = await LandedInputs.land(spec, meter, signal)
  if (isAtHand) await knock(spec.target, signal)
  refuseMoment(spec, inputs.all)
  if (inputs.all.some(({ kind }) => kind !== 'rdb'))
    return await restoreAof(inputs.all, spec, rules, meter, throttle, signal)
  await using files = await RdbFiles.open(inputs.all)
  meter.measure(files.size)
  const bytes = Math.max(blocksBytes, StandaloneTarget.blocksFor(spec.connections) * smallestBlock)
  const arena = createCrc64Arena(readingBytes + composerBytes + bytes)
  const { memory } = arena
  const blocks: TargetOptions['blocks'] = (count) =>
    cutBlocks({ memory, start: readingBytes + composerBytes, bytes }, count, largestBlock)

  const resumption = await Resumption.look(spec, inputs.all)
  const { run, sentBefore } = resumption
  meter.enter('checking')
  const { survey, files: surveyed } = await surveyFiles(files.all, arena, rules, meter, signal)
  const checkMs = meter.elapsedMs

  meter.enter('looking', survey.keys)
  const { look, capabilities, losses, lackedModules, present, destination } = await lookBeforeWriting(
    spec,
    { files: files.all, arena, survey, rules, meter, sentBefore },
    signal,
  )
  await files.assertUnchanged()
  const ledger = resumption.openLedger()
  await resumption.takeUp(destination, ledger, present, signal)
  const resumedFrom = resumption.isResumed ? ledger.position.offset : null
  const keysBefore = ledger.counts.written

  const dropFieldsExpiredBy = spec.fieldExpiry === 'drop' ? Date.now() + look.clockAheadMs : null
  const plan = {
    address: destination.address,
    manners: destination.manners,
    onConflict: spec.onConflict,
    targetWasEmpty: present === 0 && !resumption.isResumed,
    rules,
    restoreOptions: capabilities,
    leftOut: typesLeftOut(capabilities, dropFieldsExpiredBy),
    bigValues: { ...bigValueCommands(look, capabilities), dropFieldsExpiredBy },
    clockAheadMs: look.clockAheadMs,
    expiryShiftMs: 0,
  }
  const parts = files.all.map((file, index) => {
    const { types, checked, bringsLibraries } = surveyed[index]!
    const { header } = checked
    const writer = new RestoreWriter({
      file,
      header,
      arena,
      composerOffset: readingBytes,
      ledger,
      plan: {
        ...plan,
        functions:
          rules.functions && capabilities.functions && (bringsLibraries || spec.onConflict !== 'skip'),
        // Under `fail` none was there before the first file.
        librariesAreOurs: index > 0 && spec.onConflict === 'fail',
        conversion: makeConversion(types, header.flavour, capabilities, dropFieldsExpiredBy, lackedModules),
        temporaryPrefix: `keyferry:tmp:${run}${index === 0 ? '' : `:${index}`}`,
      },
      onAdvance() {
        meter.advance(ledger.position.offset, ledger.counts)
        journal?.note()
      },
      reach: (offset, when) => journal?.reach(offset, when),
      throttle,
    })
    return { file, writer }
  })
  const writer = new SeriesWriter(parts, ledger)
  const journal = await resumption.openJournal(destination, ledger, () => writer.unfinished)
  meter.enter('writing', survey.keys)
  if (resumedFrom !== null) meter.resume(resumedFrom, ledger.counts)
  let reconnects: number
  try {
    reconnects = await writeToTheEnd(
      spec,
      { destination, ledger, writer, blocks, meter, run, total: survey.keys },
      signal,
    )
    await files.assertUnchanged()
  } catch (thrown) {
    await journal?.leave()
    throw thrown
  }
  await journal?.remove()
  meter.advance(files.size, ledger.counts)
  meter.enter('finishing')

  const counts = ledger.counts
  return {
    inputs: inputs.all.map((input, index) => ({
      file: input.name,
      kind: 'rdb',
      bytes: files.all[index]!.size,
      keys: surveyed[index]!.keys,
      keptAt: input.kept ? input.path : null,
    })),
    target: addressOf(spec.target),
    bytes: files.size,
    keys: survey.keys,
    keysWritten: counts.written,
    keysSkipped: counts.skipped,
    keysFiltered: counts.filtered,
    leftOut: survey.leftOut,
    keysRenamed: survey.renamed,
    keysExpired: counts.expired,
    keysFailed: counts.failed,
    functions: counts.functions,
    functionsLeftOut: survey.librariesLeftOut,
    cannotHold: losses,
    commands: null,
    resumedFrom,
    keysBefore,
    examples: writer.examples,
    reconnects,
    ...meter.costs(checkMs),
  }
}

/** Finds out whether the target lets us in. Fails as `openInquiry` does. */
async function knock(target: Connection, signal: AbortSignal): Promise<void> {
  using _inquiry = await openInquiry(target, signal)
}

/** Of an RDB nothing tells when it was written: to restore all of it is not what was asked for. */
export function refuseMoment(
  { until }: Pick<RestoreSpec, 'until'>,
  inputs: readonly Pick<LandedInput, 'kind' | 'name'>[],
): void {
  const rdb = inputs.find(({ kind }) => kind === 'rdb')
  if (until !== undefined && rdb !== undefined) fail('usage.no-times', { file: rdb.name })
}
