import { describe, expect, test } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { parseAddress } from './address.ts'

describe('an address', () => {
  test.each([
    ['10.0.0.1:6380', { host: '10.0.0.1', port: 6380, tls: false }],
    ['redis.local', { host: 'redis.local', port: 6379, tls: false }],
    ['[::1]:7000', { host: '::1', port: 7000, tls: false }],
    ['fe80::1', { host: 'fe80::1', port: 6379, tls: false }],
    ['redis://h', { host: 'h', port: 6379, tls: false }],
    ['redis://h:1/', { host: 'h', port: 1, tls: false }],
    ['rediss://h:6380/0', { host: 'h', port: 6380, tls: true, db: 0 }],
    ['redis://:p%40ss%2F@h/12', { host: 'h', port: 6379, tls: false, password: 'p@ss/', db: 12 }],
    ['redis://u:p@[::1]:9', { host: '::1', port: 9, tls: false, username: 'u', password: 'p' }],
    ['REDIS://Some-Host:5', { host: 'Some-Host', port: 5, tls: false }],
  ])('%s', (text, address) => {
    expect(parseAddress(text, '-t')).toEqual(address)
  })

  test.each([
    '',
    ':6379',
    'host:',
    'host:0',
    'host:65536',
    'host:12x',
    'a b:1',
    '[nonsense]:1',
    'user:s3cret@host:1',
    'http://:s3cret@host',
    'redis://',
    'redis://:s3cret@host/db',
    'redis://:s3cret@host:99999',
    'redis://:s3cret#x@host',
    'redis://:s3cret%zz@host',
    'redis://:s3cret@host?x=1',
  ])('%j is refused, and what was typed is not repeated', (text) => {
    try {
      parseAddress(text, '-t')
      expect.unreachable()
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(FailureError)
      const { failure } = thrown as FailureError
      expect(failure).toMatchObject({ code: 'usage.invalid', params: { field: '-t' } })
      expect(JSON.stringify(failure)).not.toContain('s3cret')
    }
  })
})
