import { Counter, Gauge, Registry } from 'prom-client'
import { placeOf } from '#contract/connection.ts'
import type { ShardProgress } from '#contract/sync.ts'
import type { TaskView } from '#contract/task.ts'
import { isUnderWay } from '#contract/task-states.ts'
import type { Tasks } from './tasks.ts'

interface Figure<Of> {
  /** Behind `keyferry_sync_`; one that ends in `_total` counts up during a run. */
  readonly name: string
  readonly help: string
  /** Null leaves the sample out: what is not known is not 0. */
  readonly read: (of: Of) => number | null
}

const ofSources: readonly Figure<ShardProgress>[] = [
  {
    name: 'lag_seconds',
    help: 'Age of the oldest write that the target lacks.',
    read: ({ lagMs }) => (lagMs === null ? null : lagMs / 1_000),
  },
  {
    name: 'lag_bytes',
    help: 'Bytes of the stream that the target lacks.',
    read: ({ lagBytes }) => lagBytes,
  },
  {
    name: 'source_offset_bytes',
    help: 'Replication offset of the source.',
    read: ({ sourceOffset }) => sourceOffset,
  },
  {
    name: 'applied_offset_bytes',
    help: 'Replication offset up to which the target has all.',
    read: ({ appliedOffset }) => appliedOffset,
  },
  {
    name: 'spool_bytes',
    help: 'Bytes of snapshot and stream kept on disk.',
    read: ({ spoolBytes }) => spoolBytes,
  },
  {
    name: 'source_keys',
    help: 'Keys of the source, all databases.',
    read: ({ sourceKeys }) => sourceKeys,
  },
  {
    name: 'keys_in_repair',
    help: 'Keys that are to be copied afresh.',
    read: ({ keysInRepair }) => keysInRepair,
  },
  {
    name: 'copied_keys_total',
    help: 'Keys of the snapshot written to the target.',
    read: ({ copiedKeys }) => copiedKeys,
  },
  {
    name: 'source_reconnects_total',
    help: 'Times the link to the source was lost.',
    read: ({ sourceReconnects }) => sourceReconnects,
  },
  {
    name: 'full_resyncs_total',
    help: 'Snapshots that the source has made for us.',
    read: ({ fullResyncs }) => fullResyncs,
  },
  {
    name: 'partial_resyncs_total',
    help: 'Times the stream went on where it had been.',
    read: ({ partialResyncs }) => partialResyncs,
  },
]

const ofTasks: readonly Figure<TaskView>[] = [
  {
    name: 'in_step',
    help: '1: all that the source has written is applied, but for a moment.',
    read: ({ inStep }) => Number(inStep),
  },
  {
    name: 'target_keys',
    help: 'Keys of the target, all databases, ours not counted.',
    read: ({ progress }) => progress?.targetKeys ?? null,
  },
  {
    name: 'write_pause_seconds',
    help: 'How long writers are, or were, refused at the cutover.',
    read: ({ writePause }) =>
      writePause === null ? null : ((writePause.endedAt ?? Date.now()) - writePause.startedAt) / 1_000,
  },
  {
    name: 'writes_total',
    help: 'Commands of the stream applied.',
    read: ({ progress }) => progress?.writes ?? null,
  },
  {
    name: 'target_reconnects_total',
    help: 'Times the link to the target was lost.',
    read: ({ progress }) => progress?.targetReconnects ?? null,
  },
]

type Labels = Readonly<Record<string, string>>

/**
 * The tasks that are not over, as Prometheus reads them (text format 0.0.4). Figures of a task bear its id, those of a
 * source its number and address too; counters are those of the run under way. There are no secrets among them.
 */
export async function metricsOf(tasks: Pick<Tasks, 'board' | 'get'>): Promise<string> {
  const registry = new Registry()
  const open = tasks.board().open.map(({ id }) => tasks.get(id))
  const info = new Gauge({
    name: 'keyferry_task_info',
    help: 'What a task is about, and its state.',
    labelNames: ['task', 'profile', 'source', 'target', 'state'],
    registers: [registry],
  })
  for (const { id, name, source, target, state } of open)
    info.set({ task: id, profile: name, source: placeOf(source), target: placeOf(target), state }, 1)
  const running = open.filter(({ state }) => isUnderWay(state))
  for (const figure of ofTasks)
    tell(
      registry,
      figure,
      running.map((task) => [{ task: task.id }, task] as const),
    )
  const shards = running.flatMap(({ id, progress }) =>
    (progress?.shards ?? []).map(
      (shard, index) => [{ task: id, shard: String(index), source: shard.address }, shard] as const,
    ),
  )
  for (const figure of ofSources) tell(registry, figure, shards)
  return await registry.metrics()
}

function tell<Of>(
  registry: Registry,
  { name, help, read }: Figure<Of>,
  all: readonly (readonly [Labels, Of])[],
): void {
  const labelNames = [...new Set(all.flatMap(([labels]) => Object.keys(labels)))]
  const options = { name: `keyferry_sync_${name}`, help, labelNames, registers: [registry] }
  const metric = name.endsWith('_total') ? new Counter(options) : new Gauge(options)
  for (const [labels, of] of all) {
    const value = read(of)
    if (value === null) continue
    if (metric instanceof Counter) metric.inc(labels, value)
    else metric.set(labels, value)
  }
}
