import type { BackupProgress, BackupResult, BackupSpec } from '#contract/backup.ts'
import type { DumpProgress, DumpResult, DumpSpec } from '#contract/dump.ts'
import type { Failure } from '#contract/failure.ts'
import type { FileReport } from '#contract/inspect.ts'
import type { RestoreOrder } from '#contract/limits.ts'
import type { ReadinessProgress, ReadinessReport, ReadinessSpec } from '#contract/readiness.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import type { RestoreProgress, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import type { KeySight } from '#contract/sight.ts'
import type { SyncOrder, SyncProgress, SyncResult, SyncSpec } from '#contract/sync.ts'
import type { VerifyOrder, VerifyProgress, VerifyResult, VerifySpec } from '#contract/verify.ts'
import type { SightSpec } from '../sight/sight.ts'

/**
 * What is said between a thread that runs a job and whoever started it. Plain values only, no handle and no
 * closure, so that a job could as well be sent to another machine.
 */
export interface Jobs {
  restore: { spec: RestoreSpec; progress: RestoreProgress; result: RestoreResult; order: RestoreOrder }
  plan: { spec: RestoreSpec; progress: RestoreProgress; result: RestorePlan; order: never }
  inspect: {
    spec: {
      readonly file: string
      /** How keys are summed up by what their names begin with; else up to the first `:`. */
      readonly prefixes?: { readonly separator: string; readonly depth: number } | undefined
    }
    progress: { readonly bytesDone: number; readonly bytesTotal: number }
    result: FileReport
    order: never
  }
  sync: { spec: SyncSpec; progress: SyncProgress; result: SyncResult; order: SyncOrder }
  backup: { spec: BackupSpec; progress: BackupProgress; result: BackupResult; order: never }
  dump: { spec: DumpSpec; progress: DumpProgress; result: DumpResult; order: never }
  /** One key on both sides, for a person to look at. */
  sight: { spec: SightSpec; progress: never; result: KeySight; order: never }
  readiness: {
    spec: ReadinessSpec
    progress: ReadinessProgress
    result: ReadinessReport
    order: never
  }
  verify: { spec: VerifySpec; progress: VerifyProgress; result: VerifyResult; order: VerifyOrder }
}

export type JobKind = keyof Jobs
export type JobSpec<K extends JobKind> = Jobs[K]['spec']
export type JobProgress<K extends JobKind> = Jobs[K]['progress']
export type JobResult<K extends JobKind> = Jobs[K]['result']
/** What a job of this kind can be told while it runs. */
export type JobOrder<K extends JobKind> = Jobs[K]['order']

/** The orders a job is given while it runs, in the order they were given. Those that came early are kept. */
export interface OrderInbox<O> {
  /** Calls `heard` for every order from now on, those kept first. One listener only. */
  listen(heard: (order: O) => void): void
}

export type ToWorker =
  | {
      readonly [K in JobKind]: {
        readonly type: 'run'
        readonly job: string
        readonly kind: K
        readonly spec: JobSpec<K>
      }
    }[JobKind]
  /** A job of this kind is about to come. */
  | { readonly type: 'prepare'; readonly kind: JobKind }
  | { readonly type: 'cancel'; readonly job: string }
  | { readonly type: 'order'; readonly job: string; readonly order: unknown }

export type FromWorker =
  | { readonly type: 'progress'; readonly job: string; readonly progress: unknown }
  | { readonly type: 'done'; readonly job: string; readonly result: unknown }
  | { readonly type: 'failed'; readonly job: string; readonly failure: Failure }
