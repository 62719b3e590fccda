import { fail } from '#contract/failure.ts'
import type { ByteStream } from '../redis/byte-stream.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import type { Conversation } from './greeting.ts'

const maxLine = 64 * 1024
const lf = 10
const cr = 13

/** A socket read first in lines, then in chunks: how a replica reads its primary. */
export class SocketConversation implements Conversation {
  readonly #socket: ByteStream
  readonly #address: string
  readonly #chunks: AsyncIterator<Buffer>
  #unread: Buffer = Buffer.alloc(0)

  constructor(socket: ByteStream, address: string) {
    this.#socket = socket
    this.#address = address
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  send(args: readonly Argument[]): void {
    this.#socket.write(encodeCommand(args))
  }

  async readLine(): Promise<string> {
    for (;;) {
      const end = this.#unread.indexOf(lf)
      if (end >= 0) {
        const line = this.#unread.toString('latin1', 0, this.#unread[end - 1] === cr ? end - 1 : end)
        this.#unread = this.#unread.subarray(end + 1)
        if (line !== '') return line
      } else {
        if (this.#unread.length > maxLine) fail('connect.not-redis', { address: this.#address })
        this.#unread = Buffer.concat([this.#unread, await this.#nextChunk()])
      }
    }
  }

  /** The next bytes, whatever they are. Fails with `connect.lost` at the end. */
  async readChunk(): Promise<Buffer> {
    if (this.#unread.length === 0) return this.#nextChunk()
    const chunk = this.#unread
    this.#unread = Buffer.alloc(0)
    return chunk
  }

  async #nextChunk(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next()
    if (done === true) fail('connect.lost', { address: this.#address })
    return value
  }
}
