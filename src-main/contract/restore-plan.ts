import type { Failure, FailureCode } from './failure.ts'
import type { Loss } from './loss.ts'
import type { AppliedCommands } from './restore.ts'
import type { KeyKind, LeftOut, LeftOutRule } from './selection.ts'

/** How many keys, what they take in the file, and about what on the target. */
export interface PlannedSizes {
  readonly keys: number
  readonly bytes: number
  readonly memoryBytes: number
}

/**
 * How a key would be written.
 * - `as-it-is`: its bytes in the file are what the target is given (RESTORE, or MSET for runs of plain strings)
 * - `converted`: made anew as an encoding that the target reads
 * - `commands`: built up under another name with commands, then renamed
 * - `left-out`, `expired`, `cannot-hold`: not written
 * - `exists`: the target has a key of this name, which stays as it is
 */
export type PlannedWay =
  'as-it-is' | 'converted' | 'commands' | 'left-out' | 'expired' | 'cannot-hold' | 'exists'

export interface PlannedKey {
  readonly db: number
  /** Escaped by `escapeKey`, as is `newKey`. */
  readonly key: string
  readonly kind: KeyKind
  /** What the value takes in the file. */
  readonly bytes: number
  readonly way: PlannedWay
  readonly newDb: number
  readonly newKey: string
  /** What is left to live, ms, were it written now; null where it does not expire or is not written. */
  readonly ttlMs: number | null
  /** Why it is not written: the rule that left it out, or a failure's code; empty otherwise. */
  readonly reason: keyof LeftOut | FailureCode | ''
}

/** The rule that leaves a command out; function libraries belong to no key. */
export type CommandRule = LeftOutRule | 'functions'

/** A command of an append-only file, by the first key that it names. */
export interface PlannedCommand {
  /** As it stands in the file, in upper case. */
  readonly name: string
  readonly db: number
  /** Escaped by `escapeKey`, as is `newKey`; empty where it names none. */
  readonly key: string
  readonly newDb: number
  readonly newKey: string
  /** Why it is left out; empty where it is applied. */
  readonly leftOutBy: CommandRule | ''
}

/**
 * What would become of the commands of append-only files. Which values they make, and what those take, only a
 * server tells that applies them.
 */
export interface PlannedCommands {
  /** Those that would be applied. */
  readonly total: number
  readonly leftOut: Readonly<Record<CommandRule, number>>
  /** What those that would be applied take in the files. */
  readonly bytes: number
  /** About so many keys are named by them. */
  readonly keys: number
  /** By their names, the most frequent first. */
  readonly byName: readonly { readonly name: string; readonly applied: number; readonly leftOut: number }[]
  readonly cutOff: AppliedCommands['cutOff']
  /** At most 100, spread evenly over the files. */
  readonly sample: readonly PlannedCommand[]
  /** The target holds a part of all this already: an interrupted restore of the same would be gone on with. */
  readonly isBegun: boolean
}

/**
 * About how long writing would take: by the limits given (`bytes`, `keys`), by how fast one connection took bytes just
 * now (`link`), or by what servers were seen to take on two cores (`server`), whichever is slowest.
 */
export interface TimeEstimate {
  readonly seconds: number
  readonly boundBy: 'bytes' | 'keys' | 'link' | 'server'
}

/**
 * What a restore would do. Nothing was written to find it out: what the target can take is believed by its version,
 * where a restore tries it.
 */
export interface RestorePlan {
  readonly files: readonly string[]
  readonly bytes: number
  readonly target: string
  readonly targetVersion: string
  /** Keys of the file, and what becomes of them. */
  readonly keys: number
  readonly toWrite: PlannedSizes
  readonly leftOut: LeftOut
  readonly expired: number
  readonly lost: number
  /** Those to be written that get another name, and those of each way. */
  readonly renamed: number
  readonly asItIs: number
  readonly converted: number
  readonly asCommands: number
  /** What the target cannot hold, whole keys (those `lost`) first. */
  readonly cannotHold: readonly Loss[]
  /** Function libraries that would go along; and those that stay behind, because certain keys are asked for. */
  readonly functions: number
  readonly functionsLeftOut: number
  /** Null where the inputs hold none. What their keys need is in no figure of this plan but their own. */
  readonly commands: PlannedCommands | null
  /** Of the keys to be written, by kind and by database. */
  readonly kinds: readonly (PlannedSizes & { readonly kind: KeyKind })[]
  readonly dbs: readonly (PlannedSizes & { readonly from: number; readonly to: number })[]
  /** Keys to be written that the target has already, with examples; what happens to them the policy says. */
  readonly conflicts: { readonly keys: number; readonly examples: readonly string[] }
  /** At most 100 keys of the file, spread evenly over it. */
  readonly sample: readonly PlannedKey[]
  /** `max` is 0 where the target has no limit; null where the target does not tell. */
  readonly memory: { readonly needed: number; readonly used: number | null; readonly max: number | null }
  readonly time: TimeEstimate
  /** What would end the restore before its first write; empty where nothing would. */
  readonly stops: readonly Failure[]
}
