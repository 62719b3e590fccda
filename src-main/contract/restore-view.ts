import type { Failure } from './failure.ts'
import type { Limits } from './limits.ts'
import type { ConflictPolicy, InterruptedRestore, RestoreProgress, RestoreResult } from './restore.ts'
import type { VerifyMode, VerifyProgress, VerifyResult } from './verify.ts'

/** The comparison of a finished restore with the files it was made from. */
export interface RestoreComparison {
  readonly mode: VerifyMode
  /** What differs is written again from the files. */
  readonly repair: boolean
  readonly state: 'running' | 'done' | 'failed' | 'cancelled'
  readonly progress: VerifyProgress | null
  readonly result: VerifyResult | null
  readonly failure: Failure | null
}

/** One restore as its page shows it: running or ended, kept until the app closes. No secret in it. */
export interface RestoreView {
  readonly id: string
  /** Its inputs, as `nameInput` says them. */
  readonly files: readonly string[]
  readonly target: string
  readonly onConflict: ConflictPolicy
  /** In force now. */
  readonly limits: Limits
  readonly startedAt: number
  readonly state: 'running' | 'done' | 'failed' | 'cancelled'
  readonly progress: RestoreProgress
  readonly result: RestoreResult | null
  readonly failure: Failure | null
  /** The newest one; null while none was asked for. */
  readonly comparison: RestoreComparison | null
}

/** How one restore stands, as lists show it: a part of its view. */
export interface RestoreStanding extends Pick<
  RestoreView,
  'id' | 'files' | 'target' | 'startedAt' | 'state'
> {
  readonly progress: Pick<
    RestoreProgress,
    | 'phase'
    | 'bytesDone'
    | 'bytesTotal'
    | 'keysDone'
    | 'keysWritten'
    | 'keysPerSecond'
    | 'bytesPerSecond'
    | 'elapsedMs'
  >
  readonly result: Pick<RestoreResult, 'keysWritten' | 'keysSkipped' | 'keysFailed' | 'elapsedMs'> | null
}

/** One that can be gone on with, as a console lists it. */
export interface InterruptedView extends InterruptedRestore {
  /** Its newest run, where that is one of this run of the app; it is listed here and nowhere else. */
  readonly run: string | null
}

/** What is new of all restores of a host. */
export interface RestoreNews {
  /** All of them as they stand: what is not among them is not known any more. Else those that have changed. */
  readonly isWhole: boolean
  /** Of one that was told before, only the members that say something else. */
  readonly restores: readonly (Pick<RestoreStanding, 'id'> & Partial<RestoreStanding>)[]
}
