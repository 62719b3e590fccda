import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { restoreSpecSchema } from '#contract/restore.ts'
import { verifySpecSchema, type VerifyResult } from '#contract/verify.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { runVerify } from '#engine/verify/verify.ts'
import { otherServers, startRedis } from '../support/redis-server.ts'
import { connectionTo } from '../support/sync-ends.ts'

let folder: string
let file: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-verify-old-'))
  file = join(folder, 'dump.rdb')
  await using source = await startRedis()
  const { call } = source
  await call('SET', 'string', 'x'.repeat(1_000))
  await call('SET', 'expiring', '1', 'PX', 3_600_000)
  await call('RPUSH', 'list', ...Array.from({ length: 1_000 }, (_, at) => at))
  await call('SADD', 'set', 1, 2, 3)
  await call('SADD', 'words', 'a', 'b', '')
  await call('ZADD', 'zset', 1.5, 'a', '-inf', 'b', '-0', 'c')
  await call('HSET', 'hash', 'f', 'v', 'g', '7')
  await call('XADD', 'stream', '1-1', 'f', 'v')
  await call('XGROUP', 'CREATE', 'stream', 'group', '0')
  await call('XREADGROUP', 'GROUP', 'group', 'me', 'STREAMS', 'stream', '>')
  await call('SAVE')
  copyFileSync(join(source.dir, 'dump.rdb'), file)
})

afterAll(() => rmSync(folder, { recursive: true }))

const servers = [{ name: 'the installed', version: 'server', binary: 'redis-server' }, ...otherServers()]

test.each(servers)(
  'a backup of 7.0 restored into $name $version is found equal, and what is changed there is found',
  async ({ binary }) => {
    await using target = await startRedis({ binary })
    const { call } = target
    const lossy = { cannotHold: 'skip' } as const
    await runRestore(
      restoreSpecSchema.parse({ files: [file], target: connectionTo(target), ...lossy }),
      () => undefined,
      new AbortController().signal,
    )
    const verify = (mode: string): Promise<VerifyResult> =>
      runVerify(
        verifySpecSchema.parse({
          source: { files: [file], restoredAs: lossy },
          target: connectionTo(target),
          mode,
        }),
        () => undefined,
        new AbortController().signal,
      )
    const lost = Number.parseFloat(target.version) < 5 ? 1 : 0
    for (const mode of ['full', 'sample', 'counts'])
      expect(await verify(mode)).toMatchObject({
        equal: true,
        differences: [],
        explained: { lost },
        targetKeys: 8 - lost,
      })
    await call('DEL', 'words')
    await call('SET', 'more', 1)
    await call('LSET', 'list', 500, 'x')
    await call('ZADD', 'zset', 2, 'a')
    await call('HSET', 'hash', 'g', '8')
    await call('EXPIRE', 'expiring', 7_200)
    const { byKind } = await verify('full')
    expect(byKind).toEqual({ missing: 1, extra: 1, value: 3, expiry: 1 })
  },
)
