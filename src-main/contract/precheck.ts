import type { Failure } from './failure.ts'
import type { FindingCode } from './finding.ts'

/** The checks before a migration, in the order they are shown. */
export const checkIds = [
  'source-reachable',
  'source-role',
  'source-version',
  'source-psync',
  'source-replica',
  'source-events',
  'source-config',
  'source-backlog',
  'source-output-buffer',
  'source-timeout',
  'source-idle-timeout',
  'source-rights',
  'source-freeze',
  'source-other-task',
  'source-busy',
  'source-snapshot',
  'source-big-keys',
  'source-shared-keys',
  'target-reachable',
  'target-role',
  'target-version',
  'target-empty',
  'target-memory',
  'target-eviction',
  'target-databases',
  'target-rights',
  'target-other-task',
  'target-writable',
  'target-persistence',
  'target-value-size',
  'target-idle-timeout',
  'not-same-server',
  'clocks',
  'modules',
  'functions',
  'types',
  'policies',
  'shape',
  'way-back',
  'rules',
  'local-disk',
] as const
export type CheckId = (typeof checkIds)[number]

export type CheckSide = 'source' | 'target' | 'both'

/**
 * - `running`; `timed-out`: no answer within the deadline, blocks like `failed`
 * - `passed`; `warning`: goes on once accepted; `failed`: blocks
 * - `skipped`: makes no sense until another check passes (`finding` says which side could not be reached)
 */
export type CheckState = 'running' | 'passed' | 'warning' | 'failed' | 'timed-out' | 'skipped'

/** A server's setting and what it should be. */
export interface Mend {
  readonly side: 'source' | 'target'
  readonly name: string
  readonly value: string
}

/** What a check found at one of several servers. */
export interface NodeFinding {
  readonly address: string
  readonly state: Exclude<CheckState, 'running'>
  readonly finding: FindingCode
  readonly params?: CheckResult['params']
  readonly failure?: Failure
  readonly command?: string
  readonly mend?: Mend
}

export interface CheckResult {
  readonly id: CheckId
  readonly side: CheckSide
  readonly state: CheckState
  readonly finding: FindingCode
  /** Fill the words; sizes in bytes, times in milliseconds. */
  readonly params: Readonly<Record<string, string | number>>
  /** Where the finding is a failure of the catalogue (not reachable, wrong password …). */
  readonly failure: Failure | null
  /** A command a person can copy to mend it, or null. */
  readonly command: string | null
  /** The setting that mends it, where it is safe for us to set it when asked to; for good, not for the task. */
  readonly mend: Mend | null
  /** What was found at each of several servers, where there are several: the result itself is the gravest of it. */
  readonly nodes?: readonly NodeFinding[]
  /** A warning that has been accepted, with the time. */
  readonly acceptedAt: number | null
}

/** How the checks of a task stand together. */
export interface ChecksView {
  readonly ranAt: number
  readonly running: boolean
  readonly results: readonly CheckResult[]
}

/** True when nothing blocks: no check failed, and every warning is accepted. */
export function checksAllow(results: readonly CheckResult[]): boolean {
  return results.every(
    ({ state, acceptedAt }) => state === 'passed' || (state === 'warning' && acceptedAt !== null),
  )
}
