import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { defaultProfileOptions } from '#contract/profile.ts'
import type { TaskEvent } from '#contract/task.ts'
import { openControl } from '#engine/redis/control.ts'
import { frozenConnection, frozenNode } from '#migration/freeze/sign-in.ts'
import type { Migrations } from '#migration/open.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { application, doors } from '../support/doors.ts'
import { proveFrozen } from '../support/proven-task.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startWatched } from '../support/sentinels.ts'
import { infoField } from '../support/sync-ends.ts'

const dataFolder = dataFolderForEachTest()

async function freezeAndProve(home: Migrations, id: string): Promise<void> {
  await home.tasks.freeze(id)
  const { proof } = await proveFrozen(home, id)
  expect(proof?.result?.equal).toBe(true)
}

/** A migration that locks its target, in step. */
async function inStep(
  home: Migrations,
  source: RedisServer,
  target: Pick<Connection, 'host' | 'port' | 'sentinel'>,
): Promise<string> {
  const { host, port, sentinel } = target
  const { id } = home.tasks.create(
    home.profiles.save({
      name: `into ${port}`,
      source: { host: source.host, port: source.port },
      target: { host, port, password: 'new', ...(sentinel !== undefined && { sentinel }) },
      options: { ...defaultProfileOptions, lockTarget: true },
    }).id,
  )
  home.tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const one of checks?.results ?? []) if (one.state === 'warning') home.tasks.accept(id, one.id, true)
  home.tasks.start(id)
  const { failure } = await untilTask(home, id, (task) => task.inStep || task.state === 'failed')
  if (failure !== null) throw new FailureError(failure)
  return id
}

/** Several servers of one target, the masters first; all have the password `new`. */
interface Nodes extends AsyncDisposable {
  readonly all: readonly RedisServer[]
  readonly replicas: readonly RedisServer[]
}

async function startPair(): Promise<Nodes> {
  const args = ['--masterauth', 'new', '--repl-diskless-sync-delay', '0']
  const primary = await startRedis({ password: 'new', args })
  const replica = await startRedis({ password: 'new', args })
  await replica.call('REPLICAOF', '127.0.0.1', primary.port)
  while (infoField(replica, 'replication', 'master_link_status') !== 'up') await sleep(50)
  return {
    all: [primary, replica],
    replicas: [replica],
    async [Symbol.asyncDispose]() {
      await Promise.all([primary.stop(), replica.stop()])
    },
  }
}

async function startShards(): Promise<Nodes> {
  const masters = 2
  const cluster = await startCluster({ masters, replicas: 1, password: 'new' })
  return {
    all: cluster.nodes,
    replicas: cluster.nodes.slice(masters),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

const isOf =
  (wanted: string) =>
  ({ code }: TaskEvent): boolean =>
    code === wanted

/** Its configuration file as it is now. */
const written = ({ dir }: RedisServer): string => readFileSync(join(dir, 'server.conf'), 'utf8')

describe('a target that is locked for the time of a migration', () => {
  it('lets nobody in, over a restart of Keyferry and of its own, and stands as before at the end, byte for byte', async () => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await using target = await startRedis({
      password: 'new',
      configFile: true,
      args: ['--appendonly', 'yes', '--user', 'app on >of-the-app ~app:* &* +@all -@dangerous'],
    })
    await source.call('SET', 'k', '1')
    const before = await doors({ host: target.host, port: target.port, password: 'new' })
    const users = [{ password: 'new' }, { username: 'app', password: 'of-the-app' }]
    const refused = async (): Promise<void> => {
      for (const auth of users) {
        const client = application(target, auth)
        await expect(client.connect().then(() => client.set('app:k', 'theirs'))).rejects.toThrow()
        client.disconnect()
      }
    }
    let id: string
    {
      await using home = dataFolder.open()
      id = await inStep(home, source, target)
      await refused()
      expect(home.tasks.get(id).events.map(({ code }) => code)).toContain('target.locked')
    }
    await refused()
    await using home = dataFolder.open()
    home.tasks.resume(id)
    await untilTask(home, id, (task) => task.inStep)
    await target.restart()
    await untilTask(home, id, ({ events }) => {
      const broken = events.findIndex(isOf('target.lock-broken'))
      return broken > 0 && events.slice(0, broken).some(isOf('target.locked'))
    })
    await refused()
    await source.call('SET', 'l', '2')
    const inside = frozenConnection(home.freezes.open()[0]!.record)
    await expect
      .poll(
        async () => {
          await using control = await openControl(inside)
          return await control.call('GET', 'l')
        },
        { timeout: 60_000 },
      )
      .toBe('2')
    await untilTask(home, id, (task) => task.inStep)
    await freezeAndProve(home, id)
    expect((await home.tasks.finish(id, {})).state).toBe('finished')
    expect(await doors({ host: target.host, port: target.port, password: 'new' })).toBe(before)
    expect(home.freezes.open()).toEqual([])
    expect(await target.call('MGET', 'k', 'l')).toEqual(['1', '2'])
  })

  it.each(['a server with a replica', 'a cluster with replicas'])(
    'on %s: at every server, whose replication goes on',
    async (what) => {
      await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
      await source.call('SET', 'k', '1')
      await using nodes = what === 'a server with a replica' ? await startPair() : await startShards()
      const doorsOfAll = (): Promise<readonly string[]> =>
        Promise.all(nodes.all.map(({ host, port }) => doors({ host, port, password: 'new' })))
      const before = await doorsOfAll()
      const copies = nodes.all.map((one) => infoField(one, 'stats', 'sync_full'))
      await using home = dataFolder.open()
      const id = await inStep(home, source, nodes.all[0]!)
      for (const server of nodes.all) {
        const client = application(server, { password: 'new' })
        await expect(client.connect().then(() => client.ping())).rejects.toThrow()
        client.disconnect()
      }
      await source.call('SET', 'k', '2')
      await home.tasks.pause(id)
      home.tasks.resume(id)
      await untilTask(home, id, (task) => task.inStep)
      await freezeAndProve(home, id)
      const finished = await home.tasks.finish(id, {})
      expect(finished.state).toBe('finished')
      expect(finished.events.map(({ code }) => code)).not.toContain('target.lock-changed')
      expect(await doorsOfAll()).toEqual(before)
      expect(home.freezes.open()).toEqual([])
      // Nobody was cut off from the one it follows.
      expect(nodes.replicas.map((one) => infoField(one, 'replication', 'master_link_status'))).toEqual(
        nodes.replicas.map(() => 'up'),
      )
      expect(nodes.all.map((one) => infoField(one, 'stats', 'sync_full'))).toEqual(copies)
      const held = await Promise.all(nodes.all.map((one) => one.call('KEYS', '*')))
      expect(held.flat()).toEqual(['k', 'k'])
    },
    120_000,
  )

  it('whose replica has died is unlocked all the same, and the replica once it is back', async () => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await source.call('SET', 'k', '1')
    await using nodes = await startPair()
    const [primary, replica] = nodes.all as [RedisServer, RedisServer]
    const doorsOf = ({ host, port }: RedisServer): Promise<string> => doors({ host, port, password: 'new' })
    const before = await Promise.all(nodes.all.map(doorsOf))
    let id: string
    {
      await using home = dataFolder.open()
      id = await inStep(home, source, primary)
      await replica.kill9()
      await freezeAndProve(home, id)
      const finished = await home.tasks.finish(id, {})
      expect(finished).toMatchObject({ state: 'finished', freeze: { state: 'undone' } })
      expect(finished.events).toContainEqual(
        expect.objectContaining({
          code: 'task.failed',
          params: { code: 'connect.refused', address: `127.0.0.1:${replica.port}` },
        }),
      )
      expect(home.freezes.open()).toHaveLength(1)
      expect(await doorsOf(primary)).toBe(before[0])
    }
    await replica.restart()
    await using home = dataFolder.open()
    await untilTask(home, id, () => home.freezes.open().length === 0)
    expect(await Promise.all(nodes.all.map(doorsOf))).toEqual(before)
  }, 120_000)

  // A cluster takes its time: the long form has it.
  it.skipIf(process.env['KEYFERRY_LONG'] === undefined)(
    'is unlocked at every node of a cluster that failed over while it was locked',
    async () => {
      await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
      await source.call('SET', 'k', '1')
      await using nodes = await startShards()
      const doorsOfAll = (): Promise<readonly string[]> =>
        Promise.all(nodes.all.map(({ host, port }) => doors({ host, port, password: 'new' })))
      const before = await doorsOfAll()
      await using home = dataFolder.open()
      const id = await inStep(home, source, nodes.all[0]!)
      const { record } = home.freezes.open()[0]!
      const promoted = nodes.replicas[0]!
      const lockedAt = ({ port }: RedisServer): Connection =>
        frozenNode(
          record,
          record.nodes.find((node) => node.port === port)!,
        )
      {
        await using control = await openControl(lockedAt(promoted))
        await control.call('CLUSTER', 'FAILOVER')
        await expect
          .poll(async () => String(await control.call('ROLE')), { timeout: 30_000 })
          .toMatch(/^master/)
      }
      await source.call('SET', 'k', '2')
      await untilTask(home, id, ({ inStep }) => inStep)
      for (const { host, port } of nodes.all)
        await expect(openControl({ host, port, password: 'new' })).rejects.toThrow(/auth/)
      await freezeAndProve(home, id)
      expect((await home.tasks.finish(id, {})).state).toBe('finished')
      expect(await doorsOfAll()).toEqual(before)
      expect(home.freezes.open()).toEqual([])
    },
    120_000,
  )

  it('behind Sentinels: who takes over is locked, and who comes back after him; as before at the end, in their files too', async () => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await source.call('SET', 'k', '1')
    await using watched = await startWatched({ nodePassword: 'new', downAfterMs: 2_000, configFiles: true })
    const { primary, replica } = watched
    const both = [primary, replica]
    const doorsOfBoth = (): Promise<readonly string[]> =>
      Promise.all(both.map(({ host, port }) => doors({ host, port, password: 'new' })))
    const refused = (server: RedisServer): Promise<unknown> => {
      const client = application(server, { password: 'new' })
      return expect(client.connect().then(() => client.ping())).rejects.toThrow()
    }
    const before = await doorsOfBoth()
    await using home = dataFolder.open()
    const id = await inStep(home, source, watched.connection)
    const { secret } = home.freezes.open()[0]!.record
    await primary.kill9()
    await watched.replicaTookOver()
    await source.call('SET', 'l', '2')
    await untilTask(
      home,
      id,
      ({ inStep, events }) => inStep && events.some(isOf('target.lock-broken')),
      60_000,
    )
    await refused(replica)

    await primary.restart()
    const { record } = home.freezes.open()[0]!
    const former = frozenNode(
      record,
      record.nodes.find(({ port }) => port === primary.port)!,
    )
    await expect
      .poll(
        async () => {
          await using control = await openControl(former)
          return (await control.call('ROLE')) as unknown
        },
        { timeout: 60_000 },
      )
      .toEqual(['slave', '127.0.0.1', replica.port, 'connected', expect.any(Number)])
    await refused(primary)
    expect(written(replica)).toContain(secret)

    await freezeAndProve(home, id)
    const finished = await home.tasks.finish(id, {})
    expect(finished.state).toBe('finished')
    expect(finished.events.some(isOf('task.failed'))).toBe(false)
    expect(home.freezes.open()).toEqual([])
    expect(await doorsOfBoth()).toEqual(before)
    for (const server of both) {
      expect(written(server)).not.toContain(secret)
      expect(written(server)).not.toContain(`kf-${id}`)
    }
    await expect
      .poll(async () => (await primary.call('ROLE')) as unknown, { timeout: 60_000 })
      .toEqual(['slave', '127.0.0.1', replica.port, 'connected', expect.any(Number)])
    await expect.poll(() => primary.call('MGET', 'k', 'l'), { timeout: 60_000 }).toEqual(['1', '2'])
  }, 240_000)

  it('is unlocked where the migration is given up, and refused where it may not be', async () => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await using target = await startRedis({ password: 'new' })
    const before = await doors({ host: target.host, port: target.port, password: 'new' })
    await using home = dataFolder.open()
    const id = await inStep(home, source, target)
    await home.tasks.pause(id)
    expect((await home.tasks.stop(id)).state).toBe('stopped')
    expect(await doors({ host: target.host, port: target.port, password: 'new' })).toBe(before)

    await using managed = await startRedis({ password: 'new', args: ['--rename-command', 'CONFIG', ''] })
    await expect(inStep(home, source, managed)).rejects.toThrow('target.not-lockable')
  })

  it('is locked again where it is started anew while paused, also by a process that stays after the one that paused it is gone', async () => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await using target = await startRedis({ password: 'new', args: ['--appendonly', 'yes'] })
    await source.call('SET', 'k', '1')
    const before = await doors({ host: target.host, port: target.port, password: 'new' })
    const letsIn = async (): Promise<boolean> => {
      const client = application(target, { password: 'new' })
      const isIn = await client
        .connect()
        .then(() => client.ping())
        .then(
          () => true,
          () => false,
        )
      client.disconnect()
      return isIn
    }
    const lockedAgain = async (home: Migrations, id: string): Promise<void> => {
      await untilTask(home, id, ({ state, events }) => {
        const broken = events.findIndex(isOf('target.lock-broken'))
        return state === 'paused' && broken > 0 && events.slice(0, broken).some(isOf('target.locked'))
      })
      expect(await letsIn()).toBe(false)
    }
    let id: string
    {
      await using home = dataFolder.open()
      id = await inStep(home, source, target)
      await home.tasks.pause(id)
      await target.restart()
      await lockedAgain(home, id)
    }
    await target.restart()
    expect(await letsIn()).toBe(true)
    await using home = dataFolder.open()
    home.tasks.keepForAll()
    const known = home.tasks.get(id).events.length
    await untilTask(home, id, ({ events }) => events.length >= known + 2)
    await lockedAgain(home, id)
    home.tasks.resume(id)
    await untilTask(home, id, (task) => task.inStep)
    await home.tasks.pause(id)
    const stopped = await home.tasks.stop(id)
    expect(stopped).toMatchObject({ state: 'stopped', failure: null })
    expect(stopped.events.some(isOf('task.failed'))).toBe(false)
    expect(await doors({ host: target.host, port: target.port, password: 'new' })).toBe(before)
    expect(home.freezes.open()).toEqual([])
  })

  it('is let go of, settings and keys of ours too, where it was started anew while the migration was paused', async () => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await using target = await startRedis({
      password: 'new',
      args: ['--appendonly', 'yes', '--maxmemory-policy', 'allkeys-lru'],
    })
    await source.call('SET', 'k', '1', 'EX', 1_000)
    const before = await doors({ host: target.host, port: target.port, password: 'new' })
    await using home = dataFolder.open()
    const id = await inStep(home, source, target)
    await home.tasks.pause(id)
    await target.restart()
    const stopped = await home.tasks.stop(id)
    expect(stopped).toMatchObject({ state: 'stopped', failure: null })
    expect(stopped.events.map(({ code }) => code)).not.toContain('task.failed')
    expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
    expect(Number(await target.call('TTL', 'k'))).toBeLessThanOrEqual(1_000)
    expect(await doors({ host: target.host, port: target.port, password: 'new' })).toBe(before)
    expect(home.freezes.open()).toEqual([])
  })
})
