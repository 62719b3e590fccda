import { expect, test } from 'vitest'
import { wrap, wrapSentences } from './wrap.ts'

test('breaks between words', () => {
  expect(wrap('one two three four', 10, '  ')).toBe('  one two\n  three\n  four')
})

test('leaves a word that is wider than the terminal whole, to be copied', () => {
  expect(wrap('see /a/very/long/path here', 8)).toBe('see\n/a/very/long/path\nhere')
})

test('leaves a short text alone', () => {
  expect(wrap('short', 80, '  ')).toBe('  short')
})

test('breaks sentences, and leaves whole what is indented, fits, or only looks too wide for its bold letters', () => {
  const text = 'one two three\n  keyferry restore -i dump.rdb\n\u001b[1mone two\u001b[22m'
  expect(wrapSentences(text, 8)).toBe(
    'one two\nthree\n  keyferry restore -i dump.rdb\n\u001b[1mone two\u001b[22m',
  )
  expect(wrapSentences(text, Infinity)).toBe(text)
})
