import type { Duplex } from 'node:stream'
import { FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import { defaultDialMs, type DialOptions } from './byte-stream.ts'
import { classifySocketError } from './connect-failure.ts'

interface Opening extends DialOptions {
  /** The event that says it stands. */
  readonly event: 'connect' | 'secureConnect'
  /** Who is being reached, for the sentence. */
  readonly address: string
}

/** As long may a server that has been reached take to say anything of TLS. */
const tlsSilenceMs = 5_000

/** Resolves when a socket being opened stands. Otherwise destroys it and fails with `connect.*` or `tls.*`. */
export function untilOpen(
  socket: Duplex,
  { event, address, signal, timeoutMs = defaultDialMs }: Opening,
): Promise<void> {
  const tls = event === 'secureConnect'
  return new Promise((resolve, reject) => {
    const end = (failure: Failure | null): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      socket.removeListener('error', refused)
      socket.removeListener('close', closed)
      if (failure === null) {
        resolve()
        return
      }
      socket.on('error', () => undefined)
      socket.destroy()
      reject(new FailureError(failure))
    }
    const refused = (error: Error): void => end(classifySocketError(error, address, tls))
    const closed = (): void => end(makeFailure(tls ? 'tls.not-tls' : 'connect.lost', { address }))
    const cancel = (): void => end(makeFailure('job.cancelled'))
    // A plain port may swallow our hello and go on waiting for a line's end; a server that stands still says as little.
    const late = tls
      ? makeFailure('tls.silent', { address })
      : makeFailure('connect.timeout', { address, seconds: timeoutMs / 1000 })
    const timer = setTimeout(() => end(late), tls ? Math.min(timeoutMs, tlsSilenceMs) : timeoutMs)
    signal?.addEventListener('abort', cancel, { once: true })
    socket.once('error', refused)
    socket.once('close', closed)
    socket.once(event, () => end(null))
    if (signal?.aborted) cancel()
  })
}
