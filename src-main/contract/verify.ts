import { z } from 'zod'
import { connectionSchema, type Connection } from './connection.ts'
import type { Difference, DifferenceKind } from './difference.ts'
import { lossPolicyFields } from './loss.ts'
import { restoreSpecSchema } from './restore.ts'
import { followedRulesSchema, renamingFields, selectionFields } from './selection.ts'

/** What the restore of a backup was told, so that what it renamed, moved or left out is no difference. */
export const restoredAsSchema = z.strictObject({
  targetDb: restoreSpecSchema.shape.targetDb,
  dbMap: restoreSpecSchema.shape.dbMap,
  until: restoreSpecSchema.shape.until,
  ...selectionFields,
  ...renamingFields,
  ...lossPolicyFields,
})
export type RestoredAs = z.infer<typeof restoredAsSchema>

/** Backup files, all of them together in one target; each means what it means by itself. */
export const backupSchema = z.strictObject({
  files: z.array(z.string().min(1)).min(1),
  restoredAs: restoredAsSchema.prefault({}),
  /** The redis-server or valkey-server that loads an append-only file; else one is looked for on this machine. */
  server: z.string().min(1).optional(),
})
export type Backup = z.infer<typeof backupSchema>

/** Servers that together hold one data set: a key is the one's that has it. */
const serversSchema = z.strictObject({ servers: z.array(connectionSchema).min(1).max(256) })

/**
 * A comparison of a server, of several together, or of backup files, with a server.
 * - `counts`: keys per database
 * - `sample`: so many values, spread evenly over the source
 * - `full`: every value, both ways
 */
export const verifyModeSchema = z.enum(['counts', 'sample', 'full'])
export type VerifyMode = z.infer<typeof verifyModeSchema>

/** The most differing keys that are kept one by one: with more, the two sides are not the same data set. */
export const keptDifferences = 100_000

export const verifySpecSchema = z.strictObject({
  source: z.union([connectionSchema, serversSchema, backupSchema]),
  target: connectionSchema,
  /** Of servers: what the live sync between them is told. */
  rules: followedRulesSchema.optional(),
  mode: verifyModeSchema,
  /** Keys compared by `sample`. */
  sampleKeys: z.int().min(1).max(1_000_000).default(1_000),
  /** Expiries of the target that a running sync still guards are compared by the time they stand for. */
  expiryToleranceMs: z.int().min(0).default(5),
  /** Differences seen while writes are under way are looked at again, this many times, before they count. */
  rounds: z.int().min(0).max(100).default(5),
  roundDelayMs: z.int().min(0).default(1_000),
  /** At most so many keys a second are compared, to spare the servers. */
  keysPerSecond: z.int().min(1).optional(),
  /** Differences that the result lists. */
  listed: z.int().min(0).max(keptDifferences).default(100),
  /** What differs is written again from the source, once the order `repair` has come. */
  repair: z.boolean().default(false),
  /** A repair also deletes what only the target has. */
  deleteExtra: z.boolean().default(false),
})
export type VerifySpec = z.infer<typeof verifySpecSchema>

/** Every value of a source that nobody writes to, with a target that nobody uses yet. */
export function comparisonUnderFreeze(source: Connection, target: Connection): VerifySpec {
  return verifySpecSchema.parse({ source, target, mode: 'full', rounds: 1, roundDelayMs: 100 })
}

/** To a comparison that waits in the phase `asking`; one that came early counts. */
export interface VerifyOrder {
  readonly type: 'repair' | 'leave'
}

/**
 * - `loading`: a server of ours loads an append-only file, to find out what its commands make
 * - `reading`: backup files are read once from end to end
 * - `counting`, `comparing`
 * - `looking-again`: what differed is compared once more
 * - `asking`: the order to repair, or to leave it, is awaited
 * - `repairing`
 */
export type VerifyPhase =
  'loading' | 'reading' | 'counting' | 'comparing' | 'looking-again' | 'asking' | 'repairing'

export interface VerifyProgress {
  readonly phase: VerifyPhase
  /** Bytes of the append-only file that is being loaded; null in every other phase. */
  readonly loading: { readonly bytesDone: number; readonly bytesTotal: number } | null
  readonly keysDone: number
  readonly keysTotal: number
  readonly differing: number
  /** Of those, what only the target has. */
  readonly extra: number
  readonly keysPerSecond: number
  readonly elapsedMs: number
}

export interface DbCount {
  readonly db: number
  /** Of a backup: what of it was to be restored. */
  readonly source: number
  readonly target: number
  /** Keys of the backup among `source` that have expired since; the target may still count some of them. */
  readonly expired?: number
}

/** What a repair has done. Every key it touched was compared again: what still differs is in the result. */
export interface RepairResult {
  readonly written: number
  readonly deleted: number
}

/**
 * What was found of function libraries, or why they were not compared:
 * - `left-out`: by the rules for keys they do not go along
 * - `counts`: nothing but keys was counted
 * - `untold`: one side does not tell of any: before 7.0, behind a proxy, or our account may not ask
 */
export type FunctionsFound = 'equal' | 'differ' | 'left-out' | 'counts' | 'untold'

export interface VerifyResult {
  readonly mode: VerifyMode
  readonly equal: boolean
  readonly counts: readonly DbCount[]
  readonly sourceKeys: number
  readonly targetKeys: number
  /** Keys whose values were compared (0 for `counts`). */
  readonly compared: number
  readonly differing: number
  readonly byKind: Readonly<Partial<Record<DifferenceKind, number>>>
  /** The first of them, as many as were asked for. */
  readonly differences: readonly Difference[]
  readonly functions: FunctionsFound
  /**
   * Keys of a backup that need not be in the target: expired since, left out by what the restore was told, or of
   * a type that the target cannot hold.
   */
  readonly explained: { readonly expired: number; readonly filtered: number; readonly lost: number }
  /** Null where none was asked for, or there was nothing to do. */
  readonly repaired: RepairResult | null
  /** Of a cluster: slots that a master answers for, of 16,384. */
  readonly slotsCovered: number | null
  readonly rounds: number
  readonly elapsedMs: number
}
