import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Connection } from '../../src-main/contract/connection.ts'
import { openControl } from '../../src-main/engine/redis/control.ts'
import { Link } from '../../src-main/engine/resp/link.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startSocksProxy } from '../support/socks-proxy.ts'
import { hasSshd, startSshServer } from '../support/ssh-server.ts'

const failing = (code: string, params: object = {}): object => ({ failure: { code, params } })
const name = 'ops'
const password = 'p:ä@ss'

describe('a SOCKS5 proxy', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  const to = (port: number, changed: Partial<Connection> = {}, user: object = {}): Connection => ({
    host: '127.0.0.1',
    port: redis.port,
    via: { kind: 'socks5', host: '127.0.0.1', port, ...user },
    ...changed,
  })
  async function ping(connection: Connection, timeoutMs = 10_000): Promise<unknown> {
    using link = await Link.open(connection, { timeoutMs })
    return await link.call(['PING'])
  }

  test('carries both kinds of connection, and its answers may come byte by byte', async () => {
    await using proxy = await startSocksProxy({ slowly: true })
    expect(await ping(to(proxy.port))).toBe('PONG')
    await using control = await openControl(to(proxy.port))
    expect(await control.call('PING')).toBe('PONG')
    using link = await Link.open(to(proxy.port))
    const value = Buffer.alloc(16 * 1024 * 1024, 'y')
    await link.ask(['SET', 'big', value])
    expect(value.equals((await link.ask(['GET', 'big'])) as Buffer)).toBe(true)
  })

  test('looks up names itself', async () => {
    await using proxy = await startSocksProxy()
    expect(await ping(to(proxy.port, { host: 'db.inside' }))).toBe('PONG')
    expect(proxy.asked).toEqual([`db.inside:${redis.port}`])
  })

  test('is told an IPv6 address in its sixteen bytes', async () => {
    await using proxy = await startSocksProxy({ refuse: 4 })
    await expect(ping(to(proxy.port, { host: 'fe80::12:3' }))).rejects.toMatchObject(
      failing('tunnel.not-reached', { address: `[fe80::12:3]:${redis.port}` }),
    )
    await expect(ping(to(proxy.port, { host: '::ffff:10.0.0.1' }))).rejects.toThrow()
    expect(proxy.asked).toEqual([
      `fe800000000000000000000000120003:${redis.port}`,
      `00000000000000000000ffff0a000001:${redis.port}`,
    ])
  })

  test('lets in its user, and nobody else', async () => {
    await using proxy = await startSocksProxy({ user: { name, password } })
    expect(await ping(to(proxy.port, {}, { username: name, password }))).toBe('PONG')
    const refused = failing('socks.sign-in-refused', { address: `socks5://127.0.0.1:${proxy.port}` })
    await expect(ping(to(proxy.port, {}, { username: name, password: 'no' }))).rejects.toMatchObject(refused)
    await expect(ping(to(proxy.port))).rejects.toMatchObject(refused)
  })

  test.each([
    [1, 'tunnel.not-reached', 'general failure'],
    [2, 'tunnel.prohibited', 'not allowed by the rules'],
    [5, 'tunnel.not-reached', 'connection refused'],
    [99, 'tunnel.not-reached', 'reply 99'],
  ])('says why not: %i', async (refuse, code, reply) => {
    await using proxy = await startSocksProxy({ refuse })
    const hop = `socks5://127.0.0.1:${proxy.port}`
    const address = `127.0.0.1:${redis.port}`
    await expect(ping(to(proxy.port))).rejects.toMatchObject(failing(code, { hop, address, reply }))
  })

  test('is told from something else', async () => {
    await expect(ping(to(redis.port), 2_000)).rejects.toMatchObject({
      failure: { code: /^(socks\.not-socks|connect\.timeout)$/ },
    })
    const port = await freePort()
    await expect(ping(to(port))).rejects.toMatchObject(
      failing('connect.refused', { address: `socks5://127.0.0.1:${port}` }),
    )
  })

  test('that hangs up, as many do where nobody listens behind them, is a lost link and not a wrong address', async () => {
    await using proxy = await startSocksProxy()
    const lost = { failure: { code: 'connect.lost', retryable: true } }
    await expect(ping(to(proxy.port, { port: await freePort() }))).rejects.toMatchObject(lost)
    await using wire = await startProxy(await freePort())
    await expect(ping(to(wire.port))).rejects.toMatchObject(lost)
  })

  test.skipIf(!hasSshd)('of OpenSSH (ssh -D) is understood', async () => {
    await using server = await startSshServer()
    const port = await freePort()
    const options = [`UserKnownHostsFile=${server.knownHosts}`, 'BatchMode=yes', 'ExitOnForwardFailure=yes']
    const ssh = spawn(
      'ssh',
      [
        ...['-N', '-D', `127.0.0.1:${port}`, '-F', 'none', '-i', server.userKey, '-p', String(server.port)],
        ...options.flatMap((option) => ['-o', option]),
        `${server.username}@127.0.0.1`,
      ],
      { stdio: 'ignore' },
    )
    try {
      await vi.waitFor(() => listening(port), 10_000)
      expect(await ping(to(port))).toBe('PONG')
    } finally {
      ssh.kill()
    }
  })
})

function listening(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}
