import { ByteRing } from '../bytes/byte-ring.ts'
import { Bell } from '../flow/bell.ts'
import type { ByteStream, Receiver } from './byte-stream.ts'

const capacity = 2 * 1024 * 1024
/** Always left free, so that there is room for what a socket reads before it hears that it is to stop. */
const reserve = 64 * 1024

/** Bytes that came in together or one after another, good until the next are asked for. */
export interface Taken {
  readonly bytes: Buffer
  /** When the first of them came, milliseconds since the epoch. */
  readonly receivedAt: number
}

/**
 * What comes over a stream, kept until it is asked for, in the same memory again and again. While that is full, the
 * stream waits.
 */
export class Intake implements Receiver {
  readonly #ring = new ByteRing(capacity)
  readonly #changed = new Bell()
  /** When what has not been taken came, in order: all up to a number of bytes ever received. */
  readonly #arrivals: { readonly at: number; upTo: number }[] = []
  #came = 0
  #taken = 0
  #heardAt = Date.now()
  #isFull = false
  #resume = (): void => undefined
  #ended: { readonly error: Error | null } | null = null

  /** When something came last, milliseconds since the epoch. */
  get heardAt(): number {
    return this.#heardAt
  }

  room(): Buffer {
    const { free } = this.#ring
    return this.#ring.room(free > reserve ? free - reserve : free)
  }

  took(count: number): boolean {
    this.#ring.came(count)
    this.#came += count
    this.#heardAt = Date.now()
    const last = this.#arrivals.at(-1)
    if (last?.at === this.#heardAt) last.upTo = this.#came
    else this.#arrivals.push({ at: this.#heardAt, upTo: this.#came })
    this.#isFull = this.#ring.free <= reserve
    this.#changed.ring()
    return !this.#isFull
  }

  attach(stream: ByteStream, reads: 'by-itself' | 'from-here'): void {
    const end = (error: Error | null): void => {
      this.#ended ??= { error }
      this.#changed.ring()
    }
    stream.on('error', end)
    stream.on('close', () => end(null))
    if (reads === 'by-itself') {
      stream.on('end', () => end(null))
      this.#resume = () => void stream.resume()
      stream.resume()
    } else this.#pour(stream).then(() => end(null), end)
  }

  /** What has come, as soon as something has; null at the end. Rejects with the stream's error. */
  async next(): Promise<Taken | null> {
    for (;;) {
      const bytes = this.#ring.take()
      if (this.#isFull && this.#ring.free >= this.#ring.capacity / 2) {
        this.#isFull = false
        this.#changed.ring()
        this.#resume()
      }
      if (bytes !== null) {
        const receivedAt = this.#arrivals[0]!.at
        this.#taken += bytes.length
        while (this.#arrivals.length > 0 && this.#arrivals[0]!.upTo <= this.#taken) this.#arrivals.shift()
        return { bytes, receivedAt }
      }
      if (this.#ended?.error) throw this.#ended.error
      if (this.#ended !== null) return null
      await this.#changed.wait()
    }
  }

  async #pour(stream: ByteStream): Promise<void> {
    for await (const chunk of stream as AsyncIterable<Buffer>)
      for (let at = 0; at < chunk.length;) {
        while (this.#isFull) await this.#changed.wait()
        const room = this.room()
        const copied = chunk.copy(room, 0, at, at + room.length)
        this.took(copied)
        at += copied
      }
  }
}
