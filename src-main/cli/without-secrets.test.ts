import { expect, test } from 'vitest'
import { withoutSecrets } from './without-secrets.ts'

test.each([
  ["error: unknown command 'redis://u:geheim@host:1'", "error: unknown command 'redis://…@host:1'"],
  ["error: unknown option '--pasword=geheim'", "error: unknown option '--pasword=…'"],
  ["error: unknown option '-x=geheim und mehr'", "error: unknown option '-x=…'"],
  [
    "error: option '-n <number>' argument '0' is invalid.",
    "error: option '-n <number>' argument '0' is invalid.",
  ],
])('%s', (text, safe) => {
  expect(withoutSecrets(text)).toBe(safe)
})
