import { z } from 'zod'
import { connectionSchema } from './connection.ts'
import type { Failure } from './failure.ts'
import { defaultScanPace, scanPaceSchema } from './limits.ts'
import { contradictionOf, followedRulesSchema, nameMeeting } from './selection.ts'

/** Whose stream of a source is had. `replica`: that of a healthy replica, the primary's own while there is none. */
export const streamOrigins = ['primary', 'replica'] as const
export type StreamOrigin = (typeof streamOrigins)[number]
/** The primary's: it is the first to know, and nothing stands between. */
export const preferSchema = z.enum(streamOrigins).default('primary')

const slotRangesSchema = z.array(z.strictObject({ from: z.int(), to: z.int() }))

/** A place in a server's stream; database 0 is selected there. */
const streamMarkSchema = z.strictObject({
  replid: z.string().regex(/^[0-9a-f]{40}$/),
  offset: z.int().min(0),
  /** Which master of a cluster it is the stream of, by the ids of it and its replicas, and the slots it has there. */
  master: z
    .strictObject({
      ids: z.array(z.string()).min(1),
      host: z.string(),
      port: z.int(),
      slots: slotRangesSchema,
    })
    .optional(),
})
export type StreamMark = z.infer<typeof streamMarkSchema>

/**
 * What becomes of a FLUSHALL, FLUSHDB or SWAPDB that one of several sources has executed:
 * - `copy-again`: its data set is copied anew, and of what it had before all goes that no other source has
 * - `leave-out`: the target keeps what it has, and the source's stream goes on behind the command
 */
export const flushAnswers = ['copy-again', 'leave-out'] as const
export type FlushAnswer = (typeof flushAnswers)[number]

const syncSpecFields = z.strictObject({
  /** Names the task's keys in the target (`keyferry:<task>:…`), its connections and its spool. */
  task: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  /** Each is followed by itself, as a shard of the task; all go into the one target. */
  sources: z.array(connectionSchema).min(1).max(256),
  target: connectionSchema,
  /**
   * `stream`: each source is followed as a replica follows it. `scan`: for a source that lets nobody do that; its keys
   * are read one by one, and again when its keyspace events name them.
   */
  mode: z.enum(['stream', 'scan']).default('stream'),
  /** Whose stream is had, where it is followed: each primary's own, or that of a healthy replica of it, while there is one. */
  prefer: preferSchema,
  /** A folder of this task alone; the received stream is kept there. Made if it is not there. */
  folder: z.string().min(1),
  /**
   * Where to begin: the target holds all that the one source wrote up to these places of its streams, one for each master
   * of a cluster, and a snapshot of those is never asked for.
   */
  from: z.array(streamMarkSchema).min(1).optional(),
  /** Of one of several sources: commands that concern whole databases, by their places in the shards' streams. */
  flushes: z
    .array(
      z.strictObject({
        shard: z.int().min(0),
        /** Of the last byte of the command, or of the transaction it stands in. */
        offset: z.int().min(0),
        answer: z.enum(flushAnswers),
      }),
    )
    .default([]),
  /** What happens if the target already holds keys when the task starts for the first time. */
  onConflict: z.enum(['fail', 'replace']).default('fail'),
  /** Connections that apply the stream. Fixed for the life of a task: a restart uses the number it began with. */
  lanes: z.int().min(1).max(64).default(4),
  /** Connections that write the full copy. */
  copyConnections: z.int().min(1).max(256).default(8),
  scanKeysPerSecond: scanPaceSchema.default(defaultScanPace),
  /** The most that what was received of the streams of all shards together may take on disk; snapshots come besides. */
  spoolQuotaBytes: z
    .int()
    .min(16 * 1024 * 1024)
    .default(16 * 1024 ** 3),
  /** How long the spool is kept behind what the target has safely taken, so that a target that rolls back can be fed again. */
  keepBehindMs: z.int().min(0).default(600_000),
  /** The same for the life of a task; databases, names, types and slots are the source's. */
  ...followedRulesSchema.shape,
})

/**
 * A live copy: everything the source holds, then everything it writes, until somebody ends it; of both what the rules for
 * keys make of it.
 */
export const syncSpecSchema = syncSpecFields.superRefine((spec, context) => {
  const found = contradictionOf(spec) ?? nameMeeting(spec)
  if (found !== null) context.addIssue({ code: 'custom', path: [found.field], message: found.reason })
})
export type SyncSpec = z.infer<typeof syncSpecSchema>

export type DecidedFlush = SyncSpec['flushes'][number]
/** The same before defaults are filled in. */
export type SyncRequest = z.input<typeof syncSpecSchema>

/**
 * - `connecting`: both sides are reached, the lease is taken, older runs are fenced off
 * - `handshake`: the source is asked for its stream
 * - `waiting-for-snapshot`: the source makes its snapshot
 * - `receiving`: the snapshot comes in; what has come is being written already
 * - `copying`: the snapshot is in the spool, the rest of it is being written
 * - `scanning`: in place of these three, where the source is read key by key: all of them for the first time
 * - `reconciling`: read key by key, both sides are gone through and compared, since something may have been missed
 * - `catching-up`: the copy is in, the stream is applied, we are behind
 * - `in-step`: what the source has written within the last second is applied, three looks in a row
 * - `settling`: the source is frozen and everything is applied; the last expiries are put right
 * - `drained`: every write up to the ordered offset is applied and every expiry is the source's own
 * - `waiting`: one side is away or refuses for now; `waitingFor` says why
 * - `stopping`: an order to pause, leave or finish is carried out
 */
export type SyncPhase =
  | 'connecting'
  | 'handshake'
  | 'waiting-for-snapshot'
  | 'receiving'
  | 'copying'
  | 'scanning'
  | 'reconciling'
  | 'catching-up'
  | 'in-step'
  | 'settling'
  | 'drained'
  | 'waiting'
  | 'stopping'

/**
 * Where the expiries of the target stand.
 * - `guarded`: all lie far in the future, so that no lag can cost a key whose expiry is renewed
 * - `settling`: those that are not near are being put to their own time
 * - `settled`: done; kept true from now on. The moment to freeze the source.
 * - `final`: every expiry is the source's own
 */
export type ExpiryGuard = 'guarded' | 'settling' | 'settled' | 'final'

/**
 * What a running sync can be told:
 * - `settle`: bring expiries to their own time, ahead of a freeze. Given in step; repeated as long as needed.
 * - `drainTo`: the sources are frozen, `offsets` are their last writes, in the order of the shards, null of one that
 *   counts none (before 2.8): what it says after the freeze is found in its stream. Apply all up to
 *   there, make every expiry final. Done when the phase is `drained`.
 * - `follow`: take back `settle` and `drainTo` (the source has been unfrozen): guard the expiries again and go on.
 * - `credentials`: use these at the source of this number from the next connection on; what is connected stays so.
 * - `pace`: go through the keys of the sources so fast from now on (`scanKeysPerSecond`).
 * - `pause`: answer for what is under way, keep the checkpoints, end. The same spec run again goes on from there.
 * - `leave`: apply all the source has written by now, make every expiry final, keep the checkpoints, end.
 * - `finish`: take our own keys out of the target and end. Refused unless drained, or `force` says so.
 */
export type SyncOrder =
  | { readonly type: 'settle' }
  | { readonly type: 'drainTo'; readonly offsets: readonly (number | null)[] }
  | { readonly type: 'follow' }
  | {
      readonly type: 'credentials'
      readonly source: number
      readonly username?: string
      readonly password?: string
    }
  | { readonly type: 'pace'; readonly keysPerSecond: number | null }
  | { readonly type: 'pause' }
  | { readonly type: 'leave' }
  | { readonly type: 'finish'; readonly force?: boolean }

/** Something worth telling, in the order it happened. Of one of several shards, `source` is its address. The words are the console's. */
export interface SyncEvent {
  /** Counts from 1 within a run. */
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly level: 'info' | 'warning'
  readonly code: SyncEventCode
  readonly params: Readonly<Record<string, string | number>>
}

export type SyncEventCode =
  /** order: given when it could not be obeyed (`finish` before all was drained) */
  | 'order.refused'
  /** resumedAt: the offset the target had reached */
  | 'run.resumed'
  /** command, answer (`flushAnswers`): what a person has decided on it is done */
  | 'source.flush-decided'
  /** replid, offset */
  | 'source.full-resync'
  /** offset: partial resync went on from there */
  | 'source.partial-resync'
  /** replid: the source goes on under a new replication id (a failover) */
  | 'source.new-replid'
  /** replica: its address; the stream is had from there from now on */
  | 'source.replica'
  /** replicas: how many its primary has; none can be followed now, so that the primary itself is */
  | 'source.no-replica'
  | 'source.lost'
  /** What only it tells was left as its stream had it: the end was ordered, and it answers no more. */
  | 'source.gone-at-end'
  /** keys, failed (not taken by the target), bytes, ms */
  | 'copy.done'
  /** command: what it means under the rules for keys only a new copy tells */
  | 'copy.begun-anew'
  /** The target has been emptied of an earlier copy, because the source could not go on from it. */
  | 'copy.cleared'
  | 'target.lost'
  /** The target was restarted: run id changed. */
  | 'target.restarted'
  /** from, to: the target fell back to an older state and is fed again */
  | 'target.rolled-back'
  /** count: older connections of this task closed before its checkpoint was read */
  | 'target.fenced'
  /** key, db, reason: a command failed there; the key is copied afresh */
  | 'apply.command-failed'
  /** command: not known to us, applied as it came, everything else waiting for it */
  | 'apply.unknown-command'
  /** command: it concerns what the target cannot hold, and is left out */
  | 'apply.cannot-hold'
  /** command: what it changes is not known, so the rules for keys cannot say what of it goes along; it is left out */
  | 'apply.not-by-rules'
  /** command: a cluster cannot do it, and what it was to change is not known */
  | 'apply.not-in-cluster'
  /** key, db: the target has no type for its value */
  | 'copy.cannot-hold'
  /** count */
  | 'repair.done'
  /** key, db */
  | 'expiry.beyond-guard'
  | 'expiry.settled'
  | 'expiry.guarded-again'
  /** The source is read key by key. */
  | 'scan.begun'
  /** why: what was changed at the source was not told for a while (`scanGaps`) */
  | 'scan.gap'
  /** The source tells of no changes: only going through all keys finds them. */
  | 'scan.unheard'
  /** keys: compared; differing: written again or deleted; ms */
  | 'scan.reconciled'
  /** key, db: its value can neither be had in one answer nor in pieces */
  | 'scan.too-large'
  /** keys: that differ however often they are written */
  | 'scan.unequal'

/**
 * Why what was changed at a source that is read key by key may not all have been told:
 * - `listening-anew`: nobody listened until now
 * - `told-again`: its setting `notify-keyspace-events` kept something back until now
 * - `flushed`: FLUSHALL, FLUSHDB or SWAPDB, of which there are no events
 * - `slots-moved`: a slot of the cluster has another master
 * - `too-many`: there were more keys than are kept in mind
 * - `target-behind`: the target was restarted, and may have lost what it had taken
 */
export type ScanGap =
  'listening-anew' | 'told-again' | 'flushed' | 'slots-moved' | 'too-many' | 'target-behind'

/** How the stream of one source stands, or of all sources together. Offsets are the sources' replication offsets. */
export interface StreamProgress {
  readonly phase: SyncPhase
  /** Bytes of the snapshot received; total is null while unknown (diskless sources do not tell). */
  readonly snapshotBytes: number
  readonly snapshotTotal: number | null
  /** Bytes and keys of the snapshot written to the target. Where keys are read one by one, told of all sources together. */
  readonly copiedBytes: number
  readonly copiedKeys: number
  /** Of one source; null where there are several. */
  readonly replid: string | null
  /** What the source says it has written; what lies in the spool (fsynced); what the target has taken, by its own checkpoints. */
  readonly sourceOffset: number | null
  readonly spooledOffset: number | null
  readonly appliedOffset: number | null
  /**
   * Bytes of stream not yet applied, and how old the oldest write among them may be. Null before the stream is
   * applied; the age also until we have once caught up with what the source said.
   */
  readonly lagBytes: number | null
  readonly lagMs: number | null
  /** All databases, ours not counted; null while not known. */
  readonly sourceKeys: number | null
  readonly spoolBytes: number
  readonly sourceReconnects: number
  readonly fullResyncs: number
  readonly partialResyncs: number
  /** Keys that wait for a fresh copy because a command on them failed. */
  readonly keysInRepair: number
  readonly waitingFor: Failure | null
}

/** One source of a sync. Its phase is `connecting` up to `in-step`, or `waiting`: what follows is the whole task's. */
export interface ShardProgress extends StreamProgress {
  /** Which of the task's sources it is, or belongs to. */
  readonly source: number
  /** The server, a primary mostly; its offsets and keys are told. */
  readonly address: string
  /** The replica of it whose stream is had in its place, where one is. */
  readonly replica?: string
  /**
   * Commands applied, and bytes of stream and snapshot received, over the last few seconds; null where it is not followed
   * but read key by key.
   */
  readonly writesPerSecond: number | null
  readonly bytesPerSecond: number | null
}

/**
 * A snapshot, not a diary: the newest one says everything. Numbers are those of all shards together; the phase is
 * that of the shard that is furthest back, the age of what is not applied that of the oldest.
 */
export interface SyncProgress extends StreamProgress {
  /** When this phase began, milliseconds since the epoch. */
  readonly phaseSince: number
  /** Commands applied in all, and per second over the last few seconds. */
  readonly writes: number
  readonly writesPerSecond: number
  /** Bytes of stream and snapshot received, over the last few seconds. */
  readonly bytesPerSecond: number
  /** All databases, ours not counted; null while not known. */
  readonly targetKeys: number | null
  readonly guard: ExpiryGuard
  readonly targetReconnects: number
  /** One for each source, in their order. */
  readonly shards: readonly ShardProgress[]
  /** The newest 50. */
  readonly events: readonly SyncEvent[]
  readonly elapsedMs: number
}

export interface SyncResult {
  /** `paused`, `left` and `finished` answer the orders of these names. */
  readonly outcome: 'paused' | 'left' | 'finished'
  readonly replid: string | null
  /** What the target has taken. */
  readonly appliedOffset: number | null
  readonly progress: SyncProgress
}
