import { z } from 'zod'
import type { MadeBackup } from './backup.ts'
import type { ServerFacts } from './connection.ts'
import type { Failure } from './failure.ts'
import { newPasswordSchema } from './freeze.ts'
import { endpointInputSchema, passwordsSchema, type EndpointView } from './profile.ts'
import type { VerifyResult } from './verify.ts'

/**
 * A move by backup, in the order that loses no write: nothing is written at the source from before its backup is made.
 * - `look`: both sides are reached, the target is empty
 * - `freeze`: writes at the source are frozen
 * - `quiet`: it is seen that nothing is written any more
 * - `backup`: the source saves, and that is awaited
 * - `file`: where the backup is: fetched by us, or as a person says who has its path or its download link
 * - `restore`: into the target
 * - `compare`: every value of both sides, and their memory
 * - `hand-over`: applications go to the target; the source is unfrozen or left as it is
 */
export const guidedSteps = [
  'look',
  'freeze',
  'quiet',
  'backup',
  'file',
  'restore',
  'compare',
  'hand-over',
] as const
export type GuidedStep = (typeof guidedSteps)[number]

/** One server on each side. */
const oneServerSchema = endpointInputSchema.omit({ others: true })

export const guidedBackupInputSchema = z.strictObject({
  source: oneServerSchema,
  target: oneServerSchema,
  /** Where backups are laid that can be fetched, each move in a folder of its own in there. */
  folder: z.string().trim().min(1).max(4096),
})
export type GuidedBackupInput = z.input<typeof guidedBackupInputSchema>

/** Which step is meant, and what one that is a person's needs of him; the others need nothing. */
export const guidedOrderSchema = z.strictObject({
  /** The one that is seen to be next: where it has been done since, by another console, nothing is begun. */
  step: z.enum(guidedSteps),
  passwords: passwordsSchema.optional(),
  /** Of `freeze`: the person shuts the writers out himself, and may say which password he sets. */
  byHand: z.boolean().default(false),
  newPassword: newPasswordSchema.optional(),
  /** Of `file`: paths and links. */
  inputs: z.array(z.string().trim().min(1).max(8192)).min(1).max(256).optional(),
  /** Of `hand-over`. */
  afterwards: z.enum(['unfreeze', 'leave-frozen']).optional(),
  /** Of `hand-over`: the target's address, typed, where the comparison did not find both sides equal. */
  consent: z.string().max(300).optional(),
})
export type GuidedOrder = z.input<typeof guidedOrderSchema>

/**
 * - `proceed`: the step it stands at can be done, or done again
 * - `cancel`: what is under way can be ended
 * - `unfreeze`: the source can be let go, and all begins anew
 * - `remove`: it can be forgotten
 */
export type GuidedAction = 'proceed' | 'cancel' | 'unfreeze' | 'remove'

/** What is told of a side: how much it holds, and in how much memory. */
export type SideFigures = Pick<ServerFacts, 'flavour' | 'version' | 'usedMemory' | 'maxMemory'> & {
  readonly keys: number
}

/** How far a step is; `total` is null while it is not known. */
export interface GuidedProgress {
  readonly unit: 'bytes' | 'keys'
  readonly done: number
  readonly total: number | null
}

export interface GuidedBackupView {
  readonly id: string
  readonly source: EndpointView
  readonly target: EndpointView
  /** Their addresses. */
  readonly from: string
  readonly to: string
  readonly folder: string
  /** The one that is to be done, or under way. */
  readonly step: GuidedStep
  /** `interrupted`: Keyferry was ended in the middle of the step. `done`: all steps are. */
  readonly state: 'waiting' | 'running' | 'interrupted' | 'done'
  /** Why the step was not done. */
  readonly failure: Failure | null
  /** As last seen: at first, and when the target was filled. */
  readonly figures: { readonly source: SideFigures | null; readonly target: SideFigures | null }
  /** Null while writes are not frozen, or not any more. */
  readonly frozen: {
    readonly at: number | null
    readonly signedOut: number
    readonly byHand: boolean
  } | null
  /** What is still written while the writers are shut out, and by how many; null where it was not looked at. */
  readonly seen: { readonly writesPerSecond: number; readonly foreignClients: number | null } | null
  readonly saved: readonly MadeBackup[]
  /** What is restored: paths, and links without their secrets. */
  readonly inputs: readonly string[]
  readonly progress: GuidedProgress | null
  readonly restored: { readonly keysWritten: number; readonly elapsedMs: number } | null
  readonly proof: VerifyResult | null
  readonly actions: readonly GuidedAction[]
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
}
