import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { acceptedKeySchema } from '#contract/tunnel.ts'
import type { Address } from './address.ts'
import { gather, someText } from './option-values.ts'
import { parseVia, viaOf, type TypedVia } from './via.ts'

/** The value of a flag of one side by its name without the side's prefix. */
export interface FlagReader {
  /** As it is typed, for the words of a refusal. */
  readonly typed: (flag: string) => string
  readonly text: (flag: string) => string | undefined
  readonly isSet: (flag: string) => boolean
  readonly list: (flag: string) => readonly string[]
  /** The flag's text, else the environment's (`KEYFERRY_<SIDE>_<FLAG>`); `-` asks. */
  readonly secret: (flag: string, question: string) => Promise<string | undefined>
}

/** Adds the flags that say by what way a server is reached. `environment` is what the names of its variables begin with. */
export function addWayFlags(command: Command, prefix: string, environment: string): Command {
  const name = (flag: string): string => `--${prefix}${flag}`
  const secret = (what: string, flag: string): string =>
    `${what}; "-" asks for it (or set ${environment}${flag.toUpperCase().replace(/-/g, '_')})`
  return command
    .option(
      name('via <way>'),
      'reach it through ssh://user@host:22[,user@host2 …] or socks5://user@host:1080',
    )
    .option(name('ssh-key <file>'), 'private key to sign in to the SSH servers with', someText)
    .option(name('ssh-passphrase <text>'), secret('passphrase of that key', 'ssh-passphrase'))
    .option(name('ssh-password <password>'), secret('password of the SSH user', 'ssh-password'))
    .option(
      name('ssh-agent'),
      'sign in with the keys of the SSH agent (the usual way where nothing else is named)',
    )
    .option(name('known-hosts <file>'), 'file of host keys to trust, instead of ~/.ssh/known_hosts', someText)
    .option(
      name('accept-host-key <fingerprint>'),
      'trust an SSH server by its SHA256:… ; may be repeated',
      gather,
    )
    .option(name('socks-password <password>'), secret('password of the SOCKS5 user', 'socks-password'))
    .option(
      name('sentinel <name>'),
      'the address is that of Sentinels (commas between), which know it by this name',
    )
    .option(name('sentinel-user <name>'), 'ACL user of the Sentinels')
    .option(name('sentinel-password <password>'), secret('password of the Sentinels', 'sentinel-password'))
}

/** Reads them. Fails with `usage.invalid`. */
export async function readWay(
  flags: FlagReader,
  others: readonly Address[],
): Promise<Pick<Connection, 'via' | 'sentinel'>> {
  const via = flags.text('via')
  return {
    ...(via !== undefined && { via: await readVia(flags, parseVia(via, flags.typed('via'))) }),
    ...(await readSentinel(flags, others)),
  }
}

async function readVia(flags: FlagReader, typed: TypedVia): Promise<NonNullable<Connection['via']>> {
  const details = {
    keyFile: flags.text('ssh-key'),
    knownHosts: flags.text('known-hosts'),
    acceptedKeys: flags.list('accept-host-key'),
  }
  if (typed.kind === 'socks5') {
    const password = await flags.secret(
      'socks-password',
      `Password of the SOCKS5 proxy ${typed.proxy.host}: `,
    )
    return viaOf(typed, { ...details, password, passphrase: undefined, agent: false })
  }
  if (!details.acceptedKeys.every((key) => acceptedKeySchema.safeParse(key).success))
    fail('usage.invalid', {
      field: flags.typed('accept-host-key'),
      reason: 'a fingerprint is SHA256: and 43 characters, as ssh-keygen -l prints it',
    })
  const names = typed.hops.map(({ host }) => host).join(', ')
  const password = await flags.secret('ssh-password', `Password at ${names}: `)
  const passphrase = await flags.secret('ssh-passphrase', `Passphrase of ${details.keyFile ?? 'the key'}: `)
  const named = details.keyFile !== undefined || password !== undefined
  const unsigned = !named && typed.hops.some((hop) => hop.password === undefined)
  const agent = flags.isSet('ssh-agent') || (unsigned && hasAgent())
  const keyFile = details.keyFile ?? (unsigned && !agent ? usualKey(flags) : undefined)
  return viaOf(typed, { ...details, keyFile, password, passphrase, agent })
}

async function readSentinel(
  flags: FlagReader,
  others: readonly Address[],
): Promise<Pick<Connection, 'sentinel'>> {
  const master = flags.text('sentinel')
  if (master === undefined) return {}
  const username = flags.text('sentinel-user')
  const password = await flags.secret('sentinel-password', 'Password of the Sentinels: ')
  if (username !== undefined && password === undefined)
    fail('usage.invalid', {
      field: flags.typed('sentinel-user'),
      reason: `a user needs a password (${flags.typed('sentinel-password')})`,
    })
  return {
    sentinel: {
      master,
      others: others.map(({ host, port }) => ({ host, port })),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
    },
  }
}

function hasAgent(): boolean {
  return process.platform === 'win32' || Boolean(process.env['SSH_AUTH_SOCK'])
}

/** The first of the keys that `ssh` itself would try. */
function usualKey(flags: FlagReader): string {
  const keys = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name))
  return (
    keys.find((file) => existsSync(file)) ??
    fail('usage.invalid', {
      field: flags.typed('via'),
      reason: `there is no agent and no usual key: name a key (${flags.typed('ssh-key')}) or a password (${flags.typed('ssh-password')})`,
    })
  )
}
