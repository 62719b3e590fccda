import { z } from 'zod'
import { connectionSchema } from './connection.ts'
import type { Failure } from './failure.ts'
import { isUrlInput, nameInput } from './input-name.ts'
import { limitsSchema, type LimitedBy } from './limits.ts'
import { lossPolicyFields, type Loss } from './loss.ts'
import { bareWay, secretsOf } from './secrets.ts'
import {
  contradictionOf,
  databaseFields,
  renamingFields,
  selectionFields,
  type LeftOut,
} from './selection.ts'

/** What happens to a key that the target already has. */
export const conflictPolicySchema = z.enum(['fail', 'skip', 'replace'])
export type ConflictPolicy = z.infer<typeof conflictPolicySchema>

const restoreSpecFields = z.strictObject({
  /** Each a path, an `http(s)://` URL, or `-` for standard input. */
  files: z.array(z.string().min(1)).min(1),
  target: connectionSchema,
  /** Parallel connections to the target. */
  connections: z.int().min(1).max(256).default(8),
  onConflict: conflictPolicySchema.default('fail'),
  ...databaseFields,
  /** Of an append-only file that notes times: nothing written after this moment. Milliseconds since the epoch. */
  until: z.int().min(0).optional(),
  ...selectionFields,
  ...renamingFields,
  ...lossPolicyFields,
  limits: limitsSchema.default({}),
  /** A restore of the same inputs into the same target that was interrupted is gone on with, or begun anew. */
  resume: z.enum(['continue', 'afresh']).default('continue'),
  /** The folder where it is kept how far restores have come; else an interrupted one cannot be gone on with. */
  stateFolder: z.string().min(1).optional(),
  /** The folder where what is fetched stays; else it is removed at the end. */
  keepIn: z.string().min(1).optional(),
})

/** A whole restore: one or more inputs into one server. */
export const restoreSpecSchema = restoreSpecFields.superRefine((spec, context) => {
  const found = contradictionOf(spec)
  if (found !== null) context.addIssue({ code: 'custom', path: [found.field], message: found.reason })
})
export type RestoreSpec = z.infer<typeof restoreSpecSchema>
/** The same before defaults are filled in. */
export type RestoreRequest = z.input<typeof restoreSpecSchema>

/** An order as it is kept: enough to give it once more, and no secret in it. */
export const askedRestoreSchema = z.strictObject({
  /** Paths are absolute; a URL is left with its host and path. */
  spec: restoreSpecFields.omit({ resume: true, stateFolder: true }),
  /** Of its files, those whose URL said more than is kept. */
  shortened: z.array(z.string()),
  /** Where there was a secret, by its place (`contract/secrets.ts`). */
  secrets: z.array(z.string()),
})
export type AskedRestore = z.infer<typeof askedRestoreSchema>

/** What is kept of an order. `files`: its inputs, each wherever this machine has it. */
export function askedOf(spec: RestoreSpec, files: readonly string[]): AskedRestore {
  const { resume: _resume, stateFolder: _folder, target, ...decided } = spec
  const { password: _password, ...reach } = target
  const { via, sentinel } = bareWay(target)
  const kept = files.map((file) => (isUrlInput(file) ? nameInput(file) : file))
  return {
    spec: {
      ...decided,
      files: kept,
      target: { ...reach, ...(via !== null && { via }), ...(sentinel !== null && { sentinel }) },
    },
    shortened: kept.filter((name, index) => name !== files[index]),
    secrets: Object.keys(secretsOf(target)),
  }
}

/**
 * - `fetching`: what is not on this machine, or packed, is landed on it; keys are not known yet
 * - `checking`: the file is read once from end to end, nothing is written yet
 * - `looking`: the target is looked at
 * - `writing`
 * - `replaying`: the commands of an append-only file are applied, behind the RDB it begins with
 * - `waiting`: the target is away or refuses for now; `waitingFor` says why
 * - `paused`: it was told to; what was under way is answered for, and the connections stay
 * - `finishing`: the last answers are awaited
 */
export type RestorePhase =
  'fetching' | 'checking' | 'looking' | 'writing' | 'replaying' | 'waiting' | 'paused' | 'finishing'

/** A snapshot, not a diary: the newest one says everything. All counts only grow. */
export interface RestoreProgress {
  readonly phase: RestorePhase
  /** Bytes read in this phase, and in all; of what is fetched all may be unknown: 0. */
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
  /** The offset at which an interrupted restore was gone on with; null where this one began at the start. */
  readonly resumedFrom: number | null
  /** Bytes written once more so far of what the target has lost again; null where nothing is to be made up for. */
  readonly madeUp: number | null
  /** What has held it back within the last second. */
  readonly limitedBy: LimitedBy | null
  /** What the target cannot hold; known before the first write. */
  readonly cannotHold: readonly Loss[]
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
  /** Where the copy is that was to stay. */
  readonly keptAt: string | null
}

/** What became of the commands of append-only files. */
export interface AppliedCommands {
  /** Those that were to be applied; what an earlier run of the same restore had applied is not applied again. */
  readonly total: number
  readonly applied: number
  /** Refused by the target, as they would be if it loaded the file. */
  readonly failed: number
  /** By the rules for keys. */
  readonly leftOut: number
  /** Where an input ends inside a command or transaction: as a server does, all of it from there on is left away. */
  readonly cutOff: readonly {
    readonly file: string
    readonly offset: number
    readonly bytes: number
    readonly inTransaction: boolean
  }[]
}

export interface RestoreResult {
  readonly inputs: readonly RestoredInput[]
  readonly target: string
  readonly bytes: number
  readonly keys: number
  readonly keysWritten: number
  readonly keysSkipped: number
  readonly keysFiltered: number
  /** Those filtered, by the rule that left them out. */
  readonly leftOut: LeftOut
  /** Of the keys that were to be written, those with another name than in the file. */
  readonly keysRenamed: number
  /** Already past their time when they were to be written: not written, as Redis would have done. */
  readonly keysExpired: number
  readonly keysFailed: number
  /** Function libraries that went along; and those that did not, because certain keys were asked for. */
  readonly functions: number
  readonly functionsLeftOut: number
  /** What the target cannot hold, as it was told before the first write. */
  readonly cannotHold: readonly Loss[]
  /** Null where the input holds none. */
  readonly commands: AppliedCommands | null
  /** Where in the input an earlier run of the same restore was gone on from, bytes; null where none was. */
  readonly resumedFrom: number | null
  /** Of the keys written, those that the earlier run had written. */
  readonly keysBefore: number
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

/** A restore that ended without being done, and goes on where it was when the same is begun again. */
export interface InterruptedRestore {
  readonly id: string
  /** The order, to be given once more; null where an older Keyferry has not kept it. */
  readonly asked: AskedRestore | null
  /** Of `inputs`, those that are gone or no longer what they were: with them it cannot go on. */
  readonly changed: readonly string[]
  /** As `nameInput` says them. */
  readonly inputs: readonly string[]
  readonly target: string
  readonly onConflict: ConflictPolicy
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly keysWritten: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
}
