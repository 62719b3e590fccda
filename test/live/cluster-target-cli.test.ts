import { expect, test } from 'vitest'
import { createJobRunner } from '#engine/worker/pool.ts'
import { openMigrations } from '#migration/open.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'
import { runCli, type CliRun } from '../support/run-cli.ts'
import { compareAll, connectionTo, differencesFromAll, taskFolder } from '../support/sync-ends.ts'
import { startWriter } from '../support/writer.ts'

const worker = new URL('../../src-main/engine/worker/main.ts', import.meta.url)

test('a server into a cluster from the command line: checked, in step, gone on with, finished, compared', async () => {
  await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  await using cluster = await startCluster({ args: ['--maxmemory-policy', 'allkeys-lru'] })
  using home = taskFolder()
  const keyferry = (...args: string[]): Promise<CliRun> =>
    runCli(args, { env: { KEYFERRY_HOME: home.path }, timeoutMs: 60_000 })
  const before = await Promise.all(
    cluster.nodes.map((node) => node.call('CONFIG', 'GET', 'maxmemory-policy')),
  )
  await fillWithEveryType(source)
  const ends = ['-f', `127.0.0.1:${source.port}`, '-t', `127.0.0.1:${cluster.nodes[2]!.port}`]

  // A cluster has but one database.
  for (const [, db] of source.cli('INFO', 'keyspace').matchAll(/^db([1-9]\d*):/gm))
    source.cli('-n', db!, 'FLUSHDB')

  const synced = await keyferry('sync', ...ends, '--until', 'in-step', '--accept-warnings', '--json')
  expect([synced.code, synced.events.at(-1)]).toMatchObject([0, { event: 'done' }])
  await source.call('SET', 'later', '1')
  const finished = await keyferry('finish', ...ends)
  expect(finished.code).toBe(0)
  expect(await compareAll(source, cluster.nodes[0]!)).toMatchObject({ equal: true, differences: [] })
  expect(
    await Promise.all(cluster.nodes.map((node) => node.call('CONFIG', 'GET', 'maxmemory-policy'))),
  ).toEqual(before)
  for (const node of cluster.nodes) {
    expect(await node.call('KEYS', 'keyferry:*')).toEqual([])
    expect(String(await node.call('CLIENT', 'LIST'))).not.toContain('name=kf:')
  }
}, 120_000)

test('a whole migration into a cluster under a writer: frozen, drained, proven, finished', async () => {
  await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  await using cluster = await startCluster()
  using home = taskFolder()
  {
    await using migrations = openMigrations({ folder: home.path, jobs: createJobRunner(worker) })
    migrations.profiles.save({
      name: 'into a cluster',
      source: { ...connectionTo(source), password: null },
      target: { ...connectionTo(cluster.nodes[0]!), password: null },
    })
  }
  const writer = startWriter({ port: source.port, oneDatabase: true, rate: 1_000 })
  const run = await runCli(['run', 'into a cluster', '--cutover', 'auto', '--accept-warnings', '--json'], {
    env: { KEYFERRY_HOME: home.path },
    timeoutMs: 90_000,
  })
  await writer.stop()
  expect([run.code, run.events.at(-1)]).toMatchObject([0, { state: 'finished', freeze: 'undone' }])
  expect(writer.refused).toBeGreaterThan(0)
  expect((await differencesFromAll([source], ...cluster.nodes)).differences).toEqual([])
  for (const node of cluster.nodes) expect(await node.call('KEYS', 'keyferry:*')).toEqual([])
}, 120_000)
