import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
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
  ])('%j is refused', async (args, field) => {
    await expect(read('target', ...args)).rejects.toMatchObject({
      failure: { code: 'usage.invalid', params: { field } },
    })
  })
})
