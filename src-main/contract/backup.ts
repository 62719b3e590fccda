import { z } from 'zod'
import { connectionSchema } from './connection.ts'
import type { DumpProgress } from './dump.ts'

/** Having sources save, and fetching what they saved. */
export const backupSpecSchema = z.strictObject({
  /** Each a server of its own, or any node of a cluster: then all its masters. */
  sources: z.array(connectionSchema).min(1),
  /** The folder for what is fetched, each named by the address of its source. */
  folder: z.string().min(1),
  /** `rdb`: BGSAVE; `aof`: BGREWRITEAOF, and all files of the append-only file. */
  kind: z.enum(['rdb', 'aof']).default('rdb'),
  /** Replaces what is there already. */
  force: z.boolean().default(false),
})
export type BackupSpec = z.infer<typeof backupSpecSchema>

export type BackupProgress = DumpProgress

/** A backup that a source has made. */
export interface MadeBackup {
  readonly address: string
  /** Where it lies at the source; null where the source does not tell. */
  readonly madeAt: string | null
  /** Where it was fetched to; null where it could not be: it lies on a machine that is not reached. */
  readonly file: string | null
  /** Bytes of what was fetched. */
  readonly bytes: number
  /** Of an RDB that was fetched and read through; else null. */
  readonly keys: number | null
}

export interface BackupResult {
  readonly backups: readonly MadeBackup[]
  readonly elapsedMs: number
}
