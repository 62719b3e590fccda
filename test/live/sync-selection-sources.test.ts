import { expect, test } from 'vitest'
import type { SyncRequest } from '#contract/sync.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis } from '../support/redis-server.ts'
import { assertAsRestored, assertProven, type Rules } from '../support/selection-ends.ts'
import { connectionTo, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const quickSnapshot = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '64mb']

const everyRule: readonly Rules[] = [
  { include: ['a:*', 'b:*[02468]', 'string*'], exclude: ['a:union:*2'], addPrefix: 'new:', dbMap: { 3: 8 } },
  { types: ['list', 'hash', 'stream'], targetDb: 5, dbPrefix: { 0: 'zero:', 3: 'three:', 15: 'fifteen:' } },
]

test.each(everyRule)(
  'two servers into one target by the same rules, killed once, and one copied again after it was flushed: %o',
  async (rules) => {
    await using a = await startRedis({ args: quickSnapshot })
    await using b = await startRedis({ args: quickSnapshot })
    await using target = await startRedis()
    using folder = taskFolder()
    await fillWithEveryType(a)
    const writer = startWriter({ port: a.port, rate: 700, keys: 40, prefix: 'a:' })
    const before = startWriter({ port: b.port, rate: 700, keys: 40, prefix: 'b:', seed: 2 })
    const request: Parameters<typeof startSync>[0] = {
      task: 'chosen',
      sources: [connectionTo(a), connectionTo(b)],
      target: connectionTo(target),
      folder: folder.path,
      ...rules,
    }
    {
      await using first = startSync(request)
      await first.until(({ phase, writes }) => phase === 'in-step' && writes > 200)
      await first.kill9()
    }
    const flushes: NonNullable<SyncRequest['flushes']>[number][] = []
    {
      await using again = startSync(request)
      await again.until(({ phase, writes }) => phase === 'in-step' && writes > 200)
      expect(again.progress!.fullResyncs).toBe(0)
      await before.stop()
      await b.call('FLUSHDB')
      await expect(again.done).rejects.toThrow()
      const { code, params } = again.failure!
      expect({ code, command: params['command'] }).toEqual({ code: 'source.flushed', command: 'FLUSHDB' })
      flushes.push({
        shard: Number(params['shard']),
        offset: Number(params['offset']),
        answer: 'copy-again',
      })
    }
    // Many keys come back under their old names, and none of their old values with them; most do not.
    const since = startWriter({ port: b.port, rate: 300, keys: 80, prefix: 'b:', seed: 3 })
    await using sync = startSync({ ...request, flushes })
    await sync.until(({ phase, shards }) => phase === 'in-step' && shards[1]!.fullResyncs === 1)
    await Promise.all([writer.stop(), since.stop()])
    await drain(sync, a, b)
    expect(await assertAsRestored([a, b], [target], rules)).toBeGreaterThan(40)
    await assertProven([a, b], target, rules)
    expect(infoField(a, 'stats', 'sync_full')).toBe('1')
    sync.give({ type: 'finish' })
    await sync.done
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  },
  120_000,
)

test('what stands beside a flush that is left out goes by the rules all the same; a database that is not chosen may be flushed', async () => {
  await using a = await startRedis({ args: quickSnapshot })
  await using b = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  await a.call('SET', 'a:1', 'of a')
  await b.call('MSET', 'b:1', 'of b', 'other', 'no')
  const request = {
    task: 'beside',
    sources: [connectionTo(a), connectionTo(b)],
    target: connectionTo(target),
    folder: folder.path,
    include: ['?:*'],
    addPrefix: 'new:',
    dbs: [0],
    targetDb: 4,
  }
  const flushes: NonNullable<SyncRequest['flushes']>[number][] = []
  {
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    for (const words of ['SELECT 1', 'SET b:1 elsewhere', 'FLUSHDB', 'SELECT 0', 'SET b:2 before'])
      await b.call(...(words.split(' ') as [string]))
    for (const words of ['MULTI', 'SET b:3 beside', 'FLUSHDB', 'SET b:4 behind', 'SET other again', 'EXEC'])
      await b.call(...(words.split(' ') as [string]))
    await expect(sync.done).rejects.toThrow()
    const { code, params } = sync.failure!
    expect(code).toBe('source.flushed')
    flushes.push({ shard: Number(params['shard']), offset: Number(params['offset']), answer: 'leave-out' })
  }
  await using sync = startSync({ ...request, flushes })
  await sync.until(({ phase }) => phase === 'in-step')
  await drain(sync, a, b)
  await target.call('SELECT', 4)
  const keys = (await target.call('KEYS', '*')) as string[]
  expect(keys.sort()).toEqual(['new:a:1', 'new:b:1', 'new:b:2', 'new:b:3', 'new:b:4'])
  await target.call('SELECT', 0)
  expect(
    ((await target.call('KEYS', '*')) as string[]).filter((key) => !key.startsWith('keyferry:')),
  ).toEqual([])
})

test('databases of two sources that would meet end it before the second one is written', async () => {
  await using a = await startRedis({ args: quickSnapshot })
  await using b = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  await a.call('SET', 'a', '1')
  await b.call('SELECT', 1)
  await using sync = startSync({
    task: 'meeting',
    sources: [connectionTo(a), connectionTo(b)],
    target: connectionTo(target),
    folder: folder.path,
    targetDb: 3,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await b.call('SET', 'a', '2')
  await expect(sync.done).rejects.toThrow()
  expect(sync.failure).toMatchObject({ code: 'source.databases-meet', params: { dbs: '0, 1', db: 3 } })
  await target.call('SELECT', 3)
  expect(await target.call('GET', 'a')).toBe('1')
})
