import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { windowBytes, type BytesSight, type KeySight, type SightPart } from '#contract/sight.ts'
import type { Backup } from '#contract/verify.ts'
import { openSide } from '../verify/open-side.ts'
import type { TargetSide } from '../verify/target-side.ts'
import { openBackupSide } from './backup-side.ts'
import { pairUp } from './pair-up.ts'
import { openServerSide } from './server-side.ts'
import { besideEachOther, type ValueSide } from './value-side.ts'

/** A key of the target, and what it was copied from. */
export interface SightSpec {
  readonly source: Connection | Backup
  readonly target: Connection
  /** Of the target. */
  readonly db: number
  /** base64 */
  readonly key: string
  readonly part: SightPart
}

/**
 * Looks at one key on both sides, at a part of it: memory stays bounded whatever its size. Fails with `connect.*`,
 * `auth.*`, `file.*`, `job.cancelled`.
 */
export async function lookAtKey(
  { source, target, db, key: base64, part }: SightSpec,
  _report: (progress: never) => void,
  signal: AbortSignal,
): Promise<KeySight> {
  const key = Buffer.from(base64, 'base64')
  try {
    using there = await openSide(target, signal)
    using _there = there.endWith(signal)
    const targetSide: TargetSide = { link: there.links[0]!, look: there.look, expiryToleranceMs: 0 }
    if ('files' in source) {
      const here = await openBackupSide(source, targetSide, db, key, signal)
      return await beside(here, await openServerSide(targetSide, db, key), part)
    }
    using origin = await openSide(source, signal)
    using _origin = origin.endWith(signal)
    const sourceSide: TargetSide = { link: origin.links[0]!, look: origin.look, expiryToleranceMs: 0 }
    const [here, theirs] = await Promise.all([
      openServerSide(sourceSide, db, key),
      openServerSide(targetSide, db, key),
    ])
    return await beside(here, theirs, part)
  } catch (thrown) {
    if (signal.aborted) fail('job.cancelled')
    throw thrown
  }
}

async function beside(source: ValueSide, target: ValueSide, part: SightPart): Promise<KeySight> {
  const isBytes = [source, target].some(
    ({ sight: { type } }) => type === 'string' || !collectionTypes.has(type),
  )
  const [bytes, pairs, here, there] = await Promise.all([
    isBytes ? bytesOf(source, target, part) : null,
    pairUp(source, target, part.cursor, part.all),
    source.facts(),
    target.facts(),
  ])
  return { source: source.sight, target: target.sight, bytes, ...pairs, facts: besideEachOther(here, there) }
}

/** Those that have elements, and what is not there. */
const collectionTypes = new Set(['list', 'set', 'zset', 'hash', 'stream', 'none'])

const seekBytes = 1024 * 1024

async function bytesOf(source: ValueSide, target: ValueSide, part: SightPart): Promise<BytesSight> {
  const at = part.seek ? await firstDifference(source, target, part.byte) : null
  // On a line of its own, with some of what stands before.
  const from = at === null ? part.byte : Math.max(0, Math.floor(at / lineBytes) - linesBefore) * lineBytes
  const [here, there] = await bytesBeside(source, target, from, windowBytes)
  return { from, source: here.toString('base64'), target: there.toString('base64') }
}

/** The same bytes of both; of the target no more than was read of a source that was cut. */
async function bytesBeside(
  source: ValueSide,
  target: ValueSide,
  from: number,
  count: number,
): Promise<readonly [Buffer, Buffer]> {
  const [here, there] = await Promise.all([source.bytes(from, count), target.bytes(from, count)])
  return [here, source.sight.cut ? there.subarray(0, here.length) : there]
}

const lineBytes = 16
const linesBefore = 4

async function firstDifference(source: ValueSide, target: ValueSide, from: number): Promise<number | null> {
  for (let at = from; ; at += seekBytes) {
    const [here, there] = await bytesBeside(source, target, at, seekBytes)
    const length = Math.min(here.length, there.length)
    if (!here.subarray(0, length).equals(there.subarray(0, length)))
      for (let index = 0; index < length; index += 1) if (here[index] !== there[index]) return at + index
    if (here.length !== there.length) return at + length
    if (here.length < seekBytes) return null
  }
}
