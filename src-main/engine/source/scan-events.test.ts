import { expect, test } from 'vitest'
import { keyEventOf, tellsOfKeys } from './scan-events.ts'

const message = (channel: string, key: Buffer): readonly Buffer[] => [
  ...['pmessage', '__keyevent@*__:*', channel].map((word) => Buffer.from(word)),
  key,
]

test('an event names the database and the key, byte for byte', () => {
  const key = Buffer.from([0, 255, 13, 10, 95, 95])
  expect(keyEventOf(message('__keyevent@12__:rename_from', key))).toEqual({ db: 12, key })
})

test('what is no change of a key is none', () => {
  expect(keyEventOf(message('__keyevent@0__:keymiss', Buffer.from('k')))).toBeNull()
  expect(keyEventOf([Buffer.from('pong'), Buffer.from('')])).toBeNull()
  expect(keyEventOf('PONG')).toBeNull()
})

test('a setting tells of all changes by its classes or by A, and never without E', () => {
  expect(tellsOfKeys('AE', 700)).toBe(true)
  expect(tellsOfKeys('AKEm', 700)).toBe(true)
  expect(tellsOfKeys('g$lshzxetE', 700)).toBe(true)
  expect(tellsOfKeys('g$lshzxeE', 400)).toBe(true)
  expect(tellsOfKeys('g$lshzxeE', 700)).toBe(false)
  expect(tellsOfKeys('AK', 700)).toBe(false)
  expect(tellsOfKeys('', 700)).toBe(false)
})
