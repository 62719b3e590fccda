import { describe, expect, test } from 'vitest'
import { PrefixTally } from './prefix-tally.ts'

function tallyOf(keys: readonly string[], depth: number, kept?: number): ReturnType<PrefixTally['report']> {
  const tally = new PrefixTally({ separator: ':', depth }, kept)
  for (const key of keys) {
    const bytes = Buffer.from(`before ${key} behind`)
    tally.add(bytes, 7, bytes.length - 7, 10, 100)
  }
  return tally.report()
}

describe('sizes by prefix', () => {
  const keys = ['user:1:name', 'user:1:mail', 'user:2', 'cart:9', 'alone', 'other']

  test('up to the first separator', () => {
    expect(tallyOf(keys, 1).rows).toEqual([
      { prefix: 'user:', keys: 3, bytes: 30, memoryBytes: 300 },
      { prefix: '', keys: 2, bytes: 20, memoryBytes: 200 },
      { prefix: 'cart:', keys: 1, bytes: 10, memoryBytes: 100 },
    ])
  })

  test('up to the second, or as far as a key goes', () => {
    const { rows } = tallyOf(keys, 2)
    expect(rows.map(({ prefix, keys: held }) => [prefix, held])).toEqual([
      ['user:1:', 2],
      ['', 2],
      ['user:', 1],
      ['cart:', 1],
    ])
  })

  test('20 are shown, the rest is summed up', () => {
    const { rows, others, exact } = tallyOf(
      Array.from({ length: 50 }, (_, at) => `p${at}:x`),
      1,
    )
    expect(rows).toHaveLength(20)
    expect({ others, exact }).toEqual({
      others: { keys: 30, bytes: 300, memoryBytes: 3000 },
      exact: true,
    })
  })

  test('with more prefixes than are remembered the large ones stay, and no key is lost', () => {
    const small = Array.from({ length: 1000 }, (_, at) => `p${at}:x`)
    const { rows, others, exact } = tallyOf([...Array<string>(200).fill('large:x'), ...small], 1, 100)
    expect(rows[0]).toMatchObject({ prefix: 'large:', keys: 200 })
    expect(rows.reduce((sum, row) => sum + row.keys, others.keys)).toBe(1200)
    expect(exact).toBe(false)
  })

  test('a prefix cannot steer the terminal', () => {
    expect(tallyOf(['\u001b[31m:x'], 1).rows[0]!.prefix).toBe('\\x1b[31m:')
  })
})
