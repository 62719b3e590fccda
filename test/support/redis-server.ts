import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Redis } from 'ioredis'
import { encodeCommand } from '#engine/resp/encode.ts'
import { freePort } from './free-port.ts'
import { makeTlsFiles, type TlsFiles } from './tls-files.ts'

export interface RedisOptions {
  /** More of the server's own flags, such as `['--maxmemory', '3mb']`. They win over ours. */
  readonly args?: readonly string[]
  readonly password?: string
  /** TLS only, no plain port. `true` makes certificates for localhost; clients need not show one. */
  readonly tls?: true | TlsFiles
  /** The working directory, kept at the end; otherwise a temporary one, removed at the end. */
  readonly dir?: string
  /** Another server than the one on PATH. */
  readonly binary?: string
  readonly port?: number
  /** Has its options from a configuration file, which it can rewrite, instead of the command line. */
  readonly configFile?: true
  /** A configuration file to run a Sentinel with, which has its port. */
  readonly sentinel?: string
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>
}

export interface RedisServer {
  readonly host: string
  readonly port: number
  /** `redis://` or `rediss://`, with the password. */
  readonly url: string
  readonly dir: string
  /** Of the process running now: another one after `restart`. */
  readonly pid: number
  readonly version: string
  readonly tls: TlsFiles | null
  /** Resolves, with how, once the process running now has ended. */
  readonly ended: Promise<string>
  /** Runs redis-cli against the server and returns what it printed. Blocks; `call` is quicker. */
  cli(...args: string[]): string
  /** One command on a connection kept for it; the reply with strings as text. */
  call(name: string, ...args: (string | number | Buffer)[]): Promise<unknown>
  /** The same with strings as the bytes they are. */
  callBuffer(name: string, ...args: (string | number | Buffer)[]): Promise<unknown>
  /** Ends the server in order, for good, and removes its temporary directory. */
  stop(): Promise<void>
  /** Ends the process at once, as a crash would. The directory stays, so `restart` can follow. */
  kill9(): Promise<void>
  /** Ends the process if it still runs and starts it again on the same port and directory. */
  restart(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface ServerBinary {
  /** Such as `redis` or `valkey`. */
  readonly name: string
  readonly version: string
  readonly binary: string
}

const host = '127.0.0.1'
/** A large append-only file on a busy machine takes its time. */
const startLimitMs = 90_000
/** Who is of no use any more. */
const endLimitMs = 5_000
/** Who is to come back with all it has: from 7.0 on it waits ten seconds for its replicas, then it saves. */
const saveLimitMs = 90_000
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a real server on a free port of 127.0.0.1, without persistence, with DEBUG allowed and a copy at once for who
 * follows it, and waits until it answers. Use with `await using`.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = options.binary ?? 'redis-server'
  const version = versionOf(binary)
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'keyferry-redis-'))
  const tls = options.tls === true ? makeTlsFiles(dir) : (options.tls ?? null)
  const port = options.port ?? (await freePort())
  const { password } = options

  let client: Redis | null = null
  let ended: Promise<string>
  let child = await launch().catch((error: unknown) => {
    removeOwnDir()
    throw error
  })

  async function launch(): Promise<ChildProcess> {
    const log = join(dir, 'server.log')
    const output = openSync(log, 'a')
    const launched = spawn(
      binary,
      commandLine(
        serverArgs({ port, dir, version, tls, options }),
        options.configFile === true || needsFile(version) ? join(dir, 'server.conf') : null,
      ),
      {
        stdio: ['ignore', output, output],
        env: { ...process.env, ...options.env },
      },
    )
    closeSync(output)
    running.add(launched)
    ended = new Promise((resolve) =>
      launched.once('exit', (code, signal) => {
        running.delete(launched)
        resolve(signal === null ? `with exit code ${code}` : `by ${signal}`)
      }),
    )
    await untilAnswering(launched, port, tls, options.password, log)
    return launched
  }

  function dropClient(): void {
    client?.disconnect()
    client = null
  }

  function connected(): Redis {
    if (client !== null) return client
    const opened = new Redis({
      host,
      port,
      ...(password === undefined ? {} : { password }),
      ...(tls === null ? {} : { tls: clientTls(tls) }),
      enableReadyCheck: false,
      disableClientInfo: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    })
    // The failed call tells; the next one opens a new connection.
    opened.on('error', () => undefined)
    opened.on('close', () => {
      if (client === opened) client = null
    })
    client = opened
    return opened
  }

  async function end(signal: NodeJS.Signals, limitMs = endLimitMs): Promise<void> {
    dropClient()
    await endProcess(child, signal, limitMs)
  }

  function removeOwnDir(): void {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true })
  }

  async function stop(): Promise<void> {
    await end('SIGTERM')
    removeOwnDir()
  }

  return {
    host,
    port,
    url: `${tls === null ? 'redis' : 'rediss'}://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${host}:${port}`,
    dir,
    get pid() {
      return child.pid!
    },
    version,
    tls,
    get ended() {
      return ended
    },
    cli(...args) {
      const beside = join(dirname(binary), 'redis-cli')
      const program = binary.includes('/') && existsSync(beside) ? beside : 'redis-cli'
      const secure = tls === null ? [] : ['--tls', '--cacert', tls.ca]
      return execFileSync(program, ['-h', host, '-p', String(port), ...secure, ...args], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        env: { ...process.env, ...(password === undefined ? {} : { REDISCLI_AUTH: password }) },
      }).trimEnd()
    },
    call: (name, ...args) => connected().call(name, args),
    callBuffer: (name, ...args) => connected().callBuffer(name, args),
    stop,
    kill9: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM', saveLimitMs)
      child = await launch()
    },
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * Servers of other versions, from the folder named by `KEYFERRY_TEST_SERVERS`: each in
 * `<name>-<version>/redis-server` (or `valkey-server`). Empty where the variable is not set.
 */
export function otherServers(): readonly ServerBinary[] {
  const folder = process.env['KEYFERRY_TEST_SERVERS']
  if (folder === undefined || !existsSync(folder)) return []
  return readdirSync(folder).flatMap((entry) => {
    const named = /^([a-z]+)-(\d[\w.-]*)$/.exec(entry)
    if (named === null) return []
    const binary = ['redis-server', 'valkey-server']
      .map((program) => join(folder, entry, program))
      .find((path) => existsSync(path))
    return binary === undefined ? [] : [{ name: named[1]!, version: named[2]!, binary }]
  })
}

/** As the program tells it: `7.0.15`. */
export function versionOf(binary: string): string {
  const told = execFileSync(binary, ['--version'], { encoding: 'utf8' })
  const version = /v=(\d+\.\d+\.\d+)|(\d+\.\d+\.\d+)/.exec(told)
  if (version === null) throw new Error(`${basename(binary)} --version says no version: ${told}`)
  return version[1] ?? version[2]!
}

interface Launch {
  readonly port: number
  readonly dir: string
  readonly version: string
  readonly tls: TlsFiles | null
  readonly options: RedisOptions
}

function serverArgs({ port, dir, version, tls, options }: Launch): string[] {
  if (options.sentinel !== undefined) return [options.sentinel, '--sentinel']
  const args = ['--bind', host, '--dir', dir, '--logfile', join(dir, 'server.log')]
  // Told nothing of it in a file, 2.4 saves nothing; it knows no empty list.
  if (!needsFile(version)) args.push('--save', '')
  // By default those who follow get their copy five seconds late: others might want the same.
  if (Number.parseInt(version, 10) >= 3) args.push('--repl-diskless-sync-delay', '0')
  if (Number.parseInt(version, 10) >= 7) args.push('--enable-debug-command', 'yes')
  if (tls === null) args.push('--port', String(port))
  else {
    args.push('--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no')
    args.push('--tls-ca-cert-file', tls.ca, '--tls-cert-file', tls.cert, '--tls-key-file', tls.key)
  }
  if (options.password !== undefined) args.push('--requirepass', options.password)
  return [...args, ...(options.args ?? [])]
}

/** Before 2.6 a server reads its options from a file only. */
function needsFile(version: string): boolean {
  return /^[01]\.|^2\.[0-4]\./.test(version)
}

/** The options, or the file that has them: as it was made at first, or has been written since. */
function commandLine(args: readonly string[], file: string | null): readonly string[] {
  if (file === null) return args
  if (existsSync(file)) return [file]
  const lines = args.map((arg) =>
    arg.startsWith('--') ? `\n${arg.slice(2)}` : ` ${arg === '' ? '""' : arg}`,
  )
  writeFileSync(file, lines.join(''))
  return [file]
}

function clientTls(tls: TlsFiles): {
  ca: Buffer
  cert: Buffer
  key: Buffer
  checkServerIdentity: () => undefined
} {
  return {
    ca: readFileSync(tls.ca),
    cert: readFileSync(tls.clientCert),
    key: readFileSync(tls.clientKey),
    checkServerIdentity: () => undefined,
  }
}

/** Waits until the server answers PING with anything but LOADING; a server that ends first is told with its log. */
async function untilAnswering(
  child: ChildProcess,
  port: number,
  tls: TlsFiles | null,
  password: string | undefined,
  log: string,
): Promise<void> {
  const deadline = Date.now() + startLimitMs
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    const reply = await ping(port, tls, password)
    if (reply !== null && !reply.startsWith('-LOADING')) return
    await sleep(15)
  }
  await endProcess(child, 'SIGKILL')
  const tail = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-12).join('\n') : ''
  throw new Error(`the server on port ${port} did not come up\n${tail}`)
}

/** Signed in where there is a password: a server that loads refuses everybody else with NOAUTH, not with LOADING. */
function ping(port: number, tls: TlsFiles | null, password: string | undefined): Promise<string | null> {
  const commands = [...(password === undefined ? [] : [['AUTH', password]]), ['PING']]
  return new Promise((resolve) => {
    const socket =
      tls === null
        ? connectTcp({ host, port })
        : connectTls({ host, port, ...clientTls(tls), rejectUnauthorized: false })
    const answer = (reply: string | null): void => {
      socket.destroy()
      resolve(reply)
    }
    socket.setTimeout(1000, () => answer(null))
    socket.once('error', () => answer(null))
    socket.once('close', () => answer(null))
    let replies = ''
    socket.on('data', (data) => {
      replies += data.toString('latin1')
      const lines = replies.split('\r\n')
      if (lines.length > commands.length) answer(lines[commands.length - 1]!)
    })
    for (const command of commands) socket.write(encodeCommand(command))
  })
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals, limitMs = endLimitMs): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill(signal)
  const killer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  await ended
  clearTimeout(killer)
}
