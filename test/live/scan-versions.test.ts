import { expect, test } from 'vitest'
import { startRedis } from '../support/redis-server.ts'
import { pairsAtHand } from '../support/server-pairs.ts'
import { compareAll, connectionTo, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const everyPair = `2.8>7.0 3.0>7.0 3.2>7.0 4.0>7.0 5.0>7.0 6.0>7.0 6.2>7.0 7.2>7.0 7.4>7.0 8.0.6>7.0 v7.2>7.0 v8.0>7.0 v8.1>7.0
  v9>7.0 7.0>6.2 7.0>5.0 7.0>4.0 8.0.6>4.0 v9>5.0 7.4>v9 v9>7.4 8.0.6>v9 v9>8.0.6 2.8>v9 7.0>2.8`
/** Those that can be tried with what the package registries have. */
const fewPairs = '2.8>7.0 7.0>6.0'
const chosen = process.env['KEYFERRY_SYNC_PAIRS'] ?? fewPairs
const atHand = pairsAtHand(chosen === 'all' ? everyPair : chosen)

if (atHand.length === 0) test.skip('servers of other versions are read key by key', () => undefined)

test.each(atHand)(
  '$source.name $source.version into $target.name $target.version, key by key: equal at the end, expiries too',
  async (binaries) => {
    const args = ['--notify-keyspace-events', 'AE']
    await using source = await startRedis({ binary: binaries.source.binary, args })
    await using target = await startRedis({ binary: binaries.target.binary })
    using folder = taskFolder()
    const hasFieldExpiries = (await source.call('COMMAND', 'INFO', 'HPEXPIREAT')) as unknown[]
    const writer = startWriter({ port: source.port, rate: 1_500, seed: 21 })
    await using sync = startSync({
      task: 'versions',
      mode: 'scan',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
    })
    await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 500)
    await source.call('HMSET', 'fields', 'late', 1, 'never', 1)
    if (hasFieldExpiries[0] !== null)
      await source.call('HPEXPIREAT', 'fields', Date.now() + 5_000_000, 'FIELDS', 1, 'late')
    await source.call('SET', 'far', '1', 'EX', '5000')
    await writer.stop()
    const [holdsStreams] = (await target.call('COMMAND', 'INFO', 'XADD')) as unknown[]
    const streams = (await source.call('KEYS', 'stream:*')) as string[]
    if (holdsStreams === null && streams.length > 0) await source.call('DEL', ...streams)
    sync.give({ type: 'drainTo', offsets: [0] })
    await sync.until(({ phase }) => phase === 'drained')
    // What is restored as the time that is left takes its own time: before 5.0.
    const toleranceMs = Number.parseInt(binaries.target.version, 10) >= 5 ? 5 : 3_000
    const proof = await compareAll(source, target, {}, toleranceMs)
    expect(proof).toMatchObject({ equal: true, differing: 0, differences: [] })
    expect(proof.compared).toBeGreaterThan(500)
    expect(Number(await target.call('PTTL', 'far'))).toBeGreaterThan(4_000_000)
  },
)
