import { setTimeout as sleep } from 'node:timers/promises'
import type { Proxy } from './proxy.ts'
import { startRedis, type RedisOptions, type RedisServer } from './redis-server.ts'

/** A primary with a replica, and wires that lead to whichever is the primary. */
export interface Promotable extends AsyncDisposable {
  readonly primary: RedisServer
  /** Such wires, from now on. */
  add(wire: Proxy): void
  /**
   * The primary dies and its replica takes its place with what has come to it, which may be less than was answered
   * for. The dead one comes back as its replica.
   */
  promote(): Promise<void>
  /** The two change places in order: nothing is lost (FAILOVER, from 6.2 on). */
  handOver(): Promise<void>
}

const limitMs = 60_000

/** Two servers alike, the second a replica of the first. */
export async function startPromotable(options: RedisOptions): Promise<Promotable> {
  let primary = await startRedis(options)
  let replica = await startRedis(options)
  const wires: Proxy[] = []
  const attach = async (): Promise<void> => {
    await replica.call('REPLICAOF', '127.0.0.1', primary.port)
    await inSync()
  }
  const inSync = async (): Promise<void> => {
    const deadline = Date.now() + limitMs
    while (!String(await replica.call('INFO', 'replication')).includes('master_link_status:up')) {
      if (Date.now() > deadline) throw new Error('the replica does not come into step')
      await sleep(20)
    }
  }
  const lead = (): void => {
    for (const wire of wires) {
      wire.leadTo(primary.port)
      wire.cut()
    }
  }
  await attach()
  return {
    get primary() {
      return primary
    },
    add(wire) {
      wires.push(wire)
    },
    async promote() {
      await primary.kill9()
      await replica.call('REPLICAOF', 'NO', 'ONE')
      ;[primary, replica] = [replica, primary]
      lead()
      await replica.restart()
      await attach()
    },
    async handOver() {
      await primary.call('FAILOVER', 'TO', '127.0.0.1', replica.port)
      const deadline = Date.now() + limitMs
      while (!String(await replica.call('INFO', 'replication')).includes('role:master')) {
        if (Date.now() > deadline) throw new Error('the two do not change places')
        await sleep(5)
      }
      ;[primary, replica] = [replica, primary]
      lead()
      await inSync()
    },
    async [Symbol.asyncDispose]() {
      await primary.stop()
      await replica.stop()
    },
  }
}
