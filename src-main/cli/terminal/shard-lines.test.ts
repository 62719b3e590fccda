import { expect, test } from 'vitest'
import type { ShardProgress } from '#contract/sync.ts'
import { makeFailure } from '#contract/failure.ts'
import { shardLines } from './shard-lines.ts'
import { StandingLine } from './standing-line.ts'

const shard = {
  address: '10.0.0.4:6379',
  phase: 'in-step',
  appliedOffset: 123_456,
  lagBytes: 0,
  lagMs: 40,
  writesPerSecond: 12_400,
  bytesPerSecond: 2 * 1024 * 1024,
  sourceKeys: 2_000,
  waitingFor: null,
} as ShardProgress

test('one line for each of several shards, with why one waits; one shard is told by the totals', () => {
  expect(shardLines([shard])).toEqual([])
  const away = makeFailure('connect.refused', { address: '10.0.0.6:6379' })
  const lines = shardLines([
    shard,
    { ...shard, address: '10.0.0.6:6379', phase: 'waiting', lagMs: null, waitingFor: away },
  ])
  expect(lines).toHaveLength(3)
  expect(lines[0]).toMatch(/lag +writes\/s +received\/s +keys/)
  expect(lines[1]).toMatch(/10\.0\.0\.4:6379 +in step +123,456 +0 B +0 s +12k +2 MiB +2,000/)
  expect(lines[2]).toMatch(/10\.0\.0\.6:6379 +waiting .*Nobody listens at 10\.0\.0\.6:6379/)
})

test('a replica whose stream is had is told, also of one source alone', () => {
  expect(shardLines([{ ...shard, replica: '10.0.0.5:6379' }])[1]).toMatch(
    /10\.0\.0\.4:6379 by replica 10\.0\.0\.5:6379 +in step/,
  )
})

test('several lines are drawn again in place, and taken away whole; a log has the first', () => {
  let screen = ''
  const stream = { columns: 20, write: (text: string) => (screen += text) }
  const style = { redraws: true, unicode: true, bold: (text: string) => text, dim: (text: string) => text }
  const line = new StandingLine(stream, style)
  line.show('one\ntwo')
  line.show('three')
  line.clear()
  expect(screen).toBe('\r\u001b[Jone\ntwo\r\u001b[1A\u001b[Jthree\r\u001b[J')
  screen = ''
  new StandingLine(stream, { ...style, redraws: false }).show('one\ntwo')
  expect(screen).toBe('one\n')
})
