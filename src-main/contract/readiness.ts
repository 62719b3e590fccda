import { z } from 'zod'
import { connectionSchema, type Connection } from './connection.ts'
import { passwordsSchema } from './profile.ts'

/**
 * What is to be looked at to learn whether applications can use a cluster.
 * - `aof`: every command an append-only file holds
 * - `stream`: what a live server hands its replicas, from now on; writes only, no snapshot is asked for
 * - `monitor`: everything a live server is asked, reads too. It writes every command out once more for us.
 */
export type ReadinessSpec =
  | { readonly from: 'aof'; readonly input: string }
  | {
      readonly from: 'stream' | 'monitor'
      /** All at once; of a cluster any node, for all of its masters. */
      readonly sources: readonly Connection[]
      readonly seconds: number
    }

/** Commands of MONITOR at most: a busy server is not kept at it for longer than it takes to judge it. */
export const mostMonitored = 2_000_000

/** How long a live server may be looked at, seconds. */
const secondsSchema = z.int().min(1).max(3_600)
const liveSchema = z.enum(['stream', 'monitor'])

/** What a console asks: a live server by its connection or by the profile it is the source of, or a file. */
export const readinessRequestSchema = z.union([
  z.strictObject({ from: z.literal('aof'), input: z.string().trim().min(1).max(8192) }),
  z.strictObject({ from: liveSchema, source: connectionSchema, seconds: secondsSchema }),
  z.strictObject({
    from: liveSchema,
    profile: z.string().min(1).max(64),
    passwords: passwordsSchema.optional(),
    seconds: secondsSchema,
  }),
])
export type ReadinessRequest = z.infer<typeof readinessRequestSchema>

/** A look: how far it is, and at the end what it found. */
export type ReadinessStep = { readonly progress: ReadinessProgress } | { readonly report: ReadinessReport }

export interface ReadinessProgress {
  /** Commands, transactions and scripts so far. */
  readonly units: number
  readonly bytesDone: number
  /** Null where that is told by the time. */
  readonly bytesTotal: number | null
}

/**
 * What has to become of several keys in different slots.
 * - `tag`: the keys need a common hash tag, or the application does without
 * - `split`: the client can send one command for each key (or slot), as most cluster clients do
 * - `databases`: a cluster has database 0 only
 * - `declare`: a script names no keys, so no node can be told for it
 */
export type ReadinessAdvice = 'tag' | 'split' | 'databases' | 'declare'

/** One kind of command, transaction or script that touches several keys. */
export interface ReadinessFinding {
  readonly what: 'command' | 'transaction' | 'script'
  /** The command; those of a transaction, each once; a script by the first digits of its SHA1. */
  readonly name: string
  readonly count: number
  /** Of these, how many had their keys in different slots (or none that could be told). */
  readonly crossing: number
  /** Of all that was seen, 0 to 1. */
  readonly share: number
  /** Keys of one that crosses, where any does: one from each slot. Escaped; five at most. */
  readonly example: readonly string[]
  /** Null where its keys always share a slot. */
  readonly advice: ReadinessAdvice | null
}

export interface ReadinessReport {
  readonly from: ReadinessSpec['from']
  /** The live servers that were looked at; none of a file. */
  readonly servers: readonly string[]
  /**
   * 1: nothing touches several keys; 2: what does keeps to one slot (a common hash tag); 3: some touch keys of
   * different slots, and would be refused by a cluster.
   */
  readonly case: 1 | 2 | 3
  /** Reads were seen too; else only writes were. */
  readonly reads: boolean
  /** Commands, transactions and scripts. */
  readonly units: number
  readonly several: number
  readonly crossing: number
  /** Worst first. */
  readonly findings: readonly ReadinessFinding[]
  /** Databases that were used; a cluster has 0 only. */
  readonly dbs: readonly number[]
  readonly elapsedMs: number
}
