import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { TaskView } from '#contract/task.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import type { Migrations } from '#migration/open.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { masterOfSlot, startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const dataFolder = dataFolderForEachTest()
const args = ['--repl-diskless-sync-delay', '0']
/** All that an account of a managed service may do: it may follow nobody. */
const managed = ['on', '>of-the-account', '~*', '&*', '+@all', '-psync', '-sync', '-replconf']

interface Sides extends AsyncDisposable {
  /** Each of them gets new keys of its own. */
  readonly sources: readonly RedisServer[]
  readonly source: { readonly username?: string; readonly password?: string }
  /** Named as sources of the plan; the others are found by them. */
  readonly named: number
  readonly target: RedisServer
  readonly ofCluster: boolean
}

/** Starts one after the other, so that all of them can be stopped. */
async function sides(
  start: (stack: AsyncDisposableStack) => Promise<Omit<Sides, typeof Symbol.asyncDispose>>,
): Promise<Sides> {
  const stack = new AsyncDisposableStack()
  const started = await start(stack)
  return { ...started, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const aServer = (): Promise<Sides> =>
  sides(async (stack) => ({
    sources: [stack.use(await startRedis({ args }))],
    source: {},
    named: 1,
    target: stack.use(await startRedis()),
    ofCluster: false,
  }))

const readKeyByKey = (): Promise<Sides> =>
  sides(async (stack) => {
    const source = stack.use(await startRedis())
    await source.call('ACL', 'SETUSER', 'account', ...managed)
    return {
      sources: [source],
      source: { username: 'account', password: 'of-the-account' },
      named: 1,
      target: stack.use(await startRedis()),
      ofCluster: false,
    }
  })

const twoIntoACluster = (): Promise<Sides> =>
  sides(async (stack) => ({
    sources: [stack.use(await startRedis({ args })), stack.use(await startRedis({ args }))],
    source: {},
    named: 2,
    target: stack.use(await startCluster()).nodes[0]!,
    ofCluster: false,
  }))

const aClusterIntoACluster = (): Promise<Sides> =>
  sides(async (stack) => ({
    sources: stack.use(await startCluster({ args })).nodes,
    source: {},
    named: 1,
    target: stack.use(await startCluster()).nodes[0]!,
    ofCluster: true,
  }))

/** Sets a new key as often as it is answered, until it is no more. */
async function makeKeys({ sources, ofCluster }: Sides, number: number, signal: AbortSignal): Promise<void> {
  const options = { disableClientInfo: true, maxRetriesPerRequest: 0, retryStrategy: () => null }
  const redis = new Redis({ ...options, port: sources[number]!.port, enableReadyCheck: false })
  // The command that failed tells.
  redis.on('error', () => undefined)
  try {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const key = `of ${number}: ${turn}`
      if (ofCluster && masterOfSlot(keySlot(Buffer.from(key)), sources.length) !== number) continue
      await redis.set(key, 'v')
      await sleep(1)
    }
  } catch {
    // Frozen.
  }
  redis.disconnect()
}

async function followed(home: Migrations, { sources, source, named, target }: Sides): Promise<string> {
  const [first, ...others] = sources.slice(0, named).map(({ host, port }) => ({ host, port, ...source }))
  const { id } = home.tasks.create(
    home.profiles.save({
      name: 'Counted',
      source: {
        ...first!,
        ...(others.length > 0 && { others: others.map((one) => ({ host: one.host, port: one.port })) }),
      },
      target: { host: target.host, port: target.port },
    }).id,
  )
  home.tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const one of checks?.results ?? []) if (one.state === 'warning') home.tasks.accept(id, one.id, true)
  home.tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)
  return id
}

describe('who is about to cut over sees keys of both sides as they were counted at one moment', () => {
  it.each([
    ['a server', aServer],
    ['a source read key by key', readKeyByKey],
    ['two servers into a cluster', twoIntoACluster],
    ['a cluster into a cluster', aClusterIntoACluster],
  ])('%s', { timeout: 120_000 }, async (_, start) => {
    await using both = await start()
    const writing = new AbortController()
    const writers = both.sources.map((_one, number) => makeKeys(both, number, writing.signal))
    try {
      await using home = dataFolder.open()
      const id = await followed(home, both)
      await sleep(300)
      const seen = new Set<string>()
      const look = ({ state, progress }: TaskView): boolean => {
        const { sourceKeys = null, targetKeys = null, shards = [] } = progress ?? {}
        const ofShards = shards.reduce((sum, one) => sum + (one.sourceKeys ?? 0), 0)
        if (state !== 'frozen' && state !== 'proving') return false
        if (sourceKeys === null || targetKeys === null) return false
        seen.add(`${sourceKeys} (${ofShards}) / ${targetKeys}`)
        return true
      }
      const looking = setInterval(() => look(home.tasks.get(id)), 5)
      try {
        await home.tasks.freeze(id)
        await untilTask(home, id, look)
        home.tasks.verify(id)
        const { proof } = await untilTask(
          home,
          id,
          ({ state, proof: one }) => state === 'frozen' && one?.running === false,
        )
        expect(proof?.result?.equal).toBe(true)
        await untilTask(home, id, look)
        const keys = proof!.result!.sourceKeys
        expect(keys).toBeGreaterThan(100)
        expect([...seen]).toEqual([`${keys} (${keys}) / ${keys}`])
      } finally {
        clearInterval(looking)
        await home.tasks.stop(id)
      }
    } finally {
      writing.abort()
      await Promise.all(writers)
    }
  })
})
