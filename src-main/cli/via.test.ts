import { userInfo } from 'node:os'
import { describe, expect, test } from 'vitest'
import { parseVia, viaOf, type ViaDetails } from './via.ts'

const none: ViaDetails = {
  password: undefined,
  keyFile: undefined,
  passphrase: undefined,
  agent: false,
  knownHosts: undefined,
  acceptedKeys: [],
}
const me = userInfo().username
const hop = (host: string, port: number, username: string): object => ({ host, port, username, agent: false })

describe('--via', () => {
  test.each([
    ['ssh://ops@bastion', [hop('bastion', 22, 'ops')]],
    ['ssh://bastion:2222', [hop('bastion', 2222, me)]],
    ['SSH://ops@a:1,b@c:2', [hop('a', 1, 'ops'), hop('c', 2, 'b')]],
    ['ssh://ops@a,ssh://b@[fe80::1]:2', [hop('a', 22, 'ops'), hop('fe80::1', 2, 'b')]],
    ['ssh://us%40er@a/', [hop('a', 22, 'us@er')]],
    ['ssh://u:p%2Cw@a,b', [{ ...hop('a', 22, 'u'), password: 'p,w' }, hop('b', 22, me)]],
  ])('%s', (text, hops) => {
    expect(viaOf(parseVia(text, '--via'), none)).toEqual({ kind: 'ssh', hops, acceptedKeys: [] })
  })

  test.each([
    ['socks5://proxy', { host: 'proxy', port: 1080 }],
    ['socks5h://u:p@proxy:9', { host: 'proxy', port: 9, username: 'u', password: 'p' }],
  ])('%s', (text, proxy) => {
    expect(viaOf(parseVia(text, '--via'), none)).toEqual({ kind: 'socks5', ...proxy })
  })

  test('says of all hops what they do not say of themselves', () => {
    const details = { ...none, password: 'p', keyFile: 'k', knownHosts: 'h', acceptedKeys: ['SHA256:x'] }
    expect(viaOf(parseVia('ssh://u:own@a,u@b', '--via'), details)).toEqual({
      kind: 'ssh',
      hops: [
        { ...hop('a', 22, 'u'), password: 'own', keyFile: 'k' },
        { ...hop('b', 22, 'u'), password: 'p', keyFile: 'k' },
      ],
      knownHosts: 'h',
      acceptedKeys: ['SHA256:x'],
    })
    expect(viaOf(parseVia('socks5://u@a', '--via'), details)).toMatchObject({ username: 'u', password: 'p' })
  })

  test.each([
    'bastion',
    'http://proxy',
    'ssh://',
    'ssh://a:b:c',
    'ssh://geheim:x@a:0',
    'ssh://u:geheim@',
    'ssh://%zz@a',
  ])('%s is refused, without being repeated', (text) => {
    try {
      parseVia(text, '--via')
      expect.unreachable()
    } catch (thrown) {
      expect(thrown).toMatchObject({ failure: { code: 'usage.invalid', params: { field: '--via' } } })
      expect(String(thrown)).not.toContain('geheim')
    }
  })
})
