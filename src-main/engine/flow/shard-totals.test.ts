import { expect, test } from 'vitest'
import type { ShardProgress } from '#contract/sync.ts'
import { furthestBack, totalOf } from './shard-totals.ts'

const shard: ShardProgress = {
  source: 0,
  address: '10.0.0.1:6379',
  phase: 'in-step',
  snapshotBytes: 10,
  snapshotTotal: 10,
  copiedBytes: 9,
  copiedKeys: 3,
  replid: 'a'.repeat(40),
  sourceOffset: 100,
  spooledOffset: 90,
  appliedOffset: 80,
  lagBytes: 20,
  lagMs: 5,
  sourceKeys: 4,
  spoolBytes: 50,
  sourceReconnects: 1,
  fullResyncs: 1,
  partialResyncs: 2,
  keysInRepair: 0,
  writesPerSecond: 7,
  bytesPerSecond: 70,
  waitingFor: null,
}

test('one shard is the whole', () => {
  expect(shard).toMatchObject(totalOf([shard]))
})

test('numbers are added up, the age is that of the oldest, and several histories have no common id', () => {
  const total = totalOf([shard, { ...shard, lagMs: 900, sourceKeys: 6 }])
  expect(total).toMatchObject({ lagMs: 900, sourceKeys: 10, appliedOffset: 160, copiedKeys: 6, replid: null })
})

test('what one of them does not know is not known', () => {
  const total = totalOf([shard, { ...shard, lagMs: null, appliedOffset: null, lagBytes: null }])
  expect(total).toMatchObject({ lagMs: null, appliedOffset: null, lagBytes: null, sourceOffset: 200 })
})

test('the phase is that of the shard furthest back; one that waits comes first', () => {
  const at = (...phases: ShardProgress['phase'][]): ShardProgress[] =>
    phases.map((phase) => ({ ...shard, phase }))
  expect(furthestBack(at('in-step', 'in-step'))).toBe('in-step')
  expect(furthestBack(at('in-step', 'copying', 'catching-up'))).toBe('copying')
  expect(furthestBack(at('connecting', 'waiting', 'in-step'))).toBe('waiting')
})
