import { randomBytes } from 'node:crypto'
import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { RestoreProgress, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { bigValueCommands } from '../plan/big-value-commands.ts'
import { composerBytes } from '../plan/compose.ts'
import { makeConversion, typesLeftOut } from '../plan/conversion.ts'
import { makeKeyRules, type KeyJudge, type KeyRules } from '../plan/key-rules.ts'
import { openAofInput, type AofInput } from '../source/aof-input.ts'
import type { LandedInput } from '../source/land-input.ts'
import { RdbFile, readingBytes } from '../source/rdb-file.ts'
import { cutBlocks } from '../target/block.ts'
import { StandaloneTarget } from '../target/standalone.ts'
import type { TargetOptions } from '../target/target.ts'
import { LandedInputs } from './land-inputs.ts'
import { lookBeforeWriting } from './before-writing.ts'
import { Ledger } from './ledger.ts'
import { RestoreMeter } from './restore-meter.ts'
import { restoreAof } from './restore-aof.ts'
import { RestoreWriter } from './restore-writer.ts'
import { surveyFile } from './survey.ts'
import { writeToTheEnd } from './write-to-the-end.ts'

/** All blocks together; each connection has two, so many connections have small ones. */
const blocksBytes = 4 * 1024 * 1024
const largestBlock = 128 * 1024
/** Staged strings and a few commands must fit one. */
const smallestBlock = 96 * 1024

/**
 * Restores an RDB file into one server. The file is read twice: once to vouch for it (nothing is written from a
 * file that is broken anywhere), once to write it. Survives a target that goes away and comes back.
 *
 * Fails with `file.*`, `connect.*`, `tls.*`, `auth.*`, `target.*` or `job.cancelled`; once writing has begun,
 * the failure's `written` and `total` tell how many keys are on the target.
 */
export async function runRestore(
  spec: RestoreSpec,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestoreResult> {
  return await restore(spec, makeKeyRules(spec), report, signal)
}

/** The same with those keys alone that `only` lets go along; it is asked instead of the order's selection. */
export async function restoreOnly(
  spec: RestoreSpec,
  only: KeyJudge,
  signal: AbortSignal,
): Promise<RestoreResult> {
  return await restore(spec, { ...makeKeyRules(spec), selection: only }, () => undefined, signal)
}

async function restore(
  spec: RestoreSpec,
  rules: KeyRules,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestoreResult> {
  const meter = new RestoreMeter(0, report)
  await using inputs = await LandedInputs.land(spec, meter, signal)
  const aof = await openOnlyAof(inputs.all)
  if (aof !== null) return await restoreAof(aof, spec, rules, meter, signal)
  const input = onlyRdb(inputs.all)
  await using file = await RdbFile.open(input.path, input.name)
  meter.measure(file.size)
  const bytes = Math.max(blocksBytes, StandaloneTarget.blocksFor(spec.connections) * smallestBlock)
  const arena = createCrc64Arena(readingBytes + composerBytes + bytes)
  const { memory } = arena
  const blocks: TargetOptions['blocks'] = (count) =>
    cutBlocks({ memory, start: readingBytes + composerBytes, bytes }, count, largestBlock)

  meter.enter('checking')
  const survey = await surveyFile(file, arena, rules, meter, signal)
  const checkMs = meter.elapsedMs

  meter.enter('looking', survey.keys)
  const { look, capabilities, losses, empty, destination } = await lookBeforeWriting(
    spec,
    { file, arena, survey, rules, meter },
    signal,
  )
  await file.assertUnchanged()

  const dropFieldsExpiredBy = spec.fieldExpiry === 'drop' ? Date.now() + look.clockAheadMs : null
  const run = randomBytes(4).toString('hex')
  const ledger = new Ledger({ offset: 0, sourceDb: 0 })
  const writer = new RestoreWriter({
    file,
    header: survey.checked.header,
    arena,
    composerOffset: readingBytes,
    ledger,
    plan: {
      address: destination.address,
      manners: destination.manners,
      onConflict: spec.onConflict,
      targetWasEmpty: empty,
      rules,
      functions: rules.functions && capabilities.functions,
      restoreOptions: capabilities,
      conversion: makeConversion(
        survey.types,
        survey.checked.header.flavour,
        capabilities,
        dropFieldsExpiredBy,
      ),
      leftOut: typesLeftOut(capabilities, dropFieldsExpiredBy),
      bigValues: { ...bigValueCommands(look, capabilities), dropFieldsExpiredBy },
      clockAheadMs: look.clockAheadMs,
      expiryShiftMs: 0,
      temporaryPrefix: `keyferry:tmp:${run}`,
    },
    onAdvance: () => meter.advance(ledger.position.offset, ledger.counts),
  })
  meter.enter('writing', survey.keys)
  const reconnects = await writeToTheEnd(
    spec,
    { destination, ledger, writer, blocks, meter, run, total: survey.keys },
    signal,
  )
  meter.advance(file.size, ledger.counts)
  meter.enter('finishing')

  const counts = ledger.counts
  const cpu = process.cpuUsage()
  return {
    inputs: [
      {
        file: input.name,
        kind: 'rdb',
        bytes: file.size,
        keys: survey.keys,
        keptAt: input.kept ? input.path : null,
      },
    ],
    target: addressOf(spec.target),
    bytes: file.size,
    keys: survey.keys,
    keysWritten: counts.written,
    keysSkipped: counts.skipped,
    keysFiltered: counts.filtered,
    leftOut: survey.leftOut,
    keysRenamed: survey.renamed,
    keysExpired: counts.expired,
    keysFailed: counts.failed,
    functions: counts.functions,
    cannotHold: losses,
    commands: null,
    resumedFrom: null,
    examples: writer.examples,
    checkMs: Math.round(checkMs),
    writeMs: Math.round(meter.elapsedMs - checkMs),
    elapsedMs: Math.round(meter.elapsedMs),
    reconnects,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  }
}

/** Null where the input is no append-only file. */
async function openOnlyAof([input, ...others]: readonly LandedInput[]): Promise<AofInput | null> {
  if (input === undefined || others.length > 0 || input.kind === 'rdb') return null
  return await openAofInput(input.path, input.name)
}

function onlyRdb([input, ...others]: readonly LandedInput[]): LandedInput {
  if (input === undefined || others.length > 0)
    return fail('usage.invalid', { field: '--input', reason: 'one file at a time' })
  return input.kind === 'rdb' ? input : fail('file.not-rdb', { file: input.name })
}
