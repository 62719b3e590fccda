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
  functionsLeftOut: 0,
  commands: null,
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

test('tells what would become of commands, and how many', () => {
  const none = { db: 0, type: 0, slot: 0, include: 0, exclude: 0, functions: 0 }
  const text = planLines(
    {
      ...plan,
      functionsLeftOut: 2,
      commands: {
        ...{ total: 1_200, bytes: 2_048, keys: 40, isBegun: true },
        leftOut: { ...none, include: 3, functions: 1 },
        byName: [
          { name: 'INCR', applied: 1_200, leftOut: 3 },
          { name: 'FUNCTION', applied: 0, leftOut: 1 },
        ],
        cutOff: [{ file: 'a.aof', offset: 4_096, bytes: 17, inTransaction: false }],
        sample: [
          { name: 'INCR', db: 3, key: 'a', newDb: 0, newKey: 'new:a', leftOutBy: '' },
          { name: 'INCR', db: 3, key: 'b', newDb: 3, newKey: 'b', leftOutBy: 'include' },
        ],
      },
    },
    'fail',
  ).join('\n')
  for (const line of [
    /functions +1 library +2 libraries left out: certain keys are asked for/,
    /commands +1,200 +of about 40 keys, 2 KiB in the file/,
    /left out +4 commands +by --include \(3\), certain keys being asked for \(1\)/,
    /a\.aof ends inside a command: as a server would, 17 B from byte 4096 on are left away\./,
    /INCR +1,200 +3/,
    /3 +INCR +a +db 0 new:a/,
    /3 +INCR +b +left out by --include/,
    /go on from there/,
    /It would write 5 keys, then apply 1,200 commands\.$/,
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
