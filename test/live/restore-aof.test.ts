import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { matrixServers, type MatrixServer } from '../matrix/servers.ts'
import {
  commands,
  folderOf,
  inputOf,
  loaded,
  rewrite,
  seen,
  startWriting,
  taken,
  work,
} from '../support/aof.ts'
import { failureOf } from '../support/failure-of.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

async function restore(
  to: RedisServer,
  file: string,
  spec: Partial<RestoreRequest> = {},
): Promise<RestoreResult> {
  const target = { host: to.host, port: to.port }
  return await runRestore(
    restoreSpecSchema.parse({ files: [file], target, connections: 4, ...spec }),
    () => undefined,
    new AbortController().signal,
  )
}

interface Writing {
  readonly name: string
  readonly args: readonly string[]
  readonly since: number
}

const writings: readonly Writing[] = [
  { name: 'commands alone', args: [], since: 0 },
  { name: 'commands alone, switched so', args: ['--aof-use-rdb-preamble', 'no'], since: 400 },
  { name: 'with an RDB in front', args: ['--aof-use-rdb-preamble', 'yes'], since: 400 },
  {
    name: 'with times',
    args: ['--aof-use-rdb-preamble', 'yes', '--aof-timestamp-enabled', 'yes'],
    since: 700,
  },
]

describe.each(matrixServers())('what $name has written', (server) => {
  const ways = writings.filter(({ since }) => (since === 0 ? server.version < 400 : server.version >= since))

  test.each(ways)('$name: restored is what the server itself loads', async ({ args }) => {
    const { binary } = server
    await using source = await startWriting({ binary, args })
    await work(source, server, 0)
    await rewrite(source)
    await work(source, server, 1)
    await work(source, server, 2)
    const folder = taken(source)
    // What expires within a second is past when the file is loaded.
    await sleep(1_200)
    await using target = await startRedis({ binary })
    if (server.version < 206) {
      expect(await failureOf(restore(target, inputOf(folder)))).toMatchObject({
        code: 'aof.not-understood',
        params: { commands: 'PEXPIREAT' },
      })
      return
    }
    const result = await restore(target, inputOf(folder))
    await expectSame(target, source, server)
    await using own = await loaded(folder, { binary, args })
    // A server that loads lets fields of hashes expire too early, and counts on from nothing.
    if (server.fieldExpiry) for (const redis of [target, own]) await redis.call('DEL', 'expiring fields')
    await expectSame(target, own, server)
    expect(result.commands).toMatchObject({ failed: 0, cutOff: [] })
    expect(result.commands!.applied).toBe(result.commands!.total)
    expect(result.commands!.total).toBeGreaterThan(500)
  })
})

const old = matrixServers().find(({ version }) => version === 307 || version === 300)
test.skipIf(old === undefined)(
  'into an older server: what it does not know is listed before the first write',
  async () => {
    await using target = await startRedis({ binary: old!.binary })
    const simple = commands(
      'HSET h a 1 b 2',
      'SET a 1 PXAT 9999999999999',
      'UNLINK b',
      'ZADD z 1 m',
      'INCR a',
    )
    const newer = commands('ZADD z GT 5 m', 'LPOP l 3', 'LMOVE l l LEFT RIGHT', 'XADD s 1-1 a b')
    const folder = folderOf({ 'simple.aof': simple, 'newer.aof': Buffer.concat([simple, newer]) })
    expect(await failureOf(restore(target, join(folder, 'newer.aof')))).toMatchObject({
      code: 'aof.not-understood',
      params: { commands: 'LMOVE (1), XADD (1), ZADD GT (1), LPOP with a count (1)' },
    })
    expect(await target.call('DBSIZE')).toBe(0)
    await restore(target, join(folder, 'simple.aof'))
    expect(await target.call('HGETALL', 'h')).toEqual(['a', '1', 'b', '2'])
    expect(await target.call('GET', 'a')).toBe('2')
    expect(Math.abs(Date.now() + Number(await target.call('PTTL', 'a')) - 9_999_999_999_999)).toBeLessThan(50)
  },
)

test.each(['FLUSHALL', 'FLUSHDB', 'SWAPDB 0 1'])(
  'over one connection: cut off behind %s it goes on where it was, and leaves nothing of its own',
  async (taking) => {
    await using target = await startRedis()
    const counting = Array.from({ length: 40_000 }, () => 'INCR n')
    const file = join(
      folderOf({ 'appendonly.aof': commands('INCR n', taking, ...counting) }),
      'appendonly.aof',
    )
    const cut = new AbortController()
    const request = { files: [file], target: { host: target.host, port: target.port }, connections: 1 }
    const slow = restoreSpecSchema.parse({ ...request, limits: { bytesPerSecond: 300_000 } })
    const cutOff = failureOf(runRestore(slow, () => undefined, cut.signal))
    for (let turn = 0; turn < 400 && Number(await target.call('GET', 'n')) < 2_000; turn += 1) await sleep(10)
    cut.abort()
    expect(await cutOff).toMatchObject({ code: 'job.cancelled' })
    expect(Number(await target.call('GET', 'n'))).toBeLessThan(40_000)
    expect((await restore(target, file, { connections: 1 })).resumedFrom).toBeGreaterThan(0)
    expect(await target.call('GET', 'n')).toBe('40000')
    for (const db of [1, 0]) {
      await target.call('SELECT', db)
      expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
    }
  },
)

async function expectSame(target: RedisServer, other: RedisServer, server: MatrixServer): Promise<void> {
  const [ours, theirs] = [await seen(target, server), await seen(other, server)]
  expect(ours.lines).toEqual(theirs.lines)
  expect([...ours.expiries.keys()].sort()).toEqual([...theirs.expiries.keys()].sort())
  for (const [name, at] of ours.expiries)
    expect([name, Math.abs(at - theirs.expiries.get(name)!) <= (server.version >= 700 ? 0 : 60)]).toEqual([
      name,
      true,
    ])
  expect(await target.call('EXISTS', 'gone:0'), 'what was past when it was loaded').toBe(0)
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
}
