import { expect, test } from 'vitest'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { pairsAtHand, serversAtHand } from '../support/server-pairs.ts'
import { compareAll, connectionTo, drain, infoField, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

/** Each source that differs from its neighbours in what it sends, and each target in what it can be told. */
const everyPair = `2.8>7.0 3.0>7.0 3.2>7.0 4.0>7.0 5.0>7.0 6.0>7.0 6.2>7.0 7.2>7.0 7.4>7.0 8.0.6>7.0 v7.2>7.0 v8.0>7.0 v8.1>7.0
  v9>7.0 7.0>6.2 7.0>6.0 7.0>5.0 7.0>4.0 8.0.6>6.2 8.0.6>4.0 v9>5.0 2.8>4.0 4.0>5.0 6.2>6.0 7.4>8.0.6 8.0.6>7.4 7.4>v9 v9>7.4
  8.0.6>v9 v9>8.0.6 7.2>v8.0 v8.0>7.2 2.8>8.0.6 2.8>v9 2.8>6.0
  7.0>3.2 7.0>3.0 3.2>3.2 6.2>2.8 2.8>2.8 3.2>2.8 4.0>3.2 5.0>4.0 v7.2>v8.0 v8.0>v9`
/** Those that can be tried with what the package registries have. */
const fewPairs = '2.8>7.0 6.0>7.0 6.2>7.0 v8.0>7.0 7.0>6.2 7.0>6.0 2.8>6.0'
const chosen = process.env['KEYFERRY_SYNC_PAIRS'] ?? fewPairs
const atHand = pairsAtHand(chosen === 'all' ? everyPair : chosen)

if (atHand.length === 0) test.skip('servers of other versions are followed', () => undefined)

test.each(atHand)(
  '$source.name $source.version into $target.name $target.version: killed once, equal at the end, expiries within 5 ms',
  async (binaries) => {
    await using source = await startRedis({
      binary: binaries.source.binary,
      args: [
        // However long it takes to come again: it goes on from where it was.
        ...['--repl-backlog-size', '256mb'],
        // Before 7.0 no snapshot is waited for.
        ...(Number.parseInt(binaries.source.version, 10) >= 7 ? ['--repl-diskless-sync-delay', '0'] : []),
      ],
    })
    await using target = await startRedis({ binary: binaries.target.binary })
    using folder = taskFolder()
    const request = {
      task: 'versions',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
    }
    await source.call('SET', 'sum:far', '1', 'EX', 5_000)
    await source.call('SET', 'sum:near', '1', 'EX', 40)
    await source.call('SET', 'persisted', '1', 'EX', 40)
    await setFields(source, 'fields:copied')
    const writer = startWriter({ port: source.port, rate: 3_000, seed: 21 })
    {
      await using sync = startSync(request)
      await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 2_000)
      await source.call('INCRBYFLOAT', 'sum:far', '0.5')
      await source.call('PERSIST', 'persisted')
      await setFields(source, 'fields:streamed')
      await sync.kill9()
    }
    await using sync = startSync(request)
    await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 1_000)
    sync.give({ type: 'settle' })
    await sync.until(({ guard }) => guard === 'settled')
    await source.call('INCRBYFLOAT', 'sum:near', '0.5')
    await setFields(source, 'fields:settled')
    await writer.stop()
    if (!(await knows(target, 'XADD'))) await deleteStreams(source)
    await drain(sync, source)
    const proof = await compareAll(source, target, {}, 5)
    expect(proof).toMatchObject({ equal: true, differing: 0, differences: [] })
    expect(proof.compared).toBeGreaterThan(1_000)
    expect(Number(await target.call('PTTL', 'sum:far'))).toBeGreaterThan(4_000_000)
    for (const key of ['fields:copied', 'fields:streamed', 'fields:settled'])
      expect([key, await fieldExpiries(target, key)]).toEqual([
        key,
        (await knows(target, 'HPEXPIREAT')) ? ((await fieldExpiries(source, key)) ?? [-1, -1, -1]) : null,
      ])
    expect(infoField(source, 'stats', 'sync_full')).toBe('1')
    sync.give({ type: 'finish' })
    await sync.done
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  },
  300_000,
)

async function knows(server: RedisServer, command: string): Promise<boolean> {
  const [found] = (await server.call('COMMAND', 'INFO', command)) as unknown[]
  return found !== null
}

/** A hash with fields that expire soon, late and never, where the server has such. */
async function setFields(source: RedisServer, key: string): Promise<void> {
  await source.call('HMSET', key, 'late', 1, 'soon', 1, 'never', 1)
  if (!(await knows(source, 'HPEXPIREAT'))) return
  await source.call('HPEXPIREAT', key, Date.now() + 5_000_000, 'FIELDS', 1, 'late')
  await source.call('HPEXPIRE', key, 40_000, 'FIELDS', 1, 'soon')
}

/** Null where the server knows none. */
async function fieldExpiries(server: RedisServer, key: string): Promise<unknown> {
  if (!(await knows(server, 'HPEXPIREAT'))) return null
  return await server.call('HPEXPIRETIME', key, 'FIELDS', 3, 'late', 'soon', 'never')
}

async function deleteStreams(source: RedisServer): Promise<void> {
  const streams = (await source.call('KEYS', 'stream:*')) as string[]
  if (streams.length > 0) await source.call('DEL', ...streams)
}

const namesScripts = serversAtHand.filter(
  ({ name, version }) => name === 'redis' && /^(2\.8|3|4)\./.test(version),
)

test.each(namesScripts)(
  'scripts that redis $version names by their SHA1 after the first time are known though the target has forgotten them',
  async ({ binary }) => {
    await using source = await startRedis({ binary })
    await using target = await startRedis()
    using folder = taskFolder()
    const request = {
      task: 'scripts',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
    }
    const script = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
    const sha = String(await source.call('SCRIPT', 'LOAD', script))
    {
      await using sync = startSync(request)
      await sync.until(({ phase }) => phase === 'in-step')
      await source.call('EVAL', script, 1, 'sum', 1)
      await source.call('EVALSHA', sha, 1, 'sum', 2)
      await source.call('FLUSHALL')
      await source.call('EVALSHA', sha, 1, 'sum', 4)
      const offset = sourceOffset(source)
      await sync.until(({ appliedOffset }) => (appliedOffset ?? 0) >= offset)
      await sync.kill9()
    }
    await target.call('SCRIPT', 'FLUSH')
    await source.call('EVALSHA', sha, 1, 'sum', 8)
    await source.call('MULTI')
    await source.call('EVALSHA', sha, 1, 'sum', 16)
    await source.call('EXEC')
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    await drain(sync, source)
    expect(await target.call('GET', 'sum')).toBe('28')
    expect(sync.progress?.events.filter(({ level }) => level === 'warning')).toEqual([])
    expect(infoField(source, 'stats', 'sync_full')).toBe('1')
  },
)
