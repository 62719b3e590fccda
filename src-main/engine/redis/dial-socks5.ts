import { isIP, isIPv4, type Socket } from 'node:net'
import { addressOf } from '#contract/connection.ts'
import { fail, makeFailure } from '#contract/failure.ts'
import { stopsOf, type SocksVia } from '#contract/tunnel.ts'
import type { DialOptions } from './byte-stream.ts'
import { dialTcp, type Endpoint } from './dial-tcp.ts'
import { ExactReader } from './exact-reader.ts'

const version = 5
const noSignIn = 0
const userAndPassword = 2
const connectCommand = 1
const addressType = { ipv4: 1, name: 3, ipv6: 4 } as const
const notAllowed = 2

/** What a proxy answers when it did not connect (RFC 1928, 6). */
const replies: readonly string[] = [
  '',
  'general failure',
  'not allowed by the rules',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
]

/**
 * Opens a stream through a SOCKS5 proxy (RFC 1928, sign-in by RFC 1929). A name goes to the proxy as it is: it may be
 * known only there. Fails with `connect.*` of the proxy, `socks.*`, `tunnel.not-reached` or `tunnel.prohibited`.
 */
export async function dialSocks5(via: SocksVia, to: Endpoint, options: DialOptions): Promise<Socket> {
  const [hop = ''] = stopsOf(via)
  const socket = await dialTcp(via, options, hop)
  try {
    // Cut off, started anew, or it hangs up where nobody listens behind it: what does not speak SOCKS5 says something else.
    using answers = new ExactReader(socket, hop, makeFailure('connect.lost', { address: hop }), options)
    await signIn(socket, answers, via, hop)
    socket.write(Buffer.concat([Buffer.from([version, connectCommand, 0]), encodeEndpoint(to)]))
    const [, code = 0, , type] = await answers.take(4)
    if (code !== 0) {
      const params = { hop, address: addressOf(to), reply: replies[code] ?? `reply ${code}` }
      fail(code === notAllowed ? 'tunnel.prohibited' : 'tunnel.not-reached', params)
    }
    // Where the proxy dialed from, which says nothing to us; the next byte is the server's.
    await answers.take(
      type === addressType.name ? (await answers.take(1))[0]! : type === addressType.ipv6 ? 16 : 4,
    )
    await answers.take(2)
    return socket
  } catch (thrown) {
    socket.on('error', () => undefined)
    socket.destroy()
    throw thrown
  }
}

/** Agrees on how to sign in, and does. */
async function signIn(
  socket: Socket,
  answers: ExactReader,
  { username, password }: SocksVia,
  hop: string,
): Promise<void> {
  const methods = username === undefined ? [noSignIn] : [noSignIn, userAndPassword]
  socket.write(Buffer.from([version, methods.length, ...methods]))
  const [spoken, chosen] = await answers.take(2)
  if (spoken !== version) fail('socks.not-socks', { address: hop })
  if (chosen === noSignIn) return
  if (chosen !== userAndPassword || username === undefined) fail('socks.sign-in-refused', { address: hop })
  const user = Buffer.from(username)
  const secret = Buffer.from(password ?? '')
  socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([secret.length]), secret]))
  const [, status] = await answers.take(2)
  if (status !== 0) fail('socks.sign-in-refused', { address: hop })
}

/** Type, address and port, as a request carries them. */
function encodeEndpoint({ host, port }: Endpoint): Buffer {
  const end = Buffer.alloc(2)
  end.writeUInt16BE(port)
  if (isIPv4(host))
    return Buffer.concat([Buffer.from([addressType.ipv4, ...host.split('.').map(Number)]), end])
  if (isIP(host) === 6) return Buffer.concat([Buffer.from([addressType.ipv6]), ipv6Bytes(host), end])
  const name = Buffer.from(host)
  return Buffer.concat([Buffer.from([addressType.name, name.length]), name, end])
}

/** Sixteen bytes of an address that `isIP` has found to be right. */
function ipv6Bytes(text: string): Buffer {
  // The URL parser writes every form of it, also with IPv4 at its end, in groups of hexadecimal digits.
  const [head = '', tail] = new URL(`http://[${text.replace(/%.*$/, '')}]`).hostname.slice(1, -1).split('::')
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}
