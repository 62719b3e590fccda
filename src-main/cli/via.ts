import { userInfo } from 'node:os'
import { isIPv6 } from 'node:net'
import { fail } from '#contract/failure.ts'
import type { Hop, Via } from '#contract/tunnel.ts'

/** One stop as it is typed: its port and user may be left to their usual ones. */
export interface Stop {
  readonly host: string
  readonly port: number | undefined
  readonly username: string | undefined
  readonly password: string | undefined
}

export type TypedVia =
  { readonly kind: 'ssh'; readonly hops: readonly Stop[] } | { readonly kind: 'socks5'; readonly proxy: Stop }

const form = 'it must be ssh://user@host:22, with more hops after commas, or socks5://user@host:1080'

/**
 * Reads `ssh://user@host:22,user@host2` or `socks5://user@host:1080`. Fails with `usage.invalid`, naming `field` and
 * never the text: it may hold a password.
 */
export function parseVia(text: string, field: string): TypedVia {
  const [, scheme, rest = ''] = /^([a-z0-9]+):\/\/(.+)$/i.exec(text.trim()) ?? []
  switch (scheme?.toLowerCase()) {
    case 'ssh':
      return {
        kind: 'ssh',
        hops: rest.split(',').map((hop) => parseStop(hop.replace(/^ssh:\/\//i, ''), field)),
      }
    case 'socks5':
    case 'socks5h':
      return { kind: 'socks5', proxy: parseStop(rest, field) }
    default:
      return fail('usage.invalid', { field, reason: form })
  }
}

/** What the flags beside `--via` add to it. */
export interface ViaDetails {
  readonly password: string | undefined
  readonly keyFile: string | undefined
  readonly passphrase: string | undefined
  readonly agent: boolean
  readonly knownHosts: string | undefined
  readonly acceptedKeys: readonly string[]
}

/** The way with its details; what a hop says of itself goes before what is said for all of them. */
export function viaOf(typed: TypedVia, details: ViaDetails): Via {
  if (typed.kind === 'socks5') {
    const { host, port = 1080, username, password } = typed.proxy
    return {
      kind: 'socks5',
      host,
      port,
      ...(username !== undefined && { username }),
      ...optional('password', password ?? (username === undefined ? undefined : details.password)),
    }
  }
  const { keyFile, passphrase, agent, knownHosts } = details
  const hops = typed.hops.map(({ host, port = 22, username, password }): Hop => ({
    host,
    port,
    username: username ?? userInfo().username,
    agent,
    ...optional('password', password ?? details.password),
    ...optional('keyFile', keyFile),
    ...optional('passphrase', passphrase),
  }))
  return { kind: 'ssh', hops, acceptedKeys: [...details.acceptedKeys], ...optional('knownHosts', knownHosts) }
}

function parseStop(text: string, field: string): Stop {
  const parts = /^(?:([^@:]+)(?::([^@]*))?@)?(?:\[([^\]]+)\]|([^:[\]/\s@]+))(?::(\d+))?\/?$/.exec(text)
  const [, user, password, bracketed, plain, port] = parts ?? []
  const host = bracketed ?? plain
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed)))
    fail('usage.invalid', { field, reason: form })
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535))
    fail('usage.invalid', { field, reason: 'a port is a number from 1 to 65535' })
  return {
    host,
    port: port === undefined ? undefined : Number(port),
    username: unescaped(user, field),
    password: unescaped(password, field),
  }
}

function unescaped(text: string | undefined, field: string): string | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return fail('usage.invalid', { field, reason: 'a % in a user or password must be written as %25' })
  }
}

function optional<K extends string>(name: K, value: string | undefined): { readonly [P in K]?: string } {
  return (value === undefined || value === '' ? {} : { [name]: value }) as { readonly [P in K]?: string }
}
