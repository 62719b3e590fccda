import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { keySlot } from '#engine/bytes/crc16.ts'
import { parseClusterNodes } from '#engine/redis/topology.ts'
import { startRedis, type RedisServer } from './redis-server.ts'
import type { TlsFiles } from './tls-files.ts'

export interface ClusterOptions {
  readonly masters?: number
  /** Of each master. */
  readonly replicas?: number
  /** Masters that have no slots yet, besides. */
  readonly spare?: number
  readonly args?: readonly string[]
  /** Another server than the one on PATH. */
  readonly binary?: string
  readonly password?: string
  /** TLS only, between the nodes too. */
  readonly tls?: TlsFiles | null
}

export interface RedisCluster {
  /** Masters as they were at the start, then those without slots, then replicas: those of the first master first. */
  readonly nodes: readonly RedisServer[]
  readonly ids: readonly string[]
  /** Of each node that stands: the slots that it believes to have. Fails where two believe to have the same. */
  owners(): Promise<readonly (RedisServer | undefined)[]>
  /**
   * Adds a master without slots that nobody knew so far; its number, at the end of all. With `quietly` the others are not
   * asked whether they know it: they may be frozen.
   */
  addMaster(quietly?: boolean): Promise<number>
  /** Moves a slot with all its keys, as resharding does. */
  moveSlot(slot: number, from: number, to: number): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const slotCount = 16_384
const nodeTimeoutMs = 1500
/** A node's bus has its port and ten thousand. */
const busOffset = 10_000

/**
 * Forms a cluster of real servers on 127.0.0.1, all slots shared out evenly, and waits until it takes commands. Every
 * node starts with its `nodes.conf` written, so nobody has to be introduced.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 0, spare = 0, args = [], binary, password, tls = null } = options
  const count = masters + spare + masters * replicas
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-cluster-'))
  const ids = Array.from({ length: count }, () => randomBytes(20).toString('hex'))
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePortWithBus(ports))
  const masterOf = (node: number): number | null =>
    node < masters + spare ? null : Math.floor((node - masters - spare) / replicas)
  const line = (node: number, myself: boolean): string => {
    const master = masterOf(node)
    const flags = [...(myself ? ['myself'] : []), master === null ? 'master' : 'slave'].join(',')
    const slots = node < masters ? ` ${firstSlotOf(node, masters)}-${firstSlotOf(node + 1, masters) - 1}` : ''
    const epoch = (master ?? node) + 1
    return `${ids[node]} 127.0.0.1:${ports[node]} ${flags} ${master === null ? '-' : ids[master]} 0 0 ${epoch} connected${slots}`
  }
  const nodes: RedisServer[] = []
  const start = (port: number, dir: string): Promise<RedisServer> =>
    startRedis({
      port,
      dir,
      ...(binary === undefined ? {} : { binary }),
      ...(password === undefined ? {} : { password }),
      ...(tls === null ? {} : { tls }),
      args: [
        ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)],
        ...(tls === null ? [] : tlsArgs(tls)),
        ...(password === undefined ? [] : ['--masterauth', password]),
        ...args,
      ],
    })
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(
      ports.map(async (port, node) => {
        const dir = join(folder, String(node))
        mkdirSync(dir)
        const lines = ports.map((_, other) => line(other, other === node))
        writeFileSync(
          join(dir, 'nodes.conf'),
          `${lines.join('\n')}\nvars currentEpoch ${count} lastVoteEpoch 0\n`,
        )
        nodes[node] = await start(port, dir)
      }),
    )
    await untilWhole(nodes, masterOf)
  } catch (thrown) {
    await stop()
    throw thrown
  }

  const tell = async (node: RedisServer, ...words: (string | number)[]): Promise<unknown> =>
    await node.call('CLUSTER', ...words)

  return {
    nodes,
    ids,
    async owners() {
      const owners: (RedisServer | undefined)[] = Array.from({ length: slotCount })
      for (const [number, node] of nodes.entries()) {
        const view = await tell(node, 'NODES').catch(() => null)
        if (view === null) continue
        const own = parseClusterNodes(String(view), '127.0.0.1').find(({ id }) => id === ids[number])
        for (const { from, to } of own?.role === 'master' ? own.slots : [])
          for (let slot = from; slot <= to; slot += 1) {
            if (owners[slot] !== undefined) throw new Error(`two nodes have slot ${slot}`)
            owners[slot] = node
          }
      }
      return owners
    },
    async addMaster(quietly = false) {
      const port = await freePortWithBus(ports)
      const dir = join(folder, String(nodes.length))
      mkdirSync(dir)
      const node = await start(port, dir)
      const id = String(await tell(node, 'MYID'))
      await tell(node, 'MEET', '127.0.0.1', ports[0]!)
      ports.push(port)
      ids.push(id)
      nodes.push(node)
      await untilKnown(quietly ? [node] : nodes, ids)
      return nodes.length - 1
    },
    async moveSlot(slot, from, to) {
      const source = nodes[from]!
      const target = nodes[to]!
      await tell(target, 'SETSLOT', slot, 'IMPORTING', ids[from]!)
      await tell(source, 'SETSLOT', slot, 'MIGRATING', ids[to]!)
      for (;;) {
        const keys = (await source.callBuffer('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as Buffer[]
        if (keys.length === 0) break
        await source
          .call('MIGRATE', '127.0.0.1', target.port, '', 0, 5000, 'KEYS', ...keys)
          .catch(async (error: unknown) => {
            // While another master is being replaced, nothing can be moved.
            if (!String(error).includes('CLUSTERDOWN')) throw error
            await sleep(50)
          })
      }
      for (const node of [target, source]) await tell(node, 'SETSLOT', slot, 'NODE', ids[to]!)
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** The number of the master that has this slot in a cluster just formed. */
export function masterOfSlot(slot: number, masters: number): number {
  let master = 0
  while (firstSlotOf(master + 1, masters) <= slot) master += 1
  return master
}

function firstSlotOf(master: number, masters: number): number {
  return Math.floor((master * slotCount) / masters)
}

/** The keys of a server that a cluster must have, each asked at its slot's owner: what they are as a client sees it. */
export async function describeInCluster(
  cluster: RedisCluster,
  keys: readonly Buffer[],
): Promise<readonly string[]> {
  const owners = await cluster.owners()
  const shares = new Map<RedisServer, Buffer[]>()
  for (const key of keys) {
    const owner = owners[keySlot(key)]
    if (owner === undefined) throw new Error(`nobody has the slot of ${key.toString('latin1')}`)
    const share = shares.get(owner)
    if (share === undefined) shares.set(owner, [key])
    else share.push(key)
  }
  const parts = await Promise.all([...shares].map(([owner, share]) => digestsOf(owner, share)))
  return parts.flat().sort()
}

/** `key digest expiry`, a line each: DEBUG asks no slot, so keys on another node's server show as missing. */
export async function digestsOf(server: RedisServer, keys: readonly Buffer[]): Promise<readonly string[]> {
  const lines: string[] = []
  for (let at = 0; at < keys.length; at += 500) {
    const some = keys.slice(at, at + 500)
    const digests = (await server.call('DEBUG', 'DIGEST-VALUE', ...some)) as string[]
    const expiries = await Promise.all(some.map((key) => server.call('PEXPIRETIME', key)))
    for (const [index, key] of some.entries())
      lines.push(`${key.toString('latin1')} ${digests[index]} ${String(expiries[index])}`)
  }
  return lines.sort()
}

export async function allKeys(server: RedisServer): Promise<readonly Buffer[]> {
  return (await server.callBuffer('KEYS', '*')) as Buffer[]
}

async function untilWhole(
  nodes: readonly RedisServer[],
  masterOf: (node: number) => number | null,
): Promise<void> {
  const deadline = Date.now() + 20_000
  for (const [number, node] of nodes.entries())
    for (;;) {
      const info = String(await node.call('CLUSTER', 'INFO'))
      const replication = masterOf(number) === null ? '' : String(await node.call('INFO', 'replication'))
      if (info.includes('cluster_state:ok') && !replication.includes('master_link_status:down')) break
      if (Date.now() > deadline) throw new Error(`the cluster did not form: ${info}`)
      await sleep(50)
    }
}

/** Every node knows every other, and takes commands. */
async function untilKnown(nodes: readonly RedisServer[], ids: readonly string[]): Promise<void> {
  const deadline = Date.now() + 30_000
  for (const node of nodes)
    for (;;) {
      const known = parseClusterNodes(String(await node.call('CLUSTER', 'NODES')), '127.0.0.1')
      const info = String(await node.call('CLUSTER', 'INFO'))
      const knowsAll = ids.every((id) => known.some((one) => one.id === id))
      if (knowsAll && info.includes('cluster_state:ok')) break
      if (Date.now() > deadline) throw new Error(`a node has not come to be known: ${info}`)
      await sleep(50)
    }
}

/** The bus asks for certificates on both ends, and a server's own is none for a client. */
function tlsArgs({ clientCert, clientKey }: TlsFiles): readonly string[] {
  const own = ['--tls-client-cert-file', clientCert, '--tls-client-key-file', clientKey]
  return ['--tls-cluster', 'yes', '--tls-replication', 'yes', ...own]
}

/** Both below 32,768: from there on any connection may take one between our look and the node's start. */
async function freePortWithBus(taken: readonly number[]): Promise<number> {
  for (let turn = 0; turn < 200; turn += 1) {
    const port = 11_000 + Math.floor(Math.random() * 11_700)
    if (!taken.includes(port) && (await isFree(port)) && (await isFree(port + busOffset))) return port
  }
  throw new Error('no free pair of ports')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
