import { addressOf, type Connection } from '#contract/connection.ts'
import { FailureError, makeFailure, toFailure, type Failure, type FailureCode } from '#contract/failure.ts'
import { defaultDialMs, type ByteStream, type DialOptions, type Receiver } from '../redis/byte-stream.ts'
import { classifySocketError } from '../redis/connect-failure.ts'
import { dial } from '../redis/dial.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyDecoder, ReplyError, type Reply } from './decode.ts'
import { encodeCommand, type Argument } from './encode.ts'

/** `timeoutMs` is also the limit for the answers of the greeting. */
export interface OpenOptions extends DialOptions {
  /** How long the server may leave a command unanswered without a sign of life, milliseconds; else for ever. */
  readonly silenceMs?: number | undefined
  /** CLIENT SETNAME, where the server knows it. */
  readonly name?: string | undefined
}

/** What becomes of a write. */
export interface Heard {
  readonly reply: (reply: Reply) => void
  /** So many replies in a row were `+OK`. */
  readonly oks: (count: number) => void
  /** The link is lost, with this write unanswered. */
  readonly lost: (failure: Failure) => void
  /** The bytes have left. */
  readonly sent?: () => void
  /** Of an array only the length and the errors matter; everything else in it is null. */
  readonly skims?: boolean
}

interface Expected {
  /** Replies still to come for one write. */
  remaining: number
  readonly heard: Heard
}

const answered: Expected = {
  remaining: 0,
  heard: { reply: () => undefined, oks: () => undefined, lost: () => undefined },
}

/**
 * One connection to a server that carries many commands at once: replies are matched to writes in order.
 * When the link is lost, every write that is still unanswered is told, once.
 */
export class Link implements Disposable {
  readonly address: string
  readonly socket: ByteStream
  readonly #decoder: ReplyDecoder
  readonly #expected: Expected[] = []
  #first = 0
  #failure: Failure | null = null
  #unasked: ((reply: Reply) => void) | null = null

  private constructor(socket: ByteStream, address: string, replies: Replies) {
    this.socket = socket
    this.address = address
    this.#decoder = new ReplyDecoder({
      reply: (reply) => this.#take(reply),
      oks: (count) => this.#takeOks(count),
      skims: () => this.#expected[this.#first]?.heard.skims === true,
    })
    replies.heard = (chunk) => {
      try {
        this.#decoder.push(chunk)
      } catch (thrown) {
        this.#lose(thrown instanceof SyntaxError ? notRedis(chunk, address, thrown) : toFailure(thrown))
      }
    }
    socket.on('error', (error) => this.#lose(classifySocketError(error, address, 'encrypted' in socket)))
    socket.on('close', () => this.#lose(makeFailure('connect.lost', { address })))
  }

  /**
   * Connects, authenticates and names the connection. Fails as `dial` does, or with `auth.*`. `signal` ends the
   * opening, not the link.
   */
  static async open(connection: Connection, options: OpenOptions = {}): Promise<Link> {
    const { timeoutMs = defaultDialMs, silenceMs, name, signal } = options
    const replies = new Replies()
    const { stream, connection: reached } = await dial(connection, { ...options, into: replies })
    const address = addressOf(reached)
    const link = new Link(stream, address, replies)
    const timer = setTimeout(() => link.#timeOut(timeoutMs), timeoutMs)
    using _ending = link.endWith(signal)
    try {
      const { username, password } = connection
      if (password !== undefined) {
        const reply = await link.call(
          username === undefined ? ['AUTH', password] : ['AUTH', username, password],
        )
        // A server without a password refuses AUTH; being let in without one is what was wanted.
        const refused = reply instanceof ReplyError ? classifyReplyError(reply.text, { address }) : null
        if (refused !== null && refused.code !== 'auth.not-needed') throw new FailureError(refused)
      }
      const reply = await link.call(['PING'])
      const refused = reply instanceof ReplyError ? classifyReplyError(reply.text, { address }) : null
      if (refused !== null && !passing.has(refused.code)) throw new FailureError(refused)
      if (name !== undefined && connection.proxy !== true) await link.call(['CLIENT', 'SETNAME', name])
      if (silenceMs !== undefined) link.#limitSilence(silenceMs)
      return link
    } catch (thrown) {
      link.close()
      const failure = toFailure(thrown)
      // Closed before the first answer: a TLS port hangs up on plain bytes.
      throw failure.code === 'connect.lost' && connection.tls === undefined
        ? new FailureError(makeFailure('connect.lost', { address, hint: 'before-greeting' }))
        : thrown
    } finally {
      clearTimeout(timer)
    }
  }

  /** From now on, until disposed of, an aborted signal ends the link at once with `job.cancelled`. */
  endWith(signal: AbortSignal | undefined): Disposable {
    const end = (): void => this.#lose(makeFailure('job.cancelled'))
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
    return { [Symbol.dispose]: () => signal?.removeEventListener('abort', end) }
  }

  /** The failure by which the link was lost; null while it stands. */
  get failure(): Failure | null {
    return this.#failure
  }

  /** From now on what comes unasked for (Pub/Sub) is told; before, it ends the link. */
  listen(heard: (reply: Reply) => void): void {
    this.#unasked = heard
  }

  /** Sends one command; resolves with its reply (a `ReplyError` is a value here), rejects when the link is lost. */
  call(args: readonly Argument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.write(encodeCommand(args), 1, {
        reply: resolve,
        oks: () => resolve('OK'),
        lost: (failure) => reject(new FailureError(failure)),
      })
    })
  }

  /** Sends one command and turns an error reply into a `FailureError`. */
  async ask(args: readonly Argument[]): Promise<Reply> {
    const reply = await this.call(args)
    if (reply instanceof ReplyError)
      throw new FailureError(classifyReplyError(reply.text, { address: this.address }))
    return reply
  }

  /**
   * Sends ready-made commands; resolves with all their `replies`, rejects when the link is lost. One that has not
   * answered within `limitMs` is given up: a stalled wire looks like a slow server for ever.
   */
  exchange(bytes: Uint8Array, replies: number, limitMs?: number): Promise<readonly Reply[]> {
    return this.#exchange([bytes], replies, limitMs, false)
  }

  /**
   * The same for commands in several pieces, which leave together and must stay untouched until all replies have come;
   * of an array among these only the length and the errors are told, everything else in it is null.
   */
  exchangeForErrors(
    pieces: readonly Uint8Array[],
    replies: number,
    limitMs: number,
  ): Promise<readonly Reply[]> {
    return this.#exchange(pieces, replies, limitMs, true)
  }

  #exchange(
    [first, ...others]: readonly Uint8Array[],
    replies: number,
    limitMs: number | undefined,
    skims: boolean,
  ): Promise<readonly Reply[]> {
    const taken: Reply[] = []
    const { address } = this
    return new Promise((resolve, reject) => {
      const timer =
        limitMs === undefined
          ? undefined
          : setTimeout(
              () => this.#lose(makeFailure('connect.timeout', { address, seconds: limitMs / 1000 })),
              limitMs,
            )
      const take = (reply: Reply): void => {
        taken.push(reply)
        if (taken.length < replies) return
        clearTimeout(timer)
        resolve(taken)
      }
      if (others.length > 0) this.socket.cork()
      this.write(first!, replies, {
        reply: take,
        oks: (count) => {
          for (let index = 0; index < count; index += 1) take('OK')
        },
        lost: (failure) => {
          clearTimeout(timer)
          reject(new FailureError(failure))
        },
        skims,
      })
      if (others.length === 0) return
      for (const piece of others) if (this.#failure === null) this.socket.write(piece)
      this.socket.uncork()
    })
  }

  /**
   * Sends ready-made commands that will get `replies` replies. `bytes` must stay untouched until all of them have
   * come or the link is lost; where the last command goes on in the next write, also until `sent`. Runs of `+OK`
   * are told together.
   */
  write(bytes: Uint8Array, replies: number, heard: Heard): void {
    if (this.#failure !== null) {
      heard.lost(this.#failure)
      return
    }
    if (replies > 0) this.#expected.push({ remaining: replies, heard })
    const { sent } = heard
    if (sent === undefined) this.socket.write(bytes)
    else
      this.socket.write(bytes, (error) => {
        // A write with replies to come is told by the loss of the link.
        if (!error) sent()
        else if (replies === 0)
          heard.lost(this.#failure ?? classifySocketError(error, this.address, 'encrypted' in this.socket))
      })
  }

  /** Ends the link at once; unanswered writes are told `connect.lost`. Harmless when already ended. */
  close(): void {
    this.#lose(makeFailure('connect.lost', { address: this.address }))
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #limitSilence(ms: number): void {
    this.socket.on('timeout', () => {
      if (this.#first < this.#expected.length || this.socket.writableLength > 0) this.#timeOut(ms)
      else this.socket.setTimeout(ms)
    })
    this.socket.setTimeout(ms)
  }

  #timeOut(ms: number): void {
    this.#lose(makeFailure('connect.timeout', { address: this.address, seconds: ms / 1000 }))
  }

  #lose(failure: Failure): void {
    if (this.#failure !== null) return
    this.#failure = failure
    this.socket.destroy()
    for (const { heard } of this.#expected.splice(this.#first)) heard.lost(failure)
  }

  #take(reply: Reply): void {
    const expected = this.#expected[this.#first]
    if (expected === undefined && this.#unasked !== null) {
      this.#unasked(reply)
      return
    }
    if (expected === undefined) {
      this.#lose(
        makeFailure(reply instanceof ReplyError ? 'target.refused' : 'connect.not-redis', {
          address: this.address,
          reply: reply instanceof ReplyError ? reply.text : 'an answer nobody asked for',
        }),
      )
      return
    }
    expected.remaining -= 1
    if (expected.remaining === 0) this.#shift()
    expected.heard.reply(reply)
  }

  #takeOks(count: number): void {
    let left = count
    while (left > 0) {
      const expected = this.#expected[this.#first]
      if (expected === undefined) {
        this.#lose(makeFailure('connect.not-redis', { address: this.address }))
        return
      }
      const taken = Math.min(left, expected.remaining)
      left -= taken
      expected.remaining -= taken
      if (expected.remaining === 0) this.#shift()
      expected.heard.oks(taken)
    }
  }

  #shift(): void {
    // What was sent and answered is not held until the list is shortened.
    this.#expected[this.#first] = answered
    this.#first += 1
    if (this.#first < 1024) return
    this.#expected.splice(0, this.#first)
    this.#first = 0
  }
}

/** What links receive is looked at as soon as it is there: one piece of memory is enough for all of them. */
let shared: Buffer | null = null
const sharedBytes = 64 * 1024

/** Hands on what comes over a link; a chunk is good until `heard` is done with it. */
class Replies implements Receiver {
  heard = (_: Buffer): void => undefined

  room(): Buffer {
    return (shared ??= Buffer.allocUnsafeSlow(sharedBytes))
  }

  took(count: number): boolean {
    this.heard(this.room().subarray(0, count))
    return true
  }

  attach(stream: ByteStream, reads: 'by-itself' | 'from-here'): void {
    if (reads === 'by-itself') stream.resume()
    else stream.on('data', (chunk: Buffer) => this.heard(chunk))
  }
}

/** Bytes that are not RESP: a TLS port answers plain bytes with an alert (21) or a handshake (22). */
function notRedis(chunk: Buffer, address: string, error: SyntaxError): Failure {
  const code = chunk[0] === 21 || chunk[0] === 22 ? 'tls.required' : 'connect.not-redis'
  return makeFailure(code, { address }, error.message)
}

/** Refusals of PING that say nothing against the link: what is asked of it next will tell. */
const passing: ReadonlySet<FailureCode> = new Set(['target.loading', 'server.busy', 'auth.no-permission'])
