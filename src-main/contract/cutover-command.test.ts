import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keptCommandSchema, lineOfCommand, wordsOfCommand } from './cutover-command.ts'

test.each([
  ['./switch.sh', ['./switch.sh']],
  ['  nsupdate -k  key.file  ', ['nsupdate', '-k', 'key.file']],
  [`say "two words" 'and $HOME' a\\ b`, ['say', 'two words', 'and $HOME', 'a b']],
  [`say "" ''`, ['say', '', '']],
  [`say "a \\" b" 'c \\ d'`, ['say', 'a " b', 'c \\ d']],
  ['one; rm -rf / | two > three', ['one;', 'rm', '-rf', '/', '|', 'two', '>', 'three']],
])('%s', (text, words) => {
  expect(wordsOfCommand(text)).toEqual(words)
})

test.each(['', '   ', 'say "open', "say 'open"])('no words: %j', (text) => {
  expect(wordsOfCommand(text)).toBeNull()
})

test('a command that is written out is read as the same words', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (words) => {
      expect(wordsOfCommand(lineOfCommand(words))).toEqual(words)
    }),
  )
  expect(lineOfCommand(['sh', '-c', "echo it's"])).toBe(String.raw`sh -c 'echo it'\''s'`)
})

test('a profile keeps no command in which something is not seen', () => {
  expect(keptCommandSchema.safeParse(['./switch-dns', 'shop.example', '东京 東京']).success).toBe(true)
  for (const hidden of ['a\u202eb', 'a\u200bb', 'a\nb', 'a\u001b[2K'])
    expect(keptCommandSchema.safeParse(['./switch-dns', hidden]).success).toBe(false)
})
