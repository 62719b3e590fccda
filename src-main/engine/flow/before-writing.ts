import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import type { DbMap } from '../plan/db-map.ts'
import type { KeyFilter } from '../plan/filter.ts'
import { assertAllowed, findLosses, type LossPolicies } from '../plan/losses.ts'
import { probeCapabilities, probeModules, type Capabilities } from '../redis/capabilities.ts'
import { Link } from '../resp/link.ts'
import { walkRdbFile, type RdbFile } from '../source/rdb-file.ts'
import {
  assertDatabases,
  ConflictFinder,
  countKeys,
  libraryNames,
  lookAtTarget,
  lookSilenceMs,
  type TargetLook,
} from '../target/look.ts'
import { entryKind } from './entry.ts'
import type { RestoreMeter } from './restore-meter.ts'
import type { Survey } from './survey.ts'

interface LookParts {
  readonly file: RdbFile
  readonly arena: Crc64Arena
  readonly survey: Survey
  readonly filter: KeyFilter | null
  readonly dbMap: DbMap
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
  const { survey, meter } = parts
  const address = addressOf(spec.target)
  using link = await Link.open(spec.target, { signal, silenceMs: lookSilenceMs, name: 'keyferry:look' })
  using _ending = link.endWith(signal)
  const look = await lookAtTarget(link)
  if (look.role === 'replica') fail('target.read-only', { address })
  if (look.mode === 'cluster') fail('target.cluster', { address })
  await assertDatabases(link, survey.targetDbs)
  const present = await countKeys(link, survey.targetDbs)
  if (spec.onConflict === 'fail')
    await assertNothingTaken(link, look, survey.libraries, present, parts, signal)
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

/** Fails with `target.not-empty` where the target, with `present` keys, has any that would be written. */
async function assertNothingTaken(
  link: Link,
  look: TargetLook,
  ourLibraries: readonly string[],
  present: number,
  { file, arena, filter, dbMap, meter }: LookParts,
  signal: AbortSignal,
): Promise<void> {
  const { address } = link
  const finder = new ConflictFinder(link, look)
  if (present > 0) {
    await walkRdbFile(
      file,
      arena,
      {
        async batch(batch) {
          for (let index = 0; index < batch.count; index += 1) {
            const key = batch.key(index)
            if (batch.kind[index] !== entryKind.KEY || (filter !== null && !filter(key))) continue
            const answers = finder.add(dbMap(batch.db[index]!), key)
            if (answers !== undefined) await answers
          }
        },
        async big(entry) {
          if (filter === null || filter(entry.key)) await finder.add(dbMap(entry.db), entry.key)
        },
        progress: (bytesDone) => meter.advance(bytesDone),
      },
      signal,
    )
    await finder.finish()
  }
  const taken = ourLibraries.length > 0 ? await libraryNames(link) : new Set<string>()
  const libraries = ourLibraries.filter((name) => taken.has(name))
  const found = finder.found + libraries.length
  if (found > 0) {
    const examples = [...finder.examples.map(({ key }) => key), ...libraries]
    fail('target.not-empty', { address, keys: found, examples: examples.slice(0, 5).join(', ') })
  }
}
