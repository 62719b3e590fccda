import { expect, test } from 'vitest'
import { encodeCommand } from '../resp/encode.ts'
import { keyedCommands, shapeOf } from '../resp/commands.ts'
import { makeKindRules, type KindRuling } from './wanted-kinds.ts'

function ruling(rules: Parameters<typeof makeKindRules>[0], line: string): KindRuling | undefined {
  const args = line.split(' ').map((word) => Buffer.from(word))
  return makeKindRules(rules)?.({ db: 0, args, raw: encodeCommand(args), shape: shapeOf(args[0]!) })
}

const lists = { types: ['list' as const] }

test.each<[string, KindRuling]>([
  ['RPUSH l a', 'goes'],
  ['DEL anything', 'goes'],
  ['PEXPIREAT anything 1', 'goes'],
  ['INCR n', 'goes-not'],
  ['SETNX s x', 'goes-not'],
  ['SET l x', [1]],
  ['MSET a 1 b 2', [1, 3]],
  ['SUNIONSTORE l a b', [1]],
  ['BITOP AND l a b', [2]],
  ['GEORADIUS geo 0 0 1 km STORE l', [7]],
  ['ZUNIONSTORE l 2 a b', 'unsure'],
  ['RENAME a b', 'unsure'],
  ['SORT a STORE l', 'unsure'],
  ['RESTORE a 0 x', 'unsure'],
  ['RESTORE a 0 \x01list', 'goes'],
  ['RESTORE-ASKING a 0 \x02set REPLACE', [1]],
  ['EVAL x 1 a', 'unsure'],
  ['FLUSHALL', 'goes'],
])('where only lists go along, %s: %j', (line, outcome) => {
  expect(ruling(lists, line)).toEqual(outcome)
})

test('without a rule for types nobody asks', () => {
  expect(ruling({}, 'INCR n')).toBeUndefined()
})

test('each command that names keys is of one type, of every type, or to be copied', () => {
  const unsure = keyedCommands.filter((name) => ruling({ types: [] }, `${name} a 1 b c`) === 'unsure')
  expect(unsure.sort()).toEqual([
    ...['COPY', 'MOVE', 'RENAME', 'RENAMENX', 'RESTORE', 'RESTORE-ASKING', 'SORT'],
    ...['ZDIFFSTORE', 'ZINTERSTORE', 'ZUNIONSTORE'],
  ])
})
