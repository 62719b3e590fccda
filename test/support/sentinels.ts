import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../src-main/contract/connection.ts'
import { freePort } from './free-port.ts'
import { startRedis, type RedisServer } from './redis-server.ts'

export interface Watched {
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly sentinels: readonly RedisServer[]
  /** The name the Sentinels know it by. */
  readonly name: string
  /** As a person gives it: the Sentinels and the name. */
  readonly connection: Connection
  /** Resolves once the Sentinels name the replica. */
  replicaTookOver(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface WatchedOptions {
  /** What the Sentinels ask for. */
  readonly password?: string
  /** What primary and replica ask for. */
  readonly nodePassword?: string
  readonly downAfterMs?: number
  /** Primary and replica have configuration files, which a failover rewrites. */
  readonly configFiles?: true
  /** Another server than the one on PATH, for all of them. */
  readonly binary?: string
}

const limitMs = 30_000

/** A primary and its replica, and three Sentinels that watch them and fail over within a second or two. */
export async function startWatched({
  password,
  nodePassword,
  downAfterMs = 500,
  configFiles,
  binary,
}: WatchedOptions = {}): Promise<Watched> {
  const name = 'shop'
  const options = {
    ...(binary !== undefined && { binary }),
    ...(nodePassword !== undefined && { password: nodePassword }),
    ...(configFiles !== undefined && { configFile: configFiles }),
  }
  const auth = nodePassword === undefined ? [] : ['--masterauth', nodePassword]
  const primary = await startRedis({ ...options, args: ['--repl-diskless-sync-delay', '0', ...auth] })
  const replica = await startRedis({
    ...options,
    args: ['--slaveof', '127.0.0.1', String(primary.port), '--repl-diskless-sync-delay', '0', ...auth],
  })
  await until(async () => /master_link_status:up/.test(String(await replica.call('INFO', 'replication'))))
  const sentinels: RedisServer[] = []
  for (let number = 0; number < 3; number += 1) {
    const port = await freePort()
    const config = join(primary.dir, `sentinel-${port}.conf`)
    writeFileSync(
      config,
      [
        `port ${port}`,
        `bind 127.0.0.1`,
        `sentinel monitor ${name} 127.0.0.1 ${primary.port} 2`,
        `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
        `sentinel failover-timeout ${name} 3000`,
        ...(nodePassword === undefined ? [] : [`sentinel auth-pass ${name} ${nodePassword}`]),
        ...(password === undefined ? [] : [`requirepass ${password}`, `sentinel sentinel-pass ${password}`]),
        '',
      ].join('\n'),
    )
    sentinels.push(
      await startRedis({
        port,
        sentinel: config,
        ...(binary !== undefined && { binary }),
        ...(password !== undefined && { password }),
      }),
    )
  }
  const [first, ...others] = sentinels.map(({ host, port }) => ({ host, port }))
  await until(() => sentinels.every((one) => /slaves=1,sentinels=3/.test(one.cli('INFO', 'sentinel'))))
  return {
    primary,
    replica,
    sentinels,
    name,
    connection: {
      ...first!,
      sentinel: { master: name, others, ...(password !== undefined && { password }) },
      ...(nodePassword !== undefined && { password: nodePassword }),
    },
    async replicaTookOver() {
      await until(() =>
        sentinels.every((one) =>
          one.cli('SENTINEL', 'get-master-addr-by-name', name).endsWith(String(replica.port)),
        ),
      )
    },
    async [Symbol.asyncDispose]() {
      for (const server of [...sentinels, replica, primary]) await server.stop()
    },
  }
}

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error('the Sentinels did not get that far')
    await sleep(50)
  }
}
