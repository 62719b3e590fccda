import { expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest } from '#contract/restore.ts'
import { type as code } from '../rdb/opcodes.ts'
import { keySlot } from '../bytes/crc16.ts'
import { leftOutRules } from '#contract/selection.ts'
import { goesAlong, leftOutOf, makeSelection, takesFunctions, unknownType } from './selection.ts'

function specOf(rules: Partial<RestoreRequest>): ReturnType<typeof restoreSpecSchema.parse> {
  return restoreSpecSchema.parse({ files: ['f'], target: { host: 'h', port: 1 }, ...rules })
}

function judged(rules: Partial<RestoreRequest>, db: number, type: number, key: string): string {
  const rule = makeSelection(specOf(rules))?.judge(db, type, Buffer.from(key)) ?? goesAlong
  return rule === goesAlong ? 'goes along' : leftOutRules[rule - 1]!
}

const slotOfUser = keySlot(Buffer.from('user:1'))

test.each<[Partial<RestoreRequest>, number, number, string, string]>([
  [{}, 0, code.STRING, 'any', 'goes along'],
  [{ dbs: [0, 3] }, 3, code.STRING, 'any', 'goes along'],
  [{ dbs: [0, 3] }, 1, code.STRING, 'any', 'db'],
  [{ types: ['hash'] }, 0, code.HASH_ZIPMAP, 'any', 'goes along'],
  [{ types: ['hash'] }, 0, code.HASH_LISTPACK_EX, 'any', 'goes along'],
  [{ types: ['hash'] }, 0, code.SET_INTSET, 'any', 'type'],
  [{ excludeTypes: ['stream', 'module'] }, 0, code.STREAM_LISTPACKS_3, 'any', 'type'],
  [{ excludeTypes: ['stream', 'module'] }, 0, code.MODULE_2, 'any', 'type'],
  [{ excludeTypes: ['stream', 'module'] }, 0, code.ZSET_2, 'any', 'goes along'],
  [{ types: ['hash'] }, 0, unknownType, 'any', 'goes along'],
  [{ slots: [{ from: slotOfUser, to: slotOfUser }] }, 0, code.STRING, 'user:1', 'goes along'],
  [{ slots: [{ from: slotOfUser, to: slotOfUser }] }, 0, code.STRING, 'cart{user:1}', 'goes along'],
  [{ slots: [{ from: slotOfUser, to: slotOfUser }] }, 0, code.STRING, 'user:2', 'slot'],
  [
    {
      slots: [
        { from: 0, to: slotOfUser - 1 },
        { from: slotOfUser + 1, to: 16_383 },
      ],
    },
    0,
    code.STRING,
    'user:1',
    'slot',
  ],
  [{ include: ['user:*', 'cart:*'] }, 0, code.STRING, 'cart:1', 'goes along'],
  [{ include: ['user:*', 'cart:*'] }, 0, code.STRING, 'session:1', 'include'],
  [{ include: ['user:*'], exclude: ['*:tmp'] }, 0, code.STRING, 'user:tmp', 'exclude'],
  [{ dbs: [0], types: ['set'], include: ['user:*'] }, 1, code.STRING, 'session', 'db'],
])('under %j the key of db %i, type %i, named %s: %s', (rules, db, type, key, expected) => {
  expect(judged(rules, db, type, key)).toBe(expected)
})

test('looks at the key alone, not at the bytes around it', () => {
  const selection = makeSelection(specOf({ include: ['user:?'] }))!
  const around = Buffer.from('xxuser:1yy')
  expect(selection.judge(0, code.STRING, around, 2, 8)).toBe(goesAlong)
  expect(selection.judge(0, code.STRING, around, 2, 9)).not.toBe(goesAlong)
})

test('function libraries go along unless certain keys are asked for', () => {
  expect(takesFunctions(specOf({ exclude: ['tmp:*'], excludeTypes: ['stream'] }))).toBe(true)
  for (const rules of [
    { include: ['a'] },
    { dbs: [0] },
    { types: ['set' as const] },
    { slots: [{ from: 0, to: 1 }] },
  ])
    expect(takesFunctions(specOf(rules))).toBe(false)
})

test('counts by rule are told under the names of the rules', () => {
  expect(leftOutOf([100, 1, 2, 3, 4, 5])).toEqual({ db: 1, type: 2, slot: 3, include: 4, exclude: 5 })
})
