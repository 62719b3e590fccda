import { expect, test } from 'vitest'
import { isOwnHost, isOwnOrigin } from './origin.ts'

test.each(['127.0.0.1', '127.0.0.1:8080', 'localhost:9000', 'LOCALHOST', '[::1]:80'])(
  '%s is this machine',
  (host) => expect(isOwnHost(host)).toBe(true),
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
])('%s is not', (host) => expect(isOwnHost(host)).toBe(false))

test('a page of ours has the very origin of the host it asks', () => {
  const host = '127.0.0.1:8080'

  expect(isOwnOrigin({ host, origin: 'http://127.0.0.1:8080' })).toBe(true)
  expect(isOwnOrigin({ host, origin: 'http://127.0.0.1:8081' })).toBe(false)
  expect(isOwnOrigin({ host, origin: 'http://localhost:8080' })).toBe(false)
  expect(isOwnOrigin({ host, origin: 'null' })).toBe(false)
  expect(isOwnOrigin({ host })).toBe(false)
  expect(isOwnOrigin({ host: 'evil.example', origin: 'http://evil.example' })).toBe(false)
})
