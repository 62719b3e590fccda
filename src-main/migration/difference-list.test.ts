import { expect, test } from 'vitest'
import { detail, type Difference } from '#contract/difference.ts'
import { differenceQuerySchema } from '#contract/difference-page.ts'
import { differencesFile, keyOf, pageOf } from './difference-list.ts'

const all: readonly Difference[] = Array.from({ length: 1_000 }, (_, at) => ({
  db: 0,
  key: `Key:${at}`,
  kind: at % 4 === 0 ? 'missing' : 'value',
  detail: at % 4 === 0 ? null : detail('field', { name: 'f' }),
}))

const page = (query: object): ReturnType<typeof pageOf> => pageOf(all, differenceQuerySchema.parse(query))

test('a page has its part of what is asked for, with each one’s place among all', () => {
  const { total, rows } = page({ kind: 'missing', from: 2, limit: 2 })
  expect(total).toBe(250)
  expect(rows.map(({ at }) => at)).toEqual([8, 12])
  expect(page({ text: 'KEY:99' })).toMatchObject({ total: 11, rows: { length: 11 } })
  expect(page({ from: 5_000 })).toEqual({ total: 1_000, rows: [] })
})

test('a spreadsheet takes no name for a formula, and none breaks the table', () => {
  const evil: Difference = { db: 0, key: '=HYPERLINK("x",\\x0a1)', kind: 'extra', detail: null }
  const { name, text } = differencesFile([evil, all[1]!], 'csv')
  expect(name).toBe('differences.csv')
  expect(text).toBe(
    'db,key,kind,detail\r\n0,"\'=HYPERLINK(""x"",\\x0a1)",extra,\r\n0,Key:1,value,field f\r\n',
  )
  expect(JSON.parse(differencesFile([evil], 'json').text)).toEqual([evil])
})

test('a key is whole where its name was cut', () => {
  const exact = Buffer.alloc(200, 'a').toString('base64')
  const some: Difference[] = [
    { ...all[0]!, key: 'a\\xff\\\\b' },
    { ...all[0]!, key: 'a…', exact },
    { ...all[0]!, key: 'a…', exact: null },
  ]
  expect(keyOf(some[0]).key).toBe(Buffer.from([0x61, 0xff, 0x5c, 0x62]).toString('base64'))
  expect(keyOf(some[1]).key).toBe(exact)
  expect(() => keyOf(some[2])).toThrow('difference.long-key')
  expect(() => keyOf(some[3])).toThrow('difference.not-found')
})
