import { z } from 'zod'
import type { CommandConsent, CutoverCommand } from './cutover-command.ts'
import type { Failure } from './failure.ts'
import type { FreezeView, WritePause } from './freeze.ts'
import type { ChecksView } from './precheck.ts'
import type { EndpointView, ProfileOptions } from './profile.ts'
import type { Schedule } from './schedule.ts'
import type { SyncEventCode, SyncProgress, SyncSpec } from './sync.ts'
import type { TaskAction, TaskState } from './task-states.ts'
import type { VerifyProgress, VerifyResult } from './verify.ts'

export type TaskEventCode =
  | SyncEventCode
  /** from, to */
  | 'task.state'
  /** passed, warnings, failed; skipped: where some wait for another */
  | 'checks.done'
  /** check */
  | 'checks.accepted'
  /** when: as `sayMoment` says it */
  | 'schedule.armed'
  | 'schedule.disarmed'
  /** when; code: of the failure that kept it from being started in time */
  | 'schedule.missed'
  /** side, name, before, now */
  | 'settings.changed'
  /** side, name, before, now: for good, because somebody wanted what a check found mended */
  | 'settings.mended'
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
  /** clients: signed out. The old server of a way back, whose freeze was broken, is frozen once more. */
  | 'freeze.again'
  | 'freeze.undone'
  /** A person froze it, and has to let the writers in again. */
  | 'freeze.undo-by-hand'
  /** what */
  | 'freeze.changed-meanwhile'
  | 'freeze.left'
  /** clients: who was signed out */
  | 'target.locked'
  /** breach, address: where */
  | 'target.lock-broken'
  | 'target.unlocked'
  /** what */
  | 'target.lock-changed'
  /** client, name, command: a connection that is not ours wrote to the target */
  | 'target.foreign-client'
  /** key (all, where it is missing): changed while nothing of ours writes; the proof is void */
  | 'target.foreign-write'
  /** keys: thrown out for want of memory */
  | 'target.evicted'
  /** keys, differing, ms */
  | 'proof.done'
  /** written, deleted: keys */
  | 'proof.repaired'
  /** ms */
  | 'pause.ended'
  /** code: of the failure */
  | 'task.failed'
  | 'task.consented'
  /** offset: of the first write that goes back to the source */
  | 'way-back.open'
  /** code: why not; finished without one */
  | 'way-back.not-opened'
  | 'way-back.closed'
  | 'way-back.rolled-back'
  /** program, ms */
  | 'command.done'
  /** program, reason, said: its last line */
  | 'command.failed'
  /** program: Keyferry was ended while it ran */
  | 'command.lost'
  /** program: finished without it, because somebody said so */
  | 'command.skipped'
  /** deleted, kept: keys */
  | 'move.done'
  /** deleted, code: of the failure that ended it */
  | 'move.ended'

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
  /** Where the side has several servers: which of them. */
  readonly server?: string
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
  /** When it is to be started: `scheduled` says that it will be. In any other state it is the time last wished for. */
  readonly schedule: Schedule | null
  /** Of the running or last sync; null before the first. */
  readonly progress: Pick<SyncProgress, (typeof standingFigures)[number]> | null
  /** The task that keeps the way back to its source, or kept it. */
  readonly wayBack: string | null
  /** The migration whose way back it is: from that one's target to its source. */
  readonly wayBackOf: string | null
  readonly actions: readonly TaskAction[]
}

/** How many tasks one Keyferry works on at the same time: each has threads and connections of its own. */
export const mostTasksAtOnce = 8

/** What can be asked of several tasks at once; `start` resumes those that were begun. */
export const togetherSchema = z.strictObject({
  ids: z.array(z.string().min(1).max(64)).min(1).max(200),
  deed: z.enum(['start', 'pause', 'stop', 'unschedule', 'remove']),
})
export type TogetherRequest = z.infer<typeof togetherSchema>

/** How that went with each: why it was refused, or null. */
export interface TogetherAnswer {
  readonly id: string
  readonly failure: Failure | null
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

/** What was chosen for the end of a migration. On disk before that is begun: whoever ends what was cut short goes by it. */
export interface Ending {
  readonly afterFinish: 'unfreeze' | 'leave-frozen'
  /** The keys of the source are to be deleted; its address was typed. */
  readonly moving: boolean
  /** A way back to the source is to be kept. */
  readonly wayBack: boolean
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
  /** What was run at the moment of the cutover, and what came of it; null where nothing was. */
  readonly command: CutoverCommand | null
  /** Of the command that its plan has for that moment; null where there is none. */
  readonly commandConsent: CommandConsent | null
  /** How its source is read; null before that is settled, which is when it is begun. */
  readonly mode: SyncSpec['mode'] | null
  /** Where that is key by key: so many a second at the most, as planned or as changed since; null is no limit. */
  readonly scanKeysPerSecond: number | null
  /** The keys of the source are being deleted, or were. */
  readonly moving: boolean
  /** Null until its end is begun. */
  readonly ending: Ending | null
  /** Its sync was ended for good, all of it applied; only what finishing does after that is left. */
  readonly concluding: boolean
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
