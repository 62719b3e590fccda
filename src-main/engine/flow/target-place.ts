import type { Connection } from '#contract/connection.ts'
import type { ClusterTopology } from '../redis/topology.ts'
import type { TargetInquiry } from '../target/inquiry.ts'
import { clusterKeysOf, keysOf, type ClusterTaskKeys, type TaskKeys } from './checkpoint.ts'
import { openClusterSession } from './cluster-session.ts'
import { openTargetSession, type SessionOptions, type TargetSession } from './target-session.ts'

type StayOptions = Omit<SessionOptions, 'connection' | 'task' | 'keys' | 'others'>

/** Where a task works: one server, or a cluster; found out once, and come to again and again. */
export interface TargetPlace {
  readonly keys: TaskKeys
  /** Fails as `openTargetSession` and `openClusterSession` do. */
  open(options: StayOptions): Promise<TargetSession>
}

/** The place that was looked at. */
export function placeOf(
  connection: Connection,
  task: string,
  { topology }: Pick<TargetInquiry, 'topology'>,
): TargetPlace {
  if (topology !== null) return new ClusterPlace(connection, task, topology)
  const keys = keysOf(task)
  return { keys, open: (options) => openTargetSession({ ...options, connection, task, keys }) }
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

  async open(options: StayOptions): Promise<TargetSession> {
    const session = await openClusterSession({
      ...options,
      connection: this.#connection,
      task: this.#task,
      keys: this.keys,
      known: this.#known,
    })
    this.#known = session.topology
    return session
  }
}
