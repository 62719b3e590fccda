import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { Ledger } from '../flow/ledger.ts'
import type { NamedKey } from '../flow/refusals.ts'
import { parseInfo } from '../redis/info.ts'
import { replicationOf, type ReplicationState } from '../redis/replication.ts'
import { slotCount, slotsCovered, type ClusterTopology } from '../redis/topology.ts'
import { ReplyError } from '../resp/decode.ts'
import type { Link, OpenOptions } from '../resp/link.ts'
import { ClusterLinks } from './cluster-links.ts'
import { ClusterWatch } from './cluster-watch.ts'
import { ClusterTarget } from './cluster.ts'
import { endConnectionsOf, type DeadRun } from './dead-run.ts'
import type { Destination } from './destination.ts'
import { lookSilenceMs } from './look.ts'
import { newestTopology } from './newest-topology.ts'
import { ReplicationMarks } from './replication-marks.ts'
import { appendOnlyLossMs, endConnections, tidyingMs } from './standalone-destination.ts'
import type { Manners, TargetOptions } from './target.ts'

interface MasterState {
  readonly runId: string | null
  readonly appendOnly: boolean
  readonly replication: ReplicationState
}

/** What was written to last. */
interface Written {
  readonly cluster: ClusterTarget
  /** Of each master, by its number. */
  readonly states: readonly MasterState[]
}

/** The masters of a cluster, found anew for every attempt by asking whichever of its nodes answers. */
export class ClusterDestination implements Destination {
  readonly address: string
  readonly manners: Manners = { selects: false, manyKeys: false, renames: true }
  readonly #connection: Connection
  readonly #marks = new ReplicationMarks()
  #topology: ClusterTopology
  #written: Written | null = null

  constructor(connection: Connection, topology: ClusterTopology) {
    this.address = addressOf(connection)
    this.#connection = connection
    this.#topology = topology
  }

  async open(options: TargetOptions, ledger: Ledger): Promise<ClusterTarget> {
    const { signal, name } = options
    this.#topology = await newestTopology(this.#connection, this.#topology, signal)
    assertWhole(this.#topology, this.address)
    const cluster = await ClusterTarget.open(this.#connection, this.address, this.#topology, options)
    try {
      // Looked at once the connections stand: a server started anew after that is one that loses them.
      const states = await this.#comeBack(cluster, ledger, signal)
      cluster.endsWith(
        await ClusterWatch.start(cluster, { connection: this.#connection, name, marks: this.#marks, signal }),
      )
      this.#written = { cluster, states }
      return cluster
    } catch (thrown) {
      cluster.close()
      throw thrown
    }
  }

  get servers(): Readonly<Record<string, string>> {
    const { cluster, states } = this.#written ?? { cluster: { masters: [] }, states: [] }
    return Object.fromEntries(
      cluster.masters.flatMap(({ id }, number) => {
        const runId = states[number]?.runId
        return runId === undefined || runId === null ? [] : [[id, runId]]
      }),
    )
  }

  async takeUp(dead: DeadRun, ledger: Ledger, signal: AbortSignal): Promise<boolean> {
    this.#topology = await newestTopology(this.#connection, this.#topology, signal)
    assertWhole(this.#topology, this.address)
    using links = await ClusterLinks.open(this.#connection, this.#topology, { ...lookOptions, signal })
    const states = await Promise.all(links.links.map(stateOf))
    for (const link of links.links) await endConnectionsOf(link, dead.name)
    let isSame = true
    for (const [id, runId] of Object.entries(dead.servers)) {
      const state = states[links.masters.findIndex((master) => master.id === id)]
      if (state?.runId === runId) continue
      isSame = false
      // How far a replica was that has taken its place since, nobody knows any more.
      ledger.goBack(state?.appendOnly === true ? appendOnlyLossMs : Infinity)
    }
    return isSame
  }

  async remove({ key }: NamedKey): Promise<void> {
    using links = await ClusterLinks.open(this.#connection, this.#topology, lookOptions)
    await removeKey(links, key)
  }

  async leave({ key }: NamedKey): Promise<void> {
    const short = { ...lookOptions, timeoutMs: tidyingMs, silenceMs: tidyingMs }
    using links = await ClusterLinks.open(this.#connection, this.#topology, short)
    for (const [number, link] of links.links.entries())
      await endConnections(link, this.#clientIdsOf(links.masters[number]!.id))
    await removeKey(links, key)
  }

  /** Gives the state of each master of `cluster`. */
  async #comeBack(
    cluster: ClusterTarget,
    ledger: Ledger,
    signal: AbortSignal,
  ): Promise<readonly MasterState[]> {
    using links = await ClusterLinks.open(this.#connection, this.#topology, { ...lookOptions, signal })
    const states = await Promise.all(links.links.map(stateOf))
    if (this.#written === null) return states
    const used = new Set(this.#written.cluster.slotOwners)
    for (const [before, { id }] of this.#written.cluster.masters.entries()) {
      if (!used.has(before)) continue
      const number = cluster.masters.findIndex((master) => master.id === id)
      const state = states[number]
      const { runId } = this.#written.states[before]!
      if (state === undefined) ledger.goBackTo(this.#wholeAt(id, states))
      else if (runId !== null && state.runId === runId)
        await endConnections(links.links[number]!, this.#clientIdsOf(id))
      // Started anew: with an append-only file it has all but the last moments, else nobody knows what.
      else ledger.goBack(state.appendOnly ? appendOnlyLossMs : Infinity)
    }
    return states
  }

  /**
   * When all that this former master had answered for was in the copy of it that one of these took its place with.
   * Replication is asynchronous: a replica may lack what its master has acknowledged last.
   */
  #wholeAt(id: string, states: readonly MasterState[]): number {
    return Math.max(
      ...states.map(({ replication: { earlier } }) =>
        earlier === null ? -Infinity : this.#marks.wholeAt(id, earlier),
      ),
    )
  }

  #clientIdsOf(id: string): readonly (number | bigint)[] {
    const number = this.#written?.cluster.masters.findIndex((master) => master.id === id) ?? -1
    return this.#written?.cluster.nodes[number]?.clientIds ?? []
  }
}

const lookOptions: OpenOptions = { silenceMs: lookSilenceMs, name: 'keyferry:look' }

/** Fails with `target.cluster-down` where a slot has no owner, or one that does not answer. */
export function assertWhole(topology: ClusterTopology, address: string): void {
  const { ok, nodes } = topology
  const standing = { ...topology, nodes: nodes.filter(({ failed }) => !failed) }
  const covered = slotsCovered(standing)
  if (!ok || covered < slotCount)
    fail('target.cluster-down', { address, ...(covered < slotCount ? { covered } : {}) })
}

async function stateOf(link: Link): Promise<MasterState> {
  const reply = await link.call(['INFO'])
  const info = parseInfo(Buffer.isBuffer(reply) ? reply.toString() : '')
  if (info.get('loading') === '1') fail('target.loading', { address: link.address })
  return {
    runId: info.get('run_id') ?? null,
    appendOnly: info.get('aof_enabled') === '1',
    replication: replicationOf(info),
  }
}

async function removeKey(links: ClusterLinks, key: Uint8Array): Promise<void> {
  if ((await links.call(key, ['UNLINK', key])) instanceof ReplyError) await links.ask(key, ['DEL', key])
}
