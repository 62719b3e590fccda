import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { StreamMark } from '../../src-main/contract/sync.ts'
import { markStreams } from '../../src-main/engine/source/stream-mark.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { serversAtHand } from '../support/server-pairs.ts'
import { compareAll, connectionTo, drain, infoField, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync, type SyncAsked } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

/** Two servers with the same data, as a cutover leaves them: the new one was written to, the old one is silent. */
async function startTwins(): Promise<{ old: RedisServer; fresh: RedisServer } & AsyncDisposable> {
  const fresh = await startRedis({
    args: ['--repl-ping-replica-period', '3600', '--repl-diskless-sync-delay', '0'],
  })
  await fillWithEveryType(fresh)
  const old = await startRedis({ args: ['--appendonly', 'yes', '--enable-debug-command', 'yes'] })
  using folder = taskFolder()
  await using forward = startSync({
    task: 'forward',
    source: connectionTo(fresh),
    target: connectionTo(old),
    folder: folder.path,
  })
  await forward.until(({ phase }) => phase === 'in-step')
  await drain(forward, fresh)
  forward.give({ type: 'finish' })
  await forward.done
  return {
    old,
    fresh,
    async [Symbol.asyncDispose]() {
      await Promise.all([old.stop(), fresh.stop()])
    },
  }
}

async function mark(server: RedisServer): Promise<StreamMark> {
  const [only] = await markStreams(connectionTo(server), {
    name: 'kf:back:mark',
    key: 'keyferry:back:mark',
    signal: new AbortController().signal,
  })
  return only!
}

function wayBack(
  twins: { old: RedisServer; fresh: RedisServer },
  from: StreamMark,
  folder: string,
): SyncAsked {
  return {
    task: 'back',
    source: connectionTo(twins.fresh),
    target: connectionTo(twins.old),
    folder,
    from: [from],
  }
}

test('what is written behind the mark comes back, each write once, through a kill -9; no copy, and nothing goes round', async () => {
  await using twins = await startTwins()
  const { old, fresh } = twins
  using folder = taskFolder()
  const copiesBefore = infoField(fresh, 'stats', 'sync_full')
  const from = await mark(fresh)
  // In another database than the mark's, first of all.
  await fresh.call('SELECT', 3)
  await fresh.call('SET', 'first', 'in 3')
  await fresh.call('SELECT', 0)
  const asked = wayBack(twins, from, folder.path)
  await using sync = startSync(asked)
  const begun = await sync.until(({ phase, guard }) => phase === 'in-step' && guard === 'guarded')
  expect(begun.events.map(({ code }) => code)).not.toContain('target.lost')
  // Keys of ours are none of the data set.
  await sync.until(({ sourceKeys, targetKeys }) => sourceKeys !== null && sourceKeys === targetKeys)

  // Idle: what we write on the one does not come from the other.
  await sync.until(({ lagBytes }) => lagBytes === 0)
  const settled = sourceOffset(fresh)
  const { writes } = sync.progress!
  await sleep(2_500)
  expect(sourceOffset(fresh)).toBe(settled)
  expect(sync.progress!.writes).toBe(writes)

  const writer = startWriter({ port: fresh.port, rate: 3_000 })
  await sync.until(({ writes }) => writes > 1_500)
  await sync.kill9()
  await sleep(300)
  await using again = startSync(asked)
  await again.until(({ phase, writes }) => phase === 'in-step' && writes > 1_500)
  await writer.stop()
  await again.until(({ lagBytes }) => lagBytes === 0)

  await drain(again, fresh)
  again.give({ type: 'finish' })
  await again.done
  expect(await compareAll(fresh, old)).toMatchObject({ equal: true, differing: 0 })
  expect(old.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  expect(fresh.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  expect(infoField(fresh, 'stats', 'sync_full')).toBe(copiesBefore)
})

test('an expiry renewed in its last moment is renewed on the other side too, although we were away', async () => {
  await using twins = await startTwins()
  const { old, fresh } = twins
  using folder = taskFolder()
  await fresh.call('SET', 'session', 'x', 'PX', 60_000)
  const value = (await fresh.callBuffer('DUMP', 'session')) as Buffer
  await old.call('RESTORE', 'session', Number(await fresh.call('PEXPIRETIME', 'session')), value, 'ABSTTL')
  const from = await mark(fresh)
  const asked = wayBack(twins, from, folder.path)
  await using sync = startSync(asked)
  await sync.until(({ phase, guard }) => phase === 'in-step' && guard === 'guarded')
  // A thousand years away meanwhile.
  expect(await old.call('PTTL', 'session')).toBeGreaterThan(10 ** 12)
  await fresh.call('PEXPIRE', 'session', 300)
  await sync.until(({ lagBytes }) => lagBytes === 0)
  await sync.kill9()
  await fresh.call('PEXPIRE', 'session', 120_000)
  await sleep(500)
  await using again = startSync(asked)
  await again.until(({ phase }) => phase === 'in-step')
  await drain(again, fresh)
  expect(await old.call('PEXPIRETIME', 'session')).toBe(await fresh.call('PEXPIRETIME', 'session'))
})

test('where the stream is gone the way back is lost, and told; the old server is not touched', async () => {
  await using twins = await startTwins()
  const { old, fresh } = twins
  using folder = taskFolder()
  const from = await mark(fresh)
  await fresh.call('CONFIG', 'SET', 'repl-backlog-size', 16_384)
  for (let index = 0; index < 40; index += 1) await fresh.call('SET', 'large', 'x'.repeat(1_000))
  const before = String(await old.call('DEBUG', 'DIGEST'))
  const copies = infoField(fresh, 'stats', 'sync_full')
  await using sync = startSync(wayBack(twins, from, folder.path))
  await expect(sync.done).rejects.toThrow()
  expect(sync.failure).toMatchObject({ code: 'source.stream-lost', retryable: false })
  await old.call('DEL', ...((await old.call('KEYS', 'keyferry:*')) as string[]))
  expect(String(await old.call('DEBUG', 'DIGEST'))).toBe(before)
  expect(Number(infoField(fresh, 'stats', 'sync_full'))).toBeLessThanOrEqual(Number(copies) + 1)
})

test('a server that no replica ever followed begins a stream for the mark, without a snapshot', async () => {
  await using fresh = await startRedis()
  expect(infoField(fresh, 'replication', 'repl_backlog_active')).toBe('0')
  const { replid, offset } = await mark(fresh)
  expect(infoField(fresh, 'replication', 'repl_backlog_active')).toBe('1')
  expect(offset).toBe(sourceOffset(fresh))
  expect(infoField(fresh, 'replication', 'master_replid')).toBe(replid)
  expect(await fresh.call('DBSIZE')).toBe(0)
  expect(infoField(fresh, 'persistence', 'rdb_saves')).toBe('0')
})

const marked = serversAtHand.filter(({ version }) => !/^2\.[0-6]\./.test(version))

test.skipIf(process.env['KEYFERRY_SYNC_PAIRS'] !== 'all').each(marked)(
  'behind the mark of $name $version every write arrives, each in its database',
  async ({ binary }) => {
    await using fresh = await startRedis({ binary })
    await using old = await startRedis()
    using folder = taskFolder()
    // What was selected last in its stream, if it keeps one, is another database than the mark's.
    await fresh.call('SELECT', 3)
    await fresh.call('SET', 'before', '1')
    const from = await mark(fresh)
    await fresh.call('SET', 'in 3', '1')
    await fresh.call('SELECT', 0)
    await fresh.call('SET', 'in 0', '1')
    await using sync = startSync(wayBack({ old, fresh }, from, folder.path))
    await sync.until(({ writes }) => writes >= 2)
    await drain(sync, fresh)
    expect(await old.call('GET', 'in 0')).toBe('1')
    await old.call('SELECT', 3)
    expect(await old.call('KEYS', '*')).toEqual(['in 3'])
  },
)
