import { expect, test } from 'vitest'
import type { Migrations } from '#migration/open.ts'
import type { FinishRequest } from '#migration/tasks.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { application } from '../support/doors.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, infoField } from '../support/sync-ends.ts'
import { startWriter } from '../support/writer.ts'

const oldSecret = 'secret of the old one'
const freshSecret = 'secret of the new one'

const dataFolder = dataFolderForEachTest()

interface Scene extends AsyncDisposable {
  readonly old: RedisServer
  readonly fresh: RedisServer
}

async function startServers(): Promise<Scene> {
  const [old, fresh] = await Promise.all([
    startRedis({ password: oldSecret, args: ['--repl-diskless-sync-delay', '0', '--appendonly', 'yes'] }),
    startRedis({ password: freshSecret, args: ['--appendonly', 'yes'] }),
  ])
  await fillWithEveryType(old)
  return {
    old,
    fresh,
    async [Symbol.asyncDispose]() {
      await Promise.all([old.stop(), fresh.stop()])
    },
  }
}

async function settingsAndDoors(server: RedisServer): Promise<string> {
  return JSON.stringify([await server.call('CONFIG', 'GET', '*'), await server.call('ACL', 'LIST')])
}

/** Migrates, with a writer at work until it is refused, to *finished, way back open*: both tasks' ids. */
async function cutOverWithWayBack(
  home: Migrations,
  { old, fresh }: Scene,
  chosen: FinishRequest = {},
): Promise<[string, string]> {
  const { id: profile } = home.profiles.save({
    name: 'shop',
    source: { host: old.host, port: old.port, password: oldSecret },
    target: { host: fresh.host, port: fresh.port, password: freshSecret },
    options: { wayBack: true },
  })
  const { id } = home.tasks.create(profile)
  home.tasks.check(id)
  await untilTask(home, id, ({ state }) => state === 'ready')
  const writer = startWriter({ port: old.port, password: oldSecret, rate: 2_000 })
  home.tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)
  await home.tasks.freeze(id)
  await untilTask(home, id, ({ state }) => state === 'frozen')
  await writer.stop()
  home.tasks.verify(id, 'full')
  const proven = await untilTask(
    home,
    id,
    ({ state, proof }) => state === 'frozen' && proof?.running === false,
  )
  expect(proven.finishNeedsConsent).toBeNull()
  const finished = await home.tasks.finish(id, chosen)
  expect(finished.state).toBe('way-back')
  return [id, finished.wayBack!]
}

test('after a cutover writes go back to the old server, and a roll back loses none; both are left as they were', async () => {
  await using scene = await startServers()
  const { old, fresh } = scene
  const before = [await settingsAndDoors(old), await settingsAndDoors(fresh)]
  await using home = dataFolder.open()
  const [id, back] = await cutOverWithWayBack(home, scene)

  const kept = home.tasks.get(id)
  expect(kept.writePause).toMatchObject({ endedBy: 'finished' })
  expect(kept.freeze.state).toBe('frozen')
  expect(kept.actions).toEqual([])
  expect(home.tasks.get(back)).toMatchObject({ state: 'following', inStep: true, wayBackOf: id })
  expect(home.tasks.get(back).actions).toEqual(expect.arrayContaining(['freeze', 'stop', 'pause']))
  expect(home.tasks.get(back).actions).not.toContain('finish')

  const writer = startWriter({ port: fresh.port, password: freshSecret, rate: 2_000, seed: 7 })
  await untilTask(home, back, ({ progress }) => progress!.writes > 2_000)
  await home.tasks.freeze(back)
  await untilTask(home, back, ({ state }) => state === 'frozen')
  await writer.stop()
  expect(writer.written).toBeGreaterThan(1_000)
  home.tasks.verify(back, 'full')
  const proven = await untilTask(
    home,
    back,
    ({ state, proof }) => state === 'frozen' && proof?.running === false,
  )
  expect(proven.proof?.result).toMatchObject({ equal: true, differing: 0 })
  expect(proven.finishNeedsConsent).toBeNull()
  const rolledBack = await home.tasks.finish(back, {})
  expect(rolledBack.state).toBe('finished')
  expect(rolledBack.writePause).toMatchObject({ endedBy: 'finished' })
  expect(home.tasks.get(id)).toMatchObject({ state: 'rolled-back', freeze: { state: 'undone' } })

  expect(await compareAll(fresh, old, { source: freshSecret, target: oldSecret })).toMatchObject({
    equal: true,
    differing: 0,
  })
  expect([await settingsAndDoors(old), await settingsAndDoors(fresh)]).toEqual(before)
  for (const server of [old, fresh]) {
    expect(await server.call('KEYS', 'keyferry:*')).toEqual([])
    expect(String(await server.call('INFO', 'replication'))).toContain('connected_slaves:0')
  }
  // No copy of the new one was ever made.
  expect(infoField(fresh, 'persistence', 'rdb_saves')).toBe('0')
})

test('closed, the new server stays the original and the old one is let go; what was paused goes on from where it was', async () => {
  await using scene = await startServers()
  const { old, fresh } = scene
  const before = [await settingsAndDoors(old), await settingsAndDoors(fresh)]
  let ids: [string, string]
  {
    await using home = dataFolder.open()
    ids = await cutOverWithWayBack(home, scene)
  }
  const [id, back] = ids
  await fresh.call('INCR', 'visits')
  await using home = dataFolder.open()
  expect(home.tasks.get(back).state).toBe('interrupted')
  expect(home.tasks.get(id).state).toBe('way-back')
  home.tasks.resume(back)
  await untilTask(home, back, ({ inStep }) => inStep)
  await fresh.call('INCR', 'visits')
  const written = Number(infoField(fresh, 'replication', 'master_repl_offset'))
  await untilTask(home, back, ({ progress }) => progress!.appliedOffset! >= written)
  await home.tasks.stop(back)
  expect(home.tasks.get(back).state).toBe('stopped')
  expect(home.tasks.get(id)).toMatchObject({ state: 'finished', freeze: { state: 'undone' } })
  expect([await settingsAndDoors(old), await settingsAndDoors(fresh)]).toEqual(before)
  expect(await old.call('GET', 'visits')).toBe('2')
  expect(await compareAll(fresh, old, { source: freshSecret, target: oldSecret })).toMatchObject({
    equal: true,
  })
  expect(await old.call('KEYS', 'keyferry:*')).toEqual([])
})

test('closed, the old one stays frozen where that was chosen at the cutover, whatever the plan says', async () => {
  await using scene = await startServers()
  const { old } = scene
  const before = await settingsAndDoors(old)
  await using home = dataFolder.open()
  const [id, back] = await cutOverWithWayBack(home, scene, { afterFinish: 'leave-frozen' })
  await home.tasks.stop(back)
  expect(home.tasks.get(id)).toMatchObject({ state: 'finished', freeze: { state: 'left' } })
  const late = application(old, { password: oldSecret })
  await expect(late.set('late', 'x')).rejects.toThrow()
  late.disconnect()
  await home.tasks.unfreeze(id)
  expect(await settingsAndDoors(old)).toBe(before)
})
