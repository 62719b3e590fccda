import { connect, type Socket } from 'node:net'
import { addressOf } from '#contract/connection.ts'
import type { DialOptions } from './byte-stream.ts'
import { untilOpen } from './until-open.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/**
 * Opens a TCP connection, which reads right `into` where that is given. Fails with `connect.*` of `address`, which is
 * the endpoint's own unless it is named.
 */
export async function dialTcp(
  { host, port }: Endpoint,
  options: DialOptions,
  address = addressOf({ host, port }),
): Promise<Socket> {
  const { into } = options
  const onread = into && { buffer: () => into.room(), callback: (count: number) => into.took(count) }
  const socket = connect({ host, port, ...(onread && { onread }) })
  socket.setKeepAlive(true, 15_000)
  socket.setNoDelay(true)
  await untilOpen(socket, { ...options, event: 'connect', address })
  into?.attach(socket, 'by-itself')
  return socket
}
