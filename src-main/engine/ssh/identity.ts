import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import ssh2, { type ConnectConfig, type ParsedKey } from 'ssh2'
import { fail } from '#contract/failure.ts'
import { hostAndPort, type Hop } from '#contract/tunnel.ts'

const windowsAgent = String.raw`\\.\pipe\openssh-ssh-agent`

/**
 * How a hop is signed in to, as ssh2 takes it: the named key, then the agent's, then the password in both of its
 * forms, for many servers ask for it as a question. Fails with `ssh.no-agent`, `ssh.key-unusable`,
 * `ssh.passphrase-needed`, `ssh.passphrase-wrong` or `ssh.file-unreadable`.
 */
export async function identityOf(hop: Hop): Promise<ConnectConfig> {
  const { username, password, keyFile, passphrase } = hop
  const privateKey = keyFile === undefined ? undefined : await readKey(keyFile, passphrase)
  const agent = hop.agent ? agentAddress(hop) : undefined
  return {
    username,
    ...(privateKey !== undefined && { privateKey, ...(passphrase !== undefined && { passphrase }) }),
    ...(agent !== undefined && { agent }),
    ...(password !== undefined && { password, tryKeyboard: true }),
    authHandler: [
      ...(privateKey === undefined ? [] : ['publickey' as const]),
      ...(agent === undefined ? [] : ['agent' as const]),
      ...(password === undefined
        ? ['none' as const]
        : ['password' as const, 'keyboard-interactive' as const]),
    ],
  }
}

function agentAddress(hop: Hop): string {
  if (process.platform === 'win32') return windowsAgent
  return process.env['SSH_AUTH_SOCK'] || fail('ssh.no-agent', { address: hostAndPort(hop) })
}

/** The text of a private key in a form that ssh2 reads; locked ones stay so where it opens them itself. */
async function readKey(file: string, passphrase: string | undefined): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
    fail('ssh.file-unreadable', { file }, error.code),
  )
  if (isLocked(text) && passphrase === undefined) fail('ssh.passphrase-needed', { file })
  const key = /^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/m.test(text)
    ? fromPkcs8(text, passphrase, file)
    : `${text.trim()}\n`
  const parsed: ParsedKey | Error = ssh2.utils.parseKey(key, passphrase)
  const one = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed
  if (one instanceof Error) fail(isLocked(text) ? 'ssh.passphrase-wrong' : 'ssh.key-unusable', { file })
  if (!one.isPrivateKey()) fail('ssh.key-unusable', { file })
  return key
}

/** PKCS #8, which ssh2 does not read, in the older form of the key's kind, which it does. */
function fromPkcs8(text: string, passphrase: string | undefined, file: string): string {
  try {
    const key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) })
    const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
    return key.export({ type, format: 'pem' }).toString()
  } catch {
    return fail(isLocked(text) ? 'ssh.passphrase-wrong' : 'ssh.key-unusable', { file })
  }
}

/** PEM says so in words; OpenSSH's own form names its cipher first (PROTOCOL.key). */
function isLocked(text: string): boolean {
  if (/^-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(text)) return true
  const own = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1]
  if (own === undefined) return false
  const bytes = Buffer.from(own, 'base64')
  const magic = 'openssh-key-v1\0'.length
  if (bytes.length < magic + 4) return false
  return bytes.toString('latin1', magic + 4, magic + 4 + bytes.readUInt32BE(magic)) !== 'none'
}
