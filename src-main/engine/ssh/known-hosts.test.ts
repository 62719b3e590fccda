import { describe, expect, test } from 'vitest'
import { fingerprintOf, KnownHosts, typeOfKey } from './known-hosts.ts'

/** A key as it travels: its type, then what stands for the rest of it. */
function key(type: string, rest: string): Buffer {
  const name = Buffer.from(type)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(name.length)
  return Buffer.concat([length, name, Buffer.from(rest)])
}

const ed25519 = key('ssh-ed25519', 'one')
const rsa = key('ssh-rsa', 'two')
const other = key('ssh-ed25519', 'three')
const line = (names: string, shown: Buffer): string =>
  `${names} ${typeOfKey(shown)} ${shown.toString('base64')} me`

const read = (...lines: readonly string[]): KnownHosts =>
  new KnownHosts([{ file: 'known_hosts', text: `${lines.join('\n')}\n` }])

describe('known hosts', () => {
  test.each([
    ['a name', 'bastion', 'bastion', 22, 'known'],
    ['one of several', 'a,bastion,10.0.0.1', '10.0.0.1', 22, 'known'],
    ['capitals', 'Bastion', 'BASTION', 22, 'known'],
    ['another name', 'bastion', 'bastion2', 22, 'unknown'],
    ['a port', '[bastion]:2222', 'bastion', 2222, 'known'],
    ['another port', '[bastion]:2222', 'bastion', 22, 'unknown'],
    ['a name is of port 22 alone', 'bastion', 'bastion', 2222, 'unknown'],
    ['a pattern', '*.example.com', 'db.example.com', 22, 'known'],
    ['a dot is a dot', '*.example.com', 'dbxexample.com', 22, 'unknown'],
    ['one letter', 'db?', 'db7', 22, 'known'],
    ['all but one', '*.example.com,!db.example.com', 'db.example.com', 22, 'unknown'],
    ['an IPv6 address', '[fe80::1]:2222', 'fe80::1', 2222, 'known'],
    // The example of sshd(8).
    ['a hash', '|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=', '192.168.1.61', 22, 'known'],
    [
      'the hash of another',
      '|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=',
      '192.168.1.62',
      22,
      'unknown',
    ],
  ])('%s', (_, names, host, port, is) => {
    expect(read(line(names, ed25519)).judge(host, port, ed25519).is).toBe(is)
  })

  test('tell where they have another key, of any type', () => {
    const hosts = read('# mine', '', line('bastion', ed25519))
    expect(hosts.judge('bastion', 22, other)).toEqual({ is: 'changed', file: 'known_hosts', line: 3 })
    expect(hosts.judge('bastion', 22, rsa)).toMatchObject({ is: 'changed' })
  })

  test('may have several keys of one server', () => {
    const hosts = read(line('bastion', ed25519), line('bastion', rsa))
    expect(hosts.judge('bastion', 22, rsa).is).toBe('known')
    expect(hosts.keyTypes('bastion', 22)).toEqual(['ssh-ed25519', 'ssh-rsa'])
  })

  test('refuse a revoked key wherever else it stands', () => {
    const hosts = read(line('bastion', ed25519), `@revoked ${line('*', ed25519)}`)
    expect(hosts.judge('bastion', 22, ed25519)).toMatchObject({ is: 'revoked', line: 2 })
    expect(hosts.judge('bastion', 22, other)).toMatchObject({ is: 'changed', line: 1 })
  })

  test('take no authority for a host', () => {
    const hosts = read(`@cert-authority ${line('*', ed25519)}`)
    expect(hosts.judge('bastion', 22, ed25519).is).toBe('unknown')
  })
})

test('a fingerprint is what ssh-keygen prints', () => {
  const github = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'
  expect(fingerprintOf(Buffer.from(github, 'base64'))).toBe(
    'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU',
  )
})
