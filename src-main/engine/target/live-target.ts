import type { Failure } from '#contract/failure.ts'
import type { Link } from '../resp/link.ts'
import type { PlainCommand } from './plain-run.ts'
import type { PreparedUnit } from './transaction-frame.ts'

/** Where commands that are units by themselves can be placed without making units of them. */
export interface PlainTarget {
  readonly lanes: number
  /** Puts one on its way, and placing has come to its end. False: `room` must be waited for before the next. */
  placePlain(command: PlainCommand): boolean
  /** Resolves when more may come; null: at once. */
  room(): Promise<void> | null
}

/**
 * A target to which the units of a stream are applied, each exactly once, a key's in order. Every transaction carries
 * the checkpoint of the place behind it, so the target itself tells what it has taken. Once it is lost it stays lost:
 * whoever comes again asks it anew.
 */
export interface LiveTarget extends Disposable {
  /** Every unit up to here is in the target. */
  readonly applied: number
  /** What a restart would go on from: the least of the checkpoints in the target. */
  readonly safe: number
  /** Why the target does not take what it is sent; null while it does. */
  readonly waitingFor: Failure | null
  /** Why it was lost. */
  readonly failure: Failure | null
  /** Null where units alone can be placed. */
  readonly plain: PlainTarget | null
  /** Puts a unit on its way. Resolves, where it returns a promise, when the next one may come. */
  place(unit: PreparedUnit): Promise<void> | null
  /** Puts a key's copy on its way, at its offset, whatever the lane has taken: it is not a unit of the stream. */
  placeCopy(unit: PreparedUnit): Promise<void>
  /** Placing has come to this boundary of the stream. */
  advance(offset: number, db: number): void
  /** Sends what is placed. */
  flush(): void
  /** Everything placed is applied. */
  drain(): Promise<void>
  /** The same, and the checkpoints of all lanes say so: of a cluster that is a write to each of its slots. */
  drainAndNote(): Promise<void>
  /** Lanes with nothing to do write where placing has come to. */
  refresh(): Promise<void>
  /** Runs `work` while nothing of this lane is unanswered and nothing is sent, over the connection to its keys. */
  alone<T>(lane: number, work: (link: Link) => Promise<T>): Promise<T>
}
