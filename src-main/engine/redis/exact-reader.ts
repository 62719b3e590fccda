import type { Socket } from 'node:net'
import { FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import { defaultDialMs, type DialOptions } from './byte-stream.ts'
import { classifySocketError } from './connect-failure.ts'

/**
 * Reads a socket to the byte, for a greeting whose last byte is followed by somebody else's first. Until disposed of
 * it must be the only reader; what it has not taken stays in the socket.
 */
export class ExactReader implements Disposable {
  readonly #socket: Socket
  readonly #over: Promise<never>
  readonly #stopListening: () => void
  #wake = (): void => undefined

  /** `address` is whom the failures name; `closed` the one of a socket that ends in the middle. */
  constructor(
    socket: Socket,
    address: string,
    closed: Failure,
    { signal, timeoutMs = defaultDialMs }: DialOptions,
  ) {
    this.#socket = socket
    let end = (_: Failure): void => undefined
    this.#over = new Promise((_, reject) => {
      end = (failure) => reject(new FailureError(failure))
    })
    this.#over.catch(() => undefined)
    const timeout = makeFailure('connect.timeout', { address, seconds: timeoutMs / 1000 })
    const timer = setTimeout(() => end(timeout), timeoutMs)
    const cancel = (): void => end(makeFailure('job.cancelled'))
    const heard = {
      readable: () => this.#wake(),
      close: () => end(closed),
      error: (error: Error) => end(classifySocketError(error, address, false)),
    }
    for (const [event, listener] of Object.entries(heard)) socket.on(event, listener)
    signal?.addEventListener('abort', cancel, { once: true })
    this.#stopListening = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      for (const [event, listener] of Object.entries(heard)) socket.off(event, listener)
    }
  }

  /** The next `count` bytes, at least one. */
  async take(count: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#socket.read(count) as Buffer | null
      // At the end of a socket `read` gives what is left.
      if (bytes?.length === count) return bytes
      const readable = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([readable, this.#over])
    }
  }

  [Symbol.dispose](): void {
    this.#stopListening()
  }
}
