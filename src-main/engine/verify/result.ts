import type { DbCount, VerifyMode, VerifyResult } from '#contract/verify.ts'
import { slotCount } from '../redis/topology.ts'
import { agree, sum } from './counts.ts'
import type { Findings } from './findings.ts'

export interface Compared {
  readonly mode: VerifyMode
  /** The most differences to be listed. */
  readonly listed: number
  readonly counts: readonly DbCount[]
  readonly findings: Findings
  readonly functionsDiffer: boolean
  /** Null where the target is no cluster. */
  readonly slotsCovered: number | null
}

/** What a comparison found: equal are two sides only where every slot of a cluster has somebody to serve it. */
export function judgeCompared(
  compared: Compared,
): Pick<
  VerifyResult,
  | 'mode'
  | 'equal'
  | 'counts'
  | 'sourceKeys'
  | 'targetKeys'
  | 'differing'
  | 'byKind'
  | 'differences'
  | 'functionsDiffer'
  | 'slotsCovered'
> {
  const { mode, listed, counts, findings, functionsDiffer, slotsCovered } = compared
  const isCovered = (slotsCovered ?? slotCount) === slotCount
  return {
    mode,
    equal: isCovered && (mode === 'counts' ? agree(counts) : findings.count === 0 && !functionsDiffer),
    counts,
    sourceKeys: sum(counts, 'source'),
    targetKeys: sum(counts, 'target'),
    differing: findings.count,
    byKind: findings.byKind(),
    differences: findings.list(listed),
    functionsDiffer,
    slotsCovered,
  }
}
