import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ReadinessReport, ReadinessSpec } from '#contract/readiness.ts'
import { judgeReadiness } from '#engine/readiness/readiness.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { at } from '../support/checks.ts'
import { masterOfSlot, startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

const script = "redis.call('SET', KEYS[1], 1) redis.call('SET', KEYS[2], 2)"

/** What applications of each case ask; the last is refused by a cluster. */
const workloads = {
  1: [
    ['SET', 'user:1', 'a'],
    ['INCR', 'visits'],
    ['DEL', 'user:1'],
    ['ZADD', 'board', '1', 'm'],
  ],
  2: [
    ['SET', 'plain', 'a'],
    ['MSET', '{u:1}:name', 'a', '{u:1}:mail', 'b'],
    ['EVAL', script, '2', '{u:1}:x', '{u:1}:y'],
  ],
  3: [
    ['SET', 'plain', 'a'],
    ['MSET', 'name', 'a', 'mail', 'b'],
    ['SADD', 'from', 'm'],
    ['SMOVE', 'from', 'into', 'm'],
    ['EVAL', script, '2', 'alone:1', 'alone:2'],
  ],
} as const

const judge = (spec: ReadinessSpec): Promise<ReadinessReport> =>
  judgeReadiness(spec, () => undefined, new AbortController().signal)

async function startRecorded(): Promise<RedisServer> {
  return await startRedis({
    args: ['--appendonly', 'yes', '--appendfsync', 'always', '--repl-diskless-sync-delay', '0'],
  })
}

/** One that keeps a backlog, because a replica has been there. */
async function withReplica(server: RedisServer): Promise<RedisServer> {
  const replica = await startRedis({ args: ['--replicaof', server.host, String(server.port)] })
  for (let turn = 0; turn < 600; turn += 1) {
    if (String(await server.call('INFO', 'replication')).includes('state=online')) return replica
    await sleep(50)
  }
  throw new Error('the replica never came online')
}

/** Asks the same over and over until `done`, some in a transaction. */
async function ask(server: RedisServer, wanted: keyof typeof workloads, done: () => boolean): Promise<void> {
  while (!done()) {
    for (const [name, ...args] of workloads[wanted]) await server.call(name, ...args)
    await server.call('MULTI')
    await server.call('INCR', wanted === 3 ? 'count:a' : '{c}a')
    await server.call('INCR', wanted === 1 ? '{c}a' : wanted === 2 ? '{c}b' : 'count:b')
    await server.call('EXEC')
    await sleep(5)
  }
}

/** One that this master of three has. */
function keyOfMaster(master: number): string {
  for (let number = 0; ; number += 1)
    if (masterOfSlot(keySlot(Buffer.from(`k${number}`)), 3) === master) return `k${number}`
}

const crossing = ({ findings }: ReadinessReport): string[] =>
  findings
    .filter((one) => one.advice !== null)
    .map(({ what, name, advice }) => `${what} ${name.replace(/ [0-9a-f]{12}$/, '')}: ${advice}`)
    .sort()

describe('whether applications can use a cluster', () => {
  it.each([1, 2, 3] as const)(
    'case %i is told from the stream, from MONITOR and from the file',
    async (wanted) => {
      await using server = await startRecorded()
      await using _replica = await withReplica(server)
      let done = false
      const looks = Promise.all([
        judge({ from: 'stream', sources: [at(server)], seconds: 2 }),
        judge({ from: 'monitor', sources: [at(server)], seconds: 2 }),
      ]).finally(() => {
        done = true
      })
      await ask(server, wanted, () => done)
      const [stream, monitor] = await looks
      const file = await judge({ from: 'aof', input: join(server.dir, 'appendonlydir') })
      expect([stream.case, monitor.case, file.case]).toEqual([wanted, wanted, wanted])
      const written = [
        'command MSET: split',
        'command SMOVE: tag',
        'transaction INCR: tag',
        'transaction SET: tag',
      ]
      expect(crossing(stream)).toEqual(wanted === 3 ? written : [])
      expect(crossing(file)).toEqual(wanted === 3 ? written : [])
      expect(crossing(monitor)).toEqual(
        wanted === 3
          ? ['command MSET: split', 'command SMOVE: tag', 'script EVAL: tag', 'transaction INCR: tag']
          : [],
      )
      if (wanted !== 3) return
      const [moved] = file.findings.filter(({ name }) => name === 'SMOVE')
      expect(moved).toMatchObject({ example: ['from', 'into'], crossing: moved!.count })
      expect(moved!.share).toBeGreaterThan(0.1)
      expect(moved!.share).toBeLessThan(0.3)
    },
  )

  it('reads, other databases and scripts without keys show where they are seen', async () => {
    await using server = await startRecorded()
    let done = false
    const look = judge({ from: 'monitor', sources: [at(server)], seconds: 2 }).finally(() => {
      done = true
    })
    while (!done) {
      await server.call('MGET', 'one', 'two')
      await server.call('EVAL', "return redis.call('GET', 'hidden')", '0')
      await server.call('EVAL', 'return 1', '0')
      await server.call('MULTI')
      await server.call('HGET', 'hash', 'f')
      await server.call('LLEN', 'list')
      await server.call('EXEC')
      await server.call('SELECT', '2')
      await server.call('SET', 'far', 'away')
      await server.call('MOVE', 'far', '3')
      await server.call('SELECT', '0')
    }
    const report = await look
    expect(report).toMatchObject({ case: 3, reads: true, dbs: [0, 2] })
    expect(crossing(report)).toEqual([
      'command MGET: split',
      'command MOVE: databases',
      'script EVAL: declare',
      'transaction HGET LLEN: tag',
    ])
  })

  it('asks no source for a snapshot, and says where there was nothing to see', async () => {
    await using server = await startRecorded()
    await expect(judge({ from: 'stream', sources: [at(server)], seconds: 1 })).rejects.toMatchObject({
      failure: { code: 'readiness.no-backlog' },
    })
    expect(String(await server.call('INFO', 'stats'))).toContain('sync_full:0')
    await expect(judge({ from: 'aof', input: join(server.dir, 'appendonlydir') })).rejects.toMatchObject({
      failure: { code: 'readiness.nothing-seen' },
    })
  })

  it('several servers, and all masters of a cluster, are one report; one that cannot be looked at ends it', async () => {
    await using cluster = await startCluster({ replicas: 1, args: ['--repl-diskless-sync-delay', '0'] })
    await using alone = await startRecorded()
    await using _replica = await withReplica(alone)
    const masters = cluster.nodes.slice(0, 3)
    const keys = masters.map((_, master) => keyOfMaster(master))
    const [, , , node] = cluster.nodes
    let done = false
    const looking = runCli(
      ['readiness', '-f', `127.0.0.1:${node!.port}`, '-f', `127.0.0.1:${alone.port}`, '--for', '4', '--json'],
      { timeoutMs: 120_000 },
    ).finally(() => {
      done = true
    })
    while (!done) {
      for (const [index, master] of masters.entries()) await master.call('SET', keys[index]!, 1)
      await alone.call('RENAME', 'k', 'another').catch(() => alone.call('SET', 'k', 'v'))
      await sleep(5)
    }
    const found = await looking
    expect(found.code, found.stderr).toBe(3)
    const report = found.events.at(-1) as unknown as ReadinessReport
    expect(report).toMatchObject({ case: 3, several: report.crossing })
    expect([...report.servers].sort()).toEqual(
      [...masters, alone].map(({ port }) => `127.0.0.1:${port}`).sort(),
    )
    expect(report.findings).toMatchObject([{ name: 'RENAME' }])
    // The others' too, one SET each.
    expect(report.units).toBeGreaterThan(report.several * 3)

    await using bare = await startRecorded()
    const sources = [at(alone), at(bare)]
    await expect(judge({ from: 'stream', sources, seconds: 60 })).rejects.toMatchObject({
      failure: { code: 'readiness.no-backlog', params: { address: `127.0.0.1:${bare.port}` } },
    })
  })

  it('keyferry readiness says it in words, and by how it ends', async () => {
    await using server = await startRecorded()
    await server.call('SET', 'k', 'v')
    const folder = join(server.dir, 'appendonlydir')
    const fine = await runCli(['readiness', '-i', folder])
    expect(fine.code, fine.stderr).toBe(0)
    expect(fine.stdout).toMatch(/^Case 1: /)
    await server.call('RENAME', 'k', 'another')
    const not = await runCli(['readiness', '-i', folder])
    expect(not.code).toBe(3)
    expect(not.stdout).toContain('command RENAME: 1 (50.0 % of all), 1 of 1 in different slots')
    expect(not.stdout).toContain('such as k  another')
    expect((await runCli(['readiness'])).code).toBe(2)
    const told = await runCli(['readiness', '-i', folder, '--json'])
    expect(told.events.at(-1)).toMatchObject({ event: 'done', case: 3, exitCode: 3 })
  })
})
