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

/** How long opening a stream may take, and what ends it early. */
export interface DialOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds that each step of the way may take until `connect.timeout`. */
  readonly timeoutMs?: number | undefined
}

export const defaultDialMs = 10_000
