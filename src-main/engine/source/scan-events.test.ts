import { expect, test } from 'vitest'
import { keyEventOf, tellingOfKeys, tellsOfKeys } from './scan-events.ts'

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

test('a setting tells of all changes by A and E alone', () => {
  expect(tellsOfKeys('AE')).toBe(true)
  expect(tellsOfKeys('AKEm')).toBe(true)
  expect(tellsOfKeys('g$lshzxeE')).toBe(false)
  expect(tellsOfKeys('AK')).toBe(false)
  expect(tellsOfKeys('')).toBe(false)
})

test('what somebody else listens to stays', () => {
  expect(tellingOfKeys('')).toBe('AE')
  expect(tellingOfKeys('xE')).toBe('AE')
  expect(tellingOfKeys('g$Km')).toBe('AKEm')
})
