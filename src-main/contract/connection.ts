import { z } from 'zod'

/** TLS as a person sets it. The server is verified unless `verify` is switched off by name. */
export const tlsSchema = z.strictObject({
  /** PEM file with the authorities to trust instead of the system's. */
  ca: z.string().min(1).optional(),
  /** PEM files of our own certificate and key, for servers that ask for one. */
  cert: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  /** The name the certificate must bear, where it differs from the host. Sent as SNI. */
  servername: z.string().min(1).optional(),
  verify: z.boolean().default(true),
})

/** How to reach one Redis server. The password travels one way only: no answer ever carries it. */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65535),
  username: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  tls: tlsSchema.optional(),
})

export type TlsSettings = z.infer<typeof tlsSchema>
export type Connection = z.infer<typeof connectionSchema>

/** `host:port` as a person reads it, with brackets round an IPv6 address. No secret in it. */
export function addressOf(connection: Pick<Connection, 'host' | 'port'>): string {
  return connection.host.includes(':')
    ? `[${connection.host}]:${connection.port}`
    : `${connection.host}:${connection.port}`
}

/** What one look at a server tells: the facts card of *Test connection*. */
export interface ServerFacts {
  readonly address: string
  readonly flavour: 'redis' | 'valkey' | 'unknown'
  readonly version: string
  readonly role: 'master' | 'replica' | 'unknown'
  readonly mode: 'standalone' | 'sentinel' | 'cluster' | 'unknown'
  readonly runId: string | null
  readonly usedMemory: number | null
  /** 0 = no limit; null = not told. */
  readonly maxMemory: number | null
  readonly maxMemoryPolicy: string | null
  readonly keysPerDb: Readonly<Record<string, { readonly keys: number; readonly expires: number }>>
  readonly databases: number | null
  readonly appendOnly: boolean | null
  readonly modules: readonly string[]
  readonly tls: boolean
  /** Round trip of one PING, milliseconds. */
  readonly latencyMs: number
}
