import { fail } from '#contract/failure.ts'
import type { ByteStream } from '../redis/byte-stream.ts'
import type { Intake, Taken } from '../redis/intake.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import type { Conversation } from './greeting.ts'

const maxLine = 64 * 1024
const lf = 10
const cr = 13

/** A stream read first in lines, then in chunks: how a replica reads its primary. */
export class SocketConversation implements Conversation {
  readonly #stream: ByteStream
  readonly #address: string
  readonly #intake: Pick<Intake, 'next'>
  #unread: Taken = { bytes: Buffer.alloc(0), receivedAt: 0 }

  /** `intake`: what the stream was dialed with, where it was with one. */
  constructor(stream: ByteStream, address: string, intake?: Intake) {
    this.#stream = stream
    this.#address = address
    this.#intake = intake ?? chunksOf(stream)
  }

  send(args: readonly Argument[]): void {
    this.#stream.write(encodeCommand(args))
  }

  async readLine(): Promise<string> {
    for (;;) {
      const { bytes } = this.#unread
      const end = bytes.indexOf(lf)
      if (end >= 0) {
        const line = bytes.toString('latin1', 0, bytes[end - 1] === cr ? end - 1 : end)
        this.#unread = { ...this.#unread, bytes: bytes.subarray(end + 1) }
        if (line !== '') return line
      } else {
        if (bytes.length > maxLine) fail('connect.not-redis', { address: this.#address })
        const held = Buffer.from(bytes)
        const more = await this.#next()
        this.#unread = held.length === 0 ? more : { ...more, bytes: Buffer.concat([held, more.bytes]) }
      }
    }
  }

  /** The next bytes, whatever they are; from an intake, good until the next are asked for. Fails with `connect.lost` at the end. */
  async readChunk(): Promise<Taken> {
    if (this.#unread.bytes.length === 0) return await this.#next()
    const chunk = this.#unread
    this.#unread = { bytes: Buffer.alloc(0), receivedAt: 0 }
    return chunk
  }

  async #next(): Promise<Taken> {
    return (await this.#intake.next()) ?? fail('connect.lost', { address: this.#address })
  }
}

/** Chunks in memory of their own. */
function chunksOf(stream: ByteStream): Pick<Intake, 'next'> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  return {
    next: async () => {
      const { done, value } = await chunks.next()
      return done === true ? null : { bytes: value, receivedAt: Date.now() }
    },
  }
}
