import { nodeConnection, type Connection } from '#contract/connection.ts'
import { makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import { parseInfo } from '../redis/info.ts'
import { replicationOf } from '../redis/replication.ts'
import { readTopology, type ClusterNode, type ClusterTopology } from '../redis/topology.ts'
import { Link } from '../resp/link.ts'
import { repeat } from './repeat.ts'
import type { ReplicationMarks } from './replication-marks.ts'

const everyMs = 500
const silenceMs = 60_000

/** The masters that are written to, and who is told of them. */
export interface WatchedCluster {
  readonly address: string
  readonly masters: readonly ClusterNode[]
  learn(topology: ClusterTopology): void
  abandon(failure: Failure): void
}

interface WatchOptions {
  readonly connection: Connection
  readonly name: string
  readonly marks: ReplicationMarks
  readonly signal: AbortSignal
}

/**
 * Looks after the masters while they are written to, twice a second over connections of its own: notes how far their
 * replication streams have come, learns where slots have gone, and gives the cluster up when a master is none any
 * more. A master that was cut off and replaced may go on answering us: only the others know.
 */
export class ClusterWatch implements Disposable {
  readonly #cluster: WatchedCluster
  readonly #links: readonly Link[]
  readonly #marks: ReplicationMarks
  #repeating: Disposable | null = null
  #turn = 0

  private constructor(cluster: WatchedCluster, links: readonly Link[], marks: ReplicationMarks) {
    this.#cluster = cluster
    this.#links = links
    this.#marks = marks
  }

  /** Fails as `Link.open` does. */
  static async start(
    cluster: WatchedCluster,
    { connection, name, marks, signal }: WatchOptions,
  ): Promise<ClusterWatch> {
    const links: Link[] = []
    const watch = new ClusterWatch(cluster, links, marks)
    try {
      for (const { host, port } of cluster.masters)
        links.push(
          await Link.open(nodeConnection(connection, host, port), {
            signal,
            silenceMs,
            name: `${name}:watch`,
          }),
        )
      await watch.#look()
      watch.#repeating = repeat(
        everyMs,
        () => watch.#look(),
        (thrown) => cluster.abandon(toFailure(thrown)),
      )
      return watch
    } catch (thrown) {
      watch[Symbol.dispose]()
      throw thrown
    }
  }

  [Symbol.dispose](): void {
    this.#repeating?.[Symbol.dispose]()
    for (const link of this.#links) link.close()
  }

  async #look(): Promise<void> {
    const { address, masters } = this.#cluster
    const at = performance.now()
    await Promise.all(
      this.#links.map(async (link, number) => {
        const info = await link.call(['INFO', 'replication'])
        if (!Buffer.isBuffer(info)) return
        const { role, replid, offset } = replicationOf(parseInfo(info.toString()))
        if (role === 'replica') this.#cluster.abandon(makeFailure('target.cluster-changed', { address }))
        else if (replid !== null) this.#marks.note(masters[number]!.id, { at, replid, offset })
      }),
    )
    const asked = this.#turn % this.#links.length
    this.#turn += 1
    this.#cluster.learn(await readTopology(this.#links[asked]!, masters[asked]!))
  }
}
