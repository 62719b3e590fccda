import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ClusterMember } from '../source/cluster-source.ts'
import { syncFolder } from '../source/lineage.ts'
import type { SlotHome } from './slot-moves.ts'

/** Which shards a sync has, in their order; kept in its folder, since a shard keeps its number for the task's life. */
export interface ShardList {
  readonly format: 1
  readonly shards: readonly ListedShard[]
  /** Of clusters: whose each slot is, as far as the streams have been applied. */
  readonly homes: readonly SlotHome[]
}

export interface ListedShard {
  /** Its place among the sources. */
  readonly source: number
  /** Of a cluster's master. */
  readonly member: ClusterMember | null
  /** It became part of the cluster when the others were followed already. */
  readonly joined: boolean
}

const fileName = 'shards.json'
const memberSchema = z.object({ ids: z.array(z.string()), host: z.string(), port: z.number() })
const listSchema = z.object({
  format: z.literal(1),
  shards: z.array(z.object({ source: z.number(), member: memberSchema.nullable(), joined: z.boolean() })),
  homes: z.array(
    z.object({
      from: z.number(),
      to: z.number(),
      shard: z.number(),
      since: z.number().optional(),
      at: z.number().optional(),
    }),
  ),
})

/** Null where there is none that can be read. */
export async function readShardList(folder: string): Promise<ShardList | null> {
  try {
    return listSchema.parse(JSON.parse(await readFile(join(folder, fileName), 'utf8')))
  } catch {
    return null
  }
}

/** Replaces it: after this the new one is on disk, or the old one still is. */
export async function writeShardList(folder: string, list: ShardList): Promise<void> {
  const fresh = join(folder, `${fileName}.new`)
  {
    await using file = await open(fresh, 'w', 0o600)
    await file.writeFile(JSON.stringify(list))
    await file.sync()
  }
  await rename(fresh, join(folder, fileName))
  await syncFolder(folder)
}
