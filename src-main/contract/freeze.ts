import { z } from 'zod'
import type { Failure } from './failure.ts'

/**
 * - `none`
 * - `preparing`: the old state is read and journaled; nothing is changed yet
 * - `waiting-for-hands`: a person shuts the writers out; seen is whether any are left
 * - `frozen`: the password is changed, everyone else signed out, and that is proven
 * - `broken`: the source was restarted, or somebody let writers in again; proof before this is void
 * - `unfreezing`
 * - `undone`: as before, byte for byte
 * - `undone-except`: as before, but for what somebody else changed meanwhile (`changedMeanwhile`)
 * - `left`: left frozen on purpose; the migration is over
 */
export type FreezeState =
  | 'none'
  | 'preparing'
  | 'waiting-for-hands'
  | 'frozen'
  | 'broken'
  | 'unfreezing'
  | 'undone'
  | 'undone-except'
  | 'left'

/** Why a freeze is broken. */
export type FreezeBreach =
  'restarted' | 'password-changed' | 'acl-changed' | 'role-changed' | 'slots-moved' | 'foreign-client'

/** One step of the freeze at one server, as it will be or was sent; secrets are shown as `•••••`. */
export interface FreezeStep {
  readonly kind:
    'record' | 'own-user' | 'tell-sentinel' | 'hold-writes' | 'change-password' | 'users-off' | 'sign-out'
  /** Where. */
  readonly address: string
  readonly commands: readonly string[]
  readonly undo: readonly string[]
  /** From the dry run: whether our account may do it; null before one was made. */
  readonly allowed: boolean | null
}

export interface FreezePlanNode {
  readonly address: string
  readonly role: 'master' | 'replica' | 'sentinel'
}

/** What a freeze would do now, and to whom. Nothing is changed by asking. */
export interface FreezePlan {
  readonly address: string
  /** Every server that has to do with it; primaries first, Sentinels last. */
  readonly nodes: readonly FreezePlanNode[]
  /** In the order they are taken; those of one kind in a row at once. */
  readonly steps: readonly FreezeStep[]
  /** Connections that would be signed out, by name and host, most first. Ours and replicas are not among them. */
  readonly clients: readonly { readonly name: string; readonly host: string; readonly count: number }[]
  readonly clientCount: number
  /** ACL users that would be switched off (6.0 and later). */
  readonly users: readonly string[]
  readonly writesPerSecond: number | null
  readonly readsPerSecond: number | null
  /** Null when nothing stands in the way. */
  readonly refusal: Failure | null
}

export interface FreezeView {
  readonly state: FreezeState
  /** A person froze it, or is about to: nothing of it is ours to undo. */
  readonly byHand: boolean
  /** Milliseconds since the epoch. */
  readonly frozenAt: number | null
  /** The source's replication offset after its last write; null where it has several primaries (`shards`). */
  readonly offset: number | null
  /** Each primary, with its offset after its last write; null before 2.8. */
  readonly shards: readonly { readonly address: string; readonly offset: number | null }[]
  /** Connections of others that the freeze signed out. */
  readonly signedOut: number
  /** From the last look: connections that are neither ours nor replicas'; what these try, commands a second. */
  readonly foreignClients: number | null
  readonly opsPerSecond: number | null
  /** While a person shuts the writers out: what is still written, commands a second. */
  readonly writesPerSecond: number | null
  /** Write commands turned away since the freeze (6.2 and later), else null. */
  readonly refusedWrites: number | null
  readonly breach: FreezeBreach | null
  /** Where it broke. */
  readonly breachAt: string | null
  /** What somebody else changed while we held it, and what we therefore left alone. */
  readonly changedMeanwhile: readonly string[]
}

/** Time during which writes were refused. */
export interface WritePause {
  /** When the first write could be refused, milliseconds since the epoch. */
  readonly startedAt: number
  /** When writes were possible again: at *finished* on the target, or at unfreeze on the source. Null while it runs. */
  readonly endedAt: number | null
  readonly endedBy: 'finished' | 'unfrozen' | null
}

/** The operator may name the password writes are frozen with; else one is made. */
export const newPasswordSchema = z.string().min(8).max(512)
