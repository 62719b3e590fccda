import { expect, test } from 'vitest'
import { wordsOfCommand } from './cutover-command.ts'

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
