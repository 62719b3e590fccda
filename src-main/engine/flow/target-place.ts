import type { Connection } from '#contract/connection.ts'
import type { ClusterTopology } from '../redis/topology.ts'
import { openInquiry, type TargetInquiry } from '../target/inquiry.ts'
import { clusterKeysOf, keysOf, type ClusterTaskKeys, type TaskKeys } from './checkpoint.ts'
import { openClusterSession } from './cluster-session.ts'
import { openServerSession } from './server-session.ts'
import type { SessionOptions, TargetSession } from './target-session.ts'

interface StayOptions extends Omit<SessionOptions, 'connection' | 'task' | 'keys' | 'others'> {
  /** How many shards the task has; one where it is not told. */
  readonly shards?: number
}

/** Where a task works: one server, or a cluster; found out once, and come to again and again. */
export interface TargetPlace {
  readonly keys: TaskKeys
  /** Fails as `openServerSession` and `openClusterSession` do. */
  open(options: StayOptions): Promise<TargetSession>
}

/** The place that was looked at. */
export function placeOf(
  connection: Connection,
  task: string,
  { topology }: Pick<TargetInquiry, 'topology'>,
): TargetPlace {
  return topology === null ? new ServerPlace(connection, task) : new ClusterPlace(connection, task, topology)
}

/** Looks which place it is. Fails as `openInquiry` does. */
export async function findPlace(
  { target, task }: { readonly target: Connection; readonly task: string },
  signal: AbortSignal,
): Promise<TargetPlace> {
  using inquiry = await openInquiry(target, signal)
  return placeOf(target, task, inquiry)
}

class ServerPlace implements TargetPlace {
  readonly keys: TaskKeys
  readonly #connection: Connection
  readonly #task: string

  constructor(connection: Connection, task: string) {
    this.#connection = connection
    this.#task = task
    this.keys = keysOf(task)
  }

  async open({ shards = 1, ...options }: StayOptions): Promise<TargetSession> {
    return await openServerSession({
      ...options,
      connection: this.#connection,
      task: this.#task,
      keys: this.keys,
      others: othersOf(shards, (shard) => keysOf(this.#task, shard)),
    })
  }
}

class ClusterPlace implements TargetPlace {
  readonly keys: ClusterTaskKeys
  readonly #connection: Connection
  readonly #task: string
  #known: ClusterTopology

  constructor(connection: Connection, task: string, known: ClusterTopology) {
    this.#connection = connection
    this.#task = task
    this.keys = clusterKeysOf(task)
    this.#known = known
  }

  async open({ shards = 1, ...options }: StayOptions): Promise<TargetSession> {
    const session = await openClusterSession({
      ...options,
      connection: this.#connection,
      task: this.#task,
      keys: this.keys,
      others: othersOf(shards, (shard) => clusterKeysOf(this.#task, shard)),
      known: this.#known,
    })
    this.#known = session.topology
    return session
  }
}

function othersOf<T extends TaskKeys>(shards: number, keys: (shard: number) => T): readonly T[] {
  return Array.from({ length: shards - 1 }, (_, index) => keys(index + 1))
}
