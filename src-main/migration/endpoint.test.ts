import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { endpointInputSchema, type EndpointInput } from '#contract/profile.ts'
import { connectionsOf, keepEndpoint, type KeptEndpoint } from './endpoint.ts'
import { KeyBox } from './secrets.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyferry-endpoint-'))
const box = new KeyBox(join(folder, 'key'))
afterAll(() => rmSync(folder, { recursive: true }))

const nothing: KeptEndpoint = { view: null, secret: null }

const hop = (host: string, secrets: { password?: string; passphrase?: string } = {}) => ({
  host,
  port: 22,
  username: 'ops',
  keyFile: '/keys/id',
  ...secrets,
})

function input(changed: Partial<EndpointInput>): EndpointInput {
  return endpointInputSchema.parse({ host: '10.0.0.5', port: 6379, ...changed })
}

const whole = input({
  password: 'server-pw',
  via: {
    kind: 'ssh',
    hops: [hop('outer', { password: 'outer-pw', passphrase: 'key-phrase' }), hop('inner')].map((one) => ({
      ...one,
      agent: false,
    })),
    acceptedKeys: [],
  },
  sentinel: { master: 'shop', others: [], password: 'sentinel-pw' },
})
const secrets = ['server-pw', 'outer-pw', 'key-phrase', 'sentinel-pw']

/** As the window sends it back: without what was never told to it. */
function asShown({ view }: KeptEndpoint, changed: Partial<EndpointInput> = {}): EndpointInput {
  const { via, sentinel } = view!
  return input({ ...(via && { via }), ...(sentinel && { sentinel }), ...changed })
}

function reached(kept: KeptEndpoint, passwords = {}) {
  return connectionsOf(kept.view!, kept.secret, box, 'source', passwords)[0]
}

describe('one side of a profile', () => {
  test('shows none of its secrets, and has all of them again when it is reached', () => {
    const kept = keepEndpoint(whole, nothing, box)
    for (const secret of secrets) {
      expect(JSON.stringify(kept.view)).not.toContain(secret)
      expect(Buffer.from(kept.secret!).includes(secret)).toBe(false)
    }
    const { via, sentinel, password } = reached(kept)
    expect({ password, sentinel, via }).toEqual({
      password: 'server-pw',
      sentinel: whole.sentinel,
      via: {
        ...whole.via,
        // The key is one, whoever it opens the door of.
        hops: [
          hop('outer', { password: 'outer-pw', passphrase: 'key-phrase' }),
          hop('inner', { passphrase: 'key-phrase' }),
        ].map((one) => ({ ...one, agent: false })),
      },
    })
  })

  test('keeps what is stored when it is saved again without it', () => {
    const kept = keepEndpoint(whole, nothing, box)
    expect(reached(keepEndpoint(asShown(kept), kept, box))).toEqual(reached(kept))
  })

  test('never shows a stored password to another host', () => {
    const kept = keepEndpoint(whole, nothing, box)
    const elsewhere = structuredClone(asShown(kept))
    if (elsewhere.via?.kind !== 'ssh') throw new Error('not the way that was saved')
    elsewhere.via.hops[0]!.host = 'elsewhere'
    const { via } = reached(keepEndpoint(elsewhere, kept, box))
    expect(JSON.stringify(via)).not.toContain('outer-pw')
  })

  test.each<[string, Partial<EndpointInput>, readonly string[]]>([
    ['host', { host: '10.0.0.6' }, ['server-pw', 'sentinel-pw']],
    ['port', { port: 6380 }, ['server-pw', 'sentinel-pw']],
    ['user', { username: 'another' }, ['server-pw', 'sentinel-pw']],
    ['way', { via: { kind: 'socks5', host: 'proxy', port: 1080 } }, ['server-pw', 'sentinel-pw', 'outer-pw']],
    [
      'list of Sentinels',
      { sentinel: { master: 'shop', others: [{ host: 'x', port: 26379 }] } },
      ['sentinel-pw'],
    ],
  ])('never shows a stored password to another: %s', (_what, changed, gone) => {
    const kept = keepEndpoint(whole, nothing, box)
    const elsewhere = keepEndpoint(asShown(kept, changed), kept, box)
    const opened = elsewhere.secret === null ? '' : box.open(elsewhere.secret)
    for (const secret of secrets.filter((one) => one !== 'key-phrase'))
      expect(opened.includes(secret)).toBe(!gone.includes(secret))
    expect(elsewhere.view!.passwordKept).toBe(gone.includes('server-pw') ? 'none' : 'stored')
  })

  test('of several servers keeps each password for its own', () => {
    const others = [{ host: '10.0.0.6', port: 6379, account: { username: 'app', password: 'other-pw' } }]
    const kept = keepEndpoint(input({ password: 'server-pw', others }), nothing, box)
    const again = (username: string) => [
      { host: '10.0.0.6', port: 6379, account: { username } },
      { host: '10.0.0.7', port: 6379, account: {} },
    ]
    const passwordsOf = (changed: Partial<EndpointInput>) => {
      const { view, secret } = keepEndpoint(input(changed), kept, box)
      return connectionsOf(view!, secret, box, 'source').map(({ password }) => password)
    }
    expect(passwordsOf({ host: 'new', others: again('app') })).toEqual([undefined, 'other-pw', undefined])
    expect(passwordsOf({ others: again('root') })).toEqual(['server-pw', undefined, undefined])
  })

  test('forgets what it is told to forget', () => {
    const kept = keepEndpoint(whole, nothing, box)
    const again = keepEndpoint(asShown(kept, { forget: ['ssh ops@outer:22'], password: null }), kept, box)
    expect(again.view!.secretsKept).toEqual({ 'ssh-key /keys/id': 'stored', sentinel: 'stored' })
    expect(again.view!.passwordKept).toBe('none')
    expect(JSON.stringify(reached(again))).not.toMatch(/outer-pw|server-pw/)
  })

  test('that asks keeps none, and wants every one of them', () => {
    const kept = keepEndpoint({ ...whole, ask: true }, nothing, box)
    expect(kept.secret).toBe(null)
    const way = {
      'ssh ops@outer:22': 'outer-pw',
      'ssh-key /keys/id': 'key-phrase',
      sentinel: 'sentinel-pw',
    }
    expect(Object.keys(kept.view!.secretsKept).sort()).toEqual(Object.keys(way).sort())
    expect(() => reached(kept, { source: 'server-pw' })).toThrow('task.password-needed')
    expect(() => reached(kept, { sourceWay: way })).toThrow('task.password-needed')
    expect(reached(kept, { source: 'server-pw', sourceWay: way }).sentinel?.password).toBe('sentinel-pw')
  })

  test('that was sealed as a password alone is opened still', () => {
    const view = keepEndpoint(input({ password: 'x' }), nothing, box).view!
    expect(reached({ view, secret: box.seal('an older one') }).password).toBe('an older one')
  })
})
