import { mkdir } from 'node:fs/promises'
import { nodeConnection, type Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import type { StreamMark, SyncSpec } from '#contract/sync.ts'
import { mayBeMisheard } from '../redis/misheard.ts'
import { ClusterSource, isClusterNode } from '../source/cluster-source.ts'
import { readShardList, writeShardList, type ListedShard } from './shard-list.ts'
import type { SlotHome } from './slot-moves.ts'

/** A shard of a sync: one source, or one master of a cluster that is a source. */
export interface FoundShard {
  readonly source: number
  readonly connection: Connection
  /** Null for one that is no cluster's. */
  readonly cluster: ClusterSource | null
  readonly seek: ((signal: AbortSignal) => Promise<Pick<Connection, 'host' | 'port'>>) | null
  readonly joined: boolean
}

/** Finds out which shards a sync has, and keeps in its folder what must not change from run to run. */
export class ShardFinder {
  readonly #spec: SyncSpec
  readonly #clusters = new Map<number, ClusterSource>()
  #listed: ListedShard[] = []
  #homes: readonly SlotHome[] = []

  constructor(spec: SyncSpec) {
    this.#spec = spec
  }

  /** Whose each slot of a cluster is, as far as the streams have been applied. */
  homesOf(source: number): readonly SlotHome[] {
    return this.#homes.filter(({ shard }) => this.#listed[shard]?.source === source)
  }

  useCredentials(source: number, use: (connection: Connection) => Connection): void {
    this.#clusters.get(source)?.useCredentials(use)
  }

  /**
   * As they were when the task was last run, and masters that a cluster has got since. Asks a source whether it is a
   * cluster only the first time, so that a task can go on while a source is away. Fails as `ClusterSource.look` does.
   */
  async find(signal: AbortSignal): Promise<readonly FoundShard[]> {
    const { folder, sources } = this.#spec
    const known = await readShardList(folder)
    if (known === null) for (const [at, source] of sources.entries()) await this.#begin(at, source, signal)
    else {
      this.#listed = [...known.shards]
      this.#homes = known.homes
      for (const [at, source] of sources.entries()) await this.#takeUp(at, source, signal)
    }
    await this.#keep()
    return this.#found()
  }

  /** Masters that clusters have got since the last look; the list of all. */
  async findNew(signal: AbortSignal): Promise<readonly FoundShard[]> {
    for (const [at, cluster] of this.#clusters) {
      await cluster.look(signal)
      this.#list(at, cluster, true)
    }
    await this.#keep()
    return this.#found()
  }

  async keepHomes(source: number, homes: readonly SlotHome[]): Promise<void> {
    this.#homes = [...this.#homes.filter(({ shard }) => this.#listed[shard]?.source !== source), ...homes]
    await this.#keep()
  }

  async #begin(at: number, source: Connection, signal: AbortSignal): Promise<void> {
    const marked = this.#spec.from?.flatMap(({ master }) => master ?? []) ?? []
    if (marked.length > 0) {
      await this.#beginAt(marked, at, source, signal)
      return
    }
    if (!(await isClusterNode(source, signal))) {
      this.#listed.push({ source: at, member: null, joined: false })
      return
    }
    const cluster = new ClusterSource(source, [])
    await cluster.look(signal)
    this.#clusters.set(at, cluster)
    const before = this.#listed.length
    this.#list(at, cluster, false)
    this.#homes = [
      ...this.#homes,
      ...this.#listed
        .slice(before)
        .flatMap(({ member }, index) =>
          member === null
            ? []
            : cluster.slotsOf(member).map((range) => ({ ...range, shard: before + index })),
        ),
    ]
  }

  /** The masters whose streams are gone on with: they stay who they were, whatever became of the cluster since. */
  async #beginAt(
    marked: readonly NonNullable<StreamMark['master']>[],
    at: number,
    source: Connection,
    signal: AbortSignal,
  ): Promise<void> {
    const cluster = new ClusterSource(source, marked)
    await cluster.look(signal)
    this.#clusters.set(at, cluster)
    this.#listed = marked.map((_, index) => ({ source: at, member: cluster.members[index]!, joined: false }))
    this.#homes = marked.flatMap(({ slots }, shard) => slots.map((range) => ({ ...range, shard })))
    this.#list(at, cluster, true)
  }

  async #takeUp(at: number, source: Connection, signal: AbortSignal): Promise<void> {
    const members = this.#listed.flatMap(({ source: of, member }) =>
      of === at && member !== null ? member : [],
    )
    if (members.length === 0) return
    const cluster = new ClusterSource(source, members)
    this.#clusters.set(at, cluster)
    try {
      await cluster.look(signal)
    } catch (thrown) {
      // Away for now: each shard looks for its master itself.
      const failure = toFailure(thrown)
      if (!failure.retryable && !mayBeMisheard(failure)) throw thrown
    }
    this.#list(at, cluster, true)
  }

  /** Puts down the members as they are by now; those not listed yet come at the end. */
  #list(at: number, cluster: ClusterSource, joined: boolean): void {
    const members = [...cluster.members]
    this.#listed = this.#listed.map((one) => (one.source === at ? { ...one, member: members.shift()! } : one))
    this.#listed.push(...members.map((member) => ({ source: at, member, joined })))
  }

  #found(): readonly FoundShard[] {
    return this.#listed.map(({ source, member, joined }, index) => {
      const connection = this.#spec.sources[source]!
      const cluster = this.#clusters.get(source) ?? null
      if (cluster === null || member === null) return { source, connection, cluster, seek: null, joined }
      const at = this.#listed.slice(0, index).filter((one) => one.source === source).length
      return {
        source,
        connection: nodeConnection(connection, member.host, member.port),
        cluster,
        seek: async (signal) => {
          await cluster.look(signal)
          return cluster.members[at]!
        },
        joined,
      }
    })
  }

  async #keep(): Promise<void> {
    await mkdir(this.#spec.folder, { recursive: true, mode: 0o700 })
    await writeShardList(this.#spec.folder, { format: 1, shards: this.#listed, homes: this.#homes })
  }
}
