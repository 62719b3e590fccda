import type { Failure } from '#contract/failure.ts'
import type { FileReport } from '#contract/inspect.ts'
import type { RestoreProgress, RestoreResult, RestoreSpec } from '#contract/restore.ts'

/**
 * What is said between a thread that runs a job and whoever started it. Plain values only, no handle and no
 * closure, so that a job could as well be sent to another machine.
 */
export interface Jobs {
  restore: { spec: RestoreSpec; progress: RestoreProgress; result: RestoreResult }
  inspect: {
    spec: { readonly file: string }
    progress: { readonly bytesDone: number; readonly bytesTotal: number }
    result: FileReport
  }
}

export type JobKind = keyof Jobs
export type JobSpec<K extends JobKind> = Jobs[K]['spec']
export type JobProgress<K extends JobKind> = Jobs[K]['progress']
export type JobResult<K extends JobKind> = Jobs[K]['result']

export type ToWorker =
  | {
      readonly [K in JobKind]: {
        readonly type: 'run'
        readonly job: string
        readonly kind: K
        readonly spec: JobSpec<K>
      }
    }[JobKind]
  | { readonly type: 'cancel'; readonly job: string }

export type FromWorker =
  | { readonly type: 'progress'; readonly job: string; readonly progress: unknown }
  | { readonly type: 'done'; readonly job: string; readonly result: unknown }
  | { readonly type: 'failed'; readonly job: string; readonly failure: Failure }
