import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { elementAt, fieldAt, stringPart, valueAt, writeBigRdb, type BigRdb } from '../support/big-rdb.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { startCli } from '../support/run-cli.ts'

/** `npm run test:big`: the sizes that are promised. Else some that show the same in seconds. */
const full = process.env['KEYFERRY_BIG'] === 'full'
const mebibyte = 1024 * 1024
const sizes: readonly BigRdb[] = [
  { key: 'list', kind: 'list', count: (full ? 4096 : 192) * 4096 },
  { key: 'hash', kind: 'hash', count: full ? 50_000_000 : 1_000_000 },
  { key: 'string', kind: 'string', count: (full ? 500 : 128) * mebibyte },
]
const peakAllowed = 200_000_000
const limitMs = full ? 1_800_000 : 120_000

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-big-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.each(sizes)('a $kind ($count) streams through in bounded memory', { timeout: limitMs }, async (big) => {
  await using target = await startRedis()
  await restoreBig(target, big)
})

const older = otherServers().find(({ name, version }) => name === 'redis' && version.startsWith('6.2'))

test.skipIf(older === undefined)('a list of 7.0 into 6.2', { timeout: limitMs }, async () => {
  await using target = await startRedis({ binary: older!.binary })
  await restoreBig(target, sizes[0]!)
})

async function restoreBig(target: RedisServer, big: BigRdb): Promise<void> {
  const file = join(folder, 'dump.rdb')
  const size = await writeBigRdb(file, big)
  const cli = startCli(['restore', '-i', file, '-t', `${target.host}:${target.port}`, '--json'], {
    timeoutMs: limitMs,
    built: full,
  })
  const { code, events, stderr } = await cli.ended
  expect(code, stderr + JSON.stringify(events.at(-1))).toBe(0)
  const done = events.at(-1)!
  const peak = Number(done['peakRssBytes'])
  const seconds = Number(done['elapsedMs']) / 1000
  process.stdout.write(
    `${big.kind} of ${big.count} (${(size / mebibyte).toFixed(0)} MiB file) into ${target.version}: ` +
      `${seconds.toFixed(1)} s, peak RSS ${(peak / 1e6).toFixed(0)} MB\n`,
  )
  expect(done).toMatchObject({ keysWritten: 1, keysFailed: 0 })
  expect(await target.call('DBSIZE')).toBe(1)
  await assertWhole(target, big)
  expect(peak).toBeLessThan(peakAllowed)
}

/** Its length, and samples from its start to its end. */
async function assertWhole({ call, callBuffer }: RedisServer, { key, kind, count }: BigRdb): Promise<void> {
  const length = { list: 'LLEN', hash: 'HLEN', string: 'STRLEN' }[kind]
  expect(await call(length, key)).toBe(count)
  const samples = Array.from({ length: 50 }, (_, at) => Math.floor(((count - 1) * at) / 49))
  for (const at of samples) {
    if (kind === 'list') expect(await callBuffer('LINDEX', key, at)).toEqual(elementAt(at))
    else if (kind === 'hash') expect(await call('HGET', key, fieldAt(at))).toBe(valueAt(at))
    else {
      const end = Math.min(at + 999, count - 1)
      expect(await callBuffer('GETRANGE', key, at, end)).toEqual(stringPart(at, end - at + 1))
    }
  }
}
