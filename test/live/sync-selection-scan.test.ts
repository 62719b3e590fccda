import { expect, test } from 'vitest'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis } from '../support/redis-server.ts'
import { assertAsRestored, assertProven, type Rules } from '../support/selection-ends.ts'
import { connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const noPsync = ['--rename-command', 'PSYNC', '', '--rename-command', 'SYNC', '']
const telling = ['--notify-keyspace-events', 'AE']

const everyRule: readonly Rules[] = [
  { include: ['a:*', 'b:*[02468]', 'string*'], exclude: ['a:union:*2'], addPrefix: 'new:', dbMap: { 3: 8 } },
  { types: ['list', 'hash', 'stream'], targetDb: 5, dbPrefix: { 0: 'zero:', 3: 'three:', 15: 'fifteen:' } },
]

test('two servers that nobody may follow, by each rule, killed once: in the end as a restore would have it', async () => {
  await using a = await startRedis({ args: [...noPsync, ...telling] })
  await using b = await startRedis({ args: [...noPsync, ...telling] })
  await using stack = new AsyncDisposableStack()
  await fillWithEveryType(a)
  const writers = [a, b].map(({ port }, index) =>
    startWriter({ port, rate: 500, keys: 40, prefix: `${'ab'[index]}:`, seed: index }),
  )
  const scenes = await Promise.all(
    everyRule.map(async (rules, index) => {
      const target = stack.use(await startRedis())
      const folder = stack.adopt(taskFolder(), async (one) => Promise.resolve(one[Symbol.dispose]()))
      const asked = {
        task: `chosen-${index}`,
        mode: 'scan' as const,
        sources: [connectionTo(a), connectionTo(b)],
        target: connectionTo(target),
        folder: folder.path,
        ...rules,
      }
      return { rules, target, asked }
    }),
  )
  await Promise.all(
    scenes.map(async ({ asked }) => {
      await using first = startSync(asked)
      await first.until(({ phase, writes }) => phase === 'in-step' && writes > 200)
    }),
  )
  // While nobody listens: a database is empty by now, keys are gone, and others of another type.
  const lists = (await a.call('KEYS', 'a:list:*')) as string[]
  for (const key of lists.slice(0, 5)) await a.call('SET', key, 'a string now')
  for (const key of lists.slice(5, 10)) await a.call('DEL', key)
  await b.call('FLUSHDB')
  const syncs = scenes.map(({ asked }) => stack.use(startSync(asked)))
  await Promise.all(syncs.map((one) => one.until(({ phase, writes }) => phase === 'in-step' && writes > 100)))
  await Promise.all(writers.map((writer) => writer.stop()))
  await a.call('SELECT', 3)
  await a.call('FLUSHDB')
  await a.call('SELECT', 0)
  await Promise.all(syncs.map((one) => drain(one, a, b)))
  for (const [index, { rules, target }] of scenes.entries()) {
    expect(await assertAsRestored([a, b], [target], rules)).toBeGreaterThan(20)
    await assertProven([a, b], target, rules)
    const sync = syncs[index]!
    sync.give({ type: 'finish' })
    await sync.done
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  }
}, 120_000)

test('keys that do not go along never arrive; what becomes one of them goes, and databases that meet end it', async () => {
  await using source = await startRedis({ args: telling })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('RPUSH', 'list', 'a')
  await source.call('SET', 'text', 'x')
  const request = {
    task: 'told',
    mode: 'scan' as const,
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
    types: ['list' as const],
    targetDb: 4,
  }
  const keys = async (): Promise<readonly string[]> => {
    await target.call('SELECT', 4)
    return ((await target.call('KEYS', '*')) as string[]).sort()
  }
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    expect(await keys()).toEqual(['list'])
    await source.call('RPUSH', 'other', 'b')
    await source.call('SET', 'list', 'a string now')
    await expect.poll(keys, { timeout: 30_000 }).toEqual(['other'])
    await source.call('SELECT', 1)
    await source.call('RPUSH', 'other', 'c')
    await expect(sync.done).rejects.toThrow()
    expect(sync.failure).toMatchObject({ code: 'source.databases-meet', params: { dbs: '0, 1', db: 4 } })
  }
  expect(await target.call('LRANGE', 'other', '0', '-1')).toEqual(['b'])
  await using others = startSync({ ...request, types: ['string'] })
  await expect(others.done).rejects.toThrow()
  expect(others.failure).toMatchObject({ code: 'task.other-rules' })
})
