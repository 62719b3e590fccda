import { z } from 'zod'
import { instanceShape, tlsSchema, type AccessKind, type TlsSettings } from './connection.ts'
import { keptCommandSchema, type CommandConsent } from './cutover-command.ts'
import { defaultScanPace, scanPaceSchema } from './limits.ts'
import { followedRulesSchema } from './selection.ts'
import { preferSchema } from './sync.ts'
import {
  otherServerSchema,
  sentinelSchema,
  viaSchema,
  type OtherServer,
  type Sentinel,
  type Via,
} from './tunnel.ts'

/** One side of a profile as a person saves it. A password goes in and never comes out. */
export const endpointInputSchema = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65535),
  username: z.string().min(1).max(512).optional(),
  tls: tlsSchema.optional(),
  /** Secrets in it are stored sealed; those left out stay as they are stored, for the same host and user. */
  via: viaSchema.optional(),
  sentinel: sentinelSchema.optional(),
  ...instanceShape,
  /** Of a source: more servers, each a shard of its own; all go into the one target. */
  others: z.array(otherServerSchema).max(255).optional(),
  /** Places of the way (`contract/secrets.ts`) whose stored secret is to be forgotten. */
  forget: z.array(z.string().max(5000)).max(64).optional(),
  /** A text is stored sealed; null means there is none; left out, what is stored stays as it is. */
  password: z.string().min(1).max(4096).nullable().optional(),
  /** The saved connection whose stored secrets are taken over where none are given, if it is this server. */
  saved: z.string().min(1).max(64).optional(),
  /** Store none and ask for it at every check and start. A `password` beside it is used once, not kept. */
  ask: z.boolean().optional(),
})
export type EndpointInput = z.infer<typeof endpointInputSchema>

/** How a side of a profile keeps its password. */
export type PasswordKept = 'none' | 'stored' | 'ask'

export interface EndpointView {
  readonly host: string
  readonly port: number
  readonly username: string | null
  readonly tls: TlsSettings | null
  /** Without secrets, as is `sentinel`. */
  readonly via: Via | null
  readonly sentinel: Sentinel | null
  /** Left out where nobody has said, as is `access`. */
  readonly instanceId?: string
  readonly access?: AccessKind
  /** Left out where there are none. */
  readonly others?: readonly OtherServer[]
  readonly passwordKept: PasswordKept
  /** How the secrets of the way are kept, by their places (`contract/secrets.ts`). */
  readonly secretsKept: Readonly<Record<string, Exclude<PasswordKept, 'none'>>>
}

/**
 * How a source is read: `stream`, as a replica follows it; `scan`, key by key, where nobody may follow it; `auto`, by
 * the stream if the checks find that we may, else by scan.
 */
export const readModes = ['auto', 'stream', 'scan'] as const
export type ReadMode = (typeof readModes)[number]

/** How a migration is run. Every field has the value we recommend. */
export const profileOptionsSchema = z.strictObject({
  /** What happens if the target already holds keys: `fail` refuses to start, `replace` overwrites them. */
  onConflict: z.enum(['fail', 'replace']).default('fail'),
  mode: z.enum(readModes).default('auto'),
  prefer: preferSchema,
  copyConnections: z.int().min(1).max(256).default(8),
  lanes: z.int().min(1).max(64).default(4),
  scanKeysPerSecond: scanPaceSchema.default(defaultScanPace),
  /** Set what the check found too small (output buffer, backlog, timeout) for the task, put back after. */
  adjustSettings: z.boolean().default(true),
  /** Have the target write no RDB file and rewrite no append-only file of its own accord during the task. */
  pauseSaves: z.boolean().default(false),
  /** Change the target's passwords and users for the time of the task, so that nobody else gets in. */
  lockTarget: z.boolean().default(false),
  /** What the proof compares before *finish*. */
  proof: z.enum(['counts', 'full']).default('full'),
  /** What becomes of the source's password when the migration is finished. */
  afterFinish: z.enum(['unfreeze', 'leave-frozen']).default('unfreeze'),
  /** Have what is written to the target after the cutover go back to the source, which stays frozen, until that is closed. */
  wayBack: z.boolean().default(false),
  /** Which keys go along, and what becomes of their names and databases; left out: everything, as it is. */
  rules: followedRulesSchema.optional(),
  /** Run when applications are to go to the target; null: nothing. Only where somebody at this machine has consented to it. */
  onCutover: keptCommandSchema.nullable().default(null),
})
export type ProfileOptions = z.infer<typeof profileOptionsSchema>
/** The options a new profile starts with. */
export const defaultProfileOptions: ProfileOptions = profileOptionsSchema.parse({})

/** A profile as the wizard saves it after every step: a side not filled in yet is null. */
export const profileInputSchema = z.strictObject({
  /** Left out for a new one. */
  id: z.string().min(1).max(64).optional(),
  /** Of one that was there before: when what was edited had been saved. Saved by somebody else since, it is refused. */
  basedOn: z.int().min(0).optional(),
  name: z.string().trim().min(1).max(120),
  source: endpointInputSchema.nullable(),
  target: endpointInputSchema.nullable(),
  options: profileOptionsSchema.default(defaultProfileOptions),
})
export type ProfileInput = z.input<typeof profileInputSchema>

/** A saved migration plan, without its secrets. */
export interface ProfileView {
  readonly id: string
  readonly name: string
  readonly source: EndpointView | null
  readonly target: EndpointView | null
  readonly options: ProfileOptions
  /** Of `options.onCutover`; null where there is none. */
  readonly commandConsent: CommandConsent | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Tasks made from it that were started and are not over. */
  readonly openTasks: number
}

const secretsSchema = z.record(z.string().max(5000), z.string().min(1).max(4096))

/** Passwords typed for this once, where a profile keeps none; those of the way by their places. */
export const passwordsSchema = z.strictObject({
  source: z.string().min(1).max(4096).optional(),
  target: z.string().min(1).max(4096).optional(),
  sourceWay: secretsSchema.optional(),
  targetWay: secretsSchema.optional(),
})
export type Passwords = z.infer<typeof passwordsSchema>

/** What was typed for a migration, for its way back. */
export function turnedRound({ source, target, sourceWay, targetWay }: Passwords): Passwords {
  return {
    ...(target !== undefined && { source: target }),
    ...(source !== undefined && { target: source }),
    ...(targetWay !== undefined && { sourceWay: targetWay }),
    ...(sourceWay !== undefined && { targetWay: sourceWay }),
  }
}
