import { expect, test } from 'vitest'
import { keySlot } from '#engine/bytes/crc16.ts'
import { startProxy } from '../support/proxy.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'
import { restless } from '../support/restless-cluster.ts'
import { faultsOfLink, weatherStorm, type Fault } from '../support/storm.ts'
import { compareAll, connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

/** Only in its long form: `npm run test:faults`. */
const count = Number(process.env['KEYFERRY_FAULTS'] ?? 0)
const seed = Number(process.env['KEYFERRY_SEED'] ?? 1)
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
    const slots = new Set(Array.from({ length: keys }, (_, key) => keySlot(Buffer.from(`count:${key}`))))
    const targets = restless(cluster, slots, random)
    const others: readonly Fault[] = [
      ...faultsOfLink('source', toSource, random),
      [3, 'ten slots moved on the target', () => targets.moveSlots()],
      [2, 'a master killed, its replica promoted', () => targets.failOver()],
      [1, 'a node killed -9 and back', () => targets.restart('killed')],
    ]
    await using stormed = await weatherStorm({ request, faults: count, random, writers: [writer], others })
    await writer.stop()
    await drain(stormed.sync, source)
    const { compared, differing, differences, equal } = await compareAll(source, cluster.nodes[1]!)
    console.log(`${stormed.told}; ${writer.written} commands, ${compared} keys compared, ${differing} differ`)
    expect({ equal, differences }).toEqual({ equal: true, differences: [] })
  },
  Math.max(300_000, count * 15_000),
)
