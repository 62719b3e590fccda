import { join } from 'node:path'
import { expect } from 'vitest'
import { escapeKey } from '#contract/escape-key.ts'
import { restoreSpecSchema } from '#contract/restore.ts'
import { followedRulesSchema } from '#contract/selection.ts'
import type { SyncRequest } from '#contract/sync.ts'
import { verifySpecSchema, type VerifyResult } from '#contract/verify.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { runVerify } from '#engine/verify/verify.ts'
import { describeKeys, type DescribedKey } from './every-type.ts'
import { startRedis, type RedisServer } from './redis-server.ts'
import { connectionTo } from './sync-ends.ts'

export type Rules = Partial<Omit<SyncRequest, 'task' | 'sources' | 'target' | 'folder'>>

/** What a restore with the same rules makes of the sources as they are now. */
async function restored(sources: readonly RedisServer[], rules: Rules): Promise<readonly DescribedKey[]> {
  await using server = await startRedis()
  await Promise.all(sources.map((source) => source.call('SAVE')))
  const files = sources.map(({ dir }) => join(dir, 'dump.rdb'))
  const spec = restoreSpecSchema.parse({ files, target: connectionTo(server), ...rules })
  await runRestore(spec, () => undefined, new AbortController().signal)
  return await describeKeys(server)
}

/** Without keys of ours, and without those whose time has come by now, or while they were looked at. */
function told(...both: readonly (readonly DescribedKey[])[]): readonly (readonly string[])[] {
  const now = Date.now()
  const isDue = ({ kind, expireAt }: DescribedKey): boolean =>
    kind === 'none' || expireAt === -2 || (expireAt >= 0 && expireAt <= now)
  const place = ({ db, key }: DescribedKey): string => `${db} ${key}`
  const due = new Set(both.flat().flatMap((one) => (isDue(one) ? [place(one)] : [])))
  return both.map((keys) =>
    keys
      .filter((one) => !due.has(place(one)) && !one.key.startsWith('keyferry:'))
      .map((one) => `${place(one)} ${one.kind} ${one.digest} ${one.expireAt} ${one.groups}`)
      .sort(),
  )
}

/** The sources stand still: the target, a cluster's masters maybe, has what a restore would make of them; so many keys. */
export async function assertAsRestored(
  sources: readonly RedisServer[],
  targets: readonly RedisServer[],
  rules: Rules,
): Promise<number> {
  const there = await Promise.all(
    targets.map((target) => describeKeys(target, targets.length > 1 ? [0] : undefined)),
  )
  const [wanted, found] = told(await restored(sources, rules), there.flat())
  expect(found).toEqual(wanted)
  return wanted!.length
}

/** The proof by the same rules: equal; and a key that is missing or another is found by its name on the target. */
export async function assertProven(
  sources: readonly RedisServer[],
  target: RedisServer,
  rules: Rules,
): Promise<void> {
  const spec = verifySpecSchema.parse({
    source: { servers: sources.map((source) => connectionTo(source)) },
    target: connectionTo(target),
    rules: followedRulesSchema.parse(rules),
    mode: 'full',
    rounds: 3,
    roundDelayMs: 200,
  })
  const compare = (): Promise<VerifyResult> => runVerify(spec, () => undefined, new AbortController().signal)
  const equal = await compare()
  expect(equal).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(equal.explained.filtered).toBeGreaterThan(0)
  const [one, other] = (await describeKeys(target)).filter(
    ({ key, expireAt, kind }) => !key.startsWith('keyferry:') && expireAt < 0 && kind !== 'stream',
  )
  await target.call('SELECT', one!.db)
  // A database that the source has no keys for is not looked into.
  await target.call('MOVE', Buffer.from(one!.key, 'latin1'), 9)
  await target.call('SELECT', other!.db)
  await target.call('PEXPIREAT', Buffer.from(other!.key, 'latin1'), Date.now() + 5_000_000)
  const { differences } = await compare()
  const found = differences.map(({ db, key, kind }) => `${kind} ${db} ${key}`).sort()
  expect(found).toEqual([
    `expiry ${other!.db} ${escapeKey(Buffer.from(other!.key, 'latin1'))}`,
    `missing ${one!.db} ${escapeKey(Buffer.from(one!.key, 'latin1'))}`,
  ])
  await target.call('SELECT', 0)
}
