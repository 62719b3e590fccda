import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisCluster } from './redis-cluster.ts'
import type { RedisServer } from './redis-server.ts'

type Random = (below: number) => number

/** What befalls a cluster with a replica or more of each master. Each is over once all nodes agree again. */
export interface RestlessCluster {
  masters(): Promise<readonly RedisServer[]>
  /** Some slots go from one master to another, ten at the most. Each slot goes once. */
  moveSlots(): Promise<void>
  /** A master dies and a replica takes its place, maybe with less than was answered for; the dead one comes back. */
  failOver(): Promise<void>
  /** A master and a replica change places in order. */
  handOver(): Promise<void>
  /** A node ends and comes back at once, as `how` says; where that takes long, a replica takes its place. */
  restart(how: 'in order' | 'killed'): Promise<void>
}

const limitMs = 90_000
const slotsAtOnce = 10

/** `slots`: those that are worth moving. */
export function restless(cluster: RedisCluster, slots: Iterable<number>, random: Random): RestlessCluster {
  const { nodes } = cluster
  const unmoved = new Set(slots)
  const oneOf = <T>(all: readonly T[]): T => all[random(all.length)]!
  const masters = async (): Promise<readonly RedisServer[]> => [
    ...new Set((await cluster.owners()).flatMap((owner) => owner ?? [])),
  ]
  return {
    masters,
    async moveSlots() {
      const owners = await cluster.owners()
      const all = [...new Set(owners.flatMap((owner) => owner ?? []))]
      const from = oneOf(all)
      const to = oneOf(all.filter((node) => node !== from))
      for (const slot of [...unmoved].filter((one) => owners[one] === from).slice(0, slotsAtOnce)) {
        unmoved.delete(slot)
        await cluster.moveSlot(slot, nodes.indexOf(from), nodes.indexOf(to))
      }
      await agreed(nodes)
      // Keys that only a master has after they came to it, and that dies, the cluster itself has lost.
      await replicated(nodes)
    },
    async failOver() {
      const dying = oneOf(await masters())
      await dying.kill9()
      // Back before its replica has taken its place, it would be the master again, with what it has on disk.
      for (const deadline = Date.now() + limitMs; ; await sleep(50)) {
        const owners = await cluster.owners().catch(() => [undefined])
        if (owners.every((owner) => owner !== undefined)) break
        if (Date.now() > deadline) throw new Error('no replica takes the place of the dead')
      }
      await whole(nodes.filter((node) => node !== dying))
      await dying.restart()
      await agreed(nodes)
    },
    async handOver() {
      const all = await masters()
      const replica = oneOf(nodes.filter((node) => !all.includes(node)))
      await replica.call('CLUSTER', 'FAILOVER')
      for (const deadline = Date.now() + limitMs; ; await sleep(20)) {
        if (String(await replica.call('INFO', 'replication')).includes('role:master')) break
        if (Date.now() > deadline) throw new Error('the two do not change places')
      }
      await agreed(nodes)
    },
    async restart(how) {
      const node = oneOf(nodes)
      if (how === 'killed') await node.kill9()
      await node.restart()
      await whole(nodes)
      await dropLeftovers(node)
      await agreed(nodes)
    },
  }
}

/**
 * Who has lost its last moments may have keys again that it gave away with their slots. It takes these slots for such as
 * are on their way to it (`verifyClusterConfigWithData`), until somebody puts that right.
 */
async function dropLeftovers(node: RedisServer): Promise<void> {
  const view = String(await node.call('CLUSTER', 'NODES'))
  for (const [, slot] of view.matchAll(/\[(\d+)-<-\w+\]/g)) {
    const keys = (await node.callBuffer('CLUSTER', 'GETKEYSINSLOT', slot!, 1_000_000)) as Buffer[]
    if (keys.length > 0) await Promise.all([node.call('ASKING'), node.call('DEL', ...keys)])
    await node.call('CLUSTER', 'SETSLOT', slot!, 'STABLE')
  }
}

/** Every slot has an owner again, by the word of all that stand. */
async function whole(nodes: readonly RedisServer[]): Promise<void> {
  for (const node of nodes)
    for (const deadline = Date.now() + limitMs; ; await sleep(50)) {
      const info = String(await node.call('CLUSTER', 'INFO').catch(() => ''))
      if (info.includes('cluster_state:ok') && info.includes('cluster_slots_ok:16384')) break
      if (Date.now() > deadline) throw new Error(`the cluster is not whole: ${info}`)
    }
}

/** All see the same masters with the same slots, by the same epochs, and every replica follows. */
async function agreed(nodes: readonly RedisServer[]): Promise<void> {
  await whole(nodes)
  for (const deadline = Date.now() + limitMs; ; await sleep(50)) {
    const views = await Promise.all(nodes.map(viewOf))
    const links = await Promise.all(nodes.map(replicationOf))
    if (new Set(views).size === 1 && links.every((info) => !info.includes('master_link_status:down'))) return
    if (Date.now() > deadline) throw new Error(`the nodes do not agree: ${views.join('\n\n')}`)
  }
}

async function viewOf(node: RedisServer): Promise<string> {
  const lines = String(await node.call('CLUSTER', 'NODES').catch(() => '')).trim()
  return lines
    .split('\n')
    .map((line) => {
      const [id, , , master, , , epoch, , ...slots] = line.trim().split(' ')
      return [id, master, epoch, ...slots].join(' ')
    })
    .sort()
    .join('\n')
}

/** Every replica has what its master had when this began. */
async function replicated(nodes: readonly RedisServer[]): Promise<void> {
  const before = new Map<string, number>()
  for (const node of nodes) before.set(String(node.port), offsetIn(await replicationOf(node)))
  for (const node of nodes)
    for (const deadline = Date.now() + limitMs; ; await sleep(20)) {
      const info = await replicationOf(node)
      const master = /^master_port:(\d+)/m.exec(info)?.[1]
      if (master === undefined || offsetIn(info) >= before.get(master)!) break
      if (Date.now() > deadline) throw new Error('a replica does not come into step')
    }
}

async function replicationOf(node: RedisServer): Promise<string> {
  return String(await node.call('INFO', 'replication').catch(() => ''))
}

function offsetIn(info: string): number {
  return Number(/^master_repl_offset:(\d+)/m.exec(info)?.[1] ?? 0)
}
