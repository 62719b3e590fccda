import { expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest } from '#contract/restore.ts'
import { encodeCommand } from '../resp/encode.ts'
import { shapeOf } from '../resp/commands.ts'
import { keysOfCommand } from './command-keys.ts'
import { CommandRules, type Ruled } from './command-rules.ts'
import { makeKeyRules } from './key-rules.ts'

/** `db: WORDS`, or why it does not go along. */
function ruled(spec: Partial<RestoreRequest>, line: string, db = 0): string {
  const outcome = apply(spec, line, db)
  if (typeof outcome === 'string') return outcome
  expect(outcome.raw).toEqual(encodeCommand(outcome.args))
  return `${outcome.db}: ${outcome.args.join(' ')}`
}

function apply(spec: Partial<RestoreRequest>, line: string, db = 0): Ruled {
  const full = restoreSpecSchema.parse({ files: ['a'], target: { host: 'h', port: 1 }, ...spec })
  const args = line.split(' ').map((word) => Buffer.from(word))
  const command = { db, args, raw: encodeCommand(args), shape: shapeOf(args[0]!) }
  return new CommandRules(makeKeyRules(full), { tellsOrigins: true }).apply(command)
}

const users = { include: ['user:*'] }

test.each<[Partial<RestoreRequest>, string, string]>([
  [{}, 'SET a 1', '0: SET a 1'],
  [{}, 'BLA a 1', '0: BLA a 1'],
  [users, 'SET user:1 x', '0: SET user:1 x'],
  [users, 'SET other x', 'left-out'],
  [users, 'BLA user:1', 'inseparable'],
  [users, 'DEL a user:1 b user:2', '0: DEL user:1 user:2'],
  [users, 'MSET a 1 user:1 2', '0: MSET user:1 2'],
  [users, 'SUNIONSTORE a user:1 user:2', 'left-out'],
  [users, 'SUNIONSTORE user:1 a', 'inseparable'],
  [users, 'COPY user:1 a', 'left-out'],
  [users, 'COPY a user:1', 'inseparable'],
  [users, 'RENAME user:1 a', '0: DEL user:1'],
  [users, 'RENAME a user:1', 'inseparable'],
  [users, 'LMOVE a b LEFT LEFT', 'left-out'],
  [users, 'LMOVE user:1 b LEFT LEFT', 'inseparable'],
  [users, 'EVAL x 2 user:1 user:2', '0: EVAL x 2 user:1 user:2'],
  [users, 'EVAL x 1 a', 'left-out'],
  [users, 'EVAL x 0', 'inseparable'],
  [users, 'EVAL x 2 a user:1', 'inseparable'],
  [users, 'FUNCTION LOAD x', 'left-out'],
  [users, 'SWAPDB 0 1', 'inseparable'],
  [{ exclude: ['tmp'] }, 'FUNCTION LOAD x', '0: FUNCTION LOAD x'],
  [{ dbs: [0] }, 'MOVE a 1', '0: DEL a'],
  [{ dbs: [1] }, 'MOVE a 1', 'inseparable'],
  [{ dbs: [0, 1] }, 'MOVE a 1', '0: MOVE a 1'],
  [{ dbs: [1] }, 'COPY a b DB 1', 'inseparable'],
  [{ dbMap: { 0: 5, 1: 6 } }, 'MOVE a 1', '5: MOVE a 6'],
  [{ dbMap: { 0: 5, 1: 6 } }, 'COPY a b DB 1 REPLACE', '5: COPY a b DB 6 REPLACE'],
  [{ targetDb: 3 }, 'MOVE a 1', 'left-out'],
  [{ targetDb: 3, dbPrefix: { 0: 'zero:', 1: 'one:' } }, 'MOVE a 1', '3: RENAME zero:a one:a'],
  [{ dbPrefix: { 1: 'one:' } }, 'MOVE a 1', 'inseparable'],
  [users, 'SORT user:1 BY w_* STORE user:2', 'inseparable'],
  [users, 'SORT user:1 BY nosort STORE user:2', '0: SORT user:1 BY nosort STORE user:2'],
  [{ dbMap: { 0: 5 } }, 'SORT a BY w_* STORE b', '5: SORT a BY w_* STORE b'],
  [{ dbMap: { 0: 5 } }, 'FLUSHDB', '5: FLUSHDB'],
  [{ dbs: [1] }, 'FLUSHDB', 'left-out'],
  [{ dbs: [0] }, 'FLUSHDB', '0: FLUSHDB'],
  [{ dbMap: { 0: 5 } }, 'SWAPDB 0 1', 'inseparable'],
  [{ targetDb: 3 }, 'INCR a', '3: INCR a'],
  [{ addPrefix: 'new:' }, 'MSET a 1 b 2', '0: MSET new:a 1 new:b 2'],
  [{ stripPrefix: 'user:', addPrefix: 'u:' }, 'RENAME user:1 b', '0: RENAME u:1 u:b'],
  [{ addPrefix: 'new:' }, 'EVAL x 1 a', 'inseparable'],
  [{ dbPrefix: { 0: 'zero:', 1: 'one:' } }, 'COPY a b DB 1', '0: COPY zero:a one:b DB 1'],
  [{ slots: [{ from: 0, to: 16383 }], ...users }, 'RENAME user:1 a', '0: DEL user:1'],
])('%j makes of %s: %s', (spec, line, outcome) => {
  expect(ruled(spec, line)).toBe(outcome)
})

test.each<[Partial<RestoreRequest>, string, string]>([
  [{ targetDb: 3 }, 'INCR a', '3:a of 0:a'],
  [users, 'MSET a 1 user:1 2', '0:user:1 of 0:user:1'],
  [{ addPrefix: 'new:' }, 'RENAME a b', '0:new:a of 0:a, 0:new:b of 0:b'],
  [{ dbs: [0] }, 'MOVE a 1', '0:a of 0:a'],
  [{ dbMap: { 0: 5, 1: 6 } }, 'MOVE a 1', '5:a of 0:a, 6:a of 1:a'],
  [{ targetDb: 3, dbPrefix: { 0: 'zero:', 1: 'one:' } }, 'MOVE a 1', '3:zero:a of 0:a, 3:one:a of 1:a'],
  [{ dbPrefix: { 0: 'zero:', 1: 'one:' } }, 'COPY a b DB 1', '0:zero:a of 0:a, 1:one:b of 1:b'],
])('%j tells of %s which keys of the source it is about: %s', (spec, line, told) => {
  const outcome = apply(spec, line)
  if (typeof outcome === 'string') throw new Error(outcome)
  const pairs = keysOfCommand(outcome).map(
    ({ db, key }, index) => `${db}:${key} of ${outcome.origins![index]!.db}:${outcome.origins![index]!.key}`,
  )
  expect(pairs.join(', ')).toBe(told)
  expect(outcome.origins).toHaveLength(pairs.length)
})
