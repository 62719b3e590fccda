import { connect, type ConnectionOptions } from 'node:tls'
import { addressOf } from '#contract/connection.ts'
import type { ByteStream, DialOptions } from './byte-stream.ts'
import type { Endpoint } from './dial-tcp.ts'
import { untilOpen } from './until-open.ts'

/**
 * Speaks TLS over a stream that stands already, with the server verified as `tls` says. Fails with `tls.*`; the
 * stream is then destroyed, and whatever ends one of the two ends the other.
 */
export async function dialTls(
  stream: ByteStream,
  { host, port }: Endpoint,
  tls: ConnectionOptions,
  options: DialOptions,
): Promise<ByteStream> {
  // `host` is what the certificate is checked against where no servername is sent.
  const secure = connect({ socket: stream, host, ...tls })
  secure.once('close', () => stream.destroy())
  // Once TLS stands Node tells what is wrong with what it reads and leaves the stream open (`_emitTLSError`): whatever is
  // written then is told as a second error, which those who were told of the first need not hear any more.
  secure.on('error', () => secure.destroy())
  stream.on('error', (error) => secure.destroy(error))
  await untilOpen(secure, { ...options, event: 'secureConnect', address: addressOf({ host, port }) })
  return secure
}
