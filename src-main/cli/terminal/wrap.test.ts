import { expect, test } from 'vitest'
import { wrap } from './wrap.ts'

test('breaks between words', () => {
  expect(wrap('one two three four', 10, '  ')).toBe('  one two\n  three\n  four')
})

test('leaves a word that is wider than the terminal whole, to be copied', () => {
  expect(wrap('see /a/very/long/path here', 8)).toBe('see\n/a/very/long/path\nhere')
})

test('leaves a short text alone', () => {
  expect(wrap('short', 80, '  ')).toBe('  short')
})
