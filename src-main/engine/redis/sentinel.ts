import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import { hostAndPort, type Sentinel } from '#contract/tunnel.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { Argument } from '../resp/encode.ts'
import { askOnce } from './ask-once.ts'
import type { ByteStream, DialOptions } from './byte-stream.ts'
import type { Endpoint } from './dial-tcp.ts'
import { classifyReplyError } from './reply-errors.ts'

type Open = (connection: Connection) => Promise<ByteStream>

/** As long may one Sentinel, or the server it names, take to answer before the next one is asked. */
const answerMs = 3_000

/**
 * The primary that Sentinels name, as a connection of its own: each is asked in turn until one names a server that
 * says itself that it is a primary (`ROLE`), for a Sentinel may be behind the others. Fails with `sentinel.*`; with
 * what refused us where waiting will not help.
 */
export async function findPrimary(
  connection: Connection,
  sentinel: Sentinel,
  open: Open,
  { signal, timeoutMs = answerMs }: DialOptions,
): Promise<Connection> {
  const options = { signal, timeoutMs: Math.min(timeoutMs, answerMs) }
  const asked = [{ host: connection.host, port: connection.port }, ...sentinel.others]
  const addresses = asked.map(hostAndPort).join(', ')
  const name = sentinel.master
  const failures: Failure[] = []
  let known = false
  let named: string | null = null
  for (const at of asked) {
    try {
      const endpoint = await askSentinel(connection, sentinel, at, open, options)
      if (endpoint === null) continue
      known = true
      named = hostAndPort(endpoint)
      const primary = nodeConnection(connection, endpoint.host, endpoint.port)
      if (await isPrimary(primary, open, options)) return primary
    } catch (thrown) {
      const failure = toFailure(thrown)
      if (failure.code === 'job.cancelled') throw thrown
      failures.push(failure)
    }
  }
  const lasting = failures.find(({ retryable }) => !retryable)
  if (lasting !== undefined) throw new FailureError(lasting)
  if (known) return fail('sentinel.no-primary', { name, ...(named !== null && { address: named }) })
  if (failures.length < asked.length) return fail('sentinel.unknown-name', { name, addresses })
  throw new FailureError(makeFailure('sentinel.not-reached', { addresses }, failures[0]?.code))
}

/** How to reach one Sentinel itself: by the same way as the servers it watches, with an account of its own. */
export function sentinelConnection(
  connection: Connection,
  { username, password, tls }: Pick<Sentinel, 'username' | 'password' | 'tls'>,
  at: Endpoint,
): Connection {
  const {
    username: _username,
    password: _password,
    tls: nodeTls,
    ...way
  } = nodeConnection(connection, at.host, at.port)
  const secured = tls ?? nodeTls !== undefined
  return {
    ...way,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(secured && { tls: nodeTls ?? { verify: true } }),
  }
}

/** What one Sentinel answers; null where it knows no such name. */
async function askSentinel(
  connection: Connection,
  sentinel: Sentinel,
  at: Endpoint,
  open: Open,
  options: DialOptions,
): Promise<Endpoint | null> {
  const reached = sentinelConnection(connection, sentinel, at)
  const found = await ask(reached, ['SENTINEL', 'get-master-addr-by-name', sentinel.master], open, options)
  if (!Array.isArray(found)) return null
  const [host, port] = found.map(String)
  return host === undefined || port === undefined ? null : { host, port: Number(port) }
}

/** By ROLE (2.8.12 and later), else by INFO. */
async function isPrimary(primary: Connection, open: Open, options: DialOptions): Promise<boolean> {
  try {
    const role = await ask(primary, ['ROLE'], open, options)
    return Array.isArray(role) && String(role[0]) === 'master'
  } catch (thrown) {
    const { code } = toFailure(thrown)
    if (code !== 'server.unknown-command' && code !== 'auth.no-permission') throw thrown
    return /^role:master/m.test(String(await ask(primary, ['INFO', 'replication'], open, options)))
  }
}

/** Signs in, asks one question and leaves. */
async function ask(
  connection: Connection,
  question: readonly Argument[],
  open: Open,
  options: DialOptions,
): Promise<Reply> {
  const address = addressOf(connection)
  const { username, password } = connection
  const signIn =
    password === undefined ? [] : [username === undefined ? ['AUTH', password] : ['AUTH', username, password]]
  const replies = await askOnce(await open(connection), address, [...signIn, question], options)
  for (const reply of replies) {
    if (!(reply instanceof ReplyError)) continue
    const refused = classifyReplyError(reply.text, { address })
    // A server without a password lets in whoever brings one.
    if (refused.code !== 'auth.not-needed') throw new FailureError(refused)
  }
  return replies.at(-1) ?? null
}
