import { isIPv6 } from 'node:net'
import { fail } from '#contract/failure.ts'

/** What one address on the command line tells about a server. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  /** The path of a URL: `redis://host/3`. */
  readonly db?: number
}

const redisPort = 6379
const sentinelPort = 26379

/**
 * Reads `HOST:PORT`, `[IPv6]:PORT`, a bare host, or a `redis://` or `rediss://` URL with user, password and
 * database (IANA's scheme). Fails with `usage.invalid`, naming `field` and never the text itself: it may hold
 * a password.
 */
export function parseAddress(text: string, field: string, defaultPort = redisPort): Address {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return parseUrl(text, field, defaultPort)
  if (text.includes('@'))
    fail('usage.invalid', {
      field,
      reason: 'a user or password needs the form redis://user:password@host:port',
    })
  if (isIPv6(text)) return { host: text, port: defaultPort, tls: false }
  const parts = /^(?:\[([^\]]+)\]|([^:,[\]/\s]+))(?::(\d+))?$/.exec(text)
  const host = parts?.[1] ?? parts?.[2]
  if (host === undefined || (parts?.[1] !== undefined && !isIPv6(host)))
    fail('usage.invalid', { field, reason: 'it must be HOST:PORT, [IPv6]:PORT or a redis:// URL' })
  return { host, port: parsePort(parts?.[3], field) ?? defaultPort, tls: false }
}

function parseUrl(text: string, field: string, defaultPort: number): Address {
  const scheme = text.slice(0, text.indexOf(':')).toLowerCase()
  if (scheme !== 'redis' && scheme !== 'rediss')
    fail('usage.invalid', { field, reason: `a URL must begin with redis:// or rediss://, not ${scheme}://` })
  const url = URL.parse(text)
  if (url === null || url.hostname === '')
    fail('usage.invalid', {
      field,
      reason:
        'the URL must be redis://user:password@host:port/db, with / ? # @ in a password written as %2F %3F %23 %40',
    })
  if (url.search !== '' || url.hash !== '')
    fail('usage.invalid', { field, reason: 'a redis:// URL has no part after ? or #' })
  const path = /^\/?(\d*)$/.exec(url.pathname)
  if (path === null)
    fail('usage.invalid', { field, reason: 'the path of the URL must be the number of a database' })
  const username = unescaped(url.username, field)
  const password = unescaped(url.password, field)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: parsePort(url.port === '' ? undefined : url.port, field) ?? defaultPort,
    tls: scheme === 'rediss',
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(path[1] === '' ? {} : { db: Number(path[1]) }),
  }
}

/** Reads the addresses of Sentinels, with commas between; the first one's user and password are of their servers. */
export function parseSentinels(text: string, field: string): readonly [Address, ...Address[]] {
  const [first = '', ...others] = text.split(',')
  const read = (one: string): Address => parseAddress(one.trim(), field, sentinelPort)
  return [read(first), ...others.map(read)]
}

function parsePort(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (port < 1 || port > 65535) fail('usage.invalid', { field, reason: 'a port is a number from 1 to 65535' })
  return port
}

function unescaped(text: string, field: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return fail('usage.invalid', {
      field,
      reason: 'a % in the user or password of a URL must be written as %25',
    })
  }
}
