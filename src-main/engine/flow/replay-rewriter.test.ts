import { expect, test } from 'vitest'
import { guardMs } from '../plan/expiry.ts'
import { encodeCommand } from '../resp/encode.ts'
import { shapeOf } from '../resp/commands.ts'
import { ReplayRewriter } from './replay-rewriter.ts'

const loadedAt = 1_700_000_000_000
const scripts = new Map([['6b1bf486c81ceb7edf3c093f4c48582e38c0e791', Buffer.from('return 7')]])

function rewritten(line: string, versionNumber = 700): readonly string[] | null {
  const args = line.split(' ').map((word) => Buffer.from(word))
  const command = { db: 0, args, raw: encodeCommand(args), shape: shapeOf(args[0]!) }
  const commands = new ReplayRewriter({ versionNumber, scripts }).rewrite(command, loadedAt)
  return commands?.map((words) => words.map(String).join(' ')) ?? null
}

test.each([
  ['PEXPIREAT k 1600000000000', [`PEXPIREAT k ${1_600_000_000_000 + guardMs}`]],
  ['EXPIRE k 10', [`PEXPIREAT k ${loadedAt + 10_000 + guardMs}`]],
  ['SETEX k 10 v', [`SET k v PXAT ${loadedAt + 10_000 + guardMs}`]],
  ['SET k v PXAT 1600000000000', [`SET k v PXAT ${1_600_000_000_000 + guardMs}`]],
  ['HPEXPIREAT k 1600000000000 FIELDS 1 f', [`HPEXPIREAT k ${1_600_000_000_000 + guardMs} FIELDS 1 f`]],
])('%s is to expire long after the last command', (line, commands) => {
  expect(rewritten(line)).toEqual(commands)
})

test('a server before 6.2 is told value and expiry one after the other', () => {
  const commands = ['SET k v', `PEXPIREAT k ${1_600_000_000_000 + guardMs}`]
  expect(rewritten('SET k v PXAT 1600000000000', 600)).toEqual(commands)
})

test('a server before 4.0 is told in its own words', () => {
  expect(rewritten('UNLINK a b', 300)).toEqual(['DEL a b'])
  expect(rewritten('HSET h a 1 b 2', 300)).toEqual(['HMSET h a 1 b 2'])
  expect(rewritten('HSET h a 1', 300)).toBeNull()
})

test('a script goes along with its name where it was told before', () => {
  expect(rewritten('EVALSHA 6B1BF486C81CEB7EDF3C093F4C48582E38C0E791 1 k')).toEqual(['EVAL return 7 1 k'])
  expect(rewritten('EVALSHA ffff 1 k')).toBeNull()
})

test.each(['SET k v', 'INCR k', 'EVAL x 0', 'BLA k', 'GETEX k PERSIST'])('%s goes as it came', (line) => {
  expect(rewritten(line)).toBeNull()
})
