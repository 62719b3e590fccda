import type { Answer } from '#contract/api.ts'
import type { FreezePlan } from '#contract/freeze.ts'
import type { CheckId } from '#contract/precheck.ts'
import type { Passwords } from '#contract/profile.ts'
import type {
  PastRequest,
  PastTasks,
  TaskBoard,
  TaskEvent,
  TaskSample,
  TaskStanding,
  TaskView,
  TogetherAnswer,
  TogetherRequest,
} from '#contract/task.ts'
import type { Schedule } from '#contract/schedule.ts'
import type { FlushAnswer } from '#contract/sync.ts'
import type { FreezeOrder } from './cutover.ts'
import type { TaskDifferences } from './differences.ts'

export interface FinishRequest {
  /** The target's address, typed, where `finishNeedsConsent` asks for it. */
  readonly consent?: string | undefined
  readonly afterFinish?: 'unfreeze' | 'leave-frozen' | undefined
  /** Move instead of copy: the source's address, typed, has its keys deleted once all is over. */
  readonly deleteSource?: string | undefined
  /** Keep the way back to the source, or not, whatever the plan says. */
  readonly wayBack?: boolean | undefined
  /**
   * A command for the moment when applications are to go to the target: after the proof, before the sync is ended, or
   * with a way back as soon as that is open. Typed for this very end, it goes before that of the plan.
   */
  readonly onCutover?: readonly string[] | undefined
  /** `again`: also where it was begun and nobody knows how it ended; `skip`: not at all. */
  readonly command?: 'again' | 'skip' | undefined
  readonly passwords?: Passwords | undefined
}

export interface RepairOrder {
  readonly consent: string
  /** What only the target has is deleted. */
  readonly deleteExtra?: boolean | undefined
}

/**
 * The migrations: what a person does with them, whatever console he sits at. What the state table does not
 * allow is refused with `task.wrong-state`. Disposing of it pauses what runs; frozen writes stay frozen and
 * journaled.
 */
export interface Tasks extends TaskDifferences, AsyncDisposable {
  /** All of them, newest first. */
  list(): readonly TaskStanding[]
  /** Those that are not over, and how many are. */
  board(): TaskBoard
  /** Of those that are over, the latest end first. */
  past(page: PastRequest): PastTasks
  get(id: string): TaskView
  /**
   * A run of a profile as it stands now. One of its earlier plan that was never begun is forgotten, but for the
   * time it was to be started at.
   */
  create(profileId: string): TaskView
  check(id: string, passwords?: Passwords): TaskView
  accept(id: string, check: CheckId, accepted: boolean): TaskView
  /** Sets the setting a check's `mend` names, for good, and checks again. */
  mend(id: string, check: CheckId, passwords?: Passwords): Promise<TaskView>
  start(id: string, passwords?: Passwords): TaskView
  /** Has it started at a time. What a profile does not keep must be typed now; it is forgotten when Keyferry ends. */
  schedule(id: string, schedule: Schedule, passwords?: Passwords): TaskView
  /** Resolves when it is not armed any more, whoever had armed it. */
  unschedule(id: string): Promise<TaskView>
  /**
   * For a process that stays: starts what is armed at its time, and keeps targets locked whose tasks nobody works on, also
   * where whoever did that is gone; and tries to put back again what could not be when a task ended.
   */
  keepForAll(): void
  /** Passwords can be read from now on: what could not be put back without them is tried again. */
  secretsUnlocked(): void
  /** A profile was changed: what is armed to run its former plan is a draft again. */
  planChanged(profileId: string): void
  /** Resolves when it is paused. */
  pause(id: string): Promise<TaskView>
  /** As `pause`, with every expiry of the target put to its own time first. */
  leave(id: string): Promise<TaskView>
  /** `flushed`: where it stands before a command of one source that concerns whole databases, what becomes of that. */
  resume(id: string, passwords?: Passwords, flushed?: FlushAnswer): TaskView
  /** Where its source is read key by key: so many a second at the most from now on; null is no limit. */
  pace(id: string, keysPerSecond: number | null): TaskView
  freezePlan(id: string, passwords?: Passwords, signal?: AbortSignal): Promise<FreezePlan>
  freeze(id: string, order?: FreezeOrder): Promise<TaskView>
  /** Resolves when password and users are back. The journal has all it needs for that. */
  unfreeze(id: string): Promise<TaskView>
  verify(id: string, mode?: 'counts' | 'full'): TaskView
  /** `consent` is the target's address, typed: its values are replaced by the source's. */
  repair(id: string, order: RepairOrder): TaskView
  /**
   * Resolves when it is finished. Fails with `task.other-ending` where another end than is asked for has been begun already,
   * and with `command.*` where the operator's command keeps it from that.
   */
  finish(id: string, request: FinishRequest): Promise<TaskView>
  /** Runs the command of the plan where a way back is open and it has not done its work. Resolves when it has. */
  runCommand(id: string, passwords?: Passwords): Promise<TaskView>
  /** Resolves when everything of ours is put back. */
  stop(id: string, passwords?: Passwords): Promise<TaskView>
  remove(id: string): void
  /** One deed for each of several tasks; those that refuse it do not keep the others from it. */
  together(request: TogetherRequest): Promise<readonly TogetherAnswer[]>
  /** Forgets all that are over and hold nothing, as far as the search finds them; how many. */
  clearHistory(search: string): Promise<number>
  /** The newest view at once, then on every change, until the task is removed (`task.not-found`) or `signal` aborts. */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Answer<TaskView>, void, void>
  watchAll(signal?: AbortSignal): AsyncGenerator<Answer<TaskBoard>, void, void>
  history(id: string, since: number, limit: number): readonly TaskSample[]
  events(id: string, before: number | undefined, limit: number): readonly TaskEvent[]
}
