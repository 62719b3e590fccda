import { expect, test } from 'vitest'
import type { TaskMeta } from '#engine/flow/checkpoint.ts'
import { thisProcess } from '#engine/flow/lease.ts'
import { findPlace } from '#engine/flow/target-place.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { connectionTo, infoField } from '../support/sync-ends.ts'

test('writes wait for nothing that a cluster’s slots note of themselves, and all of them have noted it before the end', async () => {
  await using cluster = await startCluster()
  const target = connectionTo(cluster.nodes[0]!)
  const written = (): number =>
    cluster.nodes.reduce((sum, node) => {
      const calls = /calls=(\d+)/.exec(infoField(node, 'commandstats', 'cmdstat_set'))?.[1]
      return sum + Number(calls ?? 0)
    }, 0)
  const { signal } = new AbortController()
  const place = await findPlace({ target, task: 'at-rest' }, signal)
  await using session = await place.open({ holder: thisProcess('test'), attempt: 1, signal })
  const replid = 'a'.repeat(40)
  const meta: TaskMeta = {
    format: 1,
    lanes: session.lanes!,
    phase: 'following',
    guarded: false,
    emptyAtStart: true,
    snapshot: `${replid} 100`,
    targetRunId: session.runId,
  }
  await session.noteCopied(place.keys, meta, { replid, offset: 100, db: 0 })
  const noted = await session.readPlace(place.keys)
  const checkpoints = noted.checkpoints.flatMap((one) => one ?? [])
  using live = await session.openLive({
    ...{ keys: place.keys, name: `${session.name}.0.1`, checkpoints, signal },
    meta: () => meta,
    replid: () => replid,
    onFailed: () => undefined,
    onTook: () => undefined,
  })
  live.advance(200, 0)
  const before = written()
  await live.drain()
  expect([live.applied, live.safe, written() - before]).toEqual([200, 100, 0])
  await live.drainAndNote()
  expect([live.applied, live.safe]).toEqual([200, 200])
  expect(written() - before).toBeGreaterThanOrEqual(16_384)
})
