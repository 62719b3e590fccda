import { Command } from 'commander'
import { describe, expect, test, vi } from 'vitest'
import { addConnectionFlags, readConnection, type NamedServer, type Side } from './connection-flags.ts'

async function read(side: Side, ...args: string[]): Promise<NamedServer> {
  const command = addConnectionFlags(new Command().exitOverride(), side)
  command.parse(args, { from: 'user' })
  return await readConnection(command.opts(), side, () => Promise.resolve('typed'))
}

describe('the flags of a server', () => {
  test('are those redis-port has, for the target', async () => {
    expect(await read('target', '-t', '10.0.0.1:7000', '-A', 'pw')).toEqual({
      connection: { host: '10.0.0.1', port: 7000, password: 'pw' },
      db: undefined,
    })
  })

  test('have their own names for the source', async () => {
    const args = ['-f', 'h:1', '-P', '-', '--source-user', 'u', '--source-ca', 'ca.pem']
    expect((await read('source', ...args)).connection).toEqual({
      host: 'h',
      port: 1,
      username: 'u',
      password: 'typed',
      tls: { verify: true, ca: 'ca.pem' },
    })
  })

  test('leave the old cloud form, instanceId:password, as it is', async () => {
    const password = 'crs-1a2b:p:w'
    for (const args of [
      ['-t', 'h', '-A', password],
      ['-t', `redis://:${password}@h`],
      ['-t', 'redis://:crs-1a2b%3Ap%3Aw@h'],
    ])
      expect((await read('target', ...args)).connection).toEqual({ host: 'h', port: 6379, password })
  })

  test('name Sentinels, and the way to them', async () => {
    const args = ['-f', 's1,[::1],s3:7', '--source-sentinel', 'shop', '--source-sentinel-password', '-']
    const via = [
      '--source-via',
      'ssh://ops@bastion',
      '--source-ssh-key',
      'id',
      '--source-ssh-passphrase',
      '-',
    ]
    const key = `SHA256:${'a'.repeat(43)}`
    const trusted = ['--source-known-hosts', 'kh', '--source-accept-host-key', key]
    expect((await read('source', ...args, ...via, ...trusted)).connection).toEqual({
      host: 's1',
      port: 26379,
      sentinel: {
        master: 'shop',
        others: [
          { host: '::1', port: 26379 },
          { host: 's3', port: 7 },
        ],
        password: 'typed',
      },
      via: {
        kind: 'ssh',
        hops: [
          { host: 'bastion', port: 22, username: 'ops', agent: false, keyFile: 'id', passphrase: 'typed' },
        ],
        knownHosts: 'kh',
        acceptedKeys: [key],
      },
    })
  })

  test('take secrets of the way from the environment', async () => {
    vi.stubEnv('KEYFERRY_TARGET_SSH_PASSWORD', 'from-env')
    const { connection } = await read('target', '-t', 'h', '--via', 'ssh://ops@bastion')
    vi.unstubAllEnvs()
    expect(connection.via).toMatchObject({ hops: [{ password: 'from-env', agent: false }] })
  })

  test('sign in with the agent where nothing else is named', async () => {
    vi.stubEnv('SSH_AUTH_SOCK', '/agent')
    const { connection } = await read('target', '-t', 'h', '--via', 'ssh://ops@bastion')
    vi.unstubAllEnvs()
    expect(connection.via).toMatchObject({ hops: [{ username: 'ops', agent: true }] })
  })

  test('prefer the flag to the URL', async () => {
    const { connection, db } = await read('target', '-t', 'rediss://u:url@h/2', '-A', 'flag')
    expect(connection).toEqual({
      host: 'h',
      port: 6379,
      username: 'u',
      password: 'flag',
      tls: { verify: true },
    })
    expect(db).toBe(2)
  })

  test('verify certificates unless told not to', async () => {
    expect((await read('target', '-t', 'h', '--insecure')).connection.tls).toEqual({ verify: false })
  })

  test.each([
    [['-t', 'h', '--user', 'u'], '--user'],
    [['-t', 'h', '--cert', 'c'], '--cert'],
    [['-t', 'h', '--tls', '--key', 'k'], '--cert'],
    [['-t', 'h', '--via', 'ftp://x'], '--via'],
    [['-t', 'h', '--via', 'ssh://a', '--ssh-key', 'k', '--accept-host-key', 'MD5:aa'], '--accept-host-key'],
    [['-t', 'h', '--sentinel', 'shop', '--sentinel-user', 'u'], '--sentinel-user'],
    [['-t', 'a,b'], '-t'],
  ])('%j is refused', async (args, field) => {
    await expect(read('target', ...args)).rejects.toMatchObject({
      failure: { code: 'usage.invalid', params: { field } },
    })
  })
})
