import { fail } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { assertAllowed, findLosses } from '../plan/losses.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import { walkRdbFile, type RdbFile, type Visitor } from '../source/rdb-file.ts'
import type { Destination } from '../target/destination.ts'
import { openInquiry, type TargetInquiry } from '../target/inquiry.ts'
import type { KeyFinder, TargetLook } from '../target/look.ts'
import { assertNoCollisions } from './collisions.ts'
import { keysToWrite } from './keys-to-write.ts'
import type { RestoreMeter } from './restore-meter.ts'
import type { Survey } from './survey.ts'

interface LookParts {
  readonly files: readonly RdbFile[]
  readonly arena: Crc64Arena
  readonly survey: Survey
  readonly rules: KeyRules
  readonly meter: RestoreMeter
  /** What begins before this offset an earlier run may have written: it is ours. */
  readonly sentBefore?: number
}

interface LookedAt {
  readonly look: TargetLook
  readonly capabilities: Capabilities
  /** What the target cannot hold, and may be left out or dropped. */
  readonly losses: readonly Loss[]
  /** Module types of the file that the target cannot load. */
  readonly lackedModules: ReadonlySet<string>
  /** Keys in the databases that are written to; Infinity where that is not told. */
  readonly present: number
  readonly destination: Destination
}

/** Looks before the first write: who the target is, whether it can take this, and what it has already. */
export async function lookBeforeWriting(
  spec: RestoreSpec,
  parts: LookParts,
  signal: AbortSignal,
): Promise<LookedAt> {
  const { survey, meter, rules, sentBefore = 0 } = parts
  using inquiry = await openInquiry(spec.target, signal)
  const { address, look } = inquiry
  const { files } = parts
  const walk = walkOf(files, parts, signal)
  const now = Date.now() + look.clockAheadMs
  await inquiry.assertTakes(survey.targetDbs)
  for (const some of collidingTogether(spec, files))
    if (survey.mayCollide || some.length > 1)
      await assertNoCollisions({ keys: survey.keys, rules, now, walk: walkOf(some, parts, signal) })
  const present = await inquiry.countKeys(survey.targetDbs)
  if (spec.onConflict === 'fail')
    // Libraries stand before the first key of a file.
    await assertNothingTaken(inquiry, sentBefore > 0 ? [] : survey.libraries, (finder) =>
      present === 0
        ? undefined
        : walk(keysToWrite(rules, now, (db, name) => finder.add(db, name), sentBefore)),
    )
  // The last thing to do, because it writes for a moment.
  const capabilities = await inquiry.capabilities()
  const modules = await loadableModules(inquiry, survey)
  const losses = findLosses(survey.demands, { ...capabilities, modules }, spec)
  meter.foresee(losses)
  assertAllowed(losses, spec, { address, version: look.version })
  const lackedModules = new Set([...survey.demands.modules.keys()].filter((name) => !modules.has(name)))
  return { look, capabilities, losses, lackedModules, present, destination: inquiry.destination() }
}

/**
 * Which files must not have names in common: all of them, where nothing may be overwritten. Under the other policies
 * they are taken one after another, as if each were a restore of its own.
 */
export function collidingTogether(
  { onConflict }: Pick<RestoreSpec, 'onConflict'>,
  files: readonly RdbFile[],
): readonly (readonly RdbFile[])[] {
  return onConflict === 'fail' ? [files] : files.map((file) => [file])
}

/** Of the file's module types those that the target can load, tried with a value of each. */
async function loadableModules(inquiry: TargetInquiry, { demands }: Survey): Promise<ReadonlySet<string>> {
  const samples = [...demands.modules].flatMap(([name, { sample }]) =>
    sample === null ? [] : [[name, sample] as const],
  )
  return await inquiry.loadableModules(new Map(samples))
}

/** Reads the files once more, from the start to the end. */
function walkOf(
  files: readonly RdbFile[],
  { arena, meter }: Pick<LookParts, 'arena' | 'meter'>,
  signal: AbortSignal,
): (visitor: Visitor) => Promise<unknown> {
  const progress = (bytesDone: number): void => meter.advance(bytesDone)
  return async (visitor) => {
    for (const file of files) await walkRdbFile(file, arena, { ...visitor, progress }, signal)
  }
}

/** Fails with `target.not-empty` where the target has any key that `gather` adds, or any of these libraries. */
async function assertNothingTaken(
  inquiry: TargetInquiry,
  ourLibraries: readonly string[],
  gather: (finder: KeyFinder) => Promise<unknown> | undefined,
): Promise<void> {
  const { found, examples } = await findTaken(inquiry, ourLibraries, gather)
  if (found > 0)
    fail('target.not-empty', {
      address: inquiry.address,
      keys: found,
      examples: examples.slice(0, 5).join(', '),
    })
}

/** How many of the keys that `gather` adds, and of these libraries, the target has, and some of their names. */
export async function findTaken(
  inquiry: TargetInquiry,
  ourLibraries: readonly string[],
  gather: (finder: KeyFinder) => Promise<unknown> | undefined,
): Promise<{ readonly found: number; readonly examples: readonly string[] }> {
  const finder = inquiry.findKeys()
  await gather(finder)
  await finder.finish()
  const taken = ourLibraries.length > 0 ? await inquiry.libraryNames() : new Set<string>()
  const libraries = ourLibraries.filter((name) => taken.has(name))
  return {
    found: finder.found + libraries.length,
    examples: [...finder.examples.map(({ key }) => key), ...libraries],
  }
}
