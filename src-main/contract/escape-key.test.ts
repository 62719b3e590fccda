import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeKey, unescapeKey } from './escape-key.ts'

test.each([
  ['user:1', 'user:1'],
  ['\u0000\u00ff', '\\x00ÿ'],
  ['a\\x41', 'a\\\\x41'],
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['evil\u202Egpj', 'evil\\xe2\\x80\\xaegpj'],
  ['a\nb', 'a\\x0ab'],
])('%j is written as %j', (text, escaped) => {
  expect(escapeKey(Buffer.from(text))).toBe(escaped)
})

test('bytes that are no UTF-8 are told one by one, and a long name is cut', () => {
  expect(escapeKey(Uint8Array.of(0x61, 0xff, 0xc3))).toBe('a\\xff\\xc3')
  expect(escapeKey(Buffer.alloc(500, 'a'))).toBe(`${'a'.repeat(120)}…`)
})

test('what was written can be read back, whatever the bytes', () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.string({ maxLength: 10 }).map((text) => Uint8Array.from(Buffer.from(text))),
    fc
      .constantFrom('\\', '\\x', '\\x4', '\\x41', '\\\\x41')
      .map((text) => Uint8Array.from(Buffer.from(text))),
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (some) => {
      const bytes = Buffer.concat(some)
      expect(Buffer.from(unescapeKey(escapeKey(bytes, bytes.length))).equals(bytes)).toBe(true)
    }),
  )
})
