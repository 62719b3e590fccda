import { z } from 'zod'
import { connectionSchema } from './connection.ts'

/** Pulling a snapshot from live servers, as a replica does. */
export const dumpSpecSchema = z.strictObject({
  /** Each a server of its own, or any node of a cluster: then all its masters. */
  sources: z.array(connectionSchema).min(1),
  /** The file to write, or the folder for a file each, named by address. */
  to: z.string().min(1),
  intoFolder: z.boolean().default(false),
  /** Replaces files that are there already. */
  force: z.boolean().default(false),
})
export type DumpSpec = z.infer<typeof dumpSpecSchema>

/**
 * - `connecting`, `handshake`
 * - `waiting`: the source makes the snapshot
 * - `receiving`: it comes as it is made
 * - `fetching`: it is copied from where the source has laid it
 * - `checking`: what was received is read from end to end
 * - `done`
 */
export type DumpPhase =
  'connecting' | 'handshake' | 'waiting' | 'receiving' | 'fetching' | 'checking' | 'done'

/** How far it is with one source. */
export interface SourceProgress {
  readonly address: string
  readonly phase: DumpPhase
  readonly bytesDone: number
  /** Null where the source does not tell, and until it does. */
  readonly bytesTotal: number | null
}

export interface DumpProgress {
  readonly sources: readonly SourceProgress[]
  readonly bytesPerSecond: number
  readonly elapsedMs: number
}

/** One snapshot that was pulled, and what reading it has told. */
export interface DumpedFile {
  readonly address: string
  readonly file: string
  readonly bytes: number
  readonly keys: number
  readonly flavour: 'redis' | 'valkey'
  readonly rdbVersion: number
  readonly checksum: 'ok' | 'absent' | 'disabled'
}

export interface DumpResult {
  readonly files: readonly DumpedFile[]
  readonly bytes: number
  readonly keys: number
  readonly elapsedMs: number
}
