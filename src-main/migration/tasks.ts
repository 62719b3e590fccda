import type { Answer } from '#contract/api.ts'
import type { FreezePlan } from '#contract/freeze.ts'
import type { CheckId } from '#contract/precheck.ts'
import type { Passwords } from '#contract/profile.ts'
import type { TaskEvent, TaskSample, TaskView } from '#contract/task.ts'

export interface FinishRequest {
  /** The target's address, typed, where `finishNeedsConsent` asks for it. */
  readonly consent?: string | undefined
  readonly afterFinish?: 'unfreeze' | 'leave-frozen' | undefined
}

/**
 * The migrations: what a person does with them, whatever console he sits at. What the state table does not
 * allow is refused with `task.wrong-state`. Disposing of it pauses what runs; frozen writes stay frozen and
 * journaled.
 */
export interface Tasks extends AsyncDisposable {
  /** Newest first. */
  list(): readonly TaskView[]
  get(id: string): TaskView
  create(profileId: string): TaskView
  check(id: string, passwords?: Passwords): TaskView
  accept(id: string, check: CheckId, accepted: boolean): TaskView
  start(id: string, passwords?: Passwords): TaskView
  /** Resolves when it is paused. */
  pause(id: string): Promise<TaskView>
  resume(id: string, passwords?: Passwords): TaskView
  freezePlan(id: string, signal?: AbortSignal): Promise<FreezePlan>
  freeze(id: string, newPassword?: string): Promise<TaskView>
  /** Resolves when password and users are back. */
  unfreeze(id: string, passwords?: Passwords): Promise<TaskView>
  verify(id: string, mode?: 'counts' | 'full'): TaskView
  /** Resolves when it is finished. */
  finish(id: string, request: FinishRequest): Promise<TaskView>
  /** Resolves when everything of ours is put back. */
  stop(id: string): Promise<TaskView>
  remove(id: string): void
  /** The newest view at once, then on every change, until the task is over or `signal` aborts. */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Answer<TaskView>, void, void>
  watchAll(signal?: AbortSignal): AsyncGenerator<Answer<readonly TaskView[]>, void, void>
  history(id: string, since: number, limit: number): readonly TaskSample[]
  events(id: string, before: number | undefined, limit: number): readonly TaskEvent[]
}
