import { FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import type { PlannedKey, RestorePlan } from '#contract/restore-plan.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import { makeConversion, typesLeftOut } from '../plan/conversion.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { assertAllowed, findLosses } from '../plan/losses.ts'
import { believe, refusesModules } from '../redis/capabilities.ts'
import type { Link } from '../resp/link.ts'
import { walkRdbFile, type RdbFile, type Visitor } from '../source/rdb-file.ts'
import type { TargetInquiry } from '../target/inquiry.ts'
import { collidingTogether, findTaken } from './before-writing.ts'
import { assertNoCollisions } from './collisions.ts'
import { keysToWrite } from './keys-to-write.ts'
import { askMemory, askModules } from './plan-questions.ts'
import { PlanTally } from './plan-tally.ts'
import type { RestoreMeter } from './restore-meter.ts'
import type { Survey, SurveyedFile } from './survey.ts'
import { shiftable } from './write-plan.ts'

/** What every plan is made with. */
export interface Planning {
  readonly spec: RestoreSpec
  readonly rules: KeyRules
  readonly meter: RestoreMeter
  readonly signal: AbortSignal
}

/** A target that is asked, and nothing else. */
export interface AskedTarget {
  readonly inquiry: TargetInquiry
  readonly link: Link
}

interface KeyPlanParts extends Planning, AskedTarget {
  readonly arena: Crc64Arena
  readonly survey: Survey
  readonly files: readonly { readonly file: RdbFile; readonly surveyed: SurveyedFile }[]
  /** What would end the restore before its first write is noted here. */
  readonly stops: Failure[]
  /**
   * The RDBs in front of commands: written over whatever is there, which is looked at for itself, and with all
   * keys, for none is past its time before the last command has come.
   */
  readonly inFront: boolean
  /** What the target has is of an earlier run of the same. */
  readonly isOurs: boolean
}

type KeyPlan = Omit<
  RestorePlan,
  'files' | 'bytes' | 'target' | 'targetVersion' | 'commands' | 'stops' | 'time'
>

/** What would become of the keys of RDBs. Fails with `file.*` or as a link does. */
export async function planKeys(parts: KeyPlanParts): Promise<KeyPlan> {
  const { spec, rules, survey, stops, inFront, isOurs, inquiry, link } = parts
  const files = parts.files.map(({ file }) => file)
  const { address, look } = inquiry
  const onConflict = inFront ? 'replace' : spec.onConflict
  const now = Date.now() + look.clockAheadMs
  const walk = async (some: readonly RdbFile[], visitor: Visitor): Promise<void> => {
    for (const file of some) await walkOne(parts, file, visitor)
  }
  const takes = await passes(stops, () => inquiry.assertTakes(survey.targetDbs))
  for (const some of collidingTogether({ onConflict }, files))
    if (survey.mayCollide || some.length > 1)
      await passes(stops, () =>
        assertNoCollisions({ keys: survey.keys, rules, now, walk: (visitor) => walk(some, visitor) }),
      )
  const present = takes && !isOurs ? await inquiry.countKeys(survey.targetDbs) : 0
  const conflicts = await findTaken(inquiry, takes && !isOurs ? survey.libraries : [], (finder) =>
    present === 0
      ? undefined
      : walk(
          files,
          keysToWrite(rules, now, (db, name) => finder.add(db, name)),
        ),
  )
  if (onConflict === 'fail' && conflicts.found > 0) {
    const examples = conflicts.examples.slice(0, 5).join(', ')
    stops.push(makeFailure('target.not-empty', { address, keys: conflicts.found, examples }))
  }

  const believed = believe(look)
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
    keepsPast: inFront,
  })
  const writing = inFront ? shiftable(believed) : believed
  for (const { file, surveyed } of parts.files) {
    const { types, checked } = surveyed
    const conversion = makeConversion(types, checked.header.flavour, writing, dropFieldsExpiredBy)
    await walkOne(parts, file, tally.visitor(conversion))
  }
  const { toWrite, ways } = tally
  // Of one node out of several it would tell too little; a proxy is not to be asked.
  const isAsked = look.mode !== 'cluster' && spec.target.proxy !== true
  const memory = isAsked ? await askMemory(link) : { used: null, max: null }
  return {
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
    functionsLeftOut: survey.librariesLeftOut,
    kinds: tally.kinds,
    dbs: tally.dbs,
    conflicts: { keys: conflicts.found, examples: conflicts.examples },
    sample: await markTaken(tally, inquiry, onConflict !== 'replace' && present > 0),
    memory: { needed: Math.round(toWrite.memoryBytes + tally.bucketBytes), ...memory },
  }
}

async function walkOne(
  { arena, meter, signal }: KeyPlanParts,
  file: RdbFile,
  visitor: Visitor,
): Promise<void> {
  await walkRdbFile(file, arena, { ...visitor, progress: (bytesDone) => meter.advance(bytesDone) }, signal)
}

/** Notes what would end the restore; other failures are the plan's own. False where it would. */
export async function passes(stops: Failure[], check: () => unknown): Promise<boolean> {
  try {
    await check()
    return true
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown
    const { code } = thrown.failure
    if (code !== 'file.collisions' && code !== 'usage.would-empty' && !/^(target|aof)\./.test(code))
      throw thrown
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
