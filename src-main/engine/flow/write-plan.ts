import type { ConflictPolicy } from '#contract/restore.ts'
import type { Conversion } from '../plan/conversion.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { BigValueOptions } from '../rdb/big-value.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { Manners } from '../target/target.ts'

/** What a restore does with each key. */
export interface WritePlan {
  readonly address: string
  readonly manners: Manners
  readonly onConflict: ConflictPolicy
  /** The target was seen without a single key in the databases written to. */
  readonly targetWasEmpty: boolean
  readonly rules: KeyRules
  /** Function libraries go along, and the target knows what to do with them. */
  readonly functions: boolean
  /** Libraries that are there by now came from another input: shards of a cluster all have the same. */
  readonly librariesAreOurs: boolean
  /** Options that RESTORE takes: REPLACE (3.0), ABSTTL, IDLETIME and FREQ (5.0). */
  readonly restoreOptions: Pick<Capabilities, 'replace' | 'absoluteTtl' | 'access'>
  /** What the target does not read as it is; null where there is nothing. */
  readonly conversion: Conversion | null
  /** By RDB type code: 1 where the target cannot hold a value of it in any way. */
  readonly leftOut: Uint8Array
  /** What large values may be written with. */
  readonly bigValues: Partial<BigValueOptions>
  /** The target's clock is ahead of ours by so many milliseconds. */
  readonly clockAheadMs: number
  /** Added to every expiry, milliseconds: a copy that will be followed must not let anything expire yet. */
  readonly expiryShiftMs: number
  /** Begins the names that large values bear while they are written. No brace in it. */
  readonly temporaryPrefix: string
}

/** Whether plain strings may be set rather than restored: where overwriting is allowed, or nothing is there to be overwritten. */
export function maySetStrings({ onConflict, targetWasEmpty }: WritePlan): boolean {
  return onConflict === 'replace' || (onConflict === 'fail' && targetWasEmpty)
}
