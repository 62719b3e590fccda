import ssh2, { type Client, type ClientChannel, type ServerHostKeyAlgorithm } from 'ssh2'
import { addressOf } from '#contract/connection.ts'
import { FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import { hostAndPort, stopOf, type Hop } from '#contract/tunnel.ts'
import { defaultDialMs, type ByteStream, type DialOptions } from '../redis/byte-stream.ts'
import type { Endpoint } from '../redis/dial-tcp.ts'
import { ChannelStream } from './channel-stream.ts'
import type { HostCheck } from './host-check.ts'
import { identityOf } from './identity.ts'

/** A session without users is kept that long: the next connection is often only a moment away. */
const lingerMs = 500
const keepaliveMs = 15_000
/** Reasons of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254, 5.1). */
const prohibited = 1

/** One SSH session, shared by any number of streams through it; it ends by itself soon after the last of them. */
export class SshSession {
  /** As failures name it: `ssh://user@host:port`. */
  readonly hop: string
  readonly client: Client
  readonly #over: ByteStream
  readonly #streams = new Set<ChannelStream>()
  readonly #onEnd: () => void
  #users = 0
  #lingering: NodeJS.Timeout | undefined
  #failure: Failure | null = null

  private constructor(client: Client, over: ByteStream, hop: string, onEnd: () => void) {
    this.client = client
    this.#over = over
    this.hop = hop
    this.#onEnd = onEnd
    client.on('error', () => this.#end())
    client.on('close', () => this.#end())
    this.#linger()
  }

  /**
   * Shakes hands over an open stream, checks the server's key and signs in. Fails with `ssh.*` or `connect.timeout`;
   * the stream is then destroyed. `onEnd` is called once, however the session ends.
   */
  static async open(
    { hop, over, check, onEnd }: { hop: Hop; over: ByteStream; check: HostCheck; onEnd: () => void },
    timeoutMs = defaultDialMs,
  ): Promise<SshSession> {
    const address = hostAndPort(hop)
    const client = new ssh2.Client()
    let refused: Failure | null = null
    try {
      const identity = await identityOf(hop)
      await new Promise<void>((resolve, reject) => {
        client.once('ready', resolve)
        client.on('error', (error) =>
          reject(new FailureError(refused ?? nameError(error, hop, over, timeoutMs))),
        )
        client.once('close', () =>
          reject(new FailureError(refused ?? makeFailure('ssh.handshake-failed', { address }))),
        )
        client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
          answer(prompts.map(() => hop.password ?? '')),
        )
        client.connect({
          ...identity,
          sock: over,
          readyTimeout: timeoutMs,
          keepaliveInterval: keepaliveMs,
          keepaliveCountMax: 2,
          algorithms: { serverHostKey: algorithmsFor(check.keyTypes) },
          hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => {
            refused = check.refusal(key)
            verify(refused === null)
          },
        })
      })
      client.removeAllListeners()
      return new SshSession(client, over, stopOf(hop), onEnd)
    } catch (thrown) {
      client.on('error', () => undefined)
      client.destroy()
      over.on('error', () => undefined)
      over.destroy()
      onEnd()
      throw thrown
    }
  }

  /** Whether it can still be used. */
  get open(): boolean {
    return this.#failure === null
  }

  /** A stream to a host and port as seen from the server. Fails with `tunnel.*` or `connect.timeout`. */
  async dial(to: Endpoint, options: DialOptions): Promise<ByteStream> {
    const using = this.use()
    try {
      const stream = new ChannelStream(await this.#forward(to, options))
      this.#streams.add(stream)
      stream.once('close', () => {
        this.#streams.delete(stream)
        using[Symbol.dispose]()
      })
      return stream
    } catch (thrown) {
      using[Symbol.dispose]()
      throw thrown
    }
  }

  /** Keeps the session until disposed of, for uses other than streams. */
  use(): Disposable {
    clearTimeout(this.#lingering)
    this.#users += 1
    let using = true
    return {
      [Symbol.dispose]: () => {
        if (!using) return
        using = false
        this.#users -= 1
        if (this.#users === 0) this.#linger()
      },
    }
  }

  #forward(to: Endpoint, { signal, timeoutMs = defaultDialMs }: DialOptions): Promise<ClientChannel> {
    const { hop } = this
    const address = addressOf(to)
    if (this.#failure !== null) throw new FailureError(this.#failure)
    return new Promise((resolve, reject) => {
      let over = false
      const end = (failure: Failure): void => {
        over = true
        clearTimeout(timer)
        reject(new FailureError(failure))
      }
      const cancel = (): void => end(makeFailure('job.cancelled'))
      const timer = setTimeout(
        () => end(makeFailure('connect.timeout', { address, seconds: timeoutMs / 1000 })),
        timeoutMs,
      )
      signal?.addEventListener('abort', cancel, { once: true })
      this.client.forwardOut('127.0.0.1', 0, to.host, to.port, (error, channel) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', cancel)
        if (error !== undefined) {
          const { reason } = error as { reason?: number | string }
          if (this.#failure !== null) end(this.#failure)
          else
            end(
              makeFailure(reason === prohibited ? 'tunnel.prohibited' : 'tunnel.not-reached', {
                hop,
                address,
              }),
            )
        } else if (over) channel.close()
        else resolve(channel)
      })
    })
  }

  #linger(): void {
    this.#lingering = setTimeout(() => this.#end(), lingerMs)
  }

  /** Ends it for all its streams, which are told why. */
  #end(): void {
    if (this.#failure !== null) return
    clearTimeout(this.#lingering)
    const own = this.#over.errored
    this.#failure = own instanceof FailureError ? own.failure : makeFailure('tunnel.lost', { hop: this.hop })
    this.#onEnd()
    for (const stream of [...this.#streams]) stream.destroy(new FailureError(this.#failure))
    this.client.on('error', () => undefined)
    this.client.end()
    this.#over.on('error', () => undefined)
    this.#over.destroy()
  }
}

/** ssh2 tells on its errors at what level they happened. */
function nameError(error: Error, hop: Hop, over: ByteStream, timeoutMs: number): Failure {
  const address = hostAndPort(hop)
  const { level } = error as { level?: string }
  if (error instanceof FailureError) return error.failure
  if (level === 'client-authentication' || level === 'agent')
    return makeFailure('ssh.sign-in-refused', { address, username: hop.username })
  if (level === 'client-timeout' && !over.bytesRead)
    return makeFailure('connect.timeout', { address: stopOf(hop), seconds: timeoutMs / 1000 })
  return makeFailure('ssh.handshake-failed', { address, message: error.message })
}

/** Signature algorithms for the keys of hosts, safest first, with the type of key each is of (RFC 8332 for RSA). */
const algorithms: readonly (readonly [ServerHostKeyAlgorithm, string])[] = [
  ['ssh-ed25519', 'ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384'],
  ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'ssh-rsa'],
  ['rsa-sha2-256', 'ssh-rsa'],
  ['ssh-rsa', 'ssh-rsa'],
]

/** All of them, those of the known key types first: shown another of its keys, we would take the server for a stranger. */
function algorithmsFor(keyTypes: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (type: string): boolean => keyTypes.includes(type)
  return [
    ...algorithms.filter(([, type]) => isKnown(type)),
    ...algorithms.filter(([, type]) => !isKnown(type)),
  ].map(([algorithm]) => algorithm)
}
