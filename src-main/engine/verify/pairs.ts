import { fail } from '#contract/failure.ts'
import { compareKeys } from './compare.ts'
import type { Questioned } from './db-link.ts'
import type { KeyDifference } from './findings.ts'
import type { ListedKeys, OpenSide } from './open-side.ts'
import { withoutSameBytes } from './same-bytes.ts'

/** A link to each of the two sides. */
export interface Pair {
  readonly source: Questioned
  readonly target: Questioned
}

/** As many as there are links to each side. */
export function pairsOf(source: OpenSide, target: OpenSide): readonly Pair[] {
  return source.links.map((link, at) => ({ source: link, target: target.links[at]! }))
}

/**
 * Works on several batches at a time, one with each pair, so that neither server waits for the other, nor for us. Fails
 * with `job.cancelled`.
 */
export async function eachBatch(
  pairs: readonly Pair[],
  batches: AsyncGenerator<ListedKeys, void, void>,
  work: (pair: Pair, listed: ListedKeys) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    pairs.map(async (pair) => {
      for await (const listed of batches) {
        if (signal.aborted) fail('job.cancelled')
        await work(pair, listed)
      }
    }),
  )
}

/** What differs of these keys of one database, as `compareKeys` tells it; what is the same to the byte is told apart first. */
export async function differencesAmong(
  { source, target }: Pair,
  db: number,
  keys: readonly Buffer[],
  expiryToleranceMs: number,
): Promise<readonly KeyDifference[]> {
  const open = await withoutSameBytes(source, target, db, keys, expiryToleranceMs)
  return await compareKeys(source, target, db, open, expiryToleranceMs)
}

/** Those of these keys that a server does not have. */
export async function absentAmong(
  server: Questioned,
  db: number,
  keys: readonly Buffer[],
): Promise<readonly Buffer[]> {
  // One number for all of them (EXISTS takes several keys since 3.0.3) tells that none is missing.
  if (keys.length === 0 || (await server.askAll(db, [['EXISTS', ...keys]]))[0] === keys.length) return []
  const found = await server.askAll(
    db,
    keys.map((key) => ['EXISTS', key]),
  )
  return keys.filter((_, index) => found[index] === 0)
}
