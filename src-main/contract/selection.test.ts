import { expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest } from './restore.ts'

const request: RestoreRequest = { files: ['dump.rdb'], target: { host: 'localhost', port: 6379 } }

function refusal(rules: Partial<RestoreRequest>): string {
  const read = restoreSpecSchema.safeParse({ ...request, ...rules })
  return read.success ? 'taken' : `${read.error.issues[0]?.path.join('.')}: ${read.error.issues[0]?.message}`
}

test('by default everything goes along, keeps its name and its expiry, and nothing is limited', () => {
  expect(restoreSpecSchema.parse(request)).toMatchObject({
    include: [],
    exclude: [],
    ttl: { rule: 'keep' },
    limits: {},
  })
})

test.each<[string, Partial<RestoreRequest>]>([
  ['slots beyond the last', { slots: [{ from: 0, to: 16_384 }] }],
  ['slots from back to front', { slots: [{ from: 9, to: 8 }] }],
  ['an empty prefix', { addPrefix: '' }],
  ['an empty prefix of a database', { dbPrefix: { 3: '' } }],
  ['a prefix of what is no database', { dbPrefix: { three: 'x:' } }],
  ['no database at all', { dbs: [] }],
  ['a type that no server has', { types: ['table' as 'hash'] }],
  ['an expiry of nothing', { ttl: { rule: 'set', ms: 0 } }],
  ['a rule on expiries without its time', { ttl: { rule: 'extend' } as never }],
  ['a limit of nothing', { limits: { keysPerSecond: 0 } }],
])('refuses %s', (_, rules) => {
  expect(refusal(rules)).not.toBe('taken')
})

test.each<[Partial<RestoreRequest>, string]>([
  [{ types: ['hash', 'set'], excludeTypes: ['set'] }, 'excludeTypes: set is asked for, and left out as well'],
  [{ dbs: [0], dbPrefix: { 3: 'x:' } }, 'dbPrefix: database 3 has a prefix, but is left out'],
  [{ targetDb: 0, dbMap: { 3: 1 } }, 'dbMap: everything is sent to one database already'],
])('refuses rules that contradict each other: %j', (rules, reason) => {
  expect(refusal(rules)).toBe(reason)
})
