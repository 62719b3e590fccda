import { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'

type Done = (error?: Error | null) => void

/**
 * A channel of an SSH session as a stream that behaves like a socket: it can be destroyed with a reason, which its
 * `error` event tells, counts silence, and never leaves a write without an answer, which ssh2's own does.
 */
export class ChannelStream extends Duplex {
  readonly #channel: ClientChannel
  #writing: Done | null = null
  #silence: NodeJS.Timeout | undefined

  /** Takes over an open channel. */
  constructor(channel: ClientChannel) {
    super({ allowHalfOpen: false })
    this.#channel = channel
    channel.on('data', (chunk: Buffer) => {
      this.#silence?.refresh()
      if (!this.push(chunk)) channel.pause()
    })
    channel.on('end', () => this.push(null))
    channel.on('close', () => this.destroy())
    channel.on('error', (error: Error) => this.destroy(error))
  }

  /** As `net.Socket.setTimeout`. */
  setTimeout(ms: number, heard?: () => void): this {
    clearTimeout(this.#silence)
    this.#silence = ms === 0 ? undefined : setTimeout(() => this.emit('timeout'), ms)
    if (heard !== undefined) this.once('timeout', heard)
    return this
  }

  /** Of the session's socket, not of a channel: set where that is opened. */
  setNoDelay(): this {
    return this
  }

  /** The session asks the server itself whether it is still there. */
  setKeepAlive(): this {
    return this
  }

  override _read(): void {
    this.#channel.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#writing = done
    this.#channel.write(chunk, () => {
      this.#silence?.refresh()
      this.#written(null)
    })
  }

  override _final(done: Done): void {
    this.#channel.end()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#silence)
    this.#channel.close()
    this.#written(error ?? new Error('the channel is closed'))
    done(error)
  }

  #written(error: Error | null): void {
    const done = this.#writing
    this.#writing = null
    done?.(error)
  }
}
