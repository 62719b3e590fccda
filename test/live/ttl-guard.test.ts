import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { unguardExpiries } from '#engine/flow/unguard.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { serversAtHand } from '../support/server-pairs.ts'
import { compareAll, connectionTo, drain, infoField, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'

const quickSnapshot = ['--repl-diskless-sync-delay', '0']
const centuries = 2 ** 44

test.each(['guarded', 'settled'] as const)(
  'keys renewed at the last moment survive a lag of two seconds: %s',
  async (guard) => {
    await using source = await startRedis({ args: quickSnapshot })
    await using target = await startRedis()
    await using wire = await startProxy(source.port)
    using folder = taskFolder()
    await using sync = startSync({
      task: 'renewed',
      source: connectionTo(wire),
      target: connectionTo(target),
      folder: folder.path,
    })
    await sync.until(({ phase }) => phase === 'in-step')
    if (guard === 'settled') {
      sync.give({ type: 'settle' })
      await sync.until((now) => now.guard === 'settled')
    }
    await source.call('SET', 'renewed', 'v', 'PX', 8_000)
    await source.call('SET', 'persisted', 'v', 'PX', 8_000)
    await source.call('SET', 'expired', 'v', 'PX', 8_000)
    await source.call('HSET', 'far', 'f', 'v')
    await source.call('EXPIRE', 'far', 5_000)
    await sync.until(({ targetKeys }) => targetKeys === 4)
    expect(Number(await target.call('PTTL', 'renewed'))).toBeGreaterThan(centuries)
    expect(Number(await target.call('PTTL', 'far')) > centuries).toBe(guard === 'guarded')

    // Late, so that the target's own clock passes the old expiry before it hears of the renewal.
    const left = Number(await source.call('PTTL', 'renewed'))
    await sleep(Math.max(0, left - 1_500))
    wire.delayMs = 2_000
    await source.call('PEXPIRE', 'renewed', 100_000)
    await source.call('PERSIST', 'persisted')
    await sleep(1_700)
    expect(await target.call('EXISTS', 'renewed', 'persisted')).toBe(2)
    wire.delayMs = 0
    expect(await source.call('EXISTS', 'expired')).toBe(0)
    await sync.until(({ phase, targetKeys }) => phase === 'in-step' && targetKeys === 3)
    await drain(sync, source)
    expect(await target.call('EXISTS', 'expired')).toBe(0)
    expect(await compareAll(source, target)).toMatchObject({ equal: true, compared: 3, differences: [] })
    expect(Number(await target.call('PTTL', 'renewed'))).toBeLessThan(100_000)
    expect(sync.progress?.guard).toBe('final')
  },
)

test('what was on its way to a slow target when expiries were settled is settled too', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  await using wire = await startProxy(target.port)
  using folder = taskFolder()
  await using sync = startSync({
    task: 'on-its-way',
    source: connectionTo(source),
    target: connectionTo(wire),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  wire.hold()
  const keys = Array.from({ length: 12_000 }, (_, index) => `key:${index}`)
  await Promise.all(keys.map((key) => source.call('SET', key, 'v', 'PX', 500_000)))
  const written = sourceOffset(source)
  await sync.until(({ spooledOffset }) => spooledOffset! >= written)
  // What there is has been put into the lanes, and what settling begins with waits for its answer.
  sync.give({ type: 'settle' })
  await sleep(500)
  wire.release()
  await sync.until(({ guard }) => guard === 'settled')
  await drain(sync, source)
  const left = await Promise.all(keys.map(async (key) => Number(await target.call('PTTL', key))))
  expect(left.filter((ms) => ms > centuries)).toEqual([])
  expect(left.filter((ms) => ms <= 0)).toEqual([])
})

test('a key renewed while the copy is made is there, though its old expiry passes before its turn', async () => {
  // Five seconds for the snapshot: 35 ms a key.
  await using source = await startRedis({ args: [...quickSnapshot, '--rdb-key-save-delay', '35000'] })
  await using target = await startRedis()
  using folder = taskFolder()
  source.cli('DEBUG', 'POPULATE', '150', 'filler')
  await source.call('SET', 'renewed', 'v', 'PX', 4_000)
  await using sync = startSync({
    task: 'long-copy',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await whileNoSnapshot(source, () => source.call('PEXPIRE', 'renewed', 4_000))
  expect(await source.call('PERSIST', 'renewed')).toBe(1)
  await sync.until(({ phase }) => phase === 'in-step')
  await drain(sync, source)
  expect(await target.call('GET', 'renewed')).toBe('v')
  expect(await compareAll(source, target)).toMatchObject({ equal: true, compared: 151, differences: [] })
})

test('taken back, the guard stands again; expiries that go along with RENAME and COPY are settled too', async () => {
  await using source = await startRedis({ args: quickSnapshot })
  await using target = await startRedis()
  using folder = taskFolder()
  await source.call('SET', 'a', '1', 'EX', 30)
  await source.call('SET', 'b', '1', 'EX', 3_000)
  await source.call('SET', 'c', '1', 'EX', 40)
  await using sync = startSync({
    task: 'back',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  sync.give({ type: 'settle' })
  await sync.until(({ guard }) => guard === 'settled')
  expect(Number(await target.call('PTTL', 'b'))).toBeLessThan(3_000_000)
  sync.give({ type: 'follow' })
  await sync.until(({ guard }) => guard === 'guarded')
  expect(Number(await target.call('PTTL', 'b'))).toBeGreaterThan(centuries)

  sync.give({ type: 'settle' })
  await sync.until(({ guard }) => guard === 'settled')
  await source.call('RENAME', 'a', 'renamed')
  await source.call('COPY', 'c', 'copied')
  await source.call('COPY', 'c', 'elsewhere', 'DB', 4)
  await source.call('MOVE', 'c', 7)
  await source.call('SET', 'near', '1', 'PX', 20_000)
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, compared: 6, differences: [] })
  for (const key of ['renamed', 'copied', 'near', 'b'])
    expect(Number(await target.call('PTTL', key))).toBeLessThan(3_000_000)
})

const firstWithExpiringFields: Readonly<Record<string, number>> = { redis: 7.4, valkey: 9 }
const withExpiringFields = serversAtHand.filter(
  ({ name, version }) => Number.parseFloat(version) >= firstWithExpiringFields[name]!,
)
if (withExpiringFields.length === 0)
  console.warn('no server at hand knows fields that expire: KEYFERRY_TEST_SERVERS names none')

test.each(withExpiringFields)(
  'given up, fields of hashes expire again when they should, as keys do: $name $version',
  async ({ binary }) => {
    await using target = await startRedis({ binary })
    const at = Date.now() + 500_000
    await target.call('HSET', 'hash', 'field', 'v', 'other', 'v')
    await target.call('HPEXPIREAT', 'hash', at + 2 ** 45, 'FIELDS', 1, 'field')
    await target.call('SET', 'key', 'v', 'PXAT', at + 2 ** 45)
    await unguardExpiries(connectionTo(target), 'given-up')
    expect(await target.call('HPEXPIRETIME', 'hash', 'FIELDS', 2, 'field', 'other')).toEqual([at, -1])
    expect(await target.call('PEXPIRETIME', 'key')).toBe(at)
  },
)

test.each(withExpiringFields)(
  'a field renewed while the copy is made is there, though its old expiry passes before its turn: $name $version',
  async ({ binary }) => {
    await using source = await startRedis({
      binary,
      args: [...quickSnapshot, '--rdb-key-save-delay', '35000'],
    })
    await using target = await startRedis({ binary })
    using folder = taskFolder()
    source.cli('DEBUG', 'POPULATE', '150', 'filler')
    await source.call('HSET', 'hash', 'renewed', 'v', 'moved', 'v', 'other', 'v')
    await using sync = startSync({
      task: 'long-copy',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
    })
    await whileNoSnapshot(source, () =>
      source.call('HPEXPIRE', 'hash', 4_000, 'FIELDS', 2, 'renewed', 'moved'),
    )
    expect(await source.call('HPERSIST', 'hash', 'FIELDS', 1, 'renewed')).toEqual([1])
    expect(await source.call('HPEXPIRE', 'hash', 500_000, 'FIELDS', 1, 'moved')).toEqual([1])
    await sync.until(({ phase }) => phase === 'in-step')
    await drain(sync, source)
    expect(await target.call('HMGET', 'hash', 'renewed', 'moved', 'other')).toEqual(['v', 'v', 'v'])
    expect(await compareAll(source, target)).toMatchObject({ equal: true, compared: 151, differences: [] })
  },
)

/** However long it takes until the snapshot begins, the expiry in it is one that passes before its end. */
async function whileNoSnapshot(source: RedisServer, renew: () => Promise<unknown>): Promise<void> {
  for (
    let turn = 0;
    turn < 1_000 && infoField(source, 'persistence', 'rdb_bgsave_in_progress') !== '1';
    turn += 1
  ) {
    await renew()
    await sleep(20)
  }
}
