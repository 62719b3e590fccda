import type { DbCount, FunctionsFound, VerifyMode, VerifyResult } from '#contract/verify.ts'
import { slotCount } from '../redis/topology.ts'
import { agree, sum } from './counts.ts'
import type { Findings } from './findings.ts'

export interface Compared {
  readonly mode: VerifyMode
  /** The most differences to be listed. */
  readonly listed: number
  readonly counts: readonly DbCount[]
  readonly findings: Findings
  readonly functions: FunctionsFound
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
  | 'functions'
  | 'slotsCovered'
> {
  const { mode, listed, counts, findings, functions, slotsCovered } = compared
  const isCovered = (slotsCovered ?? slotCount) === slotCount
  return {
    mode,
    equal: isCovered && (mode === 'counts' ? agree(counts) : findings.count === 0 && functions !== 'differ'),
    counts,
    sourceKeys: sum(counts, 'source'),
    targetKeys: sum(counts, 'target'),
    differing: findings.count,
    byKind: findings.byKind(),
    differences: findings.list(listed),
    functions,
    slotsCovered,
  }
}
