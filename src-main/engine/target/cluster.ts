import { nodeConnection, type Connection } from '#contract/connection.ts'
import { FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import { mastersOf, slotCount, type ClusterNode, type ClusterTopology } from '../redis/topology.ts'
import type { Reply } from '../resp/decode.ts'
import { followRedirections, type Routes } from './redirections.ts'
import { StandaloneTarget } from './standalone.ts'
import type { Target, TargetOptions } from './target.ts'

/**
 * Blocks that one connection may have unanswered. A stretch takes a block of every master: with few under way, one
 * master that pauses for a moment would have all the others wait.
 */
const blocksPerLane = 8

/**
 * The masters of a cluster, each written to over connections of its own. Slots that move from one of them to
 * another are followed while we write. When one master is lost, or another one comes into play, all of it ends: what
 * has been answered counts, the rest must be sent again.
 */
export class ClusterTarget implements Target, Routes {
  readonly address: string
  readonly masters: readonly ClusterNode[]
  readonly slotOwners = new Uint16Array(slotCount)
  #nodes: readonly StandaloneTarget[] = []
  #failure: Failure | null = null
  #companion: Disposable | null = null
  readonly #numbers = new Map<string, number>()

  private constructor(address: string, masters: readonly ClusterNode[]) {
    this.address = address
    this.masters = masters
    for (const [number, { addresses }] of masters.entries())
      for (const one of addresses) this.#numbers.set(one, number)
  }

  /** Opens all connections to all masters. `connection` tells how the cluster is reached. Fails as `Link.open` does. */
  static async open(
    connection: Connection,
    address: string,
    topology: ClusterTopology,
    options: TargetOptions,
  ): Promise<ClusterTarget> {
    const masters = mastersOf(topology)
    const cluster = new ClusterTarget(address, masters)
    const shares = shareOut(options.connections, masters.length)
    const blocks = blocksForEach(options, shares)
    const opened = await Promise.allSettled(
      masters.map(({ host, port }, number) =>
        StandaloneTarget.open(
          nodeConnection(connection, host, port),
          { ...options, connections: shares[number]!, blocks: () => blocks[number]! },
          {
            blocksPerLane,
            redirect: (block) => followRedirections(block, number, cluster),
            onFailure: (failure) => cluster.abandon(failure),
          },
        ),
      ),
    )
    cluster.#nodes = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = opened.find((one) => one.status === 'rejected')
    if (refused !== undefined) {
      cluster.close()
      throw refused.reason
    }
    cluster.learn(topology)
    return cluster
  }

  get nodes(): readonly StandaloneTarget[] {
    return this.#nodes
  }

  get failure(): Failure | null {
    return this.#failure
  }

  /** Ends this when the cluster ends. */
  endsWith(companion: Disposable): void {
    this.#companion = companion
    if (this.#failure !== null) companion[Symbol.dispose]()
  }

  /** Takes over who has which slot. Gives the cluster up where one has it that is not written to. */
  learn(topology: ClusterTopology): void {
    const numbers = new Map(this.masters.map(({ id }, number) => [id, number]))
    for (const { id, slots } of topology.nodes) {
      if (slots.length === 0) continue
      const number = numbers.get(id)
      if (number === undefined) {
        this.abandon(makeFailure('target.cluster-changed', { address: this.address }))
        return
      }
      for (const { from, to } of slots) this.slotOwners.fill(number, from, to + 1)
    }
  }

  /** A redirection without a host means the one who says so. */
  nodeAt(address: string, from: number): number | null {
    const whole = address.startsWith(':') ? `${this.masters[from]!.host}${address}` : address
    return this.#numbers.get(whole) ?? null
  }

  moved(slot: number, to: number): void {
    this.slotOwners[slot] = to
  }

  exchange(node: number, bytes: Uint8Array, replies: number): Promise<readonly Reply[]> {
    return this.#nodes[node]!.exchange(bytes, replies)
  }

  abandon(failure: Failure): void {
    if (this.#failure !== null) return
    this.#failure = failure
    this.#companion?.[Symbol.dispose]()
    for (const node of this.#nodes) node.abandon(failure)
  }

  async drained(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.drained()))
    if (this.#failure !== null) throw new FailureError(this.#failure)
  }

  close(): void {
    this.abandon(makeFailure('connect.lost', { address: this.address }))
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** So many connections for each of `masters`: at least one, and as even as can be. */
export function shareOut(connections: number, masters: number): readonly number[] {
  return Array.from({ length: masters }, (_, number) =>
    Math.max(1, Math.floor((connections + masters - 1 - number) / masters)),
  )
}

/** All blocks are made at once, because they share one memory. */
function blocksForEach(
  { blocks }: TargetOptions,
  shares: readonly number[],
): ReturnType<TargetOptions['blocks']>[] {
  const needed = shares.map((connections) => StandaloneTarget.blocksFor(connections, blocksPerLane))
  const all = blocks(needed.reduce((sum, count) => sum + count, 0))
  let at = 0
  return needed.map((count) => all.slice(at, (at += count)))
}
