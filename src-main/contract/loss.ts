import { z } from 'zod'

/** Keys and function libraries that the target has no type for: nothing is written, or they are left out and listed. */
export const cannotHoldPolicySchema = z.enum(['stop', 'skip'])
export type CannotHoldPolicy = z.infer<typeof cannotHoldPolicySchema>

/**
 * Hashes with fields that expire, where the target's fields cannot: nothing is written, they are left out and
 * listed, or (`drop`) their fields are written to stay.
 */
export const fieldExpiryPolicySchema = z.enum(['stop', 'skip', 'drop'])
export type FieldExpiryPolicy = z.infer<typeof fieldExpiryPolicySchema>

export const lossPolicyFields = {
  cannotHold: cannotHoldPolicySchema.default('stop'),
  fieldExpiry: fieldExpiryPolicySchema.default('stop'),
}

/**
 * What a target may be unable to hold. Whole keys or libraries:
 * - `stream` (before 5.0), `function` (before 7.0; and everywhere those of 7.0 before its release), `module` (a type
 *   whose module it lacks), `large-module` (more than goes into one RESTORE, and no command takes it in pieces)
 * - `cluster-command`: commands of an append-only file that a cluster cannot do, `type` says which
 * - `field-expiry`: hashes with fields that expire (before Redis 7.4 and Valkey 9.0)
 *
 * What else goes with a key and is dropped, the key itself being written:
 * - `stream-counters`: a stream's entries added and last id deleted, and the entries a group has read (before 7.0)
 * - `consumer-times`: when consumers of a stream were last active (before 7.2), and when last seen, and pending
 *   ids of deleted entries, where a stream goes as commands
 * - `access`: how long ago or how often a key was used (before 5.0, or where it goes as commands)
 * - `expiry-milliseconds`: expiries are rounded up to a second (before 2.6)
 * - `module-data`: what a module keeps beside keys
 */
export const lossKinds = [
  'stream',
  'function',
  'module',
  'large-module',
  'cluster-command',
  'field-expiry',
  'stream-counters',
  'consumer-times',
  'access',
  'expiry-milliseconds',
  'module-data',
] as const
export type LossKind = (typeof lossKinds)[number]

/** One thing of the inputs that the target cannot hold, found before the first write. */
export interface Loss {
  readonly what: LossKind
  /** Of a module's type: its name. Of `cluster-command`: `EVAL across slots`. */
  readonly type?: string
  /** Keys, or for `function` libraries, for `module-data` pieces of it, for `cluster-command` commands. */
  readonly count: number
  /** Some of their names, escaped by `escapeKey`. */
  readonly examples: readonly string[]
  /** `left-out`: not written at all. `dropped`: written without it. */
  readonly becomes: 'left-out' | 'dropped'
}
