import type { Connection } from '#contract/connection.ts'
import type { Link } from '../resp/link.ts'
import { parseInfo } from './info.ts'

export const slotCount = 16_384

/** A node of a cluster, as one of them sees it. */
export interface ClusterNode {
  readonly id: string
  /** Where clients shall reach it: the name it announces where it prefers one, else its address. */
  readonly host: string
  readonly port: number
  /** Everything it may be called in a redirection: `host:port`, with its address and with its name. */
  readonly addresses: readonly string[]
  readonly role: 'master' | 'replica'
  /** Of a replica: its master's id. */
  readonly masterId: string | null
  /** The majority of masters has agreed that it does not answer. */
  readonly failed: boolean
  readonly slots: readonly SlotRange[]
}

/** Both ends belong to it. */
export interface SlotRange {
  readonly from: number
  readonly to: number
}

export interface ClusterTopology {
  /** `cluster_state`: whether the cluster takes commands. */
  readonly ok: boolean
  /** Grows with every failover: of two views the one with the higher epoch is the newer. */
  readonly epoch: number
  readonly nodes: readonly ClusterNode[]
}

/** Asks a node for the cluster as it sees it, on any version from 3.0 on. Fails where it refuses to tell. */
export async function readTopology(link: Link, { host }: Pick<Connection, 'host'>): Promise<ClusterTopology> {
  const [info, nodes, slots] = await Promise.all([
    link.ask(['CLUSTER', 'INFO']),
    link.ask(['CLUSTER', 'NODES']),
    link.call(['CLUSTER', 'SLOTS']),
  ])
  return topologyOf({ info: String(info), nodes: String(nodes), slots }, host)
}

/** What the answers to CLUSTER INFO, NODES and SLOTS tell together, asked at `askedHost`. */
export function topologyOf(
  { info, nodes, slots }: { readonly info: string; readonly nodes: string; readonly slots: unknown },
  askedHost: string,
): ClusterTopology {
  const state = parseInfo(info)
  return {
    ok: state.get('cluster_state') === 'ok',
    epoch: Number(state.get('cluster_current_epoch') ?? 0),
    nodes: parseClusterNodes(nodes, askedHost, preferredHosts(slots)),
  }
}

/** The masters that can be written to: those with slots, and those that slots may be moved to. */
export function mastersOf({ nodes }: ClusterTopology): readonly ClusterNode[] {
  return nodes.filter(({ role, slots, failed }) => role === 'master' && (slots.length > 0 || !failed))
}

/** How many of the 16,384 slots have an owner. */
export function slotsCovered({ nodes }: ClusterTopology): number {
  return nodes.reduce((sum, node) => sum + countSlots(node), 0)
}

export function countSlots({ slots }: Pick<ClusterNode, 'slots'>): number {
  return slots.reduce((sum, { from, to }) => sum + to - from + 1, 0)
}

/**
 * Reads `CLUSTER NODES` (`clusterGenNodeDescription` in `cluster.c`), one line a node:
 * `id ip:port[@bus[,name[,field=value…]]] flags master ping pong epoch link slot…`. A node that does not know its
 * own address yet leaves it out: it is where it was asked, `askedHost`. Nodes without an address, and those still
 * being introduced, are left out.
 */
export function parseClusterNodes(
  text: string,
  askedHost: string,
  preferred: ReadonlyMap<string, string> = new Map(),
): readonly ClusterNode[] {
  return text.split('\n').flatMap((line) => {
    const [id, place, flags, master, , , , , ...slots] = line.trim().split(' ')
    if (id === undefined || place === undefined || flags === undefined) return []
    const named = flags.split(',')
    if (named.includes('noaddr') || named.includes('handshake')) return []
    const [address = '', name = ''] = place.split(',')
    const colon = address.lastIndexOf(':')
    const [port = ''] = address.slice(colon + 1).split('@')
    const own = address.slice(0, colon) || askedHost
    const host = preferred.get(id) ?? own
    return [
      {
        id,
        host,
        port: Number(port),
        addresses: [...new Set([host, own, name].filter((one) => one !== ''))].map((one) => `${one}:${port}`),
        role: named.includes('master') ? 'master' : 'replica',
        masterId: master === undefined || master === '-' ? null : master,
        failed: named.includes('fail'),
        slots: slots.flatMap(parseSlots),
      } as const,
    ]
  })
}

/**
 * What a node says of its own slots in its `CLUSTER NODES`: those it takes writes for, none while it is a replica, and
 * those on their way to it or from it (`[93-<-id]`, `[93->-id]`).
 */
export function ownSlots(nodes: string): {
  readonly slots: readonly SlotRange[]
  readonly moving: readonly number[]
} {
  const own = nodes.split('\n').find((line) => (line.split(' ')[2] ?? '').split(',').includes('myself')) ?? ''
  return {
    slots: parseClusterNodes(own, '').flatMap(({ slots }) => slots),
    moving: [...own.matchAll(/\[(\d+)-[<>]-/g)].map(([, slot]) => Number(slot)),
  }
}

/** Is this `INFO` that of a node of a cluster? */
export function isCluster(info: string): boolean {
  return /^cluster_enabled:1/m.test(info)
}

/** `5`, `0-5460`; `[93-<-id]` and `[93->-id]` are slots on their way, which still have their owner. */
function parseSlots(text: string): readonly SlotRange[] {
  const range = /^(\d+)(?:-(\d+))?$/.exec(text)
  return range === null ? [] : [{ from: Number(range[1]), to: Number(range[2] ?? range[1]) }]
}

/**
 * What the owners of slots want to be called by (`cluster-preferred-endpoint-type`, 7.0), by their id, which
 * `CLUSTER SLOTS` has from 4.0 on. An empty name, null or `?` means: as you have reached me.
 */
function preferredHosts(slots: unknown): ReadonlyMap<string, string> {
  const hosts = new Map<string, string>()
  if (!Array.isArray(slots)) return hosts
  for (const range of slots)
    for (const node of Array.isArray(range) ? range.slice(2) : []) {
      const [host, , id] = Array.isArray(node) ? node.map((field) => String(field ?? '')) : []
      if (id !== undefined && host !== undefined && host !== '' && host !== '?') hosts.set(id, host)
    }
  return hosts
}
