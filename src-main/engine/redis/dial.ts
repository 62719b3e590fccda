import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { Via } from '#contract/tunnel.ts'
import type { ByteStream, DialOptions } from './byte-stream.ts'
import { dialSocks5 } from './dial-socks5.ts'
import { dialTcp, type Endpoint } from './dial-tcp.ts'
import { dialTls } from './dial-tls.ts'
import { findPrimary } from './sentinel.ts'
import { tellingAccess } from './telling-access.ts'
import { tlsOptionsOf } from './tls-options.ts'

/** An open stream, and the server it leads to: where Sentinels were asked, the one they named. */
export interface Dialed {
  readonly stream: ByteStream
  readonly connection: Connection
}

/**
 * Reaches the server that a connection means at this moment: asks its Sentinels first, where it has any. Not signed
 * in yet. Fails with `connect.*`, `tls.*`, or what names the way: `tunnel.*`, `ssh.*`, `socks.*`, `sentinel.*`.
 */
export async function dial(connection: Connection, options: DialOptions = {}): Promise<Dialed> {
  const { into: _into, ...asking } = options
  const primary = await tellingAccess(connection, resolve(connection, asking))
  return { stream: await tellingAccess(connection, openSocket(primary, options)), connection: primary }
}

/**
 * The same server without Sentinels in between: the primary they name now, found to be one. Each call asks anew. A
 * connection without Sentinels is given back as it is.
 */
export async function resolve(connection: Connection, options: DialOptions = {}): Promise<Connection> {
  return connection.sentinel === undefined
    ? connection
    : await findPrimary(connection, connection.sentinel, (node) => openSocket(node, options), options)
}

/**
 * Opens the bare byte stream to a host and port, through the tunnel or proxy of the connection: plain, or TLS with
 * the server verified unless that was switched off by name. The caller owns it.
 */
async function openSocket(connection: Connection, options: DialOptions = {}): Promise<ByteStream> {
  const { into, ...underneath } = options
  if (options.signal?.aborted) fail('job.cancelled')
  const tls = await tlsOptionsOf(connection)
  if (tls === undefined && connection.via === undefined) return await dialTcp(connection, options)
  const carrier = await dialVia(connection.via, connection, underneath)
  const stream = tls === undefined ? carrier : await dialTls(carrier, connection, tls, underneath)
  into?.attach(stream, 'from-here')
  return stream
}

async function dialVia(via: Via | undefined, to: Endpoint, options: DialOptions): Promise<ByteStream> {
  if (via === undefined) return await dialTcp(to, options)
  if (via.kind === 'socks5') return await dialSocks5(via, to, options)
  // Loaded only where it is used: it is large, and most connections need none.
  const { dialThroughSsh } = await import('../ssh/sessions.ts')
  return await dialThroughSsh(via, to, options)
}
