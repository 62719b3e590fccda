import { expect, it } from 'vitest'
import type { TaskView } from '#contract/task.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const dataFolder = dataFolderForEachTest()

const isProven = ({ state, proof }: TaskView): boolean => state === 'frozen' && proof?.running === false
const lines = (server: RedisServer, ...commands: readonly string[]): Promise<unknown> =>
  Promise.all(commands.map((line) => server.call(...(line.split(' ') as [string, ...string[]]))))

it('what a proof finds is repaired while writes are frozen, counts as ours, and both sides are proven equal', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  await source.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  await lines(
    source,
    'SET lacking 1',
    'SET typed 1',
    'SADD members a b c',
    'ZADD scores 1 a 2 b',
    'SET lasting v PXAT 4000000000000',
    'XADD stream 1-1 f v',
    'XGROUP CREATE stream group 0',
    'XREADGROUP GROUP group me STREAMS stream >',
  )
  await using home = dataFolder.open()
  const { tasks, profiles } = home
  const side = ({ host, port }: RedisServer): { host: string; port: number } => ({ host, port })
  const { id } = tasks.create(profiles.save({ name: 'Shop', source: side(source), target: side(target) }).id)
  tasks.check(id)
  await untilTask(home, id, ({ state }) => state === 'ready')
  tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)
  await tasks.freeze(id)
  await untilTask(home, id, ({ state }) => state === 'frozen')
  expect(tasks.get(id).actions).not.toContain('repair')

  await lines(
    target,
    'DEL lacking',
    'DEL typed',
    'RPUSH typed 1',
    'SREM members c',
    'SADD members d',
    'ZADD scores 2.5 b',
    'PEXPIREAT lasting 4000000010000',
    'XACK stream group 1-1',
    'SET more 1',
  )
  tasks.verify(id, 'full')
  const differing = await untilTask(home, id, isProven)
  expect(differing.proof?.result).toMatchObject({
    equal: false,
    byKind: { missing: 1, extra: 1, type: 1, value: 2, expiry: 1, groups: 1 },
  })
  expect(differing.finishNeedsConsent).toMatch(/differences|no-proof/)
  expect(differing.actions).toContain('repair')

  const address = `${target.host}:${target.port}`
  expect(() => tasks.repair(id, { consent: 'somewhere else' })).toThrow('task.repair-consent')
  tasks.repair(id, { consent: address })
  const partly = await untilTask(home, id, isProven)
  expect(partly.proof).toMatchObject({ void: false, result: { equal: false, byKind: { extra: 1 } } })
  expect(partly.proof?.result?.differing).toBe(1)
  tasks.repair(id, { consent: address, deleteExtra: true })
  const repaired = await untilTask(home, id, isProven)
  expect(repaired.proof).toMatchObject({ void: false, underFreeze: true, result: { equal: true } })
  expect(repaired.finishNeedsConsent).toBeNull()
  const told = tasks.events(id, undefined, 500).filter(({ code }) => code === 'proof.repaired')
  expect(told.map(({ params }) => params)).toEqual([
    { written: 0, deleted: 1 },
    { written: 6, deleted: 0 },
  ])

  // Whoever writes after it is seen as before it: and nothing of the repair was taken for a stranger's.
  const strangers = (): readonly unknown[] =>
    tasks
      .events(id, undefined, 500)
      .filter(({ code, id: event }) => code === 'target.foreign-write' && event > told[0]!.id)
      .map(({ params }) => params)
  const tracking = async (): Promise<boolean> =>
    / name=kf:\S*:guard .*flags=\S*t/.test(String(await target.call('CLIENT', 'LIST')))
  await untilTask(home, id, tracking)
  await untilTask(home, id, async ({ proof }) => {
    await target.call('SET', 'a stranger’s', '1')
    return proof?.void === true
  })
  expect(strangers()).toEqual([{ key: 'a stranger’s' }])
  await target.call('DEL', 'a stranger’s')
  tasks.verify(id, 'full')
  expect((await untilTask(home, id, isProven)).proof?.result?.equal).toBe(true)
  expect((await tasks.finish(id, { consent: address })).state).toBe('finished')
  expect(await target.call('DEBUG', 'DIGEST')).toBe(await source.call('DEBUG', 'DIGEST'))
  for (const question of ['PEXPIRETIME lasting', 'XINFO STREAM stream FULL'])
    expect(await lines(target, question)).toEqual(await lines(source, question))
})
