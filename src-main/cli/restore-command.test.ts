import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { wordsOfCommand } from '#contract/cutover-command.ts'
import { askedOf, restoreSpecSchema, type RestoreRequest } from '#contract/restore.ts'
import { withSecrets } from '#contract/secrets.ts'
import { restoreCommand } from './restore-command.ts'
import { addRestoreFlags, readRestore, type RestoreFlags } from './restore-flags.ts'

const target = { host: '10.0.0.5', port: 6380 }
const specOf = (request: Partial<RestoreRequest>) =>
  restoreSpecSchema.parse({ files: ['/data/dump.rdb'], target, ...request })

/** What the command line understands when the command is typed, each secret typed as `secret`. */
async function understood(line: string): Promise<unknown> {
  const words = wordsOfCommand(line)!
  expect(words.slice(0, 2)).toEqual(['keyferry', 'restore'])
  const command = addRestoreFlags(new Command().exitOverride())
  command.parse(
    words.slice(2).map((word) => (word === '-' ? 'secret' : word)),
    { from: 'user' },
  )
  const { stateFolder: _folder, resume, ...spec } = await readRestore(command.opts<RestoreFlags>())
  expect(resume).toBe('continue')
  return spec
}

describe('typed at a terminal, the command asks for the very same', () => {
  const hop = { host: 'bastion', port: 2222, username: 'o p@s' }
  const key = `bastion:2222 ssh-ed25519 SHA256:${'a'.repeat(43)}`
  test.each<[what: string, request: Partial<RestoreRequest>]>([
    ['the plainest', {}],
    ['several files, one with a quote in its name', { files: ['/a/b.rdb', "/a/it's $HOME.rdb"] }],
    [
      'every rule',
      {
        files: ['/data/aof'],
        keepIn: '/kept here',
        include: ['user:*', '-x'],
        exclude: ['tmp:?'],
        dbs: [0, 3],
        types: ['hash', 'set'],
        slots: [
          { from: 0, to: 99 },
          { from: 866, to: 866 },
        ],
        dbMap: { 3: 0, 4: 1 },
        stripPrefix: 'old:',
        addPrefix: ' new "x" ',
        dbPrefix: { 3: 'o:p:' },
        ttl: { rule: 'extend', ms: 90_000 },
        cannotHold: 'skip',
        fieldExpiry: 'drop',
        limits: { bytesPerSecond: 50_000_000, keysPerSecond: 7, latencyMs: 20 },
        connections: 16,
        onConflict: 'replace',
        until: 1_763_735_400_123,
      },
    ],
    ['into one database', { targetDb: 4, excludeTypes: ['stream'], ttl: { rule: 'none' } }],
    [
      'TLS, a user and SSH',
      {
        target: {
          ...target,
          host: '::1',
          username: 'app',
          password: 'secret',
          proxy: true,
          tls: { verify: false, ca: '/ca.pem', cert: '/c.pem', key: '/k.pem', servername: 'cache' },
          via: {
            kind: 'ssh',
            hops: [
              { ...hop, keyFile: '/id', passphrase: 'secret', password: 'secret', agent: true },
              {
                ...hop,
                host: 'inner',
                keyFile: '/id',
                passphrase: 'secret',
                password: 'secret',
                agent: true,
              },
            ],
            knownHosts: '/known',
            acceptedKeys: [key],
          },
        },
      },
    ],
    [
      'Sentinels through a proxy',
      {
        target: {
          ...target,
          password: 'secret',
          via: { kind: 'socks5', host: 'proxy', port: 1081, username: 'me', password: 'secret' },
          sentinel: {
            master: 'shop',
            others: [{ host: 's2', port: 26379 }],
            username: 'watch',
            password: 'secret',
          },
        },
      },
    ],
  ])('%s', async (_, request) => {
    const spec = specOf(request)
    const asked = askedOf(spec, spec.files)
    const line = restoreCommand(asked)!
    expect(line).not.toContain('secret')
    expect(JSON.stringify(asked)).not.toContain('"secret"')
    const { stateFolder: _folder, resume: _resume, ...same } = spec
    expect(await understood(line)).toEqual(same)
  })
})

test('what is kept is the order without its secrets, and where they belong', () => {
  const password = 'hunter2'
  const url = 'https://me:hunter2@backups.example/dump.rdb?sig=hunter2'
  const spec = specOf({
    files: [url, 'http://plain.example/d.rdb', '-'],
    target: {
      ...target,
      password,
      sentinel: { master: 'shop', others: [], password },
      via: { kind: 'ssh', hops: [{ host: 'bastion', username: 'ops', password }] },
    },
  })
  const asked = askedOf(spec, spec.files)
  expect(JSON.stringify(asked)).not.toContain('hunter2')
  expect(asked).toMatchObject({
    shortened: ['https://backups.example/dump.rdb'],
    secrets: ['password', 'ssh ops@bastion:22', 'sentinel'],
    spec: { files: ['https://backups.example/dump.rdb', 'http://plain.example/d.rdb', '-'] },
  })
  const secrets = Object.fromEntries(asked.secrets.map((place) => [place, password]))
  expect(withSecrets(asked.spec.target, secrets)).toEqual(spec.target)
})

test('what no command can say has none', () => {
  const { spec } = askedOf(
    specOf({
      target: {
        ...target,
        via: {
          kind: 'ssh',
          hops: [
            { host: 'a', username: 'me', keyFile: '/one' },
            { host: 'b', username: 'me', keyFile: '/two' },
          ],
        },
      },
    }),
    ['/data/dump.rdb'],
  )
  expect(restoreCommand({ spec, shortened: [], secrets: [] })).toBeNull()
})
