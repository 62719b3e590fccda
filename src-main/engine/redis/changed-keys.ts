import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure } from '#contract/failure.ts'
import { ReplyDecoder, ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import type { ByteStream } from './byte-stream.ts'
import type { Control } from './control.ts'
import { dial } from './dial.ts'
import { classifyReplyError } from './reply-errors.ts'

const channel = '__redis__:invalidate'

/**
 * Tells the keys that anybody changes on a server, ourselves included, until `signal` aborts; null stands for all of
 * them (FLUSHALL). Each key once for each turn of the server's event loop, whatever its database; expiry and eviction
 * change keys too. (CLIENT TRACKING … BCAST: 6.0 and later.) It lasts as long as `control` does, a connection to the
 * same server. Rejects when it is refused or its own link is lost.
 */
export async function tellChangedKeys(
  control: Control,
  connection: Connection,
  { name, signal, onKeys, onTelling }: ChangedKeysOptions,
): Promise<void> {
  const { stream, connection: reached } = await dial(connection, { signal })
  const listener = new Listener(stream, addressOf(reached), onKeys)
  const abort = (): void => void stream.destroy()
  signal.addEventListener('abort', abort, { once: true })
  try {
    const { username, password } = connection
    if (password !== undefined)
      await listener.ask(username === undefined ? ['AUTH', password] : ['AUTH', username, password])
    await listener.ask(['CLIENT', 'SETNAME', name])
    const id = Number(await listener.ask(['CLIENT', 'ID']))
    await listener.ask(['SUBSCRIBE', channel])
    await control.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST')
    onTelling?.(async () => {
      // The first may be answered in the very turn of a change, which is told at the end of that.
      for (let turn = 0; turn < 2; turn += 1) await listener.ask(['PING'])
    })
    await listener.ended
  } finally {
    signal.removeEventListener('abort', abort)
    stream.destroy()
  }
}

export interface ChangedKeysOptions {
  /** CLIENT SETNAME. */
  readonly name: string
  readonly signal: AbortSignal
  readonly onKeys: (keys: readonly Buffer[] | null) => void
  /** From now on it tells. `allTold` resolves when what was changed before it was called has been told. */
  readonly onTelling?: (allTold: () => Promise<void>) => void
}

/** A connection that is answered until it has subscribed, and spoken to from then on. */
class Listener {
  readonly ended: Promise<never>
  readonly #stream: ByteStream
  readonly #address: string
  #answer: ((reply: Reply) => void) | null = null

  constructor(stream: ByteStream, address: string, onKeys: (keys: readonly Buffer[] | null) => void) {
    this.#stream = stream
    this.#address = address
    const heard = (reply: Reply): void => {
      const keys = changedIn(reply)
      if (keys !== undefined) onKeys(keys)
      else this.#answer?.(reply)
    }
    const decoder = new ReplyDecoder({ reply: heard, oks: () => heard('OK') })
    this.ended = new Promise((_, reject) => {
      const lose = (): void => reject(new FailureError(makeFailure('connect.lost', { address })))
      stream.on('data', (chunk: Buffer) => {
        try {
          decoder.push(chunk)
        } catch {
          stream.destroy()
        }
      })
      stream.on('error', lose)
      stream.on('close', lose)
    })
    // Told by whoever waits for it at that time.
    this.ended.catch(() => undefined)
  }

  async ask(command: readonly Argument[]): Promise<Reply> {
    const answered = new Promise<Reply>((resolve) => {
      this.#answer = resolve
    })
    this.#stream.write(encodeCommand(command))
    const reply = await Promise.race([answered, this.ended])
    if (reply instanceof ReplyError) {
      const failure = classifyReplyError(reply.text, { address: this.#address, command: String(command[0]) })
      // A server without a password refuses AUTH; being let in without one is what was wanted.
      if (failure.code !== 'auth.not-needed') fail(failure.code, failure.params)
    }
    return reply
  }
}

/** `message`, the channel, and the keys or null for all; undefined for what is no such message. */
function changedIn(reply: Reply): readonly Buffer[] | null | undefined {
  if (!Array.isArray(reply) || String(reply[0]) !== 'message' || String(reply[1]) !== channel)
    return undefined
  const keys = reply[2] as Reply
  return Array.isArray(keys) ? (keys as readonly Reply[]).filter((key) => Buffer.isBuffer(key)) : null
}
