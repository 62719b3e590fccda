import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { fillWithEveryType } from '../support/every-type.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { assertAsRestored, assertProven, type Rules } from '../support/selection-ends.ts'
import { connectionTo, drain, infoField, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync, type SyncProcess } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const isLong = process.env['KEYFERRY_LONG'] !== undefined

const quickSnapshot = ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '64mb']

const everyRule: readonly Rules[] = [
  { include: ['*[02468]', '*:*e*'], exclude: ['union:*2'], addPrefix: 'new:{a}:' },
  { dbs: [0], targetDb: 5, exclude: ['short:*', 'list:?'] },
  { types: ['list', 'hash', 'stream'], dbMap: { 0: 7 } },
]

const rarerRules: readonly Rules[] = [
  { excludeTypes: ['set', 'list'], stripPrefix: 'count:', include: ['count:*'] },
  { slots: [{ from: 0, to: 9_000 }], targetDb: 2, dbPrefix: { 0: 'zero:', 3: 'three:', 15: 'fifteen:' } },
]

test('by each rule exactly what a restore of the same moment would have is there, killed once in between', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await fillWithEveryType(source)
  await using stack = new AsyncDisposableStack()
  const writer = startWriter({ port: source.port, rate: 1_000, keys: 40 })
  const request = { source: connectionTo(source) }
  const scenes = await Promise.all(
    (isLong ? [...everyRule, ...rarerRules] : everyRule).map(async (rules, index) => {
      const target = stack.use(await startRedis())
      const folder = stack.use(asAsync(taskFolder()))
      const asked = {
        ...request,
        ...rules,
        task: `chosen-${index}`,
        target: connectionTo(target),
        folder: folder.path,
      }
      return { rules, target, asked }
    }),
  )
  const again = await Promise.all(
    scenes.map(async ({ asked }) => {
      await using first = startSync(asked)
      await first.until(({ phase, writes }) => phase === 'in-step' && writes > 200)
      await first.kill9()
      return stack.use(startSync(asked))
    }),
  )
  await Promise.all(again.map((one) => one.until(({ phase, writes }) => phase === 'in-step' && writes > 500)))
  await writer.stop()
  await Promise.all(again.map((one) => drain(one, source)))
  for (const [index, { target, rules }] of scenes.entries()) {
    const sync = again[index]!
    const keys = await assertAsRestored([source], [target], rules)
    expect(keys).toBeGreaterThan(20)
    await assertProven([source], target, rules)
    expect(sync.progress!.shards[0]!.fullResyncs).toBe(0)
    sync.give({ type: 'finish' })
    await sync.done
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  }
}, 180_000)

function asAsync(folder: ReturnType<typeof taskFolder>): { readonly path: string } & AsyncDisposable {
  return {
    path: folder.path,
    [Symbol.asyncDispose]: () => {
      folder[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}

/** A sync of this source by these rules, in step. */
async function inStep(
  source: RedisServer,
  rules: Rules,
  stack: AsyncDisposableStack,
): Promise<{ target: RedisServer; sync: SyncProcess }> {
  const target = stack.use(await startRedis())
  const folder = stack.use(asAsync(taskFolder()))
  const sync = stack.use(
    startSync({
      task: 'chosen',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
      ...rules,
    }),
  )
  await sync.until(({ phase }) => phase === 'in-step')
  return { target, sync }
}

async function say(server: RedisServer, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const [name, ...words] = line.split(' ')
    await server.call(name!, ...words)
  }
}

const scenes: readonly (readonly [string, Rules, readonly string[]])[] = [
  [
    'keys come into the selection and leave it',
    { include: ['user:*'], addPrefix: 'new:' },
    [
      'SET other 1',
      'RENAME other user:1',
      'LPUSH waiting a b c',
      'LMOVE waiting user:list LEFT LEFT',
      'SET user:2 2 EX 1000',
      'RENAME user:2 gone',
      'SADD set a b',
      'SUNIONSTORE user:set set',
      'COPY set user:copy',
      'MSET user:3 3 not 4',
      'DEL user:3 not',
      'INCR user:1',
    ],
  ],
  [
    'keys change their type',
    { types: ['list', 'zset'] },
    [
      'RPUSH l a b',
      'SET l x',
      'SET s x',
      'RPUSH other 1 2',
      'RENAME s other',
      'SADD set a b',
      'ZADD z 1 a',
      'ZUNIONSTORE sum 2 set z',
      'SORT set ALPHA STORE sorted',
      'ZADD z2 1 a',
      'SET z2 x',
      'SETRANGE z2 3 y',
      'DEL z2',
      'ZADD z2 5 b',
    ],
  ],
  [
    'keys go from one database to another',
    { targetDb: 4, dbPrefix: { 0: 'zero:', 1: 'one:' }, dbs: [0, 1] },
    ['SET a 1 EX 1000', 'MOVE a 1', 'SET b 2', 'COPY b c DB 1', 'MOVE b 2', 'SET d 4', 'COPY d d DB 2'],
  ],
  [
    'scripts concern keys of both kinds',
    { include: ['user:*'] },
    ["EVAL return{redis.call('INCR',KEYS[1]),redis.call('INCR',KEYS[2])} 2 user:1 counted", 'INCR user:1'],
  ],
]

test('what no command can say under the rules is there as a restore would have it, nothing left out', async () => {
  await using stack = new AsyncDisposableStack()
  const source = stack.use(await startRedis({ args: quickSnapshot }))
  const all = await Promise.all(
    scenes.map(async ([what, rules]) => ({ what, rules, ...(await inStep(source, rules, stack)) })),
  )
  for (const [, , lines] of scenes) await say(source, 'SELECT 0', ...lines)
  await Promise.all(all.map(({ sync }) => drain(sync, source)))
  for (const { what, rules, target, sync } of all) {
    expect(await assertAsRestored([source], [target], rules), what).toBeGreaterThan(0)
    expect(sync.progress!.events.filter(({ level }) => level === 'warning')).toEqual([])
  }
})

test.each<[string, Rules, readonly string[], number]>([
  [
    'emptied and swapped as asked for',
    { dbMap: { 0: 5, 1: 6 }, dbs: [0, 1] },
    ['SWAPDB 0 1', 'SET a 2', 'FLUSHDB'],
    1,
  ],
  ['emptied where it is not chosen', { dbs: [1] }, ['FLUSHDB', 'SET a 2'], 1],
  ['emptied where databases meet', { targetDb: 3, dbPrefix: { 1: 'one:' } }, ['FLUSHDB', 'SET a 2'], 2],
  ['swapped with one that is not chosen', { dbs: [0] }, ['SWAPDB 0 1', 'SET a 2'], 2],
  ['emptied as a whole', { include: ['a*'] }, ['FLUSHALL', 'SET a 2', 'SET b 2'], 1],
])('a database is %s', async (_, rules, lines, copies) => {
  await using stack = new AsyncDisposableStack()
  const source = stack.use(await startRedis({ args: quickSnapshot }))
  const { target, sync } = await inStep(source, rules, stack)
  await say(source, 'SET a 1', 'SET ab 1', 'SELECT 1', 'SET a one', 'SET c one', 'SELECT 0', ...lines)
  const offset = sourceOffset(source)
  await sync.until(({ appliedOffset, phase }) => phase === 'in-step' && (appliedOffset ?? 0) >= offset)
  await drain(sync, source)
  await assertAsRestored([source], [target], rules)
  expect(infoField(source, 'stats', 'sync_full')).toBe(String(copies))
})

test.skipIf(!isLong)(
  'into a cluster: each key goes to the owner of its new name, and what is copied too',
  async () => {
    await using source = await startRedis({ args: quickSnapshot })
    await using cluster = await startCluster({ masters: 3 })
    using folder = taskFolder()
    const rules: Rules = {
      targetDb: 0,
      addPrefix: 'new:',
      dbPrefix: { 3: 'three:' },
      exclude: ['list:?', 'set:*[02468]'],
    }
    const writer = startWriter({ port: source.port, rate: 500, keys: 30 })
    const request = {
      task: 'chosen',
      source: connectionTo(source),
      target: connectionTo(cluster.nodes[0]!),
      folder: folder.path,
      ...rules,
    }
    {
      await using first = startSync(request)
      await first.until(({ phase }) => phase === 'in-step')
      await sleep(500)
      await first.kill9()
    }
    await using again = startSync(request)
    await again.until(({ phase, writes }) => phase === 'in-step' && writes > 300)
    await writer.stop()
    await drain(again, source)
    await assertAsRestored([source], cluster.nodes, rules)
    const ofThree = await Promise.all(cluster.nodes.map((node) => node.call('KEYS', 'new:three:*')))
    expect(ofThree.flat()).not.toEqual([])
  },
  180_000,
)

test('two databases whose names would meet end it before the second one is written, and other rules from the beginning', async () => {
  await using stack = new AsyncDisposableStack()
  const source = stack.use(await startRedis({ args: quickSnapshot }))
  const { target, sync } = await inStep(source, { targetDb: 3 }, stack)
  await say(source, 'SET a 1', 'SELECT 1', 'SET a 2')
  await expect(sync.done).rejects.toThrow()
  expect(sync.failure).toMatchObject({ code: 'source.databases-meet', params: { dbs: '0, 1', db: 3 } })
  await target.call('SELECT', 3)
  expect(await target.call('GET', 'a')).not.toBe('2')

  const folder = stack.use(asAsync(taskFolder()))
  const sides = { task: 'chosen', source: connectionTo(source), target: connectionTo(target) }
  const other = stack.use(startSync({ ...sides, folder: folder.path, include: ['b*'] }))
  await expect(other.done).rejects.toThrow()
  expect(other.failure).toMatchObject({ code: 'task.other-rules' })
})
