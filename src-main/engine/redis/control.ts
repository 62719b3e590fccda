import type { Socket } from 'node:net'
import { AbstractConnector, Redis } from 'ioredis'
import { addressOf, type Connection } from '#contract/connection.ts'
import { FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import type { ByteStream } from './byte-stream.ts'
import { classifySocketError } from './connect-failure.ts'
import { dial } from './dial.ts'
import { classifyReplyError } from './reply-errors.ts'
import { tellingAccess } from './telling-access.ts'

export type Argument = string | number | Uint8Array

/** A reply as it came; an error inside an array (EXEC) stands in its place as a `FailureError`. */
export type Reply<T = string> = T | number | null | FailureError | readonly Reply<T>[]

/**
 * A connection for questions and orders, not for data: one command at a time is enough here. It never
 * reconnects by itself: whoever holds it decides what a lost link means.
 */
export interface Control extends AsyncDisposable {
  readonly address: string
  /** Sends one command. Rejects with a `FailureError`, whether the server or the link said no. */
  call(command: string, ...args: Argument[]): Promise<Reply>
  /** The same with bulk strings as bytes. */
  callBuffer(command: string, ...args: Argument[]): Promise<Reply<Buffer>>
  /** Does work that empties the server: it answers nobody meanwhile, and no answer counts as late (up to half an hour). */
  whileEmptying<T>(work: () => Promise<T>): Promise<T>
  /** Closes at once; commands without an answer are rejected with `connect.lost`. Can be called twice. */
  close(): void
}

export interface ControlOptions {
  readonly signal?: AbortSignal | undefined
  /** CLIENT SETNAME (2.6.9 and later; not told where the server knows none). */
  readonly name?: string
  readonly connectTimeoutMs?: number
  /** How long one command may take. */
  readonly commandTimeoutMs?: number
}

/**
 * Connects and signs in. Rejects as `dial` does, or with `auth.*`. A password the server does not ask
 * for is not held against it.
 */
export async function openControl(connection: Connection, options: ControlOptions = {}): Promise<Control> {
  const { signal, name, connectTimeoutMs = 8_000, commandTimeoutMs = 15_000 } = options
  const dialed = await dial(connection, { signal, timeoutMs: connectTimeoutMs })
  const redis = new Redis({
    Connector: connectorOver(dialed.stream),
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    disableClientInfo: true,
    autoResendUnfulfilledCommands: false,
    // Both null: nothing is tried again, and what is unanswered when the link goes is rejected.
    retryStrategy: null,
    maxRetriesPerRequest: null,
  })
  const link = new Link(redis, addressOf(dialed.connection), connection.tls !== undefined, commandTimeoutMs)
  const abort = (): void => link.close(makeFailure('job.cancelled'))
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await link.connect()
    await tellingAccess(connection, signIn(link, connection))
    if (name !== undefined) await link.call('CLIENT', 'SETNAME', name).catch(ignoreUnknownCommand)
    return link
  } catch (thrown) {
    link.close()
    throw thrown
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** AUTH in the form the settings ask for: with a user (6.0 and later), or the password alone. */
async function signIn(link: Control, { username, password }: Connection): Promise<void> {
  if (password === undefined) {
    // Says now, rather than in the middle of something, that a password is missing or that this is no Redis.
    await link.call('PING').catch(ignoreNoWrites)
    return
  }
  try {
    await (username === undefined ? link.call('AUTH', password) : link.call('AUTH', username, password))
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || thrown.failure.code !== 'auth.not-needed') throw thrown
  }
}

/** A server that could not save answers PING as it does a write (MISCONF, `processCommand`), and can be read. */
function ignoreNoWrites(thrown: unknown): void {
  if (!(thrown instanceof FailureError) || thrown.failure.code !== 'target.cannot-persist') throw thrown
}

function ignoreUnknownCommand(thrown: unknown): void {
  const code = thrown instanceof FailureError ? thrown.failure.code : undefined
  if (code !== 'server.unknown-command' && code !== 'auth.no-permission') throw thrown
}

/** How long a server may take to free all that it holds. Whether it still lives its socket tells (keepalive). */
const emptyingLimitMs = 1_800_000

class Link implements Control {
  readonly address: string
  readonly #redis: Redis
  readonly #tls: boolean
  readonly #commandTimeoutMs: number
  /** The first thing that went wrong with the socket: later ones only follow from it. */
  #lost: Failure | undefined
  #closed = false
  /** Until when the server may be emptying itself, milliseconds since the epoch; 0 while it is not. */
  #emptyingUntil = 0

  constructor(redis: Redis, address: string, tls: boolean, commandTimeoutMs: number) {
    this.#redis = redis
    this.address = address
    this.#tls = tls
    this.#commandTimeoutMs = commandTimeoutMs
    redis.on('error', (error: Error) => {
      this.#lost ??= this.#socketFailure(error)
    })
  }

  async connect(): Promise<void> {
    try {
      await this.#redis.connect()
    } catch (thrown) {
      throw this.#failed('', thrown)
    }
  }

  call(command: string, ...args: Argument[]): Promise<Reply> {
    return this.#send(command, this.#redis.call(command, ...args.map(asSent))) as Promise<Reply>
  }

  callBuffer(command: string, ...args: Argument[]): Promise<Reply<Buffer>> {
    return this.#send(command, this.#redis.callBuffer(command, ...args.map(asSent))) as Promise<Reply<Buffer>>
  }

  async whileEmptying<T>(work: () => Promise<T>): Promise<T> {
    this.#emptyingUntil = Date.now() + emptyingLimitMs
    try {
      return await work()
    } finally {
      this.#emptyingUntil = 0
    }
  }

  close(why: Failure = makeFailure('connect.lost', { address: this.address })): void {
    this.#lost ??= why
    // Every command in flight closes a link that has fallen silent, and ioredis listens to its socket anew each time.
    if (this.#closed) return
    this.#closed = true
    this.#redis.disconnect()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  async #send(command: string, sent: Promise<unknown>): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const giveUp = (): void => {
        if (Date.now() < this.#emptyingUntil) {
          timer = setTimeout(giveUp, this.#commandTimeoutMs)
          return
        }
        const failure = makeFailure('connect.timeout', { address: this.address, command })
        // An answer that comes after all would be taken for the next command's: the link is of no more use.
        this.close(failure)
        reject(new FailureError(failure))
      }
      timer = setTimeout(giveUp, this.#commandTimeoutMs)
    })
    try {
      return this.#readErrors(command, await Promise.race([sent, late]))
    } catch (thrown) {
      throw this.#failed(command, thrown)
    } finally {
      clearTimeout(timer)
    }
  }

  /** ioredis keeps the arguments of a refused command on its error: that error stays here, ours goes on. */
  #failed(command: string, thrown: unknown): FailureError {
    if (thrown instanceof FailureError) return thrown
    if (isReplyError(thrown))
      return new FailureError(classifyReplyError(thrown.message, { address: this.address, command }))
    return new FailureError(this.#lost ?? this.#socketFailure(thrown))
  }

  #readErrors(command: string, reply: unknown): unknown {
    if (Array.isArray(reply)) return reply.map((one) => this.#readErrors(command, one))
    return reply instanceof Error ? this.#failed(command, reply) : reply
  }

  #socketFailure(error: unknown): Failure {
    if (isProtocolError(error))
      return makeFailure(error.buffer[0] === tlsAlert ? 'tls.required' : 'connect.not-redis', {
        address: this.address,
      })
    return classifySocketError(error, this.address, this.#tls)
  }
}

/** Has ioredis use a stream that is open already, so that every link of ours is opened, and fails, alike. */
function connectorOver(stream: ByteStream): new (options: unknown) => AbstractConnector {
  return class extends AbstractConnector {
    constructor() {
      super(1_000)
    }

    connect(): Promise<Socket> {
      // It asks no more of a socket than a stream of ours has.
      const socket = stream as Socket
      this.stream = socket
      return Promise.resolve(socket)
    }
  }
}

/** ioredis takes bytes as a Buffer only. */
function asSent(argument: Argument): string | number | Buffer {
  return argument instanceof Uint8Array
    ? Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
    : argument
}

function isReplyError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'ReplyError'
}

/** redis-parser met a byte that starts no reply. */
function isProtocolError(thrown: unknown): thrown is Error & { readonly buffer: Uint8Array } {
  return thrown instanceof Error && thrown.name === 'ParserError' && 'buffer' in thrown
}

/** The first byte of what a TLS server answers to plain text (RFC 8446, 5.1: content type alert). */
const tlsAlert = 0x15
