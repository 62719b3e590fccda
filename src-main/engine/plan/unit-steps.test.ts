import { expect, test } from 'vitest'
import { keySlot } from '../bytes/crc16.ts'
import { shapeOf } from '../resp/commands.ts'
import { encoded, type PreparedCommand } from '../target/transaction-frame.ts'
import { impossibleInCluster, type Found } from './across-slots.ts'
import { stepsOf, type UnitStep } from './unit-steps.ts'

const words = (line: string): Buffer[] => line.split(' ').map((word) => Buffer.from(word))

function prepared(line: string): PreparedCommand {
  const args = words(line)
  const shape = shapeOf(args[0]!)!
  const keys = shape.keyPlaces(args).map((place) => ({ db: 0, key: args[place]! }))
  return { db: 0, name: shape.name, ...encoded(args), keys }
}

/** What each step sends, in words: `b: RESTORE b 0 value REPLACE`. */
function steps(lines: readonly string[], found: readonly Found[] = []): readonly string[] {
  const unit = { end: 10, db: 0, lanes: [], commands: lines.map(prepared) }
  return stepsOf(unit, (_, index) => `temporary ${index}`).map((step) => {
    if (step.kind !== 'slot') return `all: ${step.of.words.join(' ')}`
    const sent = step.write(found)?.map((command) => command.words.map(String).join(' ')) ?? ['nothing']
    return `${nameOf(step)}: ${sent.join(', ')}`
  })
}

function nameOf({ slot }: UnitStep): string {
  return ['a', 'b', 'c'].find((key) => keySlot(Buffer.from(key)) === slot) ?? '?'
}

const value = { payload: Buffer.from('value'), expiresAt: null }

test('what is done to each key is parted by slots', () => {
  expect(steps(['MSETNX a 1 b 2 {a}x 3'])).toEqual(['a: MSET a 1 {a}x 3', 'b: MSET b 2'])
  expect(steps(['UNLINK a b'])).toEqual(['a: UNLINK a', 'b: UNLINK b'])
})

test('what goes from slot to slot is written first, then taken away', () => {
  expect(steps(['RENAME a b'], [{ ...value, expiresAt: 99 }])).toEqual([
    'b: RESTORE b 0 value REPLACE, PEXPIREAT b 99',
    'a: DEL a',
  ])
  expect(steps(['RPOPLPUSH a b'], [Buffer.from('x')])).toEqual(['b: LPUSH b x', 'a: RPOP a'])
  expect(steps(['LMOVE a b LEFT RIGHT'], [Buffer.from('x')])).toEqual(['b: RPUSH b x', 'a: LPOP a'])
  expect(steps(['SMOVE a b m'], [Buffer.from('m')])).toEqual(['b: SADD b m', 'a: SREM a m'])
  expect(steps(['COPY a b REPLACE'], [value])).toEqual(['b: RESTORE b 0 value REPLACE'])
})

test('from where there is nothing, an element is not moved, and a name is not given', () => {
  expect(steps(['RPOPLPUSH a b'], [null])).toEqual(['b: ', 'a: RPOP a'])
  expect(steps(['RENAME a b'], [null])).toEqual(['b: nothing', 'a: DEL a'])
})

test('what is computed is computed where it is written, from copies that are gone again', () => {
  expect(steps(['SUNIONSTORE c a {c}x b'], [value, null])).toEqual([
    'c: RESTORE temporary 0 0 value REPLACE, SUNIONSTORE c temporary 0 {c}x temporary 1, DEL temporary 0 temporary 1',
  ])
})

test('of a transaction, what is of one slot stays together unless something that reads comes between', () => {
  expect(steps(['INCR a', 'INCR b', 'INCR a'])).toEqual(['a: INCR a, INCR a', 'b: INCR b'])
  expect(steps(['INCR a', 'COPY b c', 'INCR a'], [value])).toEqual([
    'a: INCR a',
    'c: RESTORE c 0 value REPLACE',
    'a: INCR a',
  ])
  expect(steps(['INCR a', 'FLUSHDB', 'INCR a'])).toEqual(['a: INCR a', 'all: FLUSHDB', 'a: INCR a'])
})

test('a library that is told once more takes the place of itself', () => {
  expect(steps(['FUNCTION LOAD code'])).toEqual(['all: FUNCTION LOAD REPLACE code'])
  expect(steps(['FUNCTION RESTORE payload APPEND'])).toEqual(['all: FUNCTION RESTORE payload REPLACE'])
  expect(steps(['FUNCTION RESTORE payload FLUSH'])).toEqual(['all: FUNCTION RESTORE payload FLUSH'])
})

test.each([
  ['SET a 1', null],
  ['EVAL script 1 a', null],
  ['EVAL script 0', 'EVAL without keys'],
  ['EVAL script 2 a {a}b', null],
  ['EVAL script 2 a b', 'EVAL across slots'],
  ['SORT a BY nosort STORE b', null],
  ['SORT a STORE get', null],
  ['SORT a BY w_* STORE b', 'SORT BY'],
  ['SORT a GET # STORE b', 'SORT GET'],
  ['MOVE a 1', 'MOVE'],
  ['XREADGROUP GROUP g c STREAMS a b > >', 'XREADGROUP across slots'],
  ['UNHEARD.OF a', 'UNHEARD.OF'],
  ['RENAME a b', null],
])('%s in a cluster: %s', (line, expected) => {
  const args = words(line)
  const shape = shapeOf(args[0]!)
  expect(impossibleInCluster({ db: 0, args, raw: Buffer.alloc(0), shape })).toBe(expected)
})
