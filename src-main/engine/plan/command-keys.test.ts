import { expect, test } from 'vitest'
import { shapeOf } from '../resp/commands.ts'
import { encodeCommand } from '../resp/encode.ts'
import { keysOfCommand } from './command-keys.ts'

/** The keys of a command typed with database 3 selected, each as database:name. */
function keysOf(line: string): readonly string[] {
  const args = line.split(' ').map((word) => Buffer.from(word))
  const command = { db: 3, args, raw: encodeCommand(args), shape: shapeOf(args[0]!) }
  return keysOfCommand(command).map(({ db, key }) => `${db}:${String(key)}`)
}

test.each([
  ['SET a 1', ['3:a']],
  ['RENAME a b', ['3:a', '3:b']],
  ['COPY a b REPLACE', ['3:a', '3:b']],
  ['COPY a b db 5 REPLACE', ['3:a', '5:b']],
  ['MOVE a 5', ['3:a', '5:a']],
  ['MOVE a', ['3:a']],
  ['SWAPDB 1 2', []],
  ['XYZZY a b', []],
])('%s is about %j', (line, keys) => {
  expect(keysOf(line)).toEqual(keys)
})
