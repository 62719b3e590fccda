import type { ConflictPolicy } from '#contract/restore.ts'
import { bigValueCommands } from '../plan/big-value-commands.ts'
import { makeConversion, typesLeftOut, type Conversion } from '../plan/conversion.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { BigValueOptions } from '../rdb/big-value.ts'
import { isExpiringHash, type, type RdbHeader } from '../rdb/opcodes.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { TargetLook } from '../target/look.ts'
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

export interface OverwritingOptions extends Pick<
  WritePlan,
  'address' | 'manners' | 'rules' | 'functions' | 'expiryShiftMs' | 'temporaryPrefix'
> {
  readonly header: RdbHeader
  readonly look: TargetLook
  readonly capabilities: Capabilities
  /** RDB type codes that may come; all there are where it is not known. */
  readonly types?: readonly number[]
  /** Module types among them that the target cannot load. */
  readonly lackedModules?: ReadonlySet<string>
  /** Fields that expire by then are left out where the target knows no expiry of fields; null where such hashes are. */
  readonly dropFieldsExpiredBy: number | null
}

/** Of a copy that goes over whatever the target has, since what comes after it, or came before, decides what stays. */
export function overwritingPlan(options: OverwritingOptions): WritePlan {
  const { header, look, capabilities, types, lackedModules, dropFieldsExpiredBy, ...given } = options
  return {
    ...given,
    onConflict: 'replace',
    targetWasEmpty: false,
    librariesAreOurs: false,
    restoreOptions: capabilities,
    conversion: makeConversion(
      types ?? Object.values(type),
      header.flavour,
      given.expiryShiftMs === 0 ? capabilities : shiftable(capabilities),
      dropFieldsExpiredBy,
      lackedModules,
    ),
    leftOut: typesLeftOut(capabilities, dropFieldsExpiredBy),
    bigValues: { ...bigValueCommands(look, capabilities), dropFieldsExpiredBy },
    clockAheadMs: look.clockAheadMs,
  }
}

/** Hashes with expiring fields go as commands, whose expiries can be shifted; those in a payload cannot. */
export function shiftable<T extends Pick<Capabilities, 'restoreTypes'>>(capabilities: T): T {
  return {
    ...capabilities,
    restoreTypes: capabilities.restoreTypes.filter((code) => !isExpiringHash(code)),
  }
}

/** Whether plain strings may be set rather than restored: where overwriting is allowed, or nothing is there to be overwritten. */
export function maySetStrings({ onConflict, targetWasEmpty }: WritePlan): boolean {
  return onConflict === 'replace' || (onConflict === 'fail' && targetWasEmpty)
}
