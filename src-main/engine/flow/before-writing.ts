import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { assertAllowed, findLosses, type LossPolicies } from '../plan/losses.ts'
import { probeCapabilities, probeModules, type Capabilities } from '../redis/capabilities.ts'
import { Link } from '../resp/link.ts'
import { walkRdbFile, type RdbFile, type Visitor } from '../source/rdb-file.ts'
import {
  assertDatabases,
  ConflictFinder,
  countKeys,
  libraryNames,
  lookAtTarget,
  lookSilenceMs,
  type TargetLook,
} from '../target/look.ts'
import { assertNoCollisions } from './collisions.ts'
import { keysToWrite } from './keys-to-write.ts'
import type { RestoreMeter } from './restore-meter.ts'
import type { Survey } from './survey.ts'

interface LookParts {
  readonly file: RdbFile
  readonly arena: Crc64Arena
  readonly survey: Survey
  readonly rules: KeyRules
  readonly meter: RestoreMeter
}

interface LookedAt {
  readonly look: TargetLook
  readonly capabilities: Capabilities
  /** What the target cannot hold, and may be left out or dropped. */
  readonly losses: readonly Loss[]
  readonly empty: boolean
}

/** Looks before the first write: who the target is, whether it can take this, and what it has already. */
export async function lookBeforeWriting(
  spec: RestoreSpec,
  parts: LookParts,
  signal: AbortSignal,
): Promise<LookedAt> {
  const { survey, meter, rules } = parts
  const address = addressOf(spec.target)
  using link = await Link.open(spec.target, { signal, silenceMs: lookSilenceMs, name: 'keyferry:look' })
  using _ending = link.endWith(signal)
  const look = await lookAtTarget(link)
  if (look.role === 'replica') fail('target.read-only', { address })
  if (look.mode === 'cluster') fail('target.cluster', { address })
  const walk = walkOf(parts, signal)
  const now = Date.now() + look.clockAheadMs
  if (survey.mayCollide) await assertNoCollisions({ keys: survey.keys, rules, now, walk })
  await assertDatabases(link, survey.targetDbs)
  const present = await countKeys(link, survey.targetDbs)
  if (spec.onConflict === 'fail')
    await assertNothingTaken(link, look, survey.libraries, (finder) =>
      present === 0 ? undefined : walk(keysToWrite(rules, now, (db, name) => finder.add(db, name))),
    )
  // The last thing to do, because it writes for a moment.
  const capabilities = await probeCapabilities(link, look)
  const losses = await foreseeLosses(link, survey, capabilities, spec)
  meter.foresee(losses)
  assertAllowed(losses, spec, { address, version: look.version })
  return { look, capabilities, losses, empty: present === 0 }
}

/** What of the file the target cannot hold. */
async function foreseeLosses(
  link: Link,
  { demands }: Survey,
  capabilities: Capabilities,
  policies: LossPolicies,
): Promise<readonly Loss[]> {
  const samples = [...demands.modules].flatMap(([name, { sample }]) =>
    sample === null ? [] : [[name, sample] as const],
  )
  const modules = await probeModules(link, new Map(samples))
  return findLosses(demands, { ...capabilities, modules }, policies)
}

/** Reads the file once more, from the start to the end. */
function walkOf(
  { file, arena, meter }: LookParts,
  signal: AbortSignal,
): (visitor: Visitor) => Promise<unknown> {
  const progress = (bytesDone: number): void => meter.advance(bytesDone)
  return (visitor) => walkRdbFile(file, arena, { ...visitor, progress }, signal)
}

/** Fails with `target.not-empty` where the target has any key that `gather` adds, or any of these libraries. */
async function assertNothingTaken(
  link: Link,
  look: TargetLook,
  ourLibraries: readonly string[],
  gather: (finder: ConflictFinder) => Promise<unknown> | undefined,
): Promise<void> {
  const { address } = link
  const finder = new ConflictFinder(link, look)
  await gather(finder)
  await finder.finish()
  const taken = ourLibraries.length > 0 ? await libraryNames(link) : new Set<string>()
  const libraries = ourLibraries.filter((name) => taken.has(name))
  const found = finder.found + libraries.length
  if (found > 0) {
    const examples = [...finder.examples.map(({ key }) => key), ...libraries]
    fail('target.not-empty', { address, keys: found, examples: examples.slice(0, 5).join(', ') })
  }
}
