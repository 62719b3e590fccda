import { addressOf } from '#contract/connection.ts'
import type { CommandConsent, CutoverCommand } from '#contract/cutover-command.ts'
import type { Failure } from '#contract/failure.ts'
import type { FreezeView, WritePause } from '#contract/freeze.ts'
import type { ChecksView } from '#contract/precheck.ts'
import { defaultScanPace } from '#contract/limits.ts'
import type { EndpointView, ProfileOptions } from '#contract/profile.ts'
import type { DecidedFlush, FlushAnswer, StreamMark, SyncProgress, SyncSpec } from '#contract/sync.ts'
import {
  standingFigures,
  type Ending,
  type ProofView,
  type SettingChange,
  type TaskEvent,
  type TaskStanding,
  type TaskView,
} from '#contract/task.ts'
import { actionsOf, type TaskState } from '#contract/task-states.ts'
import type { Schedule } from '#contract/schedule.ts'
import type { StandingRow } from '#store/tasks.ts'

/** What a task was made with: a copy of its profile's plan. */
export interface TaskBody {
  readonly source: EndpointView
  readonly target: EndpointView
  readonly options: ProfileOptions
}

/** How a task stands, beside its state. Kept in the store as JSON; holds no secret. */
export interface TaskRecord {
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly checks: ChecksView | null
  /** Of the servers as the checks saw them last. */
  readonly runIds: readonly string[]
  readonly progress: SyncProgress | null
  readonly inStepSince: number | null
  readonly freeze: FreezeView
  readonly writePause: WritePause | null
  readonly proof: ProofView | null
  readonly failure: Failure | null
  readonly schedule: Schedule | null
  readonly moving: boolean
  readonly ending: Ending | null
  readonly wayBack: string | null
  readonly wayBackOf: string | null
  /** Of a way back: where it begins in its source's streams; null until that is known. */
  readonly marks: readonly StreamMark[] | null
  readonly command: CutoverCommand | null
  readonly concluding: boolean
  /** What was decided on commands of one source that concern whole databases. */
  readonly flushes: readonly DecidedFlush[]
  /** How its source is read; null before that is settled, which is when it is begun. */
  readonly mode: SyncSpec['mode'] | null
  /** How fast the keys of its source are gone through since that was changed; null while it is as planned. */
  readonly scanPace: { readonly keysPerSecond: number | null } | null
}

export const noFreeze: FreezeView = {
  state: 'none',
  byHand: false,
  frozenAt: null,
  offset: null,
  shards: [],
  signedOut: 0,
  foreignClients: null,
  opsPerSecond: null,
  writesPerSecond: null,
  refusedWrites: null,
  breach: null,
  breachAt: null,
  changedMeanwhile: [],
}

export const newRecord: TaskRecord = {
  startedAt: null,
  endedAt: null,
  checks: null,
  runIds: [],
  progress: null,
  inStepSince: null,
  freeze: noFreeze,
  writePause: null,
  proof: null,
  failure: null,
  schedule: null,
  moving: false,
  ending: null,
  wayBack: null,
  wayBackOf: null,
  marks: null,
  command: null,
  concluding: false,
  flushes: [],
  mode: null,
  scanPace: null,
}

/** Keys a second at the most, where its source is read key by key; null is no limit. */
export function scanPaceOf({ body, record }: Pick<Task, 'body' | 'record'>): number | null {
  const { scanKeysPerSecond = defaultScanPace } = body.options as Partial<ProfileOptions>
  return record.scanPace === null ? scanKeysPerSecond : record.scanPace.keysPerSecond
}

/** A record as the store has it: one of an older Keyferry lacks what was added since. */
export function readRecord(text: string): TaskRecord {
  return { ...newRecord, ...(JSON.parse(text) as Partial<TaskRecord>) }
}

/** With an answer to where it stopped with `source.flushed`; as it is where it did not. */
export function withFlush({ failure, flushes }: TaskRecord, answer: FlushAnswer): Partial<TaskRecord> {
  if (failure?.code !== 'source.flushed') return {}
  const place = { shard: Number(failure.params['shard']), offset: Number(failure.params['offset']) }
  const others = flushes.filter(({ shard, offset }) => shard !== place.shard || offset !== place.offset)
  return { flushes: [...others, { ...place, answer }] }
}

/** All that is known of a task. */
export interface Task {
  readonly id: string
  readonly profileId: string
  readonly name: string
  readonly createdAt: number
  readonly body: TaskBody
  readonly state: TaskState
  readonly stateSince: number
  readonly record: TaskRecord
}

/** The snapshot a console sees. */
export function viewOf(
  whole: Task,
  settings: readonly SettingChange[],
  events: readonly TaskEvent[],
  commandConsent: CommandConsent | null,
): TaskView {
  const { body, record, ...task } = whole
  const { marks: _marks, flushes: _flushes, scanPace: _pace, runIds: _runIds, ...told } = record
  const known = { ...task, ...body, ...told, inStep: record.inStepSince !== null }
  return {
    ...known,
    from: addressOf(body.source),
    to: addressOf(body.target),
    checkedAt: record.checks?.ranAt ?? null,
    actions: actionsOf(known),
    scanKeysPerSecond: scanPaceOf(whole),
    settings,
    finishNeedsConsent: finishNeedsConsent(known),
    commandConsent,
    events,
  }
}

/** What lists need of a record: kept beside it, so that a list reads and parses no more than this. */
export interface KeptStanding extends Pick<
  TaskStanding,
  'startedAt' | 'endedAt' | 'checkedAt' | 'inStep' | 'schedule' | 'wayBack' | 'wayBackOf'
> {
  readonly progress: TaskStanding['progress']
  readonly freeze: FreezeView['state']
  readonly proving: boolean
  readonly moving: boolean
  readonly concluding: boolean
}

export function keptStandingOf(record: TaskRecord): KeptStanding {
  const { startedAt, endedAt, checks, inStepSince, schedule, progress, freeze, proof } = record
  const { moving, concluding, wayBack, wayBackOf } = record
  return {
    startedAt,
    endedAt,
    checkedAt: checks?.ranAt ?? null,
    inStep: inStepSince !== null,
    schedule,
    progress: progress && pick(progress, standingFigures),
    freeze: freeze.state,
    proving: proof?.running ?? false,
    moving,
    wayBack,
    wayBackOf,
    concluding,
  }
}

/** A task as a list reads it. */
export type TaskLine = Omit<StandingRow, 'ownerPid' | 'ownerSeenAt'>

/** The same of one that is at hand whole. */
export function lineOf({ body, record, ...task }: Task): TaskLine {
  return {
    ...task,
    from: addressOf(body.source),
    to: addressOf(body.target),
    standing: JSON.stringify(keptStandingOf(record)),
  }
}

/** What a console sees of a line. */
export function standingOf({ standing, ...task }: TaskLine): TaskStanding {
  const {
    freeze,
    proving,
    moving = false,
    concluding = false,
    ...kept
  } = JSON.parse(standing) as KeptStanding
  const { schedule = null, wayBack = null, wayBackOf = null } = kept
  const known = { ...task, ...kept, schedule, wayBack, wayBackOf }
  const circumstances = {
    ...known,
    freeze: { state: freeze },
    proof: { running: proving },
    moving,
    concluding,
  }
  return { ...known, actions: actionsOf(circumstances) }
}

function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as unknown as Pick<T, K>
}

function finishNeedsConsent({
  freeze,
  proof,
  concluding,
  writePause,
}: Pick<TaskRecord, 'freeze' | 'proof' | 'concluding' | 'writePause'>): TaskView['finishNeedsConsent'] {
  // The target was declared the original already.
  if (concluding && writePause?.endedBy === 'finished') return null
  if (freeze.state !== 'frozen') return 'not-frozen'
  if (proof === null || proof.result === null || !proof.underFreeze || proof.void) return 'no-proof'
  return proof.result.equal ? null : 'differences'
}
