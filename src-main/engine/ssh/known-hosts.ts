import { createHash, createHmac } from 'node:crypto'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fail } from '#contract/failure.ts'

/** One key of one or more servers, as a line of `known_hosts` has it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
interface KnownHost {
  readonly names: string
  readonly keyType: string
  /** The key as it travels, in base64. */
  readonly key: string
  readonly revoked: boolean
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** What is known of a key that a server shows. */
export type Verdict =
  | { readonly is: 'known' | 'unknown' }
  | { readonly is: 'changed' | 'revoked'; readonly file: string; readonly line: number }

/** The files OpenSSH reads by itself (ssh_config(5), UserKnownHostsFile and GlobalKnownHostsFile). */
const usualFiles = (): readonly string[] => [userKnownHosts(), '/etc/ssh/ssh_known_hosts']

export function userKnownHosts(): string {
  return join(homedir(), '.ssh', 'known_hosts')
}

/**
 * The host keys of servers, as OpenSSH keeps them: plain and hashed names, patterns, `[host]:port`, `@revoked`. Lines
 * of authorities (`@cert-authority`) are passed over: certificates of hosts are not asked for.
 */
export class KnownHosts {
  readonly #hosts: readonly KnownHost[]

  constructor(texts: readonly { readonly file: string; readonly text: string }[]) {
    this.#hosts = texts.flatMap(({ file, text }) =>
      text.split(/\r?\n/).flatMap((line, index) => parseLine(line, file, index + 1)),
    )
  }

  /** Reads the named file, else the usual ones. A file that is not there is empty; fails with `ssh.file-unreadable`. */
  static async read(named: string | undefined): Promise<KnownHosts> {
    const files = named === undefined ? usualFiles() : [named]
    return new KnownHosts(
      await Promise.all(files.map(async (file) => ({ file, text: await readText(file) }))),
    )
  }

  /**
   * A key is known if any line of the server has it, unless one revokes it. Any other key of a server that has a line
   * is a changed one: which types to ask it for is told by `keyTypes`.
   */
  judge(host: string, port: number, key: Buffer): Verdict {
    const shown = key.toString('base64')
    const lines = this.#of(host, port)
    const revoked = lines.find((line) => line.revoked && line.key === shown)
    if (revoked !== undefined) return { is: 'revoked', file: revoked.file, line: revoked.line }
    const trusted = lines.filter((line) => !line.revoked)
    if (trusted.some((line) => line.key === shown)) return { is: 'known' }
    const [other] = trusted
    return other === undefined ? { is: 'unknown' } : { is: 'changed', file: other.file, line: other.line }
  }

  /** The types of the keys known of a server. */
  keyTypes(host: string, port: number): readonly string[] {
    return this.#of(host, port)
      .filter(({ revoked }) => !revoked)
      .map(({ keyType }) => keyType)
  }

  #of(host: string, port: number): readonly KnownHost[] {
    const name = nameOf(host, port)
    return this.#hosts.filter(({ names }) => isNamed(names, name))
  }
}

/** Adds a key to a file, made with its folder if it is not there, as `ssh` does when it has asked. */
export async function addKnownHost(file: string, host: string, port: number, key: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const text = await readText(file)
  const start = text === '' || text.endsWith('\n') ? '' : '\n'
  await appendFile(file, `${start}${nameOf(host, port)} ${typeOfKey(key)} ${key.toString('base64')}\n`, {
    mode: 0o600,
  })
}

/** `SHA256:` and 43 characters of base64, as `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type a public key names itself by: its first string (RFC 4253, 6.6). */
export function typeOfKey(key: Buffer): string {
  return key.length < 4 ? '' : key.toString('latin1', 4, 4 + key.readUInt32BE(0))
}

/** How `known_hosts` names a server. */
function nameOf(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

function parseLine(text: string, file: string, line: number): readonly KnownHost[] {
  const fields = text.trim().split(/[ \t]+/)
  const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
  const [names, keyType, key] = fields
  if (names === undefined || names.startsWith('#') || keyType === undefined || key === undefined) return []
  if (marker !== undefined && marker !== '@revoked') return []
  return [{ names, keyType, key, revoked: marker === '@revoked', file, line }]
}

function isNamed(names: string, name: string): boolean {
  if (names.startsWith('|')) return isHashOf(names, name)
  const patterns = names.toLowerCase().split(',')
  const matches = (pattern: string): boolean => asExpression(pattern).test(name)
  return (
    patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern)) &&
    !patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))
  )
}

/** `|1|salt|hash`: HMAC-SHA1 of the name (hostfile.c, HASH_MAGIC). */
function isHashOf(hashed: string, name: string): boolean {
  const [, magic, salt = '', hash] = hashed.split('|')
  if (magic !== '1') return false
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

/** `*` and `?` are the only signs of a pattern; the brackets of `[host]:port` are themselves. */
function asExpression(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? '' : fail('ssh.file-unreadable', { file }, code)
  }
}
