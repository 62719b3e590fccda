import type { ListedKeys } from '../verify/open-side.ts'
import { absentAmong, differencesAmong, eachBatch, type Pair } from '../verify/pairs.ts'
import { byDatabase } from '../verify/findings.ts'
import type { DbKey } from './checkpoint.ts'
import { isOurs } from './own-keys.ts'

export interface ScanPassOptions {
  /** All of each side. */
  readonly sourceKeys: AsyncGenerator<ListedKeys, void>
  readonly targetKeys: AsyncGenerator<ListedKeys, void>
  readonly pairs: readonly Pair[]
  /** Looks for keys that the target alone has, too. */
  readonly extras: boolean
  readonly expiryToleranceMs: number
  readonly onCompared: (keys: number) => void
  /** These differ, or are the target's alone. */
  readonly onDiffering: (keys: readonly DbKey[]) => Promise<void>
  readonly signal: AbortSignal
}

/** Goes through all keys of both sides once, value by value. Rejects when one of them is lost. */
export async function comparePass(options: ScanPassOptions): Promise<void> {
  const { sourceKeys, targetKeys, pairs, extras, expiryToleranceMs, onCompared, onDiffering, signal } =
    options
  await eachBatch(
    pairs,
    sourceKeys,
    async (pair, { db, keys }) => {
      const theirs = keys.filter((key) => !isOurs(key))
      const differing = await differencesAmong(pair, db, theirs, expiryToleranceMs)
      await onDiffering(differing)
      onCompared(theirs.length)
    },
    signal,
  )
  if (!extras) return
  await eachBatch(
    pairs,
    targetKeys,
    async (pair, { db, keys, misplaced }) => {
      const held = new Set(misplaced)
      const theirs = keys.filter((key) => !isOurs(key) && !held.has(key))
      const extra = await absentAmong(pair.source, db, theirs)
      await onDiffering(extra.map((key) => ({ db, key })))
    },
    signal,
  )
}

/** Which of these keys still differ. */
export async function stillDiffering(
  pair: Pair,
  keys: readonly DbKey[],
  expiryToleranceMs: number,
): Promise<readonly DbKey[]> {
  const differing: DbKey[] = []
  for (const [db, some] of byDatabase(keys))
    for (let at = 0; at < some.length; at += comparedAtOnce)
      differing.push(
        ...(await differencesAmong(pair, db, some.slice(at, at + comparedAtOnce), expiryToleranceMs)),
      )
  return differing
}

const comparedAtOnce = 500
