import { expect, test } from 'vitest'
import { otherServers, startRedis, versionOf, type ServerBinary } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, infoField, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const installed = { name: 'redis', version: versionOf('redis-server'), binary: 'redis-server' }
const servers: readonly ServerBinary[] = [installed, ...otherServers()]

/** Pairs as `2.8>7.0 v8>6.2`: `v` for Valkey; or those that a change could break first, of the servers at hand. */
const wanted =
  process.env['KEYFERRY_SYNC_PAIRS'] ?? '2.8>7.0 3.2>7.0 4.0>7.0 5.0>7.0 6.0>7.0 6.2>7.0 v8.0>7.0 v9>7.0'
const pairs = wanted.split(' ').map((pair) => pair.split('>').map(serverLike))

function serverLike(name: string): ServerBinary | undefined {
  const [flavour, version] = name.startsWith('v') ? ['valkey', name.slice(1)] : ['redis', name]
  return servers.find((one) => one.name === flavour && one.version.startsWith(version))
}

const [first] = servers
if (pairs.some((pair) => pair.includes(undefined)))
  console.warn(
    `KEYFERRY_TEST_SERVERS lacks some of ${wanted}: these are not tried (${first?.version} is at hand)`,
  )

/** Servers told apart by what there is of them here. */
const atHand = pairs.flatMap(([source, target]) =>
  source === undefined || target === undefined ? [] : [{ source, target }],
)

test.each(atHand)(
  '$source.name $source.version into $target.name $target.version: killed once, equal at the end, expiries within 5 ms',
  async (binaries) => {
    await using source = await startRedis({
      binary: binaries.source.binary,
      // Before 7.0 no snapshot is waited for.
      args: Number.parseInt(binaries.source.version, 10) >= 7 ? ['--repl-diskless-sync-delay', '0'] : [],
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
    const writer = startWriter({ port: source.port, rate: 3_000, seed: 21 })
    {
      await using sync = startSync(request)
      await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 2_000)
      await source.call('INCRBYFLOAT', 'sum:far', '0.5')
      await source.call('PERSIST', 'persisted')
      await sync.kill9()
    }
    await using sync = startSync(request)
    await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 1_000)
    sync.give({ type: 'settle' })
    await sync.until(({ guard }) => guard === 'settled')
    await source.call('INCRBYFLOAT', 'sum:near', '0.5')
    await writer.stop()
    await drain(sync, source)
    const proof = await compareAll(source, target, {}, 5)
    expect(proof).toMatchObject({ equal: true, differing: 0, differences: [] })
    expect(proof.compared).toBeGreaterThan(1_000)
    expect(Number(await target.call('PTTL', 'sum:far'))).toBeGreaterThan(4_000_000)
    expect(infoField(source, 'stats', 'sync_full')).toBe('1')
    sync.give({ type: 'finish' })
    await sync.done
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  },
)

const namesScripts = servers.filter(({ name, version }) => name === 'redis' && /^(2\.8|3|4)\./.test(version))

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
