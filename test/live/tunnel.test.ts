import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { trustHostKeys } from '../../src-main/cli/trust-host-keys.ts'
import type { Connection } from '../../src-main/contract/connection.ts'
import { acceptedKeyOf, sshViaSchema, type SshVia } from '../../src-main/contract/tunnel.ts'
import { openControl } from '../../src-main/engine/redis/control.ts'
import { Link } from '../../src-main/engine/resp/link.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startInProcessSsh } from '../support/ssh-in-process.ts'
import { hasSshd, makeKey, startSshServer, viaSsh, type SshServer } from '../support/ssh-server.ts'
import { compareAll, connectionTo, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { makeTlsFiles } from '../support/tls-files.ts'
import { startWriter } from '../support/writer.ts'

const failing = (code: string, params: object = {}): object => ({ failure: { code, params } })

/** Connects, asks for a PONG, and leaves. */
async function ping(connection: Connection, timeoutMs?: number): Promise<unknown> {
  using link = await Link.open(connection, { timeoutMs })
  return await link.call(['PING'])
}

describe.skipIf(!hasSshd)('a tunnel through real SSH servers', () => {
  let redis: RedisServer
  let outer: SshServer
  let inner: SshServer
  let folder: string
  const to = (via: SshVia, changed: Partial<Connection> = {}): Connection => ({
    host: redis.host,
    port: redis.port,
    via,
    ...changed,
  })
  /** One hop, signed in to as told instead of with the key file. */
  const signedInBy = (how: object): SshVia => {
    const { host, port, username, knownHosts } = outer
    return sshViaSchema.parse({ kind: 'ssh', hops: [{ host, port, username, ...how }], knownHosts })
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keyferry-tunnel-'))
    redis = await startRedis()
    outer = await startSshServer()
    inner = await startSshServer({ hostKeyType: 'rsa' })
  })

  afterAll(async () => {
    for (const server of [outer, inner, redis]) await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  test('carries many connections over one session a hop', async () => {
    const before = { outer: signIns(outer), inner: signIns(inner) }
    const via = viaSsh(outer, inner)
    const links = await Promise.all(Array.from({ length: 24 }, () => Link.open(to(via))))
    const value = Buffer.alloc(1024 * 1024, 'x')
    await Promise.all(links.map((link, index) => link.ask(['SET', `k${index}`, value])))
    const read = (await links[0]!.ask(['GET', 'k23'])) as Buffer
    expect(read.equals(value)).toBe(true)
    await using control = await openControl(to(via))
    expect(await control.call('PING')).toBe('PONG')
    expect({ outer: signIns(outer), inner: signIns(inner) }).toEqual({
      outer: before.outer + 1,
      inner: before.inner + 1,
    })
    for (const link of links) link.close()
    await redis.call('FLUSHALL')
  })

  test('ends its session soon after the last connection', async () => {
    expect(await ping(to(viaSsh(outer)))).toBe('PONG')
    await vi.waitFor(() => expect(connectionsOf(outer)).toBe(0), 5_000)
  })

  describe('is signed in to', () => {
    test.each([
      ['an OpenSSH key', 'ed25519', 'OpenSSH'],
      ['an RSA key in PEM', 'rsa', 'PEM'],
      ['an RSA key in PKCS #8', 'rsa', 'PKCS8'],
      ['an ECDSA key in PKCS #8', 'ecdsa', 'PKCS8'],
    ] as const)('with %s, locked or not', async (_, type, form) => {
      for (const passphrase of ['', 'open sesame']) {
        const keyFile = join(folder, `${type}-${form}-${passphrase.length}`)
        makeKey(keyFile, type, { passphrase, form })
        letIn(outer, `${keyFile}.pub`)
        const how = passphrase === '' ? { keyFile } : { keyFile, passphrase }
        expect(await ping(to(signedInBy(how)))).toBe('PONG')
        if (passphrase === '') continue
        await expect(ping(to(signedInBy({ keyFile })))).rejects.toMatchObject(
          failing('ssh.passphrase-needed', { file: keyFile }),
        )
        await expect(ping(to(signedInBy({ keyFile, passphrase: 'wrong' })))).rejects.toMatchObject(
          failing('ssh.passphrase-wrong', { file: keyFile }),
        )
      }
    })

    test('with the keys of an agent', async () => {
      const socket = join(folder, 'agent')
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
      try {
        await vi.waitFor(() => execFileSync('ssh-add', ['-q', outer.userKey], agentAt(socket)), 5_000)
        vi.stubEnv('SSH_AUTH_SOCK', socket)
        expect(await ping(to(signedInBy({ agent: true })))).toBe('PONG')
      } finally {
        vi.unstubAllEnvs()
        agent.kill()
      }
    })

    test('by nobody without a way to', async () => {
      // A session that somebody was let into stands a moment longer.
      await vi.waitFor(() => expect(connectionsOf(outer)).toBe(0), 5_000)
      vi.stubEnv('SSH_AUTH_SOCK', '')
      await expect(ping(to(signedInBy({ agent: true })))).rejects.toMatchObject(failing('ssh.no-agent'))
      vi.unstubAllEnvs()
      const stranger = join(folder, 'stranger')
      makeKey(stranger, 'ed25519')
      const { username, port } = outer
      await expect(ping(to(signedInBy({ keyFile: stranger })))).rejects.toMatchObject(
        failing('ssh.sign-in-refused', { address: `127.0.0.1:${port}`, username }),
      )
      await expect(ping(to(signedInBy({ keyFile: `${stranger}.pub` })))).rejects.toMatchObject(
        failing('ssh.key-unusable', { file: `${stranger}.pub` }),
      )
      await expect(ping(to(signedInBy({ keyFile: join(folder, 'none') })))).rejects.toMatchObject(
        failing('ssh.file-unreadable'),
      )
    })

    test.each(['password', 'keyboard-interactive'] as const)(
      'with a password, asked for by %s',
      async (asks) => {
        await using server = await startInProcessSsh({
          hostKeys: [join(outer.dir, 'host')],
          password: 'right',
          asks,
        })
        const via = (password: string): SshVia =>
          sshViaSchema.parse({
            kind: 'ssh',
            hops: [{ host: '127.0.0.1', port: server.port, username: 'ops', password }],
            acceptedKeys: [fingerprintBySshKeygen(outer)],
          })
        expect(await ping(to(via('right')))).toBe('PONG')
        await expect(ping(to(via('wrong')))).rejects.toMatchObject(failing('ssh.sign-in-refused'))
      },
    )
  })

  describe('trusts a host key', () => {
    const empty = (): string => {
      const file = join(mkdtempSync(join(folder, 'hosts-')), 'known_hosts')
      writeFileSync(file, '')
      return file
    }
    const knowing = (knownHosts: string, acceptedKeys: readonly string[] = []): Connection =>
      to({ ...viaSsh(outer), knownHosts, acceptedKeys: [...acceptedKeys] })

    test('only after a person has', async () => {
      const refused = await ping(knowing(empty())).catch((thrown: unknown) => thrown)
      const fingerprint = fingerprintBySshKeygen(outer)
      const address = `127.0.0.1:${outer.port}`
      const params = { address, keyType: 'ssh-ed25519', fingerprint }
      expect(refused).toMatchObject(failing('ssh.unknown-host', params))
      expect(await ping(knowing(empty(), [fingerprint]))).toBe('PONG')
      expect(await ping(knowing(empty(), [acceptedKeyOf(params)]))).toBe('PONG')
      // Accepted of another server, it says nothing of this one.
      const ofAnother = acceptedKeyOf({ ...params, address: `127.0.0.1:${inner.port}` })
      await expect(ping(knowing(empty(), [ofAnother]))).rejects.toMatchObject(failing('ssh.unknown-host'))
    })

    test('by asking once at a terminal', async () => {
      const file = join(folder, 'made', 'known_hosts')
      const asked: string[] = []
      const answering = (answer: string) => (question: string) => {
        asked.push(question)
        return Promise.resolve(answer)
      }
      await expect(trustHostKeys(knowing(file), answering('no'))).rejects.toMatchObject(
        failing('ssh.unknown-host'),
      )
      await trustHostKeys(knowing(file), answering('yes'))
      expect(asked).toHaveLength(2)
      expect(asked[0]).toContain(fingerprintBySshKeygen(outer))
      expect(readFileSync(file, 'utf8')).toBe(readFileSync(outer.knownHosts, 'utf8'))
      expect(await ping(knowing(file))).toBe('PONG')
      const direct = { host: 'h', port: 1 }
      expect(await trustHostKeys(direct, answering('no'))).toBe(direct)
      await trustHostKeys(knowing(file), answering('no'))
      expect(asked).toHaveLength(2)
    })

    test('that stands in a file with hashed names', async () => {
      const file = empty()
      writeFileSync(file, readFileSync(outer.knownHosts))
      execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'pipe' })
      expect(readFileSync(file, 'utf8')).not.toContain('127.0.0.1')
      expect(await ping(knowing(file))).toBe('PONG')
    })

    test('never when it is another than the one that is known', async () => {
      const file = empty()
      writeFileSync(file, `# old\n[127.0.0.1]:${outer.port} ${inner.hostKey}\n`)
      const fingerprint = fingerprintBySshKeygen(outer)
      const changed = failing('ssh.host-key-changed', { file, line: 2, fingerprint })
      await expect(ping(knowing(file))).rejects.toMatchObject(changed)
      await expect(ping(knowing(file, [fingerprint]))).rejects.toMatchObject(changed)
      const accepted = `127.0.0.1:${outer.port} ssh-rsa ${fingerprintBySshKeygen(inner)}`
      await expect(ping(knowing(empty(), [accepted]))).rejects.toMatchObject(failing('ssh.host-key-changed'))
    })

    test('never when it is revoked', async () => {
      const file = empty()
      writeFileSync(file, readFileSync(outer.knownHosts))
      appendFileSync(file, `@revoked * ${outer.hostKey}\n`)
      await expect(ping(knowing(file))).rejects.toMatchObject(failing('ssh.host-key-revoked', { line: 2 }))
    })

    test('of the type it knows, from a server that has several', async () => {
      makeKey(join(folder, 'second'), 'ecdsa')
      await using server = await startInProcessSsh({
        hostKeys: [join(outer.dir, 'host'), join(folder, 'second')],
        password: 'p',
        asks: 'password',
      })
      const known = empty()
      const second = readFileSync(join(folder, 'second.pub'), 'utf8')
      writeFileSync(known, `[127.0.0.1]:${server.port} ${second}`)
      const hops = [{ host: '127.0.0.1', port: server.port, username: 'ops', password: 'p' }]
      expect(await ping(to(sshViaSchema.parse({ kind: 'ssh', hops, knownHosts: known })))).toBe('PONG')
    })
  })

  describe('names the stop that failed', () => {
    test('where no SSH server listens', async () => {
      const port = await freePort()
      const away = to({ ...viaSsh(outer, inner), hops: [{ ...viaSsh(outer).hops[0]!, port }] })
      await expect(ping(away)).rejects.toMatchObject(
        failing('connect.refused', { address: `ssh://${outer.username}@127.0.0.1:${port}` }),
      )
    })

    test('where something else listens', async () => {
      const via = { ...viaSsh(outer), hops: [{ ...viaSsh(outer).hops[0]!, port: redis.port }] }
      await expect(ping(to(via), 1_000)).rejects.toMatchObject(
        failing('ssh.handshake-failed', { address: `127.0.0.1:${redis.port}` }),
      )
    })

    test('where the last hop finds nobody', async () => {
      const port = await freePort()
      await expect(ping(to(viaSsh(outer, inner), { port }))).rejects.toMatchObject(
        failing('tunnel.not-reached', {
          hop: `ssh://${inner.username}@127.0.0.1:${inner.port}`,
          address: `127.0.0.1:${port}`,
        }),
      )
    })

    test('where forwarding is not allowed', async () => {
      await using closed = await startSshServer({ config: ['AllowTcpForwarding no'] })
      await expect(ping(to(viaSsh(closed)))).rejects.toMatchObject(
        failing('tunnel.prohibited', { hop: `ssh://${closed.username}@127.0.0.1:${closed.port}` }),
      )
    })

    test('where it does not answer, in time', async () => {
      await using wire = await startProxy(outer.port)
      const via = viaSsh(outer)
      via.hops[0] = { ...via.hops[0]!, port: wire.port }
      const opening = Link.open(to(via), { timeoutMs: 700 })
      await sleep(0)
      wire.hold()
      const holding = setInterval(() => wire.hold(), 1)
      try {
        await expect(opening).rejects.toMatchObject(
          failing('connect.timeout', { address: `ssh://${outer.username}@127.0.0.1:${wire.port}` }),
        )
      } finally {
        clearInterval(holding)
      }
    })
  })

  test('that breaks tells every connection so, and is opened anew by the next', async () => {
    await using wire = await startProxy(outer.port)
    const via = viaSsh(outer, inner)
    via.hops[0] = { ...via.hops[0]!, port: wire.port }
    via.acceptedKeys = [fingerprintBySshKeygen(outer)]
    const links = await Promise.all([Link.open(to(via)), Link.open(to(via))])
    await using control = await openControl(to(via))
    const waiting = [
      ...links.map((link) => link.call(['BLPOP', 'nothing', 0])),
      control.call('BLPOP', 'nothing', 0),
    ]
    await sleep(100)
    wire.cut()
    const lost = failing('tunnel.lost', { hop: `ssh://${outer.username}@127.0.0.1:${wire.port}` })
    for (const one of waiting) await expect(one).rejects.toMatchObject(lost)
    expect(await ping(to(via))).toBe('PONG')
  })

  test('that breaks under a live sync costs neither a write nor a second copy', async () => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await using target = await startRedis()
    await using wire = await startProxy(outer.port)
    using task = taskFolder()
    const via = viaSsh(outer, inner)
    via.hops[0] = { ...via.hops[0]!, port: wire.port }
    via.acceptedKeys = [fingerprintBySshKeygen(outer)]
    await using sync = startSync({
      task: 'tunnelled',
      source: { ...connectionTo(source), via },
      target: { ...connectionTo(target), via },
      folder: task.path,
    })
    const writer = startWriter({ port: source.port, rate: 60 })
    await sync.until(({ phase }) => phase === 'in-step')
    for (let cut = 0; cut < 2; cut += 1) {
      wire.cut()
      await sleep(300)
      await sync.until(({ phase }) => phase === 'in-step')
    }
    await writer.stop()
    await drain(sync, source)
    expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0 })
    expect(infoField(source, 'stats', 'sync_full')).toBe('1')
    expect(Number(infoField(source, 'stats', 'sync_partial_ok'))).toBeGreaterThan(0)
    sync.give({ type: 'finish' })
    await sync.done
  })

  test('ends at once when it is cancelled', async () => {
    const controller = new AbortController()
    const opening = Link.open(to(viaSsh(outer, inner)), { signal: controller.signal })
    controller.abort()
    await expect(opening).rejects.toMatchObject(failing('job.cancelled'))
  })

  test('carries TLS, verified as it would be without it', async () => {
    const dir = mkdtempSync(join(folder, 'tls-'))
    const tls = makeTlsFiles(dir)
    await using secure = await startRedis({ tls, args: ['--tls-auth-clients', 'yes'] })
    const client = { cert: tls.clientCert, key: tls.clientKey }
    const at = (changed: object): Connection =>
      to(viaSsh(outer, inner), {
        host: 'localhost',
        port: secure.port,
        tls: { ca: tls.ca, verify: true, ...client, ...changed },
      })
    expect(await ping(at({}))).toBe('PONG')
    await expect(ping(at({ servername: 'elsewhere' }))).rejects.toMatchObject(failing('tls.name-mismatch'))
    const { ca: _ca, ...unknowing } = at({}).tls!
    await expect(ping({ ...at({}), tls: unknowing })).rejects.toMatchObject(failing('tls.untrusted'))
    const { cert: _cert, key: _key, ...nameless } = at({}).tls!
    await expect(ping({ ...at({}), tls: nameless })).rejects.toMatchObject(failing('tls.client-certificate'))
    await expect(ping({ ...at({}), port: redis.port }, 1_000)).rejects.toMatchObject(failing('tls.silent'))
    const { tls: _tls, ...plain } = at({})
    await expect(ping(plain)).rejects.toMatchObject({ failure: { code: /tls\.required|connect\.lost/ } })
    const old = makeTlsFiles(mkdtempSync(join(folder, 'old-')), { expired: true })
    await using expired = await startRedis({ tls: old })
    await expect(
      ping({ ...at({}), port: expired.port, tls: { ca: old.ca, verify: true } }),
    ).rejects.toMatchObject(failing('tls.expired'))
  })
})

/** How often somebody signed in. */
function signIns(server: SshServer): number {
  return server.log().split('Accepted publickey').length - 1
}

/** Sessions that stand, by the log. */
function connectionsOf(server: SshServer): number {
  const log = server.log()
  return signIns(server) - (log.split('Disconnected from user').length - 1)
}

function letIn(server: SshServer, publicKey: string): void {
  appendFileSync(join(server.dir, 'user.pub'), readFileSync(publicKey))
}

function fingerprintBySshKeygen(server: SshServer): string {
  const told = execFileSync('ssh-keygen', ['-lf', join(server.dir, 'host.pub')], { encoding: 'utf8' })
  return told.split(' ')[1]!
}

function agentAt(socket: string): { env: NodeJS.ProcessEnv; stdio: 'pipe' } {
  return { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' }
}
