import { expect, test } from 'vitest'
import { isOwnOrigin, isThisMachine } from './origin.ts'

test.each(['127.0.0.1', '127.0.0.1:8080', 'localhost:9000', 'LOCALHOST', '[::1]:80'])(
  '%s is this machine',
  (host) => expect(isThisMachine(host)).toBe(true),
)

test.each([
  undefined,
  '',
  'evil.example',
  'evil.example:8080',
  '127.0.0.1.evil.example',
  'localhost.evil.example:80',
  'evil.example#127.0.0.1',
  'user@127.0.0.1',
  '127.0.0.1:8080, evil.example',
  '127.0.0.1:123456',
  '0.0.0.0:8080',
])('%s is not', (host) => expect(isThisMachine(host)).toBe(false))

test('a page of ours has the very origin of the host it asks', () => {
  const host = '127.0.0.1:8080'

  expect(isOwnOrigin({ host, origin: 'http://127.0.0.1:8080' }, isThisMachine, 'http')).toBe(true)
  expect(isOwnOrigin({ host, origin: 'http://127.0.0.1:8081' }, isThisMachine, 'http')).toBe(false)
  expect(isOwnOrigin({ host, origin: 'http://localhost:8080' }, isThisMachine, 'http')).toBe(false)
  expect(isOwnOrigin({ host, origin: 'null' }, isThisMachine, 'http')).toBe(false)
  expect(isOwnOrigin({ host }, isThisMachine, 'http')).toBe(false)
  expect(isOwnOrigin({ host, origin: 'http://127.0.0.1:8080' }, isThisMachine, 'https')).toBe(false)
  expect(isOwnOrigin({ host, origin: 'https://127.0.0.1:8080' }, isThisMachine, 'https')).toBe(true)
  expect(isOwnOrigin({ host: 'evil.example', origin: 'http://evil.example' }, isThisMachine, 'http')).toBe(
    false,
  )
})
