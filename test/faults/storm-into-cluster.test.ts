import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keySlot } from '#engine/bytes/crc16.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync, type SyncProcess } from '../support/sync-process.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

/** Only in its long form: `npm run test:faults`. */
const count = Number(process.env['KEYFERRY_FAULTS'] ?? 0)
const seed = Number(process.env['KEYFERRY_SEED'] ?? 1)
const calmEvery = 5
const calmLimitMs = 180_000
const keys = 2_000

test.skipIf(count === 0)(
  `${count} faults at random while a cluster is followed into: nothing is lost, nothing doubled`,
  async () => {
    await using source = await startRedis({
      args: ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '512mb'],
    })
    await using cluster = await startCluster({
      replicas: 1,
      args: ['--appendonly', 'yes', '--appendfsync', 'everysec', '--cluster-replica-validity-factor', '0'],
    })
    await using toSource = await startProxy(source.port)
    using folder = taskFolder()
    const request = {
      task: 'storm',
      source: connectionTo(toSource),
      target: connectionTo(cluster.nodes[1]!),
      folder: folder.path,
    }
    const random = randomFrom(seed)
    const writer = startWriter({
      port: source.port,
      rate: 1_000,
      keys,
      seed,
      oneDatabase: true,
      comesBack: true,
    })
    let sync = startSync(request)
    // Each goes once, from one master to the next: slots taken in turns may end without an owner.
    const slots = [...new Set(Array.from({ length: keys }, (_, key) => keySlot(Buffer.from(`count:${key}`))))]
    const stall = async (wire: Proxy): Promise<void> => {
      wire.hold()
      await sleep(random(1_500))
      wire.release()
    }
    const moveSlots = async (): Promise<void> => {
      const owners = await cluster.owners()
      const some = slots.filter((slot) => owners[slot] === owners[0]).slice(0, 10)
      const from = cluster.nodes.indexOf(owners[0]!)
      const to = cluster.nodes.indexOf(owners[16_383]!)
      for (const slot of some.filter((one) => one !== 0)) await cluster.moveSlot(slot, from, to)
      await agreed(cluster.nodes)
    }
    const failOver = async (): Promise<void> => {
      const masters = [...new Set(await cluster.owners())].filter((node) => node !== undefined)
      const dying = masters[random(masters.length)]!
      await dying.kill9()
      await whole(cluster.nodes.filter((node) => node !== dying))
      await dying.restart()
      await agreed(cluster.nodes)
    }
    const restart = async (): Promise<void> => {
      const node = cluster.nodes[random(cluster.nodes.length)]!
      await node.kill9()
      await node.restart()
      await agreed(cluster.nodes)
    }
    const faults: readonly (readonly [weight: number, name: string, befall: () => Promise<void> | void])[] = [
      [
        5,
        'ours killed -9',
        async () => {
          await sync.kill9()
          sync = startSync(request)
        },
      ],
      [2, 'link to the source cut', () => toSource.cut()],
      [1, 'link to the source stalled', () => stall(toSource)],
      [3, 'ten slots moved on the target', moveSlots],
      [2, 'a master killed and replaced', failOver],
      [1, 'a node killed and restarted', restart],
    ]
    const wheel = faults.flatMap((fault) => Array.from({ length: fault[0] }, () => fault))
    const befallen = new Map<string, number>()
    try {
      await inStep(sync)
      for (let fault = 1; fault <= count; fault += 1) {
        const [, name, befall] = wheel[random(wheel.length)]!
        befallen.set(name, (befallen.get(name) ?? 0) + 1)
        await befall()
        await sleep(random(700))
        if (fault % calmEvery === 0) await inStep(sync)
      }
      await writer.stop()
      await inStep(sync)
      await drain(sync, source)
      const { compared, differing, differences, equal } = await compareAll(source, cluster.nodes[1]!)
      const told = [...befallen].map(([name, times]) => `${name} ${times} times`).join(', ')
      console.log(`${told}; ${writer.written} commands, ${compared} keys compared, ${differing} differ`)
      expect({ equal, differences }).toEqual({ equal: true, differences: [] })
    } finally {
      await sync[Symbol.asyncDispose]()
    }
  },
  Math.max(300_000, count * 15_000),
)

async function inStep(sync: SyncProcess): Promise<void> {
  await sync.until(({ phase }) => phase === 'in-step', calmLimitMs)
}

/** Every slot has an owner again, by the word of all that stand. */
async function whole(nodes: readonly RedisServer[]): Promise<void> {
  for (const node of nodes)
    for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
      const info = String(await node.call('CLUSTER', 'INFO').catch(() => ''))
      if (info.includes('cluster_state:ok') && info.includes('cluster_slots_ok:16384')) break
      if (Date.now() > deadline) throw new Error(`the cluster is not whole: ${info}`)
    }
}

/** All see the same owners, and every replica follows. */
async function agreed(nodes: readonly RedisServer[]): Promise<void> {
  await whole(nodes)
  for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
    const views = await Promise.all(
      nodes.map(async (node) => {
        const lines = String(await node.call('CLUSTER', 'NODES').catch(() => '')).split('\n')
        const slots = lines.map((line) => [line.split(' ')[0], ...line.split(' ').slice(8)].join(' '))
        return slots.sort().join('\n')
      }),
    )
    const links = await Promise.all(nodes.map((node) => node.call('INFO', 'replication').catch(() => '')))
    if (new Set(views).size === 1 && links.every((info) => !String(info).includes('master_link_status:down')))
      return
    if (Date.now() > deadline) throw new Error(`the nodes do not agree: ${views.join('\n\n')}`)
  }
}
