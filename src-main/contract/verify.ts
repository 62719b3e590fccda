import { z } from 'zod'
import { connectionSchema } from './connection.ts'

/** A comparison of two servers. `counts`: keys per database; `full`: every value, both ways. */
export const verifySpecSchema = z.strictObject({
  source: connectionSchema,
  target: connectionSchema,
  mode: z.enum(['counts', 'full']),
  /** Expiries of the target that a running sync still guards are compared by the time they stand for. */
  expiryToleranceMs: z.int().min(0).default(5),
  /** Differences seen while writes are under way are looked at again, this many times, before they count. */
  rounds: z.int().min(0).max(100).default(5),
  roundDelayMs: z.int().min(0).default(1_000),
})
export type VerifySpec = z.infer<typeof verifySpecSchema>

export interface VerifyProgress {
  readonly phase: 'counting' | 'comparing' | 'looking-again'
  readonly keysDone: number
  readonly keysTotal: number
  readonly differing: number
  readonly keysPerSecond: number
  readonly elapsedMs: number
}

export interface DbCount {
  readonly db: number
  readonly source: number
  readonly target: number
}

/**
 * - `missing`: the source has it, the target has not
 * - `extra`: the target has it, the source has not
 * - `type`, `value`, `expiry`: both have it and these differ
 * - `groups`: consumer groups or last ids of a stream differ
 */
export type DifferenceKind = 'missing' | 'extra' | 'type' | 'value' | 'expiry' | 'groups'

export interface Difference {
  readonly db: number
  /** Escaped by `escapeKey`. */
  readonly key: string
  readonly kind: DifferenceKind
  /** What differs, for an engineer: a field, an element's place, both expiries. No value of a person's data. */
  readonly detail: string
}

export interface VerifyResult {
  readonly mode: 'counts' | 'full'
  readonly equal: boolean
  readonly counts: readonly DbCount[]
  readonly sourceKeys: number
  readonly targetKeys: number
  /** Keys whose values were compared (0 for `counts`). */
  readonly compared: number
  readonly differing: number
  readonly byKind: Readonly<Partial<Record<DifferenceKind, number>>>
  /** The first 100. */
  readonly differences: readonly Difference[]
  readonly functionsDiffer: boolean
  readonly rounds: number
  readonly elapsedMs: number
}
