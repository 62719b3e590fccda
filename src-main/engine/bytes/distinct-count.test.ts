import { expect, test } from 'vitest'
import { DistinctCount } from './distinct-count.ts'

test.each([0, 1, 100, 5_000, 200_000])('%d different ones are counted to about five percent', (many) => {
  const count = new DistinctCount()
  for (let turn = 0; turn < 2; turn += 1)
    for (let at = 0; at < many; at += 1) count.add(Buffer.from(`key:${at}`))
  expect(Math.abs(count.estimate - many)).toBeLessThanOrEqual(many * 0.05)
})

test('the same name in two databases is two', () => {
  const count = new DistinctCount()
  for (const db of [0, 1, 1]) count.add(Buffer.from('key'), db)
  expect(count.estimate).toBe(2)
})
