import type { Duplex } from 'node:stream'

/** An open stream of bytes to a server, whatever carries it: TCP, TLS, or a channel of an SSH session. */
export interface ByteStream extends Duplex {
  /** Emits `timeout` after so many milliseconds without a byte in either direction; 0 switches that off. */
  setTimeout(ms: number, heard?: () => void): this
  setNoDelay(on?: boolean): this
  setKeepAlive(on?: boolean, afterMs?: number): this
  /** Our port, where the stream is a socket of this machine. */
  readonly localPort?: number | undefined
  /** What has come in so far, where it is counted. */
  readonly bytesRead?: number
}

/**
 * Takes what comes over a stream, in memory of its own: Node makes a new buffer for each read of a socket, and where
 * much comes in, most of the time goes into clearing these away.
 */
export interface Receiver {
  /** Memory for what comes next, never empty; what was given before is void. */
  room(): Uint8Array
  /** So many bytes have been put there. False: no more until the stream is resumed. */
  took(count: number): boolean
  /** Called once the stream is open. One that does not read into `room` by itself is to be read from. */
  attach(stream: ByteStream, reads: 'by-itself' | 'from-here'): void
}

/** How long opening a stream may take, and what ends it early. */
export interface DialOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds that each step of the way may take until `connect.timeout`. */
  readonly timeoutMs?: number | undefined
  /** Takes what comes over the stream, which nobody else is to read then. */
  readonly into?: Receiver | undefined
}

export const defaultDialMs = 10_000
