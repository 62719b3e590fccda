import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { profileOptionsSchema, type ProfileInput } from '#contract/profile.ts'
import type { ShardProgress } from '#contract/sync.ts'
import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { allKeys, digestsOf, startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli, type CliRun } from '../support/run-cli.ts'
import { startWriter } from '../support/writer.ts'

const quickSnapshot = ['--repl-diskless-sync-delay', '0']
const secrets = ['secret-of-one', 'secret-of-two', 'secret-of-all', 'secret-of-target']
const [secretOfOne, secretOfTwo, secretOfAll, secretOfTarget] = secrets as [string, string, string, string]
const dataFolder = dataFolderForEachTest()

const env = (): Record<string, string> => ({
  KEYFERRY_HOME: dataFolder.path,
  KEYFERRY_SOURCE_PASSWORD: secretOfAll,
  KEYFERRY_TARGET_PASSWORD: secretOfTarget,
})
const at = ({ host, port }: RedisServer): string => `${host}:${port}`
const keyferry = (...args: string[]): Promise<CliRun> => runCli(args, { env: env(), timeoutMs: 120_000 })

/** Nothing a person should not see. */
function clean({ stdout, stderr }: CliRun): void {
  for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
  expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
}

function saveProfile(input: Omit<ProfileInput, 'name'>): Promise<void> {
  return inHome(({ profiles }) => void profiles.save({ name: 'shards', ...input }))
}

async function inHome<T>(look: (home: Migrations) => T): Promise<T> {
  await using home = dataFolder.open()
  return look(home)
}

/** Key by key, value by value, expiry by expiry, once what had a short life is gone from both. */
async function differing(sources: readonly RedisServer[], target: RedisServer): Promise<readonly string[]> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const there = (await Promise.all(sources.map(async (one) => digestsOf(one, await allKeys(one))))).flat()
    const here = await digestsOf(target, await allKeys(target))
    const found = [...new Set([...there, ...here])].filter(
      (line) => !there.includes(line) || !here.includes(line),
    )
    const left: string[] = []
    for (const line of found) {
      const key = line.split(' ').slice(0, -2).join(' ')
      if (await isSomewhere(Buffer.from(key, 'latin1'), [...sources, target])) left.push(line)
    }
    if (left.length === 0 || Date.now() > deadline) return left
    await sleep(500)
  }
}

/** What has expired since it was looked at differs no more. */
async function isSomewhere(key: Buffer, servers: readonly RedisServer[]): Promise<boolean> {
  const answers = await Promise.all(servers.map((server) => server.call('EXISTS', key)))
  return answers.includes(1)
}

interface Done {
  readonly event: string
  readonly state: string
  readonly writePauseMs: number
  readonly freeze: string
}

describe('several servers, or a cluster, go into one', () => {
  it(
    'one of them is flushed: it stops and asks, keeps the question, and goes on by the answer',
    { timeout: 180_000 },
    async () => {
      await using one = await startRedis({ password: secretOfAll, args: quickSnapshot })
      await using two = await startRedis({ password: secretOfAll, args: quickSnapshot })
      await using target = await startRedis({ password: secretOfTarget })
      await one.call('SET', 'of-one', '1')
      await two.call('MSET', 'of-two', '1', 'counted', '5')
      const sync = (...more: string[]): Promise<CliRun> =>
        keyferry('sync', '-f', at(one), '-f', at(two), '-t', at(target), '--until', 'in-step', ...more)
      expect((await sync()).code).toBe(0)
      await two.call('FLUSHALL')
      await two.call('INCR', 'counted')

      const asked = await sync()
      clean(asked)
      expect(asked.code).not.toBe(0)
      expect(asked.stderr).toContain(`${at(two)} was emptied by a command (FLUSHALL)`)
      expect(asked.stderr).toContain('--on-flush')
      const [task] = await inHome(({ tasks }) => tasks.list())
      expect(await inHome(({ tasks }) => tasks.get(task!.id))).toMatchObject({
        state: 'failed',
        failure: { code: 'source.flushed', params: { command: 'FLUSHALL', address: at(two) } },
      })
      const told = await inHome(({ tasks }) => tasks.events(task!.id, undefined, 100))
      expect(told.find(({ code }) => code === 'task.failed')?.params).toMatchObject({
        code: 'source.flushed',
        address: at(two),
      })
      expect(await target.call('MGET', 'of-one', 'of-two', 'counted')).toEqual(['1', '1', '5'])

      const answered = await sync('--on-flush', 'copy-again')
      clean(answered)
      expect(answered.code).toBe(0)
      const ends = ['-f', at(one), '-f', at(two), '-t', at(target)]
      expect((await keyferry('finish', ...ends)).code).toBe(0)
      expect(await target.call('MGET', 'of-one', 'of-two', 'counted')).toEqual(['1', null, '1'])
      expect(await differing([one, two], target)).toEqual([])
    },
  )

  it('two servers with passwords of their own: checked, followed, frozen, drained, proven and finished under writers', async () => {
    await using one = await startRedis({ password: secretOfOne, args: quickSnapshot })
    await using two = await startRedis({ password: secretOfTwo, args: quickSnapshot })
    await using target = await startRedis({ password: secretOfTarget })
    const sources = [one, two]
    await two.call('ACL', 'SETUSER', 'shop', 'on', '>shop-secret', '~*', '+@all')
    const doors = await Promise.all(sources.map((source) => source.call('ACL', 'LIST')))
    const settings = await Promise.all(sources.map((source) => source.call('CONFIG', 'GET', '*l*b*')))
    const writers = [
      startWriter({ port: one.port, password: secretOfOne, rate: 1_500, prefix: 'one:' }),
      startWriter({ port: two.port, password: secretOfTwo, rate: 1_500, prefix: 'two:', seed: 2 }),
    ]
    await saveProfile({
      source: {
        host: one.host,
        port: one.port,
        password: secretOfOne,
        others: [{ host: two.host, port: two.port, account: { password: secretOfTwo } }],
      },
      target: { host: target.host, port: target.port, password: secretOfTarget },
    })
    const run = await keyferry('run', 'shards', '--cutover', 'auto', '--json', '--accept-warnings')
    await Promise.all(writers.map((writer) => writer.stop()))
    clean(run)
    expect(run.stderr).toBe('')
    expect(run.code).toBe(0)
    const done = run.events.at(-1) as unknown as Done
    expect(done).toMatchObject({ event: 'done', state: 'finished', freeze: 'undone' })
    process.stdout.write(`two servers: write pause ${done.writePauseMs} ms\n`)
    for (const writer of writers) expect(writer.refused).toBeGreaterThan(0)

    expect(await Promise.all(sources.map((source) => source.call('ACL', 'LIST')))).toEqual(doors)
    expect(await Promise.all(sources.map((source) => source.call('CONFIG', 'GET', '*l*b*')))).toEqual(
      settings,
    )
    expect(await differing(sources, target)).toEqual([])
    const view = await inHome(({ tasks }): TaskView => tasks.get(tasks.list()[0]!.id))
    expect(view.from).toBe(`${at(one)}, ${at(two)}`)
    expect(view.freeze.shards.map(({ address }) => address)).toEqual(sources.map(at))
    const applied = view.progress!.shards.map(({ appliedOffset }) => appliedOffset!)
    for (const [shard, { offset }] of view.freeze.shards.entries())
      expect(applied[shard]).toBeGreaterThanOrEqual(offset!)
    expect(view.proof?.result).toMatchObject({ equal: true, differing: 0 })
    const rows = view.settings.filter(({ side }) => side === 'source')
    expect(new Set(rows.map(({ server }) => server))).toEqual(new Set(sources.map(at)))
    expect(rows.every(({ state }) => state === 'restored')).toBe(true)
    const backlog = view.checks!.results.find(({ id }) => id === 'source-backlog')!
    expect(backlog.nodes?.map(({ address }) => address)).toEqual(sources.map(at))
  }, 180_000)

  it('a cluster of three, named by one of its nodes, likewise', async () => {
    await using cluster = await startCluster({ password: secretOfAll, args: quickSnapshot })
    await using target = await startRedis({ password: secretOfTarget })
    const [, , named] = cluster.nodes
    const doors = await Promise.all(cluster.nodes.map((node) => node.call('ACL', 'LIST')))
    const ports = cluster.nodes.map(({ port }) => port)
    const writer = startClusterWriter({ ports, rate: 1_500, password: secretOfAll })
    await saveProfile({
      source: { host: named!.host, port: named!.port, ask: true },
      target: { host: target.host, port: target.port, ask: true },
      // While they write nothing, writers that come back can be sent away.
      options: profileOptionsSchema.parse({ afterFinish: 'leave-frozen' }),
    })
    const run = await keyferry('run', 'shards', '--cutover', 'auto', '--json', '--accept-warnings')
    await writer.stop()
    clean(run)
    expect(run.stderr).toBe('')
    expect(run.code).toBe(0)
    const done = run.events.at(-1) as unknown as Done
    expect(done).toMatchObject({ event: 'done', state: 'finished', freeze: 'left' })
    process.stdout.write(`a cluster of three: write pause ${done.writePauseMs} ms\n`)
    expect(writer.written).toBeGreaterThan(100)
    expect((await keyferry('unfreeze')).code).toBe(0)
    expect(await Promise.all(cluster.nodes.map((node) => node.call('ACL', 'LIST')))).toEqual(doors)
    expect(await differing(cluster.nodes, target)).toEqual([])
    const view = await inHome(({ tasks }): TaskView => tasks.get(tasks.list()[0]!.id))
    expect(view.freeze.shards.map(({ address }) => address).sort()).toEqual(cluster.nodes.map(at).sort())
  }, 180_000)

  it('synced and finished by the command line, every shard with a row of its own', async () => {
    await using one = await startRedis({ password: secretOfAll, args: quickSnapshot })
    await using two = await startRedis({ password: secretOfTwo, args: quickSnapshot })
    await using target = await startRedis({ password: secretOfTarget })
    await one.call('SET', 'of one', '1', 'EX', '5000')
    await two.call('RPUSH', 'of two', 'a', 'b')
    const urlOfTwo = `redis://:${secretOfTwo}@${at(two)}`
    const ends = ['-f', at(one), '-f', urlOfTwo, '-t', at(target)]

    const checked = await keyferry('check', ...ends)
    clean(checked)
    expect(checked.code).not.toBe(1)
    expect(checked.stdout).toContain('Passed  source-psync: at each of 2 servers.')
    const warned = await keyferry('check', ...ends, '--no-settings')
    expect(warned.code).toBe(3)
    for (const server of [one, two])
      expect(warned.stdout).toContain(`Warning source-backlog: ${at(server)}: `)
    const twice = await keyferry('check', '-f', at(one), '-f', at(one), '-t', at(target))
    expect(twice.code).toBe(1)
    expect(twice.stdout).toContain('hold the same data')

    const running = startCli(['sync', ...ends, '--json'], { env: env(), timeoutMs: 60_000 })
    await running.says(/"event":"in-step"/)
    running.signal('SIGINT')
    const paused = await running.ended
    clean(paused)
    expect(paused.code).toBe(0)
    const { shards } = paused.events.findLast(({ event }) => event === 'progress') as unknown as {
      shards: readonly ShardProgress[]
    }
    expect(shards.map(({ source, address }) => ({ source, address }))).toEqual([
      { source: 0, address: at(one) },
      { source: 1, address: at(two) },
    ])

    await two.call('INCR', 'later')
    const again = await keyferry('sync', ...ends, '--until', 'in-step')
    clean(again)
    expect(again.code).toBe(0)
    expect(again.stdout).toContain(`holds all of ${at(one)}, ${at(two)}`)
    expect(await target.call('GET', 'later')).toBe('1')
    expect(String(await two.call('INFO', 'stats'))).toContain('sync_full:1')

    // One name in two of them: the target has one value, and somebody has to say which.
    await one.call('SET', 'both', '1')
    await two.call('SET', 'both', '2')
    const conflict = await keyferry('verify', ...ends)
    clean(conflict)
    expect(conflict.code).toBe(3)
    expect(conflict.stdout).toMatch(new RegExp(`both +shared +on ${at(one)}, ${at(two)}`))
    await two.call('DEL', 'both')
    await one.call('DEL', 'both')

    const frozen = await keyferry('freeze', '-f', at(one), '-f', urlOfTwo)
    clean(frozen)
    expect(frozen.stdout).toContain(`Writes at ${at(one)} are frozen`)
    expect(frozen.stdout).toContain(`Writes at ${at(two)} are frozen`)
    const finished = await keyferry('finish', ...ends)
    clean(finished)
    expect(finished.code).toBe(0)
    const equal = await keyferry('verify', ...ends, '--json')
    expect(equal.events.at(-1)).toMatchObject({ equal: true, compared: 3 })
    const released = await keyferry('unfreeze')
    expect(released.stdout.match(/is unfrozen/g)).toHaveLength(2)
    expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
  }, 180_000)

  it('a key that two sources have is one difference, and a repair leaves it to the person', async () => {
    await using one = await startRedis({ password: secretOfAll })
    await using two = await startRedis({ password: secretOfAll })
    await using target = await startRedis({ password: secretOfTarget })
    for (const [server, value] of [
      [one, 'of one'],
      [two, 'of two'],
      [target, 'chosen by hand'],
    ] as const)
      await server.call('MSET', 'both', value, `only ${value}`, value)
    await target.call('SET', 'only of one', 'old')
    const repair = ['verify', '-f', at(one), '-f', at(two), '-t', at(target), '--repair', '--yes', '--json']

    const repaired = await keyferry(...repair)
    clean(repaired)
    expect(await target.call('MGET', 'both', 'only of one', 'only of two')).toEqual([
      'chosen by hand',
      'of one',
      'of two',
    ])
    expect(repaired.events.at(-1)).toMatchObject({
      differing: 2,
      byKind: { shared: 1, extra: 1 },
      repaired: { written: 2, deleted: 0 },
    })
  }, 60_000)
})
