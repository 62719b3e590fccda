import { expect, it } from 'vitest'
import { profileOptionsSchema } from '#contract/profile.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { startClusterWriter } from '../support/cluster-writer.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { proveFrozen } from '../support/proven-task.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'
import { compareAll } from '../support/sync-ends.ts'
import { startWriter } from '../support/writer.ts'

const password = 'of-the-account'
const dataFolder = dataFolderForEachTest()

/** All but to follow it, as managed services have it. */
const managedRights = ['on', `>${password}`, '~*', '&*', '+@all', '-psync', '-sync', '-replconf']
/** What some of them keep to themselves besides. */
const forbidden = (
  'config debug monitor client acl replicaof slaveof save bgsave bgrewriteaof shutdown module ' +
  'failover latency slowlog memory script'
)
  .split(' ')
  .map((command) => `-${command}`)

/** A source whose accounts may do all but follow it. */
async function startManaged(): Promise<RedisServer> {
  const source = await startRedis()
  await source.call('ACL', 'SETUSER', 'account', ...managedRights)
  return source
}

it('where nobody may follow, a migration reads key by key once that is accepted, and is proven equal', async () => {
  await using source = await startManaged()
  await using target = await startRedis()
  const writer = startWriter({ port: source.port, rate: 2_000 })
  await using home = dataFolder.open()
  const profile = home.profiles.save({
    name: 'Managed cache',
    source: { host: source.host, port: source.port, username: 'account', password },
    target: { host: target.host, port: target.port },
  })
  const { id } = home.tasks.create(profile.id)
  home.tasks.check(id)
  const checked = await untilTask(home, id, ({ state }) => state !== 'checking')
  const warnings = checked.checks!.results.filter(({ state }) => state === 'warning')
  expect(warnings.map(({ finding }) => finding)).toEqual(['scan-instead'])
  expect(checked.actions).not.toContain('start')
  home.tasks.accept(id, 'source-psync', true)
  home.tasks.start(id)
  const following = await untilTask(home, id, ({ inStep }) => inStep)
  expect(following.settings.map(({ name, during, state }) => [name, during, state])).toEqual([
    ['notify-keyspace-events', 'AE', 'changed'],
  ])
  expect(following.events.map(({ code }) => code)).toContain('scan.begun')

  await home.tasks.pause(id)
  await source.call('SET', 'while paused', '1')
  home.tasks.resume(id)
  await untilTask(home, id, ({ inStep }) => inStep)

  await home.tasks.freeze(id)
  const frozen = await untilTask(home, id, ({ state }) => state === 'frozen')
  home.tasks.verify(id, 'full')
  const proven = await untilTask(
    home,
    id,
    ({ state, proof }) => state === 'frozen' && proof?.running === false,
  )
  expect(proven.proof?.result).toMatchObject({ equal: true, differing: 0, functions: 'equal' })
  expect(proven.proof!.result!.compared).toBeGreaterThan(1_000)
  expect(proven.finishNeedsConsent).toBeNull()
  expect(frozen.progress?.events.map(({ code }) => code)).toContain('scan.reconciled')
  expect((await home.tasks.finish(id, {})).state).toBe('finished')
  await writer.stop()
  expect(await target.call('GET', 'while paused')).toBe('1')
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
  expect(await source.call('CONFIG', 'GET', 'notify-keyspace-events')).toEqual(['notify-keyspace-events', ''])
})

it('a source that was started anew is told again to tell of changes, and what it kept to itself is found', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  await source.call('SET', 'before', '1')
  await using home = dataFolder.open()
  const profile = home.profiles.save({
    name: 'Forgetful cache',
    source: { host: source.host, port: source.port },
    target: { host: target.host, port: target.port },
    options: profileOptionsSchema.parse({ mode: 'scan' }),
  })
  const { id } = home.tasks.create(profile.id)
  home.tasks.check(id)
  await untilTask(home, id, ({ state }) => state !== 'checking')
  home.tasks.accept(id, 'source-psync', true)
  home.tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)
  expect(await setting(source)).toBe('AE')
  await source.call('SAVE')
  await source.kill9()
  await source.restart()
  expect(await setting(source)).toBe('')
  await source.call('SET', 'untold', '1')
  await expect.poll(() => setting(source), { timeout: 60_000 }).toBe('AE')
  await expect.poll(() => target.call('GET', 'untold'), { timeout: 60_000 }).toBe('1')
  const again = await untilTask(home, id, ({ inStep, progress }) => inStep && progress?.lagMs !== null)
  expect(again.events.filter(({ code }) => code === 'settings.changed')).toHaveLength(2)
  await source.call('SET', 'told', '1')
  await expect.poll(() => target.call('GET', 'told'), { timeout: 60_000 }).toBe('1')
  await home.tasks.stop(id)
  expect(await setting(source)).toBe('')
})

async function setting(server: RedisServer): Promise<string> {
  const found = (await server.call('CONFIG', 'GET', 'notify-keyspace-events')) as string[]
  return found[1]!
}

it('every master of a cluster is told to tell of changes, one that was promoted too, and all are as before in the end', async () => {
  await using cluster = await startCluster({ replicas: 1 })
  await using target = await startRedis()
  for (const node of cluster.nodes) await node.call('ACL', 'SETUSER', 'account', ...managedRights)
  const writer = startClusterWriter({ ports: cluster.nodes.map(({ port }) => port), rate: 300, tags: 20 })
  await using home = dataFolder.open()
  const [first, promoted] = [cluster.nodes[0]!, cluster.nodes[3]!]
  const profile = home.profiles.save({
    name: 'Managed cluster',
    // One that is a replica now, and no address of a master.
    source: { host: promoted.host, port: promoted.port, username: 'account', password },
    target: { host: target.host, port: target.port },
  })
  const { id } = home.tasks.create(profile.id)
  home.tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const { id: check, state } of checks!.results)
    if (state === 'warning') home.tasks.accept(id, check, true)
  home.tasks.start(id)
  const following = await untilTask(home, id, ({ inStep }) => inStep)
  const told = ({ settings }: typeof following): readonly string[] =>
    settings.flatMap(({ name, server }) => (name === 'notify-keyspace-events' ? [server!] : [])).sort()
  const masters = cluster.nodes.slice(0, 3).map(({ port }) => `127.0.0.1:${port}`)
  expect(told(following)).toEqual([...masters].sort())

  await promoted.call('CLUSTER', 'FAILOVER')
  await untilTask(home, id, async (view) => told(view).length === 4)
  expect(await promoted.call('CONFIG', 'GET', 'notify-keyspace-events')).toEqual([
    'notify-keyspace-events',
    'AE',
  ])
  await untilTask(home, id, ({ inStep }) => inStep)
  expect(home.tasks.pace(id, 5_000).scanKeysPerSecond).toBe(5_000)
  await home.tasks.pause(id)
  expect(home.tasks.resume(id).scanKeysPerSecond).toBe(5_000)
  await untilTask(home, id, ({ inStep }) => inStep)

  await home.tasks.freeze(id)
  const proven = await proveFrozen(home, id)
  expect(proven.proof?.result).toMatchObject({ equal: true, differing: 0 })
  expect((await home.tasks.finish(id, {})).state).toBe('finished')
  await writer.stop()
  for (const node of [first, promoted, ...cluster.nodes.slice(1, 3)])
    expect(await node.call('CONFIG', 'GET', 'notify-keyspace-events')).toEqual(['notify-keyspace-events', ''])
}, 120_000)

it('keyferry run reads key by key where most is forbidden: it says what that means, and goes on once that is accepted', async () => {
  await using source = await startRedis({ args: ['--notify-keyspace-events', 'AE'] })
  await using target = await startRedis()
  await source.call('ACL', 'SETUSER', 'account', ...managedRights, ...forbidden)
  await fillWithEveryType(source)
  const writer = startWriter({ port: source.port, rate: 500 })
  {
    await using home = dataFolder.open()
    home.profiles.save({
      name: 'managed',
      source: { host: source.host, port: source.port, username: 'account', password },
      target: { host: target.host, port: target.port },
    })
  }
  const env = { KEYFERRY_HOME: dataFolder.path }
  const run = ['run', 'managed', '--cutover', 'auto', '--by-hand']
  const refused = await runCli(run, { env, timeoutMs: 60_000 })
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('will be read key by key')
  expect(refused.stderr).toContain('Only after the freeze does a last comparison make both sides equal')
  expect(await target.call('DBSIZE')).toBe(0)

  const running = startCli([...run, '--accept-warnings'], { env, timeoutMs: 120_000 })
  // It goes by what it sees at the server: nobody tells it that the writers are gone.
  await running.says(/shut the writers out/i)
  await writer.stop()
  const { code, stdout, stderr } = await running.ended
  expect(code, stdout + stderr).toBe(0)
  expect(stderr).toContain('All keys were compared once more')
  expect(stderr).not.toMatch(/offset/)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
}, 150_000)

it('keyferry sync --mode scan ends in step, goes on from there, and is finished', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  await source.call('SET', 'k', '1', 'EX', '5000')
  await source.call('RPUSH', 'list', 'a', 'b')
  await source.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
  )
  const env = { KEYFERRY_HOME: dataFolder.path }
  const ends = ['-f', `127.0.0.1:${source.port}`, '-t', `127.0.0.1:${target.port}`]
  const sync = ['sync', ...ends, '--mode', 'scan', '--until', 'in-step']

  const first = await runCli([...sync, '--accept-warnings'], { env, timeoutMs: 60_000 })
  expect(first.code, first.stderr).toBe(0)
  expect(first.stdout).toContain('as it was read, key by key')
  expect(await target.call('LRANGE', 'list', '0', '-1')).toEqual(['a', 'b'])
  expect(Number(await target.call('TTL', 'k'))).toBeGreaterThan(4_900)
  expect(await target.call('FCALL', 'f', '0')).toBe(1)

  await source.call('DEL', 'k')
  await source.call('FUNCTION', 'DELETE', 'lib')
  await source.call('RENAME', 'list', 'other')
  expect((await runCli([...sync, '--accept-warnings'], { env, timeoutMs: 60_000 })).code).toBe(0)
  expect(await target.call('KEYS', '[^k]*')).toEqual(['other'])
  expect(await target.call('EXISTS', 'k')).toBe(0)
  expect(await target.call('FUNCTION', 'LIST')).toEqual([])
  const finished = await runCli(['finish', ...ends], { env, timeoutMs: 60_000 })
  expect(finished.code, finished.stderr + finished.stdout).toBe(0)
  expect(await target.call('KEYS', '*')).toEqual(['other'])
  expect(await source.call('CONFIG', 'GET', 'notify-keyspace-events')).toEqual(['notify-keyspace-events', ''])
})
