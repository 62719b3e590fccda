import { expect, test } from 'vitest'
import type { RestoreResult } from '#contract/restore.ts'
import { restoreSummary } from './restore-summary.ts'

const result: RestoreResult = {
  inputs: [{ file: 'dump.rdb', kind: 'rdb', bytes: 348_685_095, keys: 2_000_000, keptAt: null }],
  target: '10.0.0.1:6379',
  bytes: 348_685_095,
  keys: 2_000_000,
  keysWritten: 1_999_998,
  keysSkipped: 0,
  keysFiltered: 0,
  leftOut: { db: 0, type: 0, slot: 0, include: 0, exclude: 0 },
  keysRenamed: 0,
  keysExpired: 0,
  keysFailed: 0,
  functions: 0,
  functionsLeftOut: 0,
  cannotHold: [],
  commands: null,
  resumedFrom: null,
  keysBefore: 0,
  examples: [],
  checkMs: 1_040,
  writeMs: 5_100,
  elapsedMs: 6_140,
  reconnects: 0,
  cpuSeconds: 2,
  peakRssBytes: 1,
}

test('tells what was done, and nothing that was not', () => {
  expect(restoreSummary({ ...result, keysWritten: 2_000_000 })).toEqual([
    'Restored dump.rdb (333 MiB) into 10.0.0.1:6379.',
    '  written     2,000,000 keys',
    '  time        6.1 s           1 s checking, 5.1 s writing',
    '  speed       392k keys/s     65.2 MiB/s',
  ])
})

test('says by which flag keys were left out, and how many have another name', () => {
  const leftOut = { db: 3, type: 0, slot: 0, include: 0, exclude: 1_204 }
  const lines = restoreSummary({ ...result, keysFiltered: 1_207, leftOut, keysRenamed: 12 })
  expect(lines).toContain('  left out    1,207 keys      by --db (3), --exclude (1,204)')
  expect(lines).toContain('  renamed     12 keys')
})

test('counts commands, and says what a server would leave away', () => {
  const cutOff = { file: 'appendonly.aof', offset: 4_096, bytes: 17, inTransaction: true }
  const commands = { total: 1_203, applied: 1_200, failed: 1, leftOut: 2, cutOff: [cutOff] }
  const lines = restoreSummary({ ...result, commands, resumedFrom: 512 })
  expect(lines).toContain('  commands    1,200           and those of the run before')
  expect(lines).toContain('  failed      1               commands that the target refused')
  expect(lines).toContain('  left out    2               commands, by the rules for keys')
  expect(lines).toContain(
    'appendonly.aof ends inside a transaction: as a server would, 17 B from byte 4096 on are left away.',
  )
})

test('counts for its speed only what was written by itself', () => {
  const lines = restoreSummary({
    ...result,
    keysWritten: 2_000_000,
    keysBefore: 1_490_000,
    resumedFrom: 341_345_095,
  })
  expect(lines).toContain('  written     2,000,000 keys  1,490,000 keys of them by the run before')
  expect(lines).toContain('  speed       100k keys/s     1.4 MiB/s')
})

test('names what was skipped and what failed, with examples', () => {
  const lines = restoreSummary({
    ...result,
    keysSkipped: 1,
    keysFailed: 1,
    reconnects: 1,
    examples: [
      { db: 0, key: 'a\\x00b', reason: '' },
      { db: 3, key: 'user:1', reason: 'target.value-refused' },
    ],
  })
  expect(lines.join('\n')).toContain(`
  skipped     1 key           the target had them already
  failed      1 key           refused by the target, or more than it can hold
  reconnected 1 time`)
  expect(lines.slice(-3)).toEqual([
    'Skipped or failed:',
    '  db 0  a\\x00b',
    '  db 3  user:1  (target.value-refused)',
  ])
})
