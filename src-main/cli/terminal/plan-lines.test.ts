import { expect, test } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import { planLines } from './plan-lines.ts'

const sizes = { keys: 5, bytes: 2_048, memoryBytes: 4_096 }
const plan: RestorePlan = {
  files: ['dump.rdb'],
  bytes: 4_096,
  target: '10.0.0.1:6379',
  targetVersion: '7.2.4',
  keys: 9,
  toWrite: sizes,
  leftOut: { db: 0, type: 2, slot: 0, include: 0, exclude: 0 },
  expired: 1,
  lost: 1,
  renamed: 5,
  asItIs: 3,
  converted: 1,
  asCommands: 1,
  cannotHold: [],
  functions: 1,
  kinds: [{ kind: 'hash', ...sizes }],
  dbs: [{ from: 3, to: 0, ...sizes }],
  conflicts: { keys: 2, examples: ['a', 'b'] },
  sample: [
    {
      ...{ db: 3, key: 'user:1', kind: 'hash', bytes: 512, way: 'converted' },
      ...{ newDb: 0, newKey: 'new:user:1', ttlMs: 3_600_000, reason: '' },
    },
    {
      ...{ db: 3, key: 'events', kind: 'stream', bytes: 512, way: 'left-out' },
      ...{ newDb: 0, newKey: 'new:events', ttlMs: null, reason: 'type' },
    },
  ],
  memory: { needed: 4_096, used: 1_000_000, max: 1_001_000 },
  time: { seconds: 90, boundBy: 'keys' },
  stops: [],
}

test('tells what would become of every key, and of some by name', () => {
  const text = planLines(plan, 'skip').join('\n')
  expect(text).toMatch(/^Nothing has been written/)
  for (const line of [
    /to write +5 keys +2 KiB in the file/,
    /left out +2 keys +by --type or --exclude-type \(2\)/,
    /there already +2 keys +they stay as they are/,
    /memory +about 4 KiB +beside 977 KiB in use, of 978 KiB/,
    /time +about 1 min 30 s +held to --max-keys/,
    /hash +5 +2 KiB +4 KiB/,
    /3 +user:1 +hash +512 B +db 0 new:user:1, converted, for 1 h 0 min/,
    /3 +events +stream +512 B +left out by --type or --exclude-type/,
    /It may not fit/,
    /It would write 3 keys\.$/,
  ])
    expect(text).toMatch(line)
})

test('says why a restore would not begin, and what to do', () => {
  const stops = [makeFailure('target.not-empty', { address: '10.0.0.1:6379', keys: 2, examples: 'a, b' })]
  const text = planLines({ ...plan, stops }, 'fail').join('\n')
  expect(text).toContain('It would not begin:')
  expect(text).toContain('--on-conflict')
  expect(text).toContain('(target.not-empty)')
  expect(text).not.toContain('It would write')
})
