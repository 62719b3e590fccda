import type { FreezeView } from '#contract/freeze.ts'
import type { ShardProgress } from '#contract/sync.ts'

/**
 * How far each shard of a sync is to come: to the last write of the frozen primary whose stream it has. `frozen`: the
 * primaries of each source. Null while the primary of one is not known: a cluster's shard may still hold on to the former
 * master.
 */
export function offsetsToReach(
  shards: readonly Pick<ShardProgress, 'source' | 'address'>[],
  frozen: readonly FreezeView['shards'][],
): readonly number[] | null {
  const offsets = shards.map(({ source, address }) => {
    const primaries = frozen[source] ?? []
    // A replica's offset is its primary's, a Sentinel's name is no address.
    const primary = primaries.length === 1 ? primaries[0] : primaries.find((one) => one.address === address)
    return primary === undefined ? null : (primary.offset ?? 0)
  })
  return offsets.includes(null) ? null : offsets.map(Number)
}
