import { expect, test } from 'vitest'
import { encodeCommand, encodeForEach, theKey } from './encode.ts'

test('encoded for each key it is, byte for byte, what encoding every command by itself gives', () => {
  const keys = [
    Buffer.from('a'),
    Buffer.from([0, 255, 13, 10]),
    Buffer.alloc(0),
    Buffer.from('열쇠'.repeat(40)),
  ]
  const each = encodeForEach(keys, [
    ['PEXPIRETIME', theKey],
    ['MEMORY', 'USAGE', theKey, 'SAMPLES', '5'],
  ])
  const byThemselves = keys.flatMap((key) => [
    encodeCommand(['PEXPIRETIME', key]),
    encodeCommand(['MEMORY', 'USAGE', key, 'SAMPLES', '5']),
  ])
  expect(each.equals(Buffer.concat(byThemselves))).toBe(true)
})
