import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { matchesGlob, makeKeyFilter } from '#engine/plan/filter.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(async () => {
  await server.stop()
})

const letters = fc.constantFrom(...'ab-^]*?\\')
const pattern = fc.string({
  unit: fc.constantFrom(...'ab-^]*?\\[', '[ab]', '[^a]', '[a-', '[b-a]', '**', '\\*'),
  minLength: 1,
  maxLength: 8,
})
/** Not the empty key: the server takes it for `*` alone, and for nothing else that is but stars. */
const key = fc.string({ unit: letters, minLength: 1, maxLength: 6 })

test('any glob names the keys that KEYS of a real server names', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(pattern, { minLength: 20, maxLength: 20 }),
      fc.uniqueArray(key, { minLength: 10, maxLength: 40 }),
      async (patterns, keys) => {
        await server.call('FLUSHALL')
        await server.call('MSET', ...keys.flatMap((name) => [name, '']))
        for (const glob of patterns) {
          const named = keys.filter((name) => matchesGlob(Buffer.from(glob), Buffer.from(name)))
          expect(named.sort(), glob).toEqual(((await server.call('KEYS', glob)) as string[]).sort())
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('bytes are compared, not characters', async () => {
  const name = Buffer.from('\u{1F600}')
  await server.call('FLUSHALL')
  await server.call('SET', name, '')
  for (const glob of ['?', '????', '\u{1F600}', '*\u0080'])
    expect(matchesGlob(Buffer.from(glob), name), glob).toBe(
      ((await server.call('KEYS', glob)) as string[]).length === 1,
    )
})

test('a selection is one of those included, if there are any, and none of those excluded', () => {
  const chosen = (include: string[], exclude: string[]): string[] => {
    const filter = makeKeyFilter(include, exclude)
    return ['a1', 'a2', 'b1', 'c1'].filter((name) => filter === null || filter(Buffer.from(name)))
  }
  expect(chosen([], [])).toEqual(['a1', 'a2', 'b1', 'c1'])
  expect(chosen(['a*', 'b*'], [])).toEqual(['a1', 'a2', 'b1'])
  expect(chosen([], ['a*'])).toEqual(['b1', 'c1'])
  expect(chosen(['a*', 'b*'], ['*1'])).toEqual(['a2'])
})
