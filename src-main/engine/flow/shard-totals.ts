import type { ShardProgress, StreamProgress, SyncPhase } from '#contract/sync.ts'

type Totals = Omit<StreamProgress, 'phase' | 'waitingFor'>

/** What the shards of a sync come to together. A number that one of them does not know is not known. */
export function totalOf(shards: readonly ShardProgress[]): Totals {
  const sum = (of: (shard: ShardProgress) => number): number =>
    shards.reduce((total, shard) => total + of(shard), 0)
  const sumIfKnown = (of: (shard: ShardProgress) => number | null): number | null =>
    shards.some((shard) => of(shard) === null) ? null : sum((shard) => of(shard)!)
  const ages = shards.map(({ lagMs }) => lagMs)
  return {
    snapshotBytes: sum(({ snapshotBytes }) => snapshotBytes),
    snapshotTotal: sumIfKnown(({ snapshotTotal }) => snapshotTotal),
    copiedBytes: sum(({ copiedBytes }) => copiedBytes),
    copiedKeys: sum(({ copiedKeys }) => copiedKeys),
    replid: shards.length === 1 ? shards[0]!.replid : null,
    sourceOffset: sumIfKnown(({ sourceOffset }) => sourceOffset),
    spooledOffset: sumIfKnown(({ spooledOffset }) => spooledOffset),
    appliedOffset: sumIfKnown(({ appliedOffset }) => appliedOffset),
    lagBytes: sumIfKnown(({ lagBytes }) => lagBytes),
    lagMs: ages.includes(null) ? null : Math.max(...ages.map(Number)),
    sourceKeys: sumIfKnown(({ sourceKeys }) => sourceKeys),
    spoolBytes: sum(({ spoolBytes }) => spoolBytes),
    sourceReconnects: sum(({ sourceReconnects }) => sourceReconnects),
    fullResyncs: sum(({ fullResyncs }) => fullResyncs),
    partialResyncs: sum(({ partialResyncs }) => partialResyncs),
    keysInRepair: sum(({ keysInRepair }) => keysInRepair),
  }
}

/** The way of a shard, in order. */
const way: readonly SyncPhase[] = [
  'connecting',
  'handshake',
  'waiting-for-snapshot',
  'receiving',
  'copying',
  'catching-up',
  'in-step',
]

/** The phase of the shard that is furthest back; of one that waits, before all others. */
export function furthestBack(shards: readonly ShardProgress[]): SyncPhase {
  const phases = shards.map(({ phase }) => phase)
  return phases.includes('waiting')
    ? 'waiting'
    : (way.find((phase) => phases.includes(phase)) ?? 'connecting')
}
