import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Connection } from '#contract/connection.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { startProxy } from '../support/proxy.ts'
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { restless } from '../support/restless-cluster.ts'
import { startSocksProxy } from '../support/socks-proxy.ts'
import { corruption, faultsOfLink, weatherStorm, type Fault } from '../support/storm.ts'
import { connectionTo, differencesFromAll, drain, taskFolder } from '../support/sync-ends.ts'
import { makeTlsFiles } from '../support/tls-files.ts'
import { randomFrom } from '../support/writer.ts'

/** Only in its long form. */
const count = Number(process.env['KEYFERRY_FAULTS'] ?? 0)
const seed = Number(process.env['KEYFERRY_SEED'] ?? 1)
/** Each with three keys of eight kinds. */
const tags = 4_500

test.skipIf(count === 0)(
  `${count} faults at random while a cluster is followed into another, over TLS: nothing is lost, nothing doubled`,
  async () => {
    using folder = taskFolder()
    const tls = makeTlsFiles(folder.path)
    const replicating = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '256mb']
    const lasting = ['--cluster-replica-validity-factor', '0']
    await using source = await startCluster({
      replicas: 1,
      tls,
      args: [...replicating, ...lasting, '--save', '3600 1000000'],
    })
    await using target = await startCluster({
      replicas: 1,
      tls,
      args: [...lasting, '--appendonly', 'yes', '--appendfsync', 'everysec'],
    })
    // One wire leads to all nodes of a side: whom to dial is said on it.
    await using ofSource = await startSocksProxy()
    await using ofTarget = await startSocksProxy()
    await using toSource = await startProxy(ofSource.port)
    await using toTarget = await startProxy(ofTarget.port)
    const through = (wire: { readonly port: number }, cluster: RedisCluster): Connection => ({
      ...connectionTo(cluster.nodes[1]!),
      via: { kind: 'socks5', host: '127.0.0.1', port: wire.port },
    })
    const random = randomFrom(seed)
    const slots = new Set(Array.from({ length: tags }, (_, tag) => keySlot(Buffer.from(`t${tag}`))))
    const sources = restless(source, slots, random)
    const targets = restless(target, slots, random)
    const writer = startClusterWriter({
      ports: source.nodes.map(({ port }) => port),
      tls,
      tags,
      rate: 4_000,
      seed,
    })
    const others: readonly Fault[] = [
      ...faultsOfLink('source', toSource, random),
      ...faultsOfLink('target', toTarget, random),
      corruption('source', toSource),
      corruption('target', toTarget),
      [3, 'slots moved on the source', () => sources.moveSlots()],
      [3, 'slots moved on the target', () => targets.moveSlots()],
      [1, 'a node of the source restarted', () => sources.restart('in order')],
      [2, 'a master of the source killed, its replica promoted', () => sources.failOver()],
      [1, 'a master of the source handed over to its replica', () => sources.handOver()],
      [1, 'a node of the target restarted', () => targets.restart('in order')],
      [1, 'a node of the target killed -9 and back', () => targets.restart('killed')],
      [2, 'a master of the target killed, its replica promoted', () => targets.failOver()],
      [1, 'a master of the target handed over to its replica', () => targets.handOver()],
      [
        2,
        'slots moved on both sides, the links to both cut meanwhile',
        async () => {
          const moving = [sources.moveSlots(), targets.moveSlots()]
          await sleep(random(200))
          toSource.cut()
          toTarget.cut()
          await Promise.all(moving)
        },
      ],
    ]
    const request = {
      task: 'clusters',
      source: through(toSource, source),
      target: through(toTarget, target),
      folder: folder.path,
    }
    await using stormed = await weatherStorm({ request, faults: count, random, writers: [writer], others })
    await writer.stop()
    const masters = mastersOfShards(stormed.sync.progress!.shards, source)
    await drain(stormed.sync, ...masters)
    const { compared, differences } = await differencesFromAll(
      await sources.masters(),
      ...(await targets.masters()),
    )
    console.log(
      `seed ${seed}: ${stormed.told}; ${writer.written} commands, ${compared} keys compared, ${differences.length} differ`,
    )
    expect(differences).toEqual([])
    expect(compared).toBeGreaterThan(1_000)
  },
  Math.max(300_000, count * 20_000),
)

/** The masters in the order of the shards that follow them. */
function mastersOfShards(
  shards: readonly { readonly address: string }[],
  { nodes }: RedisCluster,
): readonly RedisServer[] {
  return shards.map(({ address }) => nodes.find(({ port }) => address.endsWith(`:${port}`))!)
}
