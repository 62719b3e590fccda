import { z } from 'zod'
import { connectionSchema } from './connection.ts'
import type { Failure } from './failure.ts'

/** What happens to a key that the target already has. */
export const conflictPolicySchema = z.enum(['fail', 'skip', 'replace'])
export type ConflictPolicy = z.infer<typeof conflictPolicySchema>

/** A whole restore: one or more inputs into one server. */
export const restoreSpecSchema = z.strictObject({
  /** Each a path, an `http(s)://` URL, or `-` for standard input. */
  files: z.array(z.string().min(1)).min(1),
  target: connectionSchema,
  /** Parallel connections to the target. */
  connections: z.int().min(1).max(256).default(8),
  onConflict: conflictPolicySchema.default('fail'),
  /** Everything into this one database. */
  targetDb: z.int().min(0).max(65535).optional(),
  /** Database of the file → database of the target; those not named keep their number. */
  dbMap: z.record(z.string().regex(/^\d+$/), z.int().min(0).max(65535)).optional(),
  /** Globs as in KEYS: a key must match one of `include` (if any) and none of `exclude`. */
  include: z.array(z.string().min(1)).default([]),
  exclude: z.array(z.string().min(1)).default([]),
})
export type RestoreSpec = z.infer<typeof restoreSpecSchema>
/** The same before defaults are filled in. */
export type RestoreRequest = z.input<typeof restoreSpecSchema>

/**
 * - `checking`: the file is read once from end to end, nothing is written yet
 * - `looking`: the target is looked at
 * - `writing`
 * - `waiting`: the target is away or refuses for now; `waitingFor` says why
 * - `finishing`: the last answers are awaited
 */
export type RestorePhase = 'checking' | 'looking' | 'writing' | 'waiting' | 'finishing'

/** A snapshot, not a diary: the newest one says everything. All counts only grow. */
export interface RestoreProgress {
  readonly phase: RestorePhase
  /** Bytes of the file read in this phase, and in all. */
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Keys gone past, of those in the file (null until the file has been checked). */
  readonly keysDone: number
  readonly keysTotal: number | null
  readonly keysWritten: number
  readonly keysSkipped: number
  readonly keysFiltered: number
  readonly keysExpired: number
  readonly keysFailed: number
  /** Over the last few seconds of writing. */
  readonly keysPerSecond: number
  readonly bytesPerSecond: number
  /** Seconds to go; null while unknown. Never grows from one snapshot to the next within a phase, unless waiting. */
  readonly etaSeconds: number | null
  readonly elapsedMs: number
  readonly waitingFor: Failure | null
}

export interface KeyExample {
  readonly db: number
  /** Escaped by `escapeKey`. */
  readonly key: string
  /** Why it is listed: a failure's code, or empty. */
  readonly reason: string
}

/** One input of a restore, and what was in it. */
export interface RestoredInput {
  /** As `nameInput` says it. */
  readonly file: string
  readonly kind: 'rdb' | 'aof'
  readonly bytes: number
  readonly keys: number
}

export interface RestoreResult {
  readonly inputs: readonly RestoredInput[]
  readonly target: string
  readonly bytes: number
  readonly keys: number
  readonly keysWritten: number
  readonly keysSkipped: number
  readonly keysFiltered: number
  /** Already past their time when they were to be written: not written, as Redis would have done. */
  readonly keysExpired: number
  readonly keysFailed: number
  readonly functions: number
  /** At most 20 of those skipped or failed. */
  readonly examples: readonly KeyExample[]
  readonly checkMs: number
  readonly writeMs: number
  readonly elapsedMs: number
  readonly reconnects: number
  /** CPU of our process over the whole run, seconds; and its largest resident size, bytes. */
  readonly cpuSeconds: number
  readonly peakRssBytes: number
}
