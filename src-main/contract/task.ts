import { z } from 'zod'
import type { Failure } from './failure.ts'
import type { FreezeView, WritePause } from './freeze.ts'
import type { ChecksView } from './precheck.ts'
import type { EndpointView, ProfileOptions } from './profile.ts'
import type { SyncEventCode, SyncProgress } from './sync.ts'
import type { VerifyProgress, VerifyResult } from './verify.ts'

/**
 * The life of a task, as data.
 * - `draft`: not checked, or the check found something that blocks; `checking`; `ready`: may be started
 * - `starting`: checks run once more, settings are set, both sides are reached
 * - `copying`: the full copy; `following`: the stream is applied (`inStep` tells catching up from in step)
 * - `freezing`: the password is changed and the last writes arrive; `frozen`: nothing is left to come;
 *   `proving`: both sides are compared
 * - `finishing`: sync is ended, our keys are taken out, settings and password are put back
 * - `paused`, `failed`, `interrupted` (Keyferry was ended in the middle): can be resumed
 * - `finished`, `stopped` (given up): over
 */
export const taskTransitions = {
  draft: ['checking', 'ready'],
  checking: ['draft', 'ready', 'interrupted'],
  ready: ['draft', 'checking', 'starting'],
  starting: ['draft', 'copying', 'following', 'paused', 'stopped', 'failed', 'interrupted'],
  copying: ['following', 'paused', 'stopped', 'failed', 'interrupted'],
  following: ['copying', 'freezing', 'finishing', 'paused', 'stopped', 'failed', 'interrupted'],
  freezing: ['following', 'frozen', 'stopped', 'failed', 'interrupted'],
  frozen: ['following', 'freezing', 'proving', 'finishing', 'stopped', 'failed', 'interrupted'],
  proving: ['following', 'freezing', 'frozen', 'stopped', 'failed', 'interrupted'],
  finishing: ['finished', 'failed', 'interrupted'],
  paused: ['starting', 'finishing', 'stopped', 'interrupted'],
  failed: ['starting', 'finishing', 'stopped', 'interrupted'],
  interrupted: ['starting', 'draft', 'finishing', 'stopped', 'failed'],
  finished: [],
  stopped: [],
} as const satisfies Record<string, readonly string[]>

export type TaskState = keyof typeof taskTransitions

/** Whether the table lets a task go from one state to another. */
export function mayBecome(from: TaskState, to: TaskState): boolean {
  return (taskTransitions[from] as readonly TaskState[]).includes(to)
}

/** Over: nothing is held any more, nothing can be resumed. */
export function isOver(state: TaskState): boolean {
  return taskTransitions[state].length === 0
}

const states = Object.keys(taskTransitions) as TaskState[]
/** Over, and not over. */
export const overStates: readonly TaskState[] = states.filter(isOver)
export const openStates: readonly TaskState[] = states.filter((state) => !isOver(state))

/** Started and not over: it may hold settings, a password, or data half copied. */
export function isUnderWay(state: TaskState): boolean {
  return !isOver(state) && state !== 'draft' && state !== 'checking' && state !== 'ready'
}

/**
 * What a person can do with a task. `TaskView.actions` holds those that are possible now; a console draws
 * its buttons from there.
 */
export type TaskAction =
  | 'check'
  | 'accept'
  | 'start'
  | 'pause'
  | 'resume'
  | 'freeze'
  | 'unfreeze'
  | 'verify'
  | 'finish'
  | 'stop'
  | 'remove'

/** What each state allows as such; `actionsOf` takes away what its circumstances forbid. */
const actionsByState: Readonly<Record<TaskState, readonly TaskAction[]>> = {
  draft: ['check', 'accept', 'remove'],
  checking: ['stop'],
  ready: ['start', 'check', 'remove'],
  starting: ['stop'],
  copying: ['pause', 'stop'],
  following: ['freeze', 'verify', 'finish', 'pause', 'stop'],
  freezing: ['unfreeze', 'stop'],
  frozen: ['verify', 'finish', 'unfreeze', 'stop'],
  proving: ['unfreeze', 'stop'],
  finishing: [],
  paused: ['resume', 'finish', 'stop'],
  failed: ['resume', 'unfreeze', 'stop'],
  interrupted: ['resume', 'unfreeze', 'stop'],
  finished: ['unfreeze', 'remove'],
  stopped: ['remove'],
}

/** What decides on the actions of a task, beside its state. */
export interface Circumstances {
  readonly state: TaskState
  readonly inStep: boolean
  readonly freeze: Pick<FreezeView, 'state'>
  readonly proof: Pick<ProofView, 'running'> | null
  readonly progress: Pick<SyncProgress, 'guard'> | null
}

/** The actions possible now, from the state and what else is known. */
export function actionsOf(task: Circumstances): readonly TaskAction[] {
  const holds = task.freeze.state !== 'none' && !['undone', 'undone-except'].includes(task.freeze.state)
  return actionsByState[task.state].filter((action) => {
    if (action === 'finish' && task.state === 'following') return task.inStep
    // Paused before its expiries were put to their own time, it has to go on first.
    if (action === 'finish' && task.state === 'paused') return task.progress?.guard === 'final'
    if (action === 'freeze') return task.inStep
    if (action === 'unfreeze') return holds
    if (action === 'verify') return !task.proof?.running
    return true
  })
}

export type TaskEventCode =
  | SyncEventCode
  /** from, to */
  | 'task.state'
  /** passed, warnings, failed */
  | 'checks.done'
  /** check */
  | 'checks.accepted'
  /** side, name, before, now */
  | 'settings.changed'
  /** side, name, value */
  | 'settings.restored'
  /** side, name, expected, found: somebody else changed it, so it was left alone */
  | 'settings.left'
  /** side, name, value, reply: could not be set or put back; to do by hand */
  | 'settings.by-hand'
  /** offset, clients, ms */
  | 'freeze.done'
  /** offset, ms */
  | 'freeze.drained'
  /** breach, address: where */
  | 'freeze.broken'
  | 'freeze.undone'
  /** what */
  | 'freeze.changed-meanwhile'
  | 'freeze.left'
  /** client, name, command: a connection that is not ours wrote to the target */
  | 'target.foreign-client'
  /** key (all, where it is missing): changed while nothing of ours writes; the proof is void */
  | 'target.foreign-write'
  /** keys: thrown out for want of memory */
  | 'target.evicted'
  /** keys, differing, ms */
  | 'proof.done'
  /** ms */
  | 'pause.ended'
  /** code: of the failure */
  | 'task.failed'
  | 'task.consented'

/** Something that happened to a task, kept for good. `sayEvent` (`words/say-event.ts`) has the words. */
export interface TaskEvent {
  /** Counts up within the store. */
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly level: 'info' | 'warning' | 'error'
  readonly code: TaskEventCode
  readonly params: Readonly<Record<string, string | number>>
}

/** A server's setting changed for the task. */
export interface SettingChange {
  readonly side: 'source' | 'target'
  readonly name: string
  readonly before: string
  readonly during: string
  /** `left`: somebody else changed it meanwhile; `by-hand`: the server would not let us put it back. */
  readonly state: 'changed' | 'restored' | 'left' | 'by-hand'
}

export interface ProofView {
  readonly mode: 'counts' | 'full'
  readonly running: boolean
  readonly startedAt: number
  readonly endedAt: number | null
  readonly progress: VerifyProgress | null
  readonly result: VerifyResult | null
  readonly failure: Failure | null
  /** Made while writes were frozen, at the very offset the freeze stands at: only then it proves the cutover. */
  readonly underFreeze: boolean
  /** The freeze broke after it: it proves nothing any more. */
  readonly void: boolean
}

/** The figures a list shows of a task. */
export const standingFigures = [
  'phase',
  'guard',
  'snapshotTotal',
  'copiedBytes',
  'copiedKeys',
  'sourceKeys',
  'targetKeys',
  'lagBytes',
  'writesPerSecond',
] as const satisfies readonly (keyof SyncProgress)[]

/** A task as a list shows it: small, so that a thousand of them cost little. */
export interface TaskStanding {
  readonly id: string
  readonly profileId: string
  readonly name: string
  /** The addresses of both sides, as a person reads them. */
  readonly from: string
  readonly to: string
  readonly state: TaskState
  /** When it came into this state, milliseconds since the epoch. */
  readonly stateSince: number
  readonly createdAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** When it was last checked, or began to be. */
  readonly checkedAt: number | null
  /** Everything the source has written is applied, and has been for a moment. */
  readonly inStep: boolean
  /** Of the running or last sync; null before the first. */
  readonly progress: Pick<SyncProgress, (typeof standingFigures)[number]> | null
  readonly actions: readonly TaskAction[]
}

/** What a console shows of all tasks at any time; those that are over are read page by page. */
export interface TaskBoard {
  /** Not over, newest first. */
  readonly open: readonly TaskStanding[]
  /** How many are over, and when the last of them came to be so (0: none): another figure, another list. */
  readonly over: { readonly count: number; readonly latest: number }
}

/** Which of the tasks that are over; `search` is sought in names and addresses. */
export const pastRequestSchema = z.strictObject({
  search: z.string().max(200).default(''),
  limit: z.int().min(1).max(200).default(50),
  offset: z.int().min(0).default(0),
})
export type PastRequest = z.infer<typeof pastRequestSchema>

/** Some of the tasks that are over. */
export interface PastTasks {
  /** The latest end first. */
  readonly tasks: readonly TaskStanding[]
  /** How many there are to be read with the same search. */
  readonly count: number
}

/** A task as a console sees it. A snapshot: the newest one says everything. No secret in it. */
export interface TaskView extends TaskStanding {
  readonly source: EndpointView
  readonly target: EndpointView
  readonly options: ProfileOptions
  readonly checks: ChecksView | null
  /** Of the running or last sync; null before the first. */
  readonly progress: SyncProgress | null
  readonly inStepSince: number | null
  readonly settings: readonly SettingChange[]
  readonly freeze: FreezeView
  readonly writePause: WritePause | null
  readonly proof: ProofView | null
  /**
   * Whether *finish* needs the target's address typed (`consent`), and why: no proof under this freeze, or
   * one that found differences. Null when the proof is whole.
   */
  readonly finishNeedsConsent: 'no-proof' | 'differences' | 'not-frozen' | null
  readonly failure: Failure | null
  /** The newest 50; `tasks.events` has all. */
  readonly events: readonly TaskEvent[]
}

/** One point of the plots. */
export interface TaskSample {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly keysPerSecond: number
  readonly bytesPerSecond: number
  /** Writes applied on the target a second. */
  readonly writesPerSecond: number
  readonly lagBytes: number | null
  readonly lagMs: number | null
  readonly sourceKeys: number | null
  readonly targetKeys: number | null
  /** Commands a second the source answers, as it says itself; null while not looked at. */
  readonly sourceOps: number | null
}
