import type { FreezeView } from '#contract/freeze.ts'
import type { ShardProgress } from '#contract/sync.ts'

/**
 * How far each shard of a sync is to come: to the last write of the frozen primary whose stream it has, null of one that
 * tells no offset (before 2.8). `frozen`: the primaries of each source. Null in all while the primary of one is not
 * known: a cluster's shard may still hold on to the former master.
 */
export function offsetsToReach(
  shards: readonly Pick<ShardProgress, 'source' | 'address'>[],
  frozen: readonly FreezeView['shards'][],
): readonly (number | null)[] | null {
  const offsets: (number | null)[] = []
  for (const { source, address } of shards) {
    const primaries = frozen[source] ?? []
    // A replica's offset is its primary's, a Sentinel's name is no address.
    const primary = primaries.length === 1 ? primaries[0] : primaries.find((one) => one.address === address)
    if (primary === undefined) return null
    offsets.push(primary.offset)
  }
  return offsets
}
