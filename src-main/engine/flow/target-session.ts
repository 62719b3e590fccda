import type { Connection } from '#contract/connection.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { Control } from '../redis/control.ts'
import type { LiveTarget } from '../target/live-target.ts'
import type { TargetLook } from '../target/look.ts'
import type { Manners, Target, TargetOptions } from '../target/target.ts'
import type { FailedUnit } from '../target/transaction-frame.ts'
import type { Questioned } from '../verify/db-link.ts'
import type { Checkpoint, TaskKeys, TaskMeta } from './checkpoint.ts'
import type { ShardLists } from './key-lists.ts'
import type { Holder } from './lease.ts'
import type { Ledger } from './ledger.ts'
import type { ScannedKeys } from './scan-target.ts'

export interface SessionOptions {
  readonly connection: Connection
  readonly task: string
  readonly keys: TaskKeys
  /** Of a task of several shards: the keys of the others. */
  readonly others?: readonly TaskKeys[]
  readonly holder: Holder
  /** Counts the times this run has come to the target: links of an earlier attempt are fenced off too. */
  readonly attempt: number
  readonly signal: AbortSignal
}

/** How far a shard of a task has come, as the target says. */
export interface Place {
  readonly keys: TaskKeys
  readonly meta: TaskMeta | null
  /** The lanes' checkpoints; null for each that is missing. */
  readonly checkpoints: readonly (Checkpoint | null)[]
}

/** What one who applies a stream is told by, and asks. */
export interface LiveOrder {
  /** Of the task, or of its shard. */
  readonly keys: TaskKeys
  /** The name of its connections. */
  readonly name: string
  /** As it is noted in the target at the time. */
  readonly meta: () => TaskMeta
  /** Of every lane. */
  readonly checkpoints: readonly Checkpoint[]
  /** To be written with the next checkpoints. */
  readonly replid: () => string
  readonly onFailed: (units: readonly FailedUnit[]) => void
  /** So many commands of units have been taken. */
  readonly onTook: (commands: number) => void
  readonly signal: AbortSignal
}

/** Where a copy goes. */
export interface CopyTarget {
  readonly manners: Manners
  readonly look: TargetLook
  readonly capabilities: Capabilities
  /** Memory for blocks of commands, for so many connections. */
  readonly blockBytes: (connections: number) => number
  /** Fails as `Link.open` does. */
  open(options: TargetOptions, ledger: Ledger): Promise<Target>
}

/** What a target says when one comes to it, after every older connection of the task has been seen gone. */
export interface TargetSession extends Place, AsyncDisposable {
  /** To the server that holds what the task notes of itself. */
  readonly control: Control
  /** The very server this is about: where Sentinels name another one meanwhile, no link of the session goes there. */
  readonly connection: Connection
  /** The name for every further connection of this session. */
  readonly name: string
  /** Older connections that had to be closed. */
  readonly fenced: number
  /** Tells one start of the target, or of any of its servers, from the next. */
  readonly runId: string
  /** As `TargetLook.versionNumber`; the newest where it does not tell. */
  readonly versionNumber: number
  /** The process is not the one that the task last worked with. */
  readonly restarted: boolean
  /** Of the task's keys, which stand in the session itself too, then of the others'. */
  readonly places: readonly Place[]
  /** Number of lanes, where the target knows but one; else whoever begins a task chooses. */
  readonly lanes: number | null
  /** The lists of a shard, the same ones whoever asks. */
  listsOf(keys: TaskKeys): ShardLists
  /** Where a shard stands now. Only of use once every older connection of it has been seen gone. */
  readPlace(keys: TaskKeys): Promise<Place>
  /** Closes the links of one shard, whose names begin so, and sees them gone. */
  fenceShard(prefix: string): Promise<void>
  /** Notes where a shard stands, and takes the lease along. */
  note(keys: TaskKeys, meta: TaskMeta): Promise<void>
  /**
   * Notes that a shard is about to be copied from this place on: nothing is left of its checkpoints and lists, nor, with
   * `clearing`, of any key of the target.
   */
  noteCopying(keys: TaskKeys, meta: TaskMeta, from: Checkpoint, clearing: boolean): Promise<void>
  /** Notes that a copy is all there: all lanes begin at this place. */
  noteCopied(keys: TaskKeys, meta: TaskMeta, checkpoint: Checkpoint): Promise<void>
  /** Asks what it takes, for a copy. */
  openCopy(): Promise<CopyTarget>
  /** Opens what applies a stream. Fails as `Link.open` does. */
  openLive(order: LiveOrder): Promise<LiveTarget>
  /** Opens connections for questions about keys, named so. Fails as `Link.open` does. */
  openQuestions(name: string, signal: AbortSignal): Promise<Questioned & Disposable>
  /** Does something to each server that holds keys; anew, where keys have gone from one to another meanwhile. */
  eachServer(work: (server: Connection) => Promise<void>): Promise<void>
  /** Every key that is not ours, some twice; all over again, where keys have gone from one server to another. */
  scan(signal: AbortSignal): AsyncGenerator<ScannedKeys, void>
  /**
   * Which of its servers has which slots, as one word that is another when a slot has gone to another server; null while
   * one is on its way.
   */
  slots(): Promise<string | null>
  /** Do fields of hashes expire in it? */
  hasExpiringFields(): Promise<boolean>
  /** How many keys it holds that are not the task's. */
  countKeys(): Promise<number>
  /** Keeps the lease. Rejects with `task.held-elsewhere` if another run has it by now. */
  renewLease(): Promise<void>
  /** Gives the lease back. */
  release(): Promise<void>
  /** Takes everything of the task out of the target. */
  removeKeys(): Promise<void>
}
