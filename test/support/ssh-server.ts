import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sshViaSchema, type SshVia } from '../../src-main/contract/tunnel.ts'
import { freePort } from './free-port.ts'

/** Where OpenSSH's server lies, which is mostly not on a person's PATH. */
const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'].find(existsSync)

/** Without one, tests of real tunnels are skipped. */
export const hasSshd = sshd !== undefined

export interface SshServer {
  readonly host: string
  readonly port: number
  readonly username: string
  /** The private key that is let in. */
  readonly userKey: string
  /** `TYPE BASE64` of its host key. */
  readonly hostKey: string
  /** A `known_hosts` file that knows it. */
  readonly knownHosts: string
  readonly dir: string
  /** What it has logged. */
  log(): string
  [Symbol.asyncDispose](): Promise<void>
}

export interface SshServerOptions {
  /** More lines of sshd_config. */
  readonly config?: readonly string[]
  /** Kind of the host key. */
  readonly hostKeyType?: 'ed25519' | 'rsa' | 'ecdsa'
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a real sshd on a free port of 127.0.0.1, with keys and configuration of its own. */
export async function startSshServer({
  config = [],
  hostKeyType = 'ed25519',
}: SshServerOptions = {}): Promise<SshServer> {
  if (sshd === undefined) throw new Error('no sshd on this machine')
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-sshd-'))
  const at = (name: string): string => join(dir, name)
  const port = await freePort()
  makeKey(at('host'), hostKeyType)
  makeKey(at('user'), 'ed25519')
  const hostKey = readFileSync(at('host.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`)
  writeFileSync(
    at('sshd_config'),
    [
      ...config,
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('user.pub')}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      'Subsystem sftp internal-sftp',
      'LogLevel VERBOSE',
      'MaxStartups 100',
      '',
    ].join('\n'),
  )
  // Where root runs it, it wants this folder, which its service would have made.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const child = spawn(sshd, ['-D', '-f', at('sshd_config'), '-E', at('log')], { stdio: 'ignore' })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const log = (): string => (existsSync(at('log')) ? readFileSync(at('log'), 'utf8') : '')
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
    }
    rmSync(dir, { recursive: true, force: true })
  }
  for (let turn = 0; turn < 200 && !(await listens(port)); turn += 1) {
    if (child.exitCode !== null) break
    await sleep(25)
  }
  if (!(await listens(port))) {
    const told = log()
    await stop()
    throw new Error(`sshd did not come up\n${told}`)
  }
  return {
    host: '127.0.0.1',
    port,
    username: userInfo().username,
    userKey: at('user'),
    hostKey,
    knownHosts: at('known_hosts'),
    dir,
    log,
    [Symbol.asyncDispose]: stop,
  }
}

/** A way through these servers, nearest first, all their host keys known. */
export function viaSsh(...servers: readonly SshServer[]): SshVia {
  const knownHosts = join(servers[0]!.dir, 'known_hosts_of_all')
  writeFileSync(knownHosts, servers.map((server) => readFileSync(server.knownHosts, 'utf8')).join(''))
  return sshViaSchema.parse({
    kind: 'ssh',
    hops: servers.map(({ host, port, username, userKey }) => ({ host, port, username, keyFile: userKey })),
    knownHosts,
  })
}

/** Makes a key pair, `file` and `file.pub`. */
export function makeKey(
  file: string,
  type: 'ed25519' | 'rsa' | 'ecdsa',
  { passphrase = '', form = 'OpenSSH' }: { passphrase?: string; form?: 'OpenSSH' | 'PEM' | 'PKCS8' } = {},
): void {
  const args = ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', file]
  if (type === 'rsa') args.push('-b', '2048')
  if (form !== 'OpenSSH') args.push('-m', form)
  execFileSync('ssh-keygen', args, { stdio: 'pipe' })
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
