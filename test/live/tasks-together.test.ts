import { expect, test } from 'vitest'
import { defaultProfileOptions, type ProfileOptions } from '#contract/profile.ts'
import type { TogetherRequest } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

const dataFolder = dataFolderForEachTest()

async function checked(
  home: Migrations,
  name: string,
  [source, target]: readonly [RedisServer, RedisServer],
  options: Partial<ProfileOptions> = {},
): Promise<string> {
  const { id } = home.tasks.create(
    home.profiles.save({
      name,
      source: { host: source.host, port: source.port },
      target: { host: target.host, port: target.port },
      options: { ...defaultProfileOptions, ...options },
    }).id,
  )
  home.tasks.check(id)
  await untilTask(home, id, ({ state }) => state === 'ready')
  return id
}

test('of several tasks in whatever states each is told what was done, and done what can be', async () => {
  const args = ['--repl-diskless-sync-delay', '0']
  await using one = await startRedis({ args })
  await using two = await startRedis({ args })
  await using three = await startRedis({ args })
  const targets = await Promise.all([startRedis(), startRedis(), startRedis()])
  try {
    const [first, second, third] = [one, two, three].map((source, at) => [source, targets[at]!] as const)
    {
      await using home = dataFolder.open()
      const following = await checked(home, 'following', first!)
      const paused = await checked(home, 'paused', second!)
      const beside = await checked(home, 'beside', first!)
      const ready = await checked(home, 'ready', third!)
      const overwriting = await checked(home, 'overwriting', third!, { onConflict: 'replace' })
      const { id: draft } = home.tasks.create(home.tasks.get(ready).profileId)
      const ids = { following, paused, beside, ready, overwriting, draft, nobody: 'nobody' }
      for (const id of [following, paused]) home.tasks.start(id)
      for (const id of [following, paused]) await untilTask(home, id, ({ inStep }) => inStep)
      await home.tasks.pause(paused)

      /** Of each: why it was refused, or null. */
      const all = async (deed: TogetherRequest['deed']): Promise<object> => {
        const answers = await home.tasks.together({ ids: Object.values(ids), deed })
        expect(answers.map(({ id }) => id)).toEqual(Object.values(ids))
        return Object.fromEntries(
          Object.keys(ids).map((name, at) => [name, answers[at]!.failure?.code ?? null]),
        )
      }
      const states = (): object =>
        Object.fromEntries(home.tasks.list().map(({ name, state }) => [name, state]))
      const untouched = {
        beside: 'task.wrong-state',
        ready: 'task.wrong-state',
        overwriting: 'task.wrong-state',
        draft: 'task.wrong-state',
        nobody: 'task.not-found',
      }
      // What has come to be so already is no refusal.
      expect(await all('pause')).toEqual({ following: null, paused: null, ...untouched })
      expect(await all('start')).toEqual({
        following: null,
        paused: null,
        beside: 'task.instance-busy',
        ready: null,
        overwriting: 'task.overwrites',
        draft: 'task.wrong-state',
        nobody: 'task.not-found',
      })
      for (const id of [following, paused, ready]) await untilTask(home, id, ({ inStep }) => inStep)
      expect(await all('remove')).toEqual({
        following: 'task.wrong-state',
        paused: 'task.wrong-state',
        beside: null,
        ready: 'task.wrong-state',
        overwriting: null,
        draft: null,
        nobody: 'task.not-found',
      })
      await home.tasks.pause(following)
      await home.tasks.stop(ready)
      expect(states()).toEqual({ following: 'paused', paused: 'following', ready: 'stopped' })
    }

    // On the command line, each by its name; the one that was followed is found interrupted.
    const stopped = await runCli(['tasks', 'stop', 'following', 'ready', 'paused'], {
      env: { KEYFERRY_HOME: dataFolder.path },
      timeoutMs: 120_000,
    })
    expect(stopped.code).toBe(1)
    expect(stopped.stdout).toMatch(
      /^following \(\w+\): done\.\nready \(\w+\): not done\.\npaused \(\w+\): done\.\n$/,
    )
    expect(stopped.stderr).toContain('(task.wrong-state)')
    await using home = dataFolder.open()
    expect(home.tasks.list().map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped'])
  } finally {
    for (const target of targets) await target.stop()
  }
})
