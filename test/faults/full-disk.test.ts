import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openMigrations } from '#migration/open.ts'
import { dataFolderForEachTest, startJobs, untilTask } from '../support/data-folder.ts'
import { startRedis } from '../support/redis-server.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { compareAll } from '../support/sync-ends.ts'

const dataFolder = dataFolderForEachTest()

it('a migration whose data folder is full fails with a sentence, and goes on where it was once there is room', async () => {
  using disk = mountSmallDisk(join(dataFolder.path, 'disk'), 600)
  if (disk === null) return
  await using source = await startRedis({
    args: ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '64mb'],
  })
  await using target = await startRedis()
  await source.call('DEBUG', 'POPULATE', 2_000)
  await using home = openMigrations({ folder: disk.path, jobs: startJobs() })
  const { tasks } = home
  const { id } = tasks.create(
    home.profiles.save({
      name: 'cramped',
      source: { host: source.host, port: source.port },
      target: { host: target.host, port: target.port },
    }).id,
  )
  tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const one of checks?.results ?? []) if (one.state === 'warning') tasks.accept(id, one.id, true)
  tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)

  const { blocks, bfree, bsize } = statfsSync(disk.path)
  disk.resize(Math.ceil(((blocks - bfree) * bsize) / 2 ** 20) + 2)
  const value = 'x'.repeat(1 << 20)
  for (let key = 0; key < 20; key += 1) await source.call('SET', `large:${key}`, value)
  await expect(untilTask(home, id, () => false)).rejects.toThrow()
  expect(tasks.get(id)).toMatchObject({ state: 'failed', failure: { code: 'store.disk-full' } })

  disk.resize(600)
  tasks.resume(id)
  const back = await untilTask(home, id, ({ inStep }) => inStep)
  expect(back.progress!.shards.map(({ fullResyncs }) => fullResyncs)).toEqual([0])
  await tasks.freeze(id)
  await untilTask(home, id, ({ state }) => state === 'frozen')
  tasks.verify(id, 'full')
  await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.running === false)
  expect((await tasks.finish(id, {})).state).toBe('finished')
  expect(await compareAll(source, target)).toMatchObject({ equal: true })
}, 120_000)
