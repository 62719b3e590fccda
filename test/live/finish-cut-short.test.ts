import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { addressOf } from '#contract/connection.ts'
import type { FinishRequest } from '#migration/tasks.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { application } from '../support/doors.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const mortal = new URL('../support/die-in-finish.ts', import.meta.url).pathname
const dataFolder = dataFolderForEachTest()
const oldSecret = 'secret of the old one'
const freshSecret = 'secret of the new one'

interface Scene extends AsyncDisposable {
  readonly source: RedisServer
  readonly target: RedisServer
  readonly id: string
}

/** A migration whose process was killed when its sync was to be ended for good, with `request` for its end. */
async function killedInFinish(request: (source: string) => FinishRequest): Promise<Scene> {
  const source = await startRedis({ password: oldSecret, args: ['--repl-diskless-sync-delay', '0'] })
  const target = await startRedis({ password: freshSecret })
  await source.call('MSET', 'k', '1', 'l', '2')
  let id: string
  {
    await using home = dataFolder.open()
    const plan = home.profiles.save({
      name: 'shop',
      source: { host: source.host, port: source.port, password: oldSecret },
      target: { host: target.host, port: target.port, password: freshSecret },
    })
    id = home.tasks.create(plan.id).id
  }
  const wishes = JSON.stringify(request(addressOf(source)))
  const dying = spawn(process.execPath, [mortal, dataFolder.path, id, wishes], { stdio: ['ignore', 2, 2] })
  expect(await once(dying, 'exit')).toEqual([null, 'SIGKILL'])
  return {
    source,
    target,
    id,
    async [Symbol.asyncDispose]() {
      await Promise.all([source.stop(), target.stop()])
    },
  }
}

async function writesTo(server: RedisServer): Promise<string> {
  const client = application(server, { password: oldSecret })
  try {
    await client.connect()
    return await client.set('theirs', 'x')
  } finally {
    client.disconnect()
  }
}

it('killed while it ends, a migration ends as was chosen, not as was planned: moved, its source left frozen', async () => {
  await using scene = await killedInFinish((from) => ({ deleteSource: from, afterFinish: 'leave-frozen' }))
  const { source, target, id } = scene
  await using home = dataFolder.open()
  expect(home.tasks.get(id)).toMatchObject({
    state: 'interrupted',
    concluding: true,
    moving: false,
    ending: { moving: true },
    options: { afterFinish: 'unfreeze' },
  })
  const finished = await home.tasks.finish(id, {})
  expect(finished).toMatchObject({ state: 'finished', freeze: { state: 'left' } })
  await expect(writesTo(source)).rejects.toThrow()
  expect(await target.call('MGET', 'k', 'l')).toEqual(['1', '2'])
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
  await home.tasks.unfreeze(id)
  expect(await writesTo(source)).toBe('OK')
  expect(await source.call('KEYS', '*')).toEqual(['theirs'])
}, 120_000)

it('killed while it ends, a move deletes nothing from a source that was opened meanwhile', async () => {
  await using scene = await killedInFinish((source) => ({ deleteSource: source }))
  const { source, target, id } = scene
  await using home = dataFolder.open()
  await home.tasks.unfreeze(id)
  expect(await writesTo(source)).toBe('OK')
  await expect(home.tasks.finish(id, {})).rejects.toMatchObject({ failure: { code: 'task.consent-needed' } })
  const finished = await home.tasks.finish(id, { consent: addressOf(target) })
  expect(finished.state).toBe('finished')
  expect(finished.events.find(({ code }) => code === 'move.ended')?.params).toMatchObject({
    deleted: 0,
    code: 'task.move-unproven',
  })
  expect(await source.call('DBSIZE')).toBe(3)
}, 120_000)
