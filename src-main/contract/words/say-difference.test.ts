import { expect, test } from 'vitest'
import { detail } from '../difference.ts'
import { sayDifference } from './say-difference.ts'

test.each([
  [4_000_000_000_000, 4_000_000_000_001, '2096-10-02T07:06:40.000Z / 2096-10-02T07:06:40.001Z'],
  [4_000_000_000_000, -1, '2096-10-02T07:06:40.000Z / never'],
  [Infinity, -1, 'sometime / never'],
])('expiries %d and %d are told as moments', (source, target, said) => {
  expect(sayDifference(detail('expiry', { source, target }), 'en')).toBe(said)
  expect(sayDifference(detail('field-expiry', { name: 'f', source, target }), 'en')).toBe(
    `expiry of field f: ${said}`,
  )
})

test('lengths stay numbers', () => {
  expect(sayDifference(detail('length', { source: 3, target: 40 }), 'en')).toBe('length 3 / 40')
})
