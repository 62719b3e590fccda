import { FailureError, makeFailure } from '#contract/failure.ts'
import { stopOf, type SshVia } from '#contract/tunnel.ts'
import type { ByteStream, DialOptions } from '../redis/byte-stream.ts'
import { dialTcp, type Endpoint } from '../redis/dial-tcp.ts'
import { HostCheck } from './host-check.ts'
import { SshSession } from './session.ts'

/** The sessions of this thread that are open or being opened, by their whole way. */
const sessions = new Map<string, Promise<SshSession>>()

/**
 * Opens a stream to a host and port as seen from the last hop. Connections with the same way share one session, which
 * is opened anew when it was lost. Fails with `ssh.*`, `tunnel.*` or `connect.*`, each naming its hop.
 */
export async function dialThroughSsh(via: SshVia, to: Endpoint, options: DialOptions): Promise<ByteStream> {
  const session = await untilAborted(sessionOf(via, options.timeoutMs), options.signal)
  return await session.dial(to, options)
}

/** A session and the right to use it until disposed of. */
export interface BorrowedSession extends Disposable {
  readonly session: SshSession
}

/** The session with the last hop itself, for other uses of it than streams: SFTP. Fails as `dialThroughSsh` does. */
export async function borrowSession(
  via: SshVia,
  { signal, timeoutMs }: DialOptions = {},
): Promise<BorrowedSession> {
  const session = await untilAborted(sessionOf(via, timeoutMs), signal)
  return Object.assign(session.use(), { session })
}

/** Nobody's signal ends the opening: others may be waiting for the same session. */
async function sessionOf(via: SshVia, timeoutMs: number | undefined): Promise<SshSession> {
  const key = JSON.stringify(via)
  const standing = sessions.get(key)
  if (standing !== undefined) {
    const session = await standing
    if (session.open) return session
  }
  const current = sessions.get(key)
  if (current !== undefined && current !== standing) return await current
  const opening = openSession(via, timeoutMs, () => {
    if (sessions.get(key) === opening) sessions.delete(key)
  })
  sessions.set(key, opening)
  opening.catch(() => {
    if (sessions.get(key) === opening) sessions.delete(key)
  })
  return await opening
}

async function openSession(
  via: SshVia,
  timeoutMs: number | undefined,
  onEnd: () => void,
): Promise<SshSession> {
  const hop = via.hops.at(-1)!
  const before = via.hops.slice(0, -1)
  const check = await HostCheck.for(hop, via)
  const over =
    before.length === 0
      ? await dialTcp(hop, { timeoutMs }, stopOf(hop))
      : await dialThroughSsh({ ...via, hops: before }, hop, { timeoutMs })
  return await SshSession.open({ hop, over, check, onEnd }, timeoutMs)
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  let cancel = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(new FailureError(makeFailure('job.cancelled')))
    signal.addEventListener('abort', cancel, { once: true })
    if (signal.aborted) cancel()
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
