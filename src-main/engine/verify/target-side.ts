import type { TargetLook } from '../target/look.ts'
import type { Reply } from '../resp/decode.ts'
import type { Command, Questioned } from './db-link.ts'

/** The server that a backup is compared with: how it is asked, and what it knows. */
export interface TargetSide {
  readonly link: Questioned
  readonly look: TargetLook
  readonly expiryToleranceMs: number
}

/** What is missing has this for an expiry; what never expires has -1. */
export const noKey = -2

/** The time now on the target's clock, milliseconds since the epoch. */
export function targetNow({ look }: TargetSide): number {
  return Date.now() + look.clockAheadMs
}

/** How a server of this version is asked when a key expires: PEXPIRETIME since 7.0, PTTL since 2.6. */
export function expiryQuestion({ look }: TargetSide): string {
  return look.versionNumber >= 700 ? 'PEXPIRETIME' : look.versionNumber >= 206 ? 'PTTL' : 'TTL'
}

/** Its answer as the absolute time, -1 for never, or `noKey`. Before 2.8 a key that is missing is told as -1. */
export function expiryOf(side: TargetSide, reply: Reply | undefined): number {
  const told = Number(reply)
  if (told < 0 || Number.isNaN(told)) return told === noKey ? noKey : -1
  const { versionNumber } = side.look
  return versionNumber >= 700 ? told : Math.round(targetNow(side) + told * (versionNumber >= 206 ? 1 : 1000))
}

/**
 * How far apart two expiries may be: what is told in relation to a clock is never exact, and before ABSTTL (5.0)
 * nor is what was written.
 */
export function expiryTolerance({ look, expiryToleranceMs }: TargetSide): number {
  const coarseMs = look.versionNumber >= 700 ? 0 : look.versionNumber >= 500 ? 1_000 : 3_000
  return Math.max(expiryToleranceMs, coarseMs)
}

/** MEMORY USAGE (4.0), and DUMP (2.6). */
export function knowsMemoryUsage({ look }: TargetSide): boolean {
  return look.versionNumber >= 400
}
export function knowsDump({ look }: TargetSide): boolean {
  return look.versionNumber >= 206
}

/** How long a value is, by its type; null where the type has no such command. */
export function lengthQuestion(kind: string, key: Uint8Array): Command | null {
  const name = { string: 'STRLEN', list: 'LLEN', set: 'SCARD', zset: 'ZCARD', hash: 'HLEN', stream: 'XLEN' }[
    kind
  ]
  return name === undefined ? null : [name, key]
}
