import type { FreezeState } from './freeze.ts'
import type { ExpiryGuard } from './sync.ts'

/**
 * What a person can do with a task. `TaskView.actions` holds those that are possible now; a console draws
 * its buttons from there.
 */
export type TaskAction =
  | 'check'
  | 'accept'
  | 'start'
  | 'schedule'
  | 'unschedule'
  | 'pause'
  | 'resume'
  | 'freeze'
  | 'unfreeze'
  | 'verify'
  | 'repair'
  | 'finish'
  | 'stop'
  | 'remove'

/**
 * - `unstarted`: nothing has been touched yet
 * - `checking`, `working`, `holding`: a process works on it; `holding`: writes of the source are held back, or about to be
 * - `waiting`: begun, and nobody works on it until somebody resumes it
 * - `kept`: its own work is over, but another task keeps the way back to its source
 * - `over`
 */
export type TaskKind = 'unstarted' | 'checking' | 'working' | 'holding' | 'waiting' | 'kept' | 'over'

interface StateRule {
  readonly kind: TaskKind
  /** The states it may go to. */
  readonly next: readonly string[]
  /** What it allows as such; `actionsOf` takes away what its circumstances forbid. */
  readonly deeds: readonly TaskAction[]
}

/**
 * The life of a task: the one table that services and consoles go by.
 * - `draft`: not checked, or the check found something that blocks; `checking`; `ready`: may be started
 * - `scheduled`: will be started at its time
 * - `starting`: checks run once more, settings are set, both sides are reached
 * - `copying`: the full copy; `following`: the stream is applied (`inStep` tells catching up from in step)
 * - `freezing`: the password is changed and the last writes arrive; `frozen`: nothing is left to come;
 *   `proving`: both sides are compared
 * - `finishing`: sync is ended, our keys are taken out, settings and password are put back
 * - `paused`, `failed`, `interrupted` (Keyferry was ended in the middle): can be resumed
 * - `way-back`: finished, its source still frozen; what is written to its target since goes back there, by a task of
 *   its own (`wayBack`), until that is closed or rolls back
 * - `finished`, `stopped` (given up), `rolled-back` (the source is the original again): over
 */
export const taskTable = {
  draft: {
    kind: 'unstarted',
    next: ['checking', 'ready'],
    deeds: ['check', 'accept', 'remove'],
  },
  checking: {
    kind: 'checking',
    next: ['draft', 'ready', 'interrupted'],
    deeds: ['stop'],
  },
  ready: {
    kind: 'unstarted',
    next: ['draft', 'checking', 'scheduled', 'starting'],
    deeds: ['start', 'schedule', 'check', 'remove'],
  },
  scheduled: {
    kind: 'unstarted',
    next: ['draft', 'checking', 'ready', 'starting'],
    deeds: ['start', 'schedule', 'unschedule', 'check', 'remove'],
  },
  starting: {
    kind: 'working',
    next: ['draft', 'copying', 'following', 'paused', 'stopped', 'failed', 'interrupted'],
    deeds: ['stop'],
  },
  copying: {
    kind: 'working',
    next: ['following', 'paused', 'stopped', 'failed', 'interrupted'],
    deeds: ['pause', 'stop'],
  },
  following: {
    kind: 'working',
    next: ['copying', 'freezing', 'finishing', 'paused', 'stopped', 'failed', 'interrupted'],
    deeds: ['freeze', 'verify', 'finish', 'pause', 'stop'],
  },
  freezing: {
    kind: 'holding',
    next: ['following', 'frozen', 'stopped', 'failed', 'interrupted'],
    deeds: ['unfreeze', 'stop'],
  },
  frozen: {
    kind: 'holding',
    next: ['following', 'freezing', 'proving', 'finishing', 'stopped', 'failed', 'interrupted'],
    deeds: ['verify', 'repair', 'finish', 'unfreeze', 'stop'],
  },
  proving: {
    kind: 'holding',
    next: ['following', 'freezing', 'frozen', 'stopped', 'failed', 'interrupted'],
    deeds: ['unfreeze', 'stop'],
  },
  finishing: {
    kind: 'holding',
    next: ['finished', 'way-back', 'rolled-back', 'failed', 'interrupted'],
    deeds: [],
  },
  'way-back': {
    kind: 'kept',
    next: ['finished', 'rolled-back'],
    deeds: [],
  },
  paused: {
    kind: 'waiting',
    next: ['starting', 'finishing', 'stopped', 'interrupted'],
    deeds: ['resume', 'finish', 'stop'],
  },
  failed: {
    kind: 'waiting',
    next: ['starting', 'finishing', 'stopped', 'interrupted'],
    deeds: ['resume', 'finish', 'unfreeze', 'stop'],
  },
  interrupted: {
    kind: 'waiting',
    next: ['starting', 'draft', 'finishing', 'stopped', 'failed'],
    deeds: ['resume', 'finish', 'unfreeze', 'stop'],
  },
  finished: {
    kind: 'over',
    next: [],
    deeds: ['unfreeze', 'remove'],
  },
  stopped: {
    kind: 'over',
    next: [],
    deeds: ['remove'],
  },
  'rolled-back': {
    kind: 'over',
    next: [],
    deeds: ['unfreeze', 'remove'],
  },
} as const satisfies Readonly<Record<string, StateRule>>

export type TaskState = keyof typeof taskTable

export const taskStates = Object.keys(taskTable) as readonly TaskState[]

/** Whether the table lets a task go from one state to another. */
export function mayBecome(from: TaskState, to: TaskState): boolean {
  return (taskTable[from].next as readonly TaskState[]).includes(to)
}

export function kindOf(state: TaskState): TaskKind {
  return taskTable[state].kind
}

/** Those of one of these kinds. */
export function statesOf(...kinds: readonly TaskKind[]): readonly TaskState[] {
  return taskStates.filter((state) => kinds.includes(kindOf(state)))
}

/** Over: nothing is held any more, nothing can be resumed. */
export function isOver(state: TaskState): boolean {
  return kindOf(state) === 'over'
}

/** A process works on it. */
export function isAtWork(state: TaskState): boolean {
  return ['checking', 'working', 'holding'].includes(kindOf(state))
}

/** Started and not over: it may hold settings, a password, or data half copied. */
export function isUnderWay(state: TaskState): boolean {
  return ['working', 'holding', 'waiting'].includes(kindOf(state))
}

/** It was begun, and nobody works on it: until somebody resumes it, or for good. */
export function isAtRest(state: TaskState): boolean {
  return ['waiting', 'over'].includes(kindOf(state))
}

/** What decides on the actions of a task, beside its state. */
export interface Circumstances {
  readonly state: TaskState
  readonly inStep: boolean
  readonly freeze: { readonly state: FreezeState }
  readonly proof: { readonly running: boolean; readonly result?: { readonly equal: boolean } | null } | null
  readonly progress: { readonly guard: ExpiryGuard } | null
  /** The source's keys are being deleted, or were: it must not be followed any more. */
  readonly moving: boolean
  /** The task that keeps the way back to its source: its own sync has ended for good. */
  readonly wayBack: string | null
  /** The task whose way back it is. */
  readonly wayBackOf: string | null
  /** The sync was ended for good, all of it applied: its place in the target may be gone. Only the rest is to be done. */
  readonly concluding: boolean
}

/** The states in which a deed has been begun, or done, already. */
const begunIn: Readonly<Partial<Record<TaskAction, readonly TaskState[]>>> = {
  check: ['checking'],
  start: ['starting', 'copying', 'following'],
  resume: ['starting', 'copying', 'following'],
  pause: ['paused'],
  freeze: ['freezing', 'frozen', 'proving'],
  finish: ['finishing'],
}

/** Whoever asks for a deed that is begun already, as a second console may, asks for nothing that is not so. */
export function isBegun(
  action: TaskAction,
  { state, proof }: Pick<Circumstances, 'state' | 'proof'>,
): boolean {
  return begunIn[action]?.includes(state) === true || (action === 'verify' && proof?.running === true)
}

/** The actions possible now, from the state and what else is known. */
export function actionsOf(task: Circumstances): readonly TaskAction[] {
  const holds = task.freeze.state !== 'none' && !['undone', 'undone-except'].includes(task.freeze.state)
  return taskTable[task.state].deeds.filter((action) => {
    // Only what is frozen can be rolled back without losing a write.
    if (action === 'finish' && task.wayBackOf !== null) return task.state === 'frozen' || task.concluding
    if (action === 'finish' && task.state === 'following') return task.inStep
    if (action === 'resume') return !task.moving && !task.concluding && task.wayBack === null
    if (action === 'finish' && (task.state === 'failed' || task.state === 'interrupted'))
      return task.moving || (task.concluding && task.wayBack === null)
    // Paused before its expiries were put to their own time, it has to go on first.
    if (action === 'finish' && task.state === 'paused') return task.progress?.guard === 'final'
    if (action === 'freeze') return task.inStep
    // A way back that is begun goes to a source that is frozen: both are given up, or it is gone on with.
    if (action === 'unfreeze') return holds && (task.wayBack === null || isOver(task.state))
    if (action === 'verify') return !task.proof?.running
    if (action === 'repair') return task.proof?.result?.equal === false
    return true
  })
}
