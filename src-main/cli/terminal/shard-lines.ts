import type { ShardProgress, SyncPhase } from '#contract/sync.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { bytes, count, duration, short } from './figures.ts'
import { table } from './table.ts'

/** How each of several shards stands, a line each under a heading; nothing where there is one, followed itself. */
export function shardLines(shards: readonly ShardProgress[]): readonly string[] {
  if (shards.length < 2 && shards[0]?.replica === undefined) return []
  const [, , ...lines] = table(
    'Shards',
    [
      ['shard', 'left'],
      ['', 'left'],
      ['offset', 'right'],
      ['lag', 'right'],
      ['', 'right'],
      ['writes/s', 'right'],
      ['received/s', 'right'],
      ['keys', 'right'],
      ['', 'left'],
    ],
    shards.map((shard) => [
      shard.replica === undefined ? shard.address : `${shard.address} by replica ${shard.replica}`,
      phases[shard.phase],
      orNothing(shard.appliedOffset, count),
      orNothing(shard.lagBytes, bytes),
      orNothing(shard.lagMs, duration),
      orNothing(shard.writesPerSecond, short),
      orNothing(shard.bytesPerSecond, bytes),
      orNothing(shard.sourceKeys, count),
      shard.waitingFor === null ? '' : sayFailure(shard.waitingFor, 'en').what,
    ]),
  )
  return lines
}

function orNothing(figure: number | null, say: (figure: number) => string): string {
  return figure === null ? '' : say(figure)
}

const phases: Readonly<Record<SyncPhase, string>> = {
  connecting: 'connecting',
  handshake: 'handshake',
  'waiting-for-snapshot': 'waits for snapshot',
  receiving: 'receiving',
  copying: 'copying',
  scanning: 'reading',
  reconciling: 'comparing',
  'catching-up': 'catching up',
  'in-step': 'in step',
  settling: 'settling',
  drained: 'drained',
  waiting: 'waiting',
  stopping: 'stopping',
}
