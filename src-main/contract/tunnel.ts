import { z } from 'zod'

const host = z.string().min(1).max(255)
const port = z.int().min(1).max(65535)
const secret = z.string().min(1).max(4096)

/** One SSH server on the way. It is signed in to with whatever is given: agent, key file, password, in that order. */
export const hopSchema = z.strictObject({
  host,
  port: port.default(22),
  username: z.string().min(1).max(255),
  password: secret.optional(),
  /** Private key, OpenSSH or PEM. */
  keyFile: z.string().min(1).max(4096).optional(),
  passphrase: secret.optional(),
  /** The keys of the agent at SSH_AUTH_SOCK (on Windows: of its OpenSSH agent). */
  agent: z.boolean().default(false),
})

/**
 * A host key that a person has looked at: `SHA256:…`, wherever it is met, or `HOST:PORT TYPE SHA256:…`, of that
 * server alone, from which another key is refused from then on.
 */
export const acceptedKeySchema = z
  .string()
  .max(400)
  .regex(/^(\S+:\d+ [a-z0-9@.-]+ )?SHA256:[A-Za-z0-9+/]{43}$/)

/** What to add to `acceptedKeys` once a person has said that the key of an `ssh.unknown-host` is the right one. */
export function acceptedKeyOf(params: Readonly<Record<string, string | number>>): string {
  const { address, keyType, fingerprint } = params
  return `${address} ${keyType} ${fingerprint}`
}

/** Through SSH servers, each reached from the one before it; the last one dials the Redis server. */
export const sshViaSchema = z.strictObject({
  kind: z.literal('ssh'),
  hops: z.array(hopSchema).min(1).max(8),
  /** The file to read host keys from, instead of the person's and the system's own. */
  knownHosts: z.string().min(1).max(4096).optional(),
  acceptedKeys: z.array(acceptedKeySchema).max(64).default([]),
})

/** Through a SOCKS5 proxy, which looks up names itself (RFC 1928). */
export const socksViaSchema = z.strictObject({
  kind: z.literal('socks5'),
  host,
  port,
  username: z.string().min(1).max(255).optional(),
  password: z.string().min(1).max(255).optional(),
})

export const viaSchema = z.discriminatedUnion('kind', [sshViaSchema, socksViaSchema])

/** A primary known by its name to Sentinels: the connection's `host` and `port` are then those of a Sentinel. */
export const sentinelSchema = z.strictObject({
  /** As in `sentinel monitor NAME …`. */
  master: z.string().min(1).max(255),
  others: z.array(z.strictObject({ host, port })).max(32).default([]),
  username: z.string().min(1).max(255).optional(),
  password: secret.optional(),
  /** Whether the Sentinels speak TLS; left out, they do if the servers do. */
  tls: z.boolean().optional(),
})

/**
 * One more server of the same data set, a shard beside the first: reached in the same way, and signed in to with the
 * first one's account where it has none of its own.
 */
export const otherServerSchema = z.strictObject({
  host,
  port,
  account: z
    .strictObject({ username: z.string().min(1).max(512).optional(), password: secret.optional() })
    .optional(),
})

export type OtherServer = z.infer<typeof otherServerSchema>
export type Hop = z.infer<typeof hopSchema>
export type SshVia = z.infer<typeof sshViaSchema>
export type SocksVia = z.infer<typeof socksViaSchema>
export type Via = z.infer<typeof viaSchema>
export type Sentinel = z.infer<typeof sentinelSchema>

/** The way to a server as a person reads it, one stop after the other; empty where it is reached directly. No secret. */
export function stopsOf(via: Via | null | undefined): readonly string[] {
  if (!via) return []
  if (via.kind === 'ssh') return via.hops.map(stopOf)
  return [`socks5://${hostAndPort(via)}`]
}

/** One SSH server as a stop on the way. */
export function stopOf(hop: Pick<Hop, 'host' | 'port' | 'username'>): string {
  return `ssh://${hop.username}@${hostAndPort(hop)}`
}

/** `host:port`, with brackets round an IPv6 address. */
export function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
