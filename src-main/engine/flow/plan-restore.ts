import { FailureError, fail, makeFailure, type Failure } from '#contract/failure.ts'
import type { PlannedKey, RestorePlan } from '#contract/restore-plan.ts'
import type { RestoreProgress, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { makeConversion, typesLeftOut } from '../plan/conversion.ts'
import { estimateTime } from '../plan/estimate.ts'
import { makeKeyRules } from '../plan/key-rules.ts'
import { assertAllowed, findLosses } from '../plan/losses.ts'
import { believe, refusesModules } from '../redis/capabilities.ts'
import { Link } from '../resp/link.ts'
import { readingBytes, walkRdbFile, type RdbFile, type Visitor } from '../source/rdb-file.ts'
import { RdbFiles } from '../source/rdb-files.ts'
import { openInquiry, type TargetInquiry } from '../target/inquiry.ts'
import { collidingTogether, findTaken } from './before-writing.ts'
import { assertNoCollisions } from './collisions.ts'
import { keysToWrite } from './keys-to-write.ts'
import { LandedInputs } from './land-inputs.ts'
import { askMemory, askModules, measureLink } from './plan-questions.ts'
import { PlanTally } from './plan-tally.ts'
import { RestoreMeter } from './restore-meter.ts'
import { refuseMoment } from './restore.ts'
import { surveyFiles } from './survey.ts'

const silenceMs = 60_000

/**
 * Finds out what a restore would do, key by key, and writes nothing, not even for a moment: what the target takes
 * is believed by its version. What would end the restore before its first write is told with all the rest.
 *
 * Fails with `file.*`, `connect.*`, `tls.*`, `auth.*` or `job.cancelled`.
 */
export async function planRestore(
  spec: RestoreSpec,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const meter = new RestoreMeter(0, report)
  await using inputs = await LandedInputs.land(spec, meter, signal)
  const other = inputs.all.find(({ kind }) => kind !== 'rdb')
  if (other !== undefined)
    fail('usage.invalid', {
      field: '--dry-run',
      reason: `${other.name} is no RDB file, and no other can be planned`,
    })
  refuseMoment(spec)
  await using opened = await RdbFiles.open(inputs.all)
  const { all: files, size: bytes } = opened
  meter.measure(bytes)
  const arena = createCrc64Arena(readingBytes)
  const rules = makeKeyRules(spec)
  meter.enter('checking')
  const { survey, files: surveyed } = await surveyFiles(files, arena, rules, meter, signal)

  meter.enter('looking', survey.keys)
  using inquiry = await openInquiry(spec.target, signal)
  using link = await Link.open(spec.target, { signal, silenceMs, name: 'keyferry:look' })
  using _ending = link.endWith(signal)
  const { address, look } = inquiry
  const now = Date.now() + look.clockAheadMs
  const walkOne = async (file: RdbFile, visitor: Visitor): Promise<void> => {
    const progress = (bytesDone: number): void => meter.advance(bytesDone)
    await walkRdbFile(file, arena, { ...visitor, progress }, signal)
  }
  const walk = async (visitor: Visitor): Promise<void> => {
    for (const file of files) await walkOne(file, visitor)
  }
  const stops: Failure[] = []
  const takes = await passes(stops, () => inquiry.assertTakes(survey.targetDbs))
  for (const some of collidingTogether(spec, files))
    if (survey.mayCollide || some.length > 1)
      await passes(stops, () =>
        assertNoCollisions({
          ...{ keys: survey.keys, rules, now },
          walk: async (visitor) => {
            for (const file of some) await walkOne(file, visitor)
          },
        }),
      )
  const present = takes ? await inquiry.countKeys(survey.targetDbs) : 0
  const conflicts = await findTaken(inquiry, takes ? survey.libraries : [], (finder) =>
    present === 0 ? undefined : walk(keysToWrite(rules, now, (db, name) => finder.add(db, name))),
  )
  if (spec.onConflict === 'fail' && conflicts.found > 0) {
    const examples = conflicts.examples.slice(0, 5).join(', ')
    stops.push(makeFailure('target.not-empty', { address, keys: conflicts.found, examples }))
  }

  const believed = believe(look)
  const isProxy = spec.target.proxy === true
  const hasModules = refusesModules(look) && (await askModules(link))
  const modules = new Set(hasModules ? survey.demands.modules.keys() : [])
  const cannotHold = findLosses(survey.demands, { ...believed, modules }, spec)
  await passes(stops, () => assertAllowed(cannotHold, spec, { address, version: look.version }))

  const dropFieldsExpiredBy = spec.fieldExpiry === 'drop' ? now : null
  const tally = new PlanTally({
    rules,
    keys: survey.keys,
    now,
    leftOut: typesLeftOut(believed, dropFieldsExpiredBy),
    hasModules,
  })
  for (const [at, file] of files.entries()) {
    const { types, checked } = surveyed[at]!
    const { flavour } = checked.header
    await walkOne(file, tally.visitor(makeConversion(types, flavour, believed, dropFieldsExpiredBy)))
  }
  await opened.assertUnchanged()

  const { toWrite, ways } = tally
  // Of one node out of several it would tell too little; a proxy is not to be asked.
  const isAsked = look.mode !== 'cluster' && !isProxy
  const memory = isAsked ? await askMemory(link) : { used: null, max: null }
  return {
    files: spec.files,
    bytes,
    target: address,
    targetVersion: look.version,
    keys: survey.keys,
    toWrite,
    leftOut: survey.leftOut,
    expired: ways.expired,
    lost: ways['cannot-hold'],
    renamed: tally.renamed,
    asItIs: ways['as-it-is'],
    converted: ways.converted,
    asCommands: ways.commands,
    cannotHold,
    functions: believed.functions ? survey.libraries.length : 0,
    kinds: tally.kinds,
    dbs: tally.dbs,
    conflicts: { keys: conflicts.found, examples: conflicts.examples },
    sample: await markTaken(tally, inquiry, spec.onConflict !== 'replace' && present > 0),
    memory: { needed: Math.round(toWrite.memoryBytes + tally.bucketBytes), ...memory },
    time: estimateTime(toWrite, spec.limits, await measureLink(link)),
    stops,
  }
}

/** Notes what would end the restore; other failures are the plan's own. False where it would. */
async function passes(stops: Failure[], check: () => Promise<void> | void): Promise<boolean> {
  try {
    await check()
    return true
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown
    const { code } = thrown.failure
    if (code !== 'file.collisions' && !code.startsWith('target.')) throw thrown
    stops.push(thrown.failure)
    return false
  }
}

/** The sample, with those keys marked that the target has and keeps. */
async function markTaken(
  { sample }: PlanTally,
  inquiry: TargetInquiry,
  isAsked: boolean,
): Promise<readonly PlannedKey[]> {
  const planned: PlannedKey[] = []
  for (const { planned: key, name } of sample) {
    const finder = inquiry.findKeys()
    if (isAsked && isWritten(key)) {
      await finder.add(key.newDb, name)
      await finder.finish()
    }
    planned.push(
      finder.found === 0 ? key : { ...key, way: 'exists', reason: 'target.not-empty', ttlMs: null },
    )
  }
  return planned
}

function isWritten({ way }: PlannedKey): boolean {
  return way === 'as-it-is' || way === 'converted' || way === 'commands'
}
