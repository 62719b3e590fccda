import { nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import {
  isCluster,
  mastersOf,
  readTopology,
  type ClusterTopology,
  type SlotRange,
} from '../redis/topology.ts'
import { Link } from '../resp/link.ts'

/** One master of a cluster that is followed, whichever node that is at present. */
export interface ClusterMember {
  /** Of the master, and of the replicas that may take its place. */
  ids: readonly string[]
  host: string
  port: number
}

const answerMs = 3_000

/**
 * A cluster as a source: knows which of its nodes is at present the master of each shard, and finds it again after a
 * failover.
 */
export class ClusterSource {
  readonly members: ClusterMember[]
  #seed: Connection
  #topology: ClusterTopology | null = null

  /** `members`: as they were known when the cluster was last followed. */
  constructor(seed: Connection, members: readonly ClusterMember[]) {
    this.#seed = seed
    this.members = members.map(({ ids, host, port }) => ({ ids, host, port }))
  }

  useCredentials(use: (connection: Connection) => Connection): void {
    this.#seed = use(this.#seed)
  }

  /**
   * Looks who the masters are now. One with slots that was not known becomes another member. Fails with `connect.*`
   * where no node answers, with `source.not-ready` where a slot has no owner.
   */
  async look(signal: AbortSignal): Promise<void> {
    const topology = await this.#read(signal)
    this.#topology = topology
    for (const member of this.members) placeMember(member, topology)
    const fresh = mastersOf(topology)
      .filter(({ id, slots }) => slots.length > 0 && !this.members.some(({ ids }) => ids.includes(id)))
      .sort((a, b) => a.slots[0]!.from - b.slots[0]!.from)
    for (const { id, host, port } of fresh) {
      const member = { ids: [id], host, port }
      placeMember(member, topology)
      this.members.push(member)
    }
  }

  /** The slots of a member, as they were at the last look. */
  slotsOf({ ids }: ClusterMember): readonly SlotRange[] {
    const master = this.#topology?.nodes.find(({ id }) => id === ids[0])
    return master?.slots ?? []
  }

  /** The first node that answers, and whose view is of a whole cluster. */
  async #read(signal: AbortSignal): Promise<ClusterTopology> {
    let failure: Failure | null = null
    const seed = { host: this.#seed.host, port: this.#seed.port }
    for (const { host, port } of [...this.members, ...(this.#topology?.nodes ?? []), seed]) {
      try {
        const node = nodeConnection(this.#seed, host, port)
        using link = await Link.open(node, { signal, timeoutMs: answerMs, silenceMs: answerMs })
        const topology = await readTopology(link, node)
        if (topology.ok) return topology
        failure ??= makeFailure('source.not-ready', { address: link.address })
      } catch (thrown) {
        if (signal.aborted) fail('job.cancelled')
        failure ??= toFailure(thrown)
      }
    }
    throw new FailureError(failure!)
  }
}

/** Is this a node of a cluster? Fails with `connect.*`, `auth.*`, … */
export async function isClusterNode(connection: Connection, signal: AbortSignal): Promise<boolean> {
  using link = await Link.open(connection, { signal })
  const info = await link.call(['INFO'])
  return Buffer.isBuffer(info) && isCluster(info.toString())
}

/** Of several nodes that call themselves master, the one with the slots: a former one may not know yet. */
function placeMember(member: ClusterMember, { nodes }: ClusterTopology): void {
  const [master] = nodes
    .filter(({ id, role, failed }) => role === 'master' && !failed && member.ids.includes(id))
    .sort((a, b) => b.slots.length - a.slots.length)
  if (master === undefined) return
  const replicas = nodes.filter(({ masterId }) => masterId === master.id)
  // Views differ for a while after a failover: who has lost its slots, and is nobody's replica yet, is still one of these.
  const former = nodes.filter(
    ({ id, role, slots }) => role === 'master' && slots.length === 0 && member.ids.includes(id),
  )
  member.ids = [...new Set([master, ...replicas, ...former].map(({ id }) => id))]
  member.host = master.host
  member.port = master.port
}
