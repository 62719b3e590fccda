import { expect, test } from 'vitest'
import { makeKeyRules, type KeyRules } from '../plan/key-rules.ts'
import { restoreSpecSchema, type RestoreRequest } from '#contract/restore.ts'
import type { Visitor } from '../source/rdb-file.ts'
import { findCollisions } from './collisions.ts'

interface Key {
  readonly db: number
  readonly key: string
}

function rulesOf(rules: Partial<RestoreRequest>): KeyRules {
  return makeKeyRules(
    restoreSpecSchema.parse({ files: ['f'], target: { host: 'h', port: 1 }, targetDb: 0, ...rules }),
  )
}

/** Walks the keys as a file's large values, which come one by one. Counts the walks. */
function walkOf(keys: readonly Key[]): { walk: (visitor: Visitor) => Promise<void>; walks: () => number } {
  let walks = 0
  return {
    walk: async (visitor) => {
      walks += 1
      const rest = { type: 0, expireAt: -1, idle: -1, frequency: -1, offset: 0 }
      for (const { db, key } of keys) await visitor.big?.({ ...rest, db, key: Buffer.from(key) }, 1)
    },
    walks: () => walks,
  }
}

const many = (db: number, from: number, to: number): Key[] =>
  Array.from({ length: to - from }, (_, at) => ({ db, key: `key ${from + at}` }))

test('tells how many names would be shared, and by which keys', async () => {
  const { walk } = walkOf([...many(0, 0, 5_000), ...many(1, 4_990, 9_000), ...many(2, 4_999, 5_002)])
  const found = await findCollisions({ keys: 9_013, rules: rulesOf({}), now: 0, walk })
  expect(found.names).toBe(12)
  expect(found.examples).toHaveLength(5)
  expect(found.examples[0]).toBe('key 4990 (db 0 key 4990, db 1 key 4990)')
})

test.each([1, 7, 100_000])(
  'finds the same with %i hashes at once, in as many readings as it takes',
  async (size) => {
    const { walk, walks } = walkOf([...many(0, 0, 40), ...many(1, 38, 60)])
    const found = await findCollisions({ keys: 62, rules: rulesOf({}), now: 0, walk, hashesAtOnce: size })
    expect(found.names).toBe(2)
    expect(walks()).toBe(Math.ceil(62 / size) + 1)
  },
)

test('beyond a thousand they are only counted', async () => {
  const { walk } = walkOf([...many(0, 0, 3_000), ...many(1, 0, 2_500)])
  const found = await findCollisions({ keys: 5_500, rules: rulesOf({}), now: 0, walk })
  expect(found.names).toBe(2_500)
})

test('finds none where there is none, in one reading', async () => {
  const { walk, walks } = walkOf([...many(0, 0, 20_000), ...many(1, 0, 20_000)])
  const rules = rulesOf({ dbPrefix: { 1: 'one:' } })
  expect(await findCollisions({ keys: 40_000, rules, now: 0, walk })).toEqual({ names: 0, examples: [] })
  expect(walks()).toBe(1)
})
