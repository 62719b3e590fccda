import { describe, expect, test } from 'vitest'
import { openControl } from '../../src-main/engine/redis/control.ts'
import { Link } from '../../src-main/engine/resp/link.ts'
import { otherServers, startRedis } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

const failing = (code: string): object => ({ failure: { code } })

test('the old cloud form, instanceId:password, is a password like any other', async () => {
  const password = 'crs-1a2b:pa:ss'
  await using server = await startRedis({ password })
  const reach = { host: server.host, port: server.port, password }
  using link = await Link.open(reach)
  expect(await link.call(['DBSIZE'])).toBe(0)
  const same = ['--mode', 'counts', '-f', `redis://:${password}@127.0.0.1:${server.port}`]
  const run = await runCli(['verify', ...same, '-t', `127.0.0.1:${server.port}`, '-A', password])
  expect(run).toMatchObject({ code: 0, stderr: '' })
})

describe('an ACL user', () => {
  test('signs in, and is told from one who may not', async () => {
    await using server = await startRedis()
    await server.call('ACL', 'SETUSER', 'ferry', 'on', '>pw', '~*', '+@all')
    const reach = { host: server.host, port: server.port, username: 'ferry' }
    await using control = await openControl({ ...reach, password: 'pw' })
    expect(await control.call('ACL', 'WHOAMI')).toBe('ferry')
    await expect(Link.open({ ...reach, password: 'no' })).rejects.toMatchObject(
      failing('auth.wrong-password'),
    )
  })

  const old = otherServers().filter(
    ({ name, version }) => name === 'redis' && Number.parseInt(version, 10) < 6,
  )
  test.skipIf(old.length === 0).each(old)(
    'is unknown to $name $version, which says so',
    async ({ binary }) => {
      await using server = await startRedis({ binary, password: 'pw' })
      const reach = { host: server.host, port: server.port, password: 'pw' }
      using link = await Link.open(reach)
      expect(await link.call(['PING'])).toBe('PONG')
      const withUser = { ...reach, username: 'ferry' }
      await expect(Link.open(withUser)).rejects.toMatchObject(failing('auth.no-users'))
      await expect(openControl(withUser)).rejects.toMatchObject(failing('auth.no-users'))
    },
  )
})
