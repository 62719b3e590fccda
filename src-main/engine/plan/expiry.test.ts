import { expect, test } from 'vitest'
import { shapeOf } from '../resp/commands.ts'
import { rewriteExpiry } from './expiry.ts'

const receivedAt = 1_000_000

function rewritten(line: string): string | null {
  const args = line.split(' ').map((arg) => Buffer.from(arg))
  const command = { db: 0, args, raw: Buffer.alloc(0), shape: shapeOf(args[0]!) }
  const result = rewriteExpiry(command, receivedAt, (at) => at + 7)
  return result === null ? null : result.join(' ')
}

test.each([
  ['SET k v PXAT 5000', 'SET k v PXAT 5007'],
  ['set k v nx ex 3', 'SET k v PXAT 1003007'],
  ['SET k v XX GET EXAT 60', 'SET k v PXAT 60007'],
  ['SETEX k 2 v', 'SET k v PXAT 1002007'],
  ['PSETEX k 2 v', 'SET k v PXAT 1000009'],
  ['EXPIRE k 100', 'PEXPIREAT k 1100007'],
  ['PEXPIRE k 100 GT', 'PEXPIREAT k 1000107'],
  ['EXPIREAT k 100 NX', 'PEXPIREAT k 100007'],
  ['pexpireat k 100 LT', 'PEXPIREAT k 107'],
  ['GETEX k PX 5', 'PEXPIREAT k 1000012'],
  ['HPEXPIREAT k 9 GT FIELDS 2 a b', 'HPEXPIREAT k 16 FIELDS 2 a b'],
  ['HEXPIRE k 9 FIELDS 1 NX', 'HPEXPIREAT k 1009007 FIELDS 1 NX'],
  ['HSETEX k EX 1 FIELDS 1 f PX', 'HSETEX k PXAT 1001007 FIELDS 1 f PX'],
  ['RESTORE k 50 P REPLACE', 'RESTORE k 1000057 P REPLACE ABSTTL'],
  ['RESTORE k 50 P ABSTTL FREQ 3', 'RESTORE k 57 P ABSTTL FREQ 3'],
  ['RESTORE-ASKING k 0 P REPLACE', 'RESTORE k 0 P REPLACE'],
  ['RESTORE-ASKING k 0 P', 'RESTORE k 0 P REPLACE'],
])('%s becomes %s', (line, expected) => {
  expect(rewritten(line)).toBe(expected)
})

test.each([
  'SET k EX',
  'SET k v KEEPTTL',
  'SET EX PX',
  'RESTORE k 0 P',
  'PERSIST k',
  'HSETEX k KEEPTTL FIELDS 1 EX 5',
  'INCR k',
  'EXPIRE k soon',
])('%s goes as it came', (line) => {
  expect(rewritten(line)).toBe(null)
})
