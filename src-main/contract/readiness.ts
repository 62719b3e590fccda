import type { Connection } from './connection.ts'

/**
 * What is to be looked at to learn whether applications can use a cluster.
 * - `aof`: every command an append-only file holds
 * - `stream`: what a live server hands its replicas, from now on; writes only, no snapshot is asked for
 * - `monitor`: everything a live server is asked, reads too. It writes every command out once more for us.
 */
export type ReadinessSpec =
  | { readonly from: 'aof'; readonly input: string }
  | { readonly from: 'stream' | 'monitor'; readonly source: Connection; readonly seconds: number }

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
