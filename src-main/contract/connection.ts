import { z } from 'zod'
import {
  hostAndPort,
  sentinelSchema,
  stopsOf,
  viaSchema,
  type OtherServer,
  type Sentinel,
  type Via,
} from './tunnel.ts'

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

/**
 * By what a server is reached, as a person says it: on a cloud VM, over the public network, a dedicated line or a VPN, or
 * a managed instance. What to do where it cannot be reached goes by that (`words/say-access.ts`).
 */
export const accessKinds = ['vm', 'public', 'dedicated', 'vpn', 'managed'] as const
export type AccessKind = (typeof accessKinds)[number]

/** Both as a person says them: nothing is asked of a cloud. */
export const instanceShape = {
  /** What the cloud calls the VM or instance: the same one may have several addresses. */
  instanceId: z.string().trim().min(1).max(120).optional(),
  access: z.enum(accessKinds).optional(),
}

/**
 * How to reach one Redis server: at `host` and `port`, or, with `sentinel`, whichever server the Sentinels there name;
 * directly, or `via` others. Its passwords travel one way only: no answer ever carries them.
 */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65535),
  username: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  tls: tlsSchema.optional(),
  via: viaSchema.optional(),
  sentinel: sentinelSchema.optional(),
  /** A proxy that shares keys out among servers (twemproxy, Codis): only commands of one key are said to it. */
  proxy: z.boolean().optional(),
  ...instanceShape,
  /** Of a console: the saved connection whose stored secrets are meant where none are given, if it is this server. */
  saved: z.string().min(1).max(64).optional(),
})

export type TlsSettings = z.infer<typeof tlsSchema>
export type Connection = z.infer<typeof connectionSchema>

/** What tells one server from another: no more of a `Connection` or of a saved endpoint than that. */
export interface Reach {
  readonly host: string
  readonly port: number
  readonly via?: Via | null | undefined
  readonly sentinel?: Pick<Sentinel, 'master'> | null | undefined
  readonly instanceId?: string | undefined
  /** Of a side that is several servers: all but the first. */
  readonly others?: readonly Pick<OtherServer, 'host' | 'port'>[] | undefined
}

/**
 * `host:port` as a person reads it, with brackets round an IPv6 address; `name@host:port` where a Sentinel there
 * knows the server by its name; all of them, with commas between, where a side is several. No secret in it.
 */
export function addressOf({ sentinel, others = [], ...endpoint }: Reach): string {
  const first = sentinel ? `${sentinel.master}@${hostAndPort(endpoint)}` : hostAndPort(endpoint)
  return [first, ...others.map(hostAndPort)].join(', ')
}

/** The address with the way to it: private addresses mean different servers behind different tunnels. */
export function placeOf(reach: Reach): string {
  return [...stopsOf(reach.via), addressOf(reach)].join(' → ')
}

/** A user at a server: whom a password is for. */
export interface Account extends Omit<Reach, 'others'> {
  readonly username?: string | null | undefined
}

/** Tells one account from another; of a side that is several servers, the first one's. */
export function accountOf({ host, port, username, via, sentinel }: Account): string {
  return JSON.stringify([placeOf({ host, port, via, sentinel }), username ?? null])
}

/** Each server of a side by itself. */
export function serversOf({ others = [], ...first }: Reach): readonly Reach[] {
  return [first, ...others.map(({ host, port }) => ({ host, port, via: first.via }))]
}

/** Another server reached in the same way and with the same account: a node of the same cluster, a found primary. */
export function nodeConnection(connection: Connection, host: string, port: number): Connection {
  const { sentinel: _found, ...rest } = connection
  return { ...rest, host, port }
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
  /** The stops on the way to it, nearest first; empty where it is reached directly. */
  readonly via: readonly string[]
  /** The name by which Sentinels told its address; null where nobody was asked. */
  readonly sentinelName: string | null
  /** Of a node of a cluster: all of it, as this node sees it; null where it is none, or does not tell. */
  readonly cluster: ClusterFacts | null
  /** Round trip of one PING, milliseconds. */
  readonly latencyMs: number
}

/** How many keys it holds, in all its databases. */
export function keysOf({ keysPerDb }: Pick<ServerFacts, 'keysPerDb'>): number {
  return Object.values(keysPerDb).reduce((all, { keys }) => all + keys, 0)
}

export interface ClusterFacts {
  /** Whether it takes commands. */
  readonly ok: boolean
  /** Of 16,384, those that have an owner. */
  readonly slotsCovered: number
  readonly nodes: readonly {
    readonly address: string
    readonly role: 'master' | 'replica'
    /** The others have agreed that it does not answer. */
    readonly failed: boolean
    readonly slots: number
  }[]
}
