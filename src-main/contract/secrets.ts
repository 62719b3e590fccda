import type { Connection } from './connection.ts'
import { hostAndPort, type Hop, type OtherServer, type Sentinel, type SocksVia, type Via } from './tunnel.ts'

/**
 * The secrets of one connection, each by the place it belongs to: `password` (the server's), `ssh user@host:port`,
 * `ssh-key FILE`, `socks5 user@host:port`, `sentinel`, `server host:port` (another one of the same side). Whose place does
 * not say whom the secret is for goes with the account of the whole (`accountOf`): what is kept is never shown to
 * another host.
 */
export type Secrets = Readonly<Record<string, string>>

/** What of a connection, and of one side of a profile, may hold secrets beside the server's own password. */
interface Way {
  readonly via?: Via | null | undefined
  readonly sentinel?: Sentinel | null | undefined
  readonly others?: readonly OtherServer[] | undefined
}

/** A way with what was to be put into its places. */
interface VisitedWay {
  readonly via: Via | null
  readonly sentinel: Sentinel | null
  /** Left out where there are none. */
  readonly others?: readonly OtherServer[]
}

/** The place of each kind of secret on a way. */
export const secretPlace = {
  hop: (hop: Pick<Hop, 'host' | 'port' | 'username'>): string => `ssh ${hop.username}@${hostAndPort(hop)}`,
  key: (file: string): string => `ssh-key ${file}`,
  proxy: (proxy: Pick<SocksVia, 'host' | 'port' | 'username'>): string =>
    `socks5 ${proxy.username ?? ''}@${hostAndPort(proxy)}`,
  sentinel: 'sentinel',
  other: (other: Pick<OtherServer, 'host' | 'port'>): string => `server ${hostAndPort(other)}`,
} as const

/** The places of the way to a server, without the server's own password, where a secret may belong. */
export function secretPlacesOf(way: Way): readonly string[] {
  const places: string[] = []
  visit(way, (place) => {
    places.push(place)
    return undefined
  })
  return places
}

/** The secrets there are, the server's password among them. */
export function secretsOf(connection: Way & { readonly password?: string | null | undefined }): Secrets {
  const secrets: Record<string, string> = {}
  if (connection.password) secrets['password'] = connection.password
  visit(connection, (place, secret) => {
    if (secret !== undefined) secrets[place] = secret
    return undefined
  })
  return secrets
}

/** The way to a server without any secret in it. */
export function bareWay(way: Way): VisitedWay {
  return visit(way, () => undefined)
}

/** A connection with the secrets that belong to it put in; those of other places are left out. */
export function withSecrets<C extends Omit<Connection, 'password'>>(
  connection: C,
  secrets: Secrets,
): C & Connection {
  const { via, sentinel } = visit(connection, (place) => secrets[place])
  const { password } = secrets
  return {
    ...connection,
    ...(password !== undefined && { password }),
    ...(via !== null && { via }),
    ...(sentinel !== null && { sentinel }),
  }
}

/** Puts whatever `secretFor` says into every place of a way, and nothing where it says nothing. */
function visit(
  { via, sentinel, others = [] }: Way,
  secretFor: (place: string, there: string | undefined) => string | undefined,
): VisitedWay {
  return {
    via: via ? visitVia(via, secretFor) : null,
    sentinel: sentinel
      ? replaced(sentinel, 'password', secretFor(secretPlace.sentinel, sentinel.password))
      : null,
    ...(others.length > 0 && { others: others.map((other) => visitOther(other, secretFor)) }),
  }
}

function visitOther(
  other: OtherServer,
  secretFor: (place: string, there: string | undefined) => string | undefined,
): OtherServer {
  const { account } = other
  if (account === undefined) return other
  const secret = secretFor(secretPlace.other(other), account.password)
  return { ...other, account: replaced(account, 'password', secret) }
}

function visitVia(
  via: Via,
  secretFor: (place: string, there: string | undefined) => string | undefined,
): Via {
  if (via.kind === 'socks5') {
    return replaced(via, 'password', secretFor(secretPlace.proxy(via), via.password))
  }
  const hops = via.hops.map((hop) => {
    const signed = replaced(hop, 'password', secretFor(secretPlace.hop(hop), hop.password))
    return hop.keyFile === undefined
      ? replaced(signed, 'passphrase', undefined)
      : replaced(signed, 'passphrase', secretFor(secretPlace.key(hop.keyFile), hop.passphrase))
  })
  return { ...via, hops }
}

function replaced<T extends object, K extends string>(object: T, name: K, value: string | undefined): T {
  const { [name]: _before, ...rest } = object as T & Partial<Record<K, string>>
  return (value === undefined ? rest : { ...rest, [name]: value }) as T
}
