import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { ByteStream } from '../redis/byte-stream.ts'
import { classifySocketError } from '../redis/connect-failure.ts'
import { dial } from '../redis/dial.ts'
import { Intake, type Taken } from '../redis/intake.ts'
import { Misheard } from '../redis/misheard.ts'
import { encodeCommand } from '../resp/encode.ts'
import { handshake, type Position } from './handshake.ts'
import { SnapshotTransfer } from './snapshot-transfer.ts'
import { SocketConversation } from './socket-conversation.ts'
import type { Spool } from './spool.ts'
import { askInfo, Echoes, type AskPlace } from './stream-place.ts'

/**
 * - `connecting`, `handshake`, `waiting-for-snapshot`, `receiving` (the snapshot), `streaming`
 * - `waiting`: the source is away or refuses for now
 */
export type ReplicationState =
  'connecting' | 'handshake' | 'waiting-for-snapshot' | 'receiving' | 'streaming' | 'waiting'

export interface ReplicationOptions {
  /** Asked again for every connection, because a password may change meanwhile. */
  readonly connection: () => Connection
  readonly spool: Spool
  /** Whatever the source offers but the stream from where we are is refused, with `source.stream-lost`. */
  readonly withoutSnapshot?: boolean
  /** Finds out where the source is by now, before each connection; `have`: from where it is to go on. */
  readonly seek?: (signal: AbortSignal, have: Position | null) => Promise<void>
  /** CLIENT SETNAME of the connection. */
  readonly name: string
  /** A source that says nothing for longer is gone; milliseconds. */
  readonly silenceMs?: number
  readonly onFullSync?: (replid: string, offset: number) => void
  readonly onPartialSync?: (offset: number, newReplid: string | null) => void
  readonly onLost?: (failure: Failure) => void
}

/** A wish to set the spool right between two connections. */
interface Restart {
  /** Never rejects: whoever asked is told. */
  readonly prepare: () => Promise<void>
  readonly refuse: (why: FailureError) => void
}

const ackEveryMs = 1_000
/** `repl-timeout` of a server. */
const defaultSilenceMs = 60_000
/** Up to 2.6 a source may say nothing while it saves, however long that takes. */
const longestSaveMs = 4 * 3_600_000
const longestPauseMs = 5_000

/**
 * Follows a source as a replica does, for as long as it is let: everything received goes into the spool, what
 * is fsynced there is acknowledged once a second, and after a lost link it goes on from the last byte it has.
 */
export class Replication {
  readonly #options: ReplicationOptions
  readonly #silenceMs: number
  #state: ReplicationState = 'connecting'
  #waitingFor: Failure | null = null
  #snapshotTotal: number | null = null
  #received = 0
  #everFollowed = false
  readonly #misheard = new Misheard()
  #connected = new AbortController()
  /** What is to be done before the next connection, in order. */
  #restarts: Restart[] = []
  /** Why nobody will be connected to any more. */
  #over: Failure | null = null
  readonly #echoes: Echoes
  #counted = true

  constructor(options: ReplicationOptions) {
    this.#options = options
    this.#silenceMs = options.silenceMs ?? defaultSilenceMs
    this.#echoes = new Echoes(options.name)
  }

  get state(): ReplicationState {
    return this.#state
  }

  /** Why it waits; null while it does not. */
  get waitingFor(): Failure | null {
    if (this.#state === 'streaming' && this.#options.spool.full)
      return makeFailure('spool.full', { bytes: this.#options.spool.quotaBytes })
    return this.#waitingFor
  }

  /** Bytes of the snapshot, where the source tells. */
  get snapshotTotal(): number | null {
    return this.#snapshotTotal
  }

  /** Bytes received in all, snapshots and stream. */
  get received(): number {
    return this.#received
  }

  /** How a moment of the source is found in the stream. */
  readonly askPlace: AskPlace = (address) => (this.#counted ? askInfo : this.#echoes.ask)(address)

  /** Since when the source's answer to that has been on its way through the stream; null while none is. */
  get waitingSince(): number | null {
    return this.#echoes.waitingSince
  }

  /** Does the source count its stream itself? */
  get counted(): boolean {
    return this.#counted
  }

  /**
   * Gives up the connection there is, lets `prepare` set the spool right, and asks the source from there. Rejects with why
   * there is no next connection, `prepare` not called.
   */
  async restart(prepare: () => Promise<void>): Promise<void> {
    if (this.#over !== null) throw new FailureError(this.#over)
    await new Promise<void>((resolve, reject) => {
      this.#restarts.push({ prepare: () => prepare().then(resolve, reject), refuse: reject })
      this.#connected.abort()
    })
  }

  /**
   * Runs until the signal aborts. Rejects with a failure that waiting does not mend, if the source was never
   * followed before; later everything is waited for, since the source may come back as it was.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#keepFollowing(signal)
      this.#end(makeFailure('job.cancelled'))
    } catch (thrown) {
      this.#end(toFailure(thrown))
      throw thrown
    }
  }

  #end(failure: Failure): void {
    this.#over = failure
    for (const { refuse } of this.#restarts.splice(0)) refuse(new FailureError(failure))
  }

  async #keepFollowing(signal: AbortSignal): Promise<void> {
    let pauseMs = 100
    while (!signal.aborted) {
      const followedBefore = this.#received
      for (const { prepare } of this.#restarts.splice(0)) await prepare()
      this.#connected = new AbortController()
      const connected = AbortSignal.any([signal, this.#connected.signal])
      try {
        if (this.#restarts.length === 0) await this.#follow(connected)
      } catch (thrown) {
        if (signal.aborted) return
        if (connected.aborted) continue
        const failure = this.#nameFailure(thrown)
        if (!failure.retryable && !this.#everFollowed && !this.#mayBeMisheard(failure))
          throw new FailureError(failure)
        if (isFinal(failure)) throw new FailureError(failure)
        if (this.#state === 'streaming') this.#options.onLost?.(failure)
        this.#state = 'waiting'
        this.#waitingFor = failure
      }
      pauseMs = this.#received > followedBefore ? 100 : Math.min(pauseMs * 2, longestPauseMs)
      await sleep(pauseMs, undefined, { signal: connected }).catch(() => undefined)
    }
  }

  /** An earlier run has followed it. */
  #mayBeMisheard(failure: Failure): boolean {
    return this.#options.spool.lineage !== null && this.#misheard.mayBe(failure)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { spool, name } = this.#options
    if (this.#state !== 'waiting') this.#state = 'connecting'
    const have = await this.#position()
    await this.#options.seek?.(signal, have)
    const intake = new Intake()
    const { stream: socket, connection } = await dial(this.#options.connection(), { signal, into: intake })
    const cut = (): void => void socket.destroy()
    signal.addEventListener('abort', cut, { once: true })
    socket.setTimeout(this.#silenceMs, () => socket.destroy(silence()))
    try {
      const talk = new SocketConversation(socket, addressOf(connection), intake)
      if (this.#state !== 'waiting') this.#state = 'handshake'
      const answer = await handshake(
        talk,
        connection,
        { listeningPort: socket.localPort ?? 0, name },
        have,
        this.#options.withoutSnapshot === true ? undefined : () => this.#expectSync(socket),
      )
      socket.setTimeout(this.#silenceMs)
      this.#waitingFor = null
      this.#counted = answer.kind !== 'sync'
      if (answer.kind === 'full' && this.#options.withoutSnapshot === true)
        fail('source.stream-lost', { address: addressOf(connection), offset: spool.end })
      if (answer.kind === 'full') await this.#receiveSnapshot(talk, answer, null)
      else if (answer.kind === 'sync') {
        // A history of its own, that nobody else has a name for.
        const replid = randomBytes(20).toString('hex')
        this.#echoes.begin(0)
        await this.#receiveSnapshot(talk, { replid, offset: 0 }, answer.header)
      } else {
        const isNew = answer.replid !== spool.lineage?.replid
        await spool.continueAs(answer.replid)
        this.#options.onPartialSync?.(spool.end, isNew ? answer.replid : null)
      }
      this.#everFollowed = true
      await this.#receiveStream(talk, socket, intake, signal)
    } finally {
      signal.removeEventListener('abort', cut)
      socket.destroy()
    }
  }

  /** Where to go on; null where the snapshot is not whole: then only a new one helps. */
  async #position(): Promise<Position | null> {
    const { spool } = this.#options
    const { lineage } = spool
    if (lineage === null || lineage.snapshot === 'partial') return null
    // What was received over the last link may still be on its way to the disk: it must not be asked for again.
    return { replid: lineage.replid, offset: await spool.sync() }
  }

  #expectSync(socket: ByteStream): void {
    this.#state = 'waiting-for-snapshot'
    socket.setTimeout(longestSaveMs)
  }

  /** `header` announces it, where that has been read. */
  async #receiveSnapshot(
    talk: SocketConversation,
    { replid, offset }: Position,
    header: string | null,
  ): Promise<void> {
    const { spool } = this.#options
    this.#state = 'waiting-for-snapshot'
    this.#snapshotTotal = null
    await spool.beginSnapshot(replid, offset)
    this.#options.onFullSync?.(replid, offset)
    const transfer = new SnapshotTransfer(header ?? (await talk.readLine()))
    this.#snapshotTotal = transfer.total
    this.#state = 'receiving'
    for (;;) {
      const chunk = await talk.readChunk()
      const { rdb, ended, rest } = transfer.push(chunk.bytes)
      for (const bytes of rdb) this.#received += bytes.length
      await spool.writeSnapshot(rdb)
      if (ended) {
        await spool.endSnapshot()
        if (rest !== null) await this.#take({ ...chunk, bytes: rest })
        return
      }
    }
  }

  async #receiveStream(
    talk: SocketConversation,
    socket: ByteStream,
    intake: Intake,
    signal: AbortSignal,
  ): Promise<void> {
    const { spool } = this.#options
    this.#state = 'streaming'
    // Whether it is silent is seen below: one that is not read, since there is no room, is not.
    socket.setTimeout(0)
    let askedAt: number | null = null
    let acking = false
    const acknowledge = async (): Promise<void> => {
      if (acking) return
      acking = true
      try {
        const durable = await spool.sync()
        // One that does not know of it would put its refusal into the stream.
        if (this.#counted) socket.write(encodeCommand(['REPLCONF', 'ACK', durable]))
      } catch {
        socket.destroy()
      } finally {
        acking = false
      }
    }
    // At once and each second: after a snapshot in EOF form the stream waits for an ACK, and an early one can be lost.
    void acknowledge()
    const timer = setInterval(() => {
      const since = askedAt === null ? null : Math.max(askedAt, intake.heardAt)
      if (since !== null && Date.now() - since > this.#silenceMs) socket.destroy(silence())
      else void acknowledge()
    }, ackEveryMs)
    try {
      for (;;) {
        askedAt = Date.now()
        const chunk = await talk.readChunk()
        askedAt = null
        // Asked for in the stream itself; one found by chance costs nothing, one cut in two is answered within a second.
        const isAsked = chunk.bytes.includes('GETACK')
        await this.#take(chunk)
        if (isAsked) void acknowledge()
        await spool.room(signal)
      }
    } finally {
      clearInterval(timer)
    }
  }

  async #take({ bytes, receivedAt }: Taken): Promise<void> {
    this.#received += bytes.length
    if (!this.#counted) this.#echoes.hear(bytes)
    await this.#options.spool.append(bytes, receivedAt)
  }

  #nameFailure(thrown: unknown): Failure {
    if (thrown instanceof FailureError) return thrown.failure
    const connection = this.#options.connection()
    const code = (thrown as NodeJS.ErrnoException).code
    return code === undefined
      ? toFailure(thrown)
      : classifySocketError(thrown, addressOf(connection), connection.tls !== undefined)
  }
}

function silence(): Error {
  return Object.assign(new Error('the source fell silent'), { code: 'ETIMEDOUT' })
}

/** Trouble of this machine, or a stream that is gone: no waiting for the source will mend it. */
function isFinal({ code }: Failure): boolean {
  return code === 'store.disk-full' || code === 'source.stream-lost' || code === 'internal.unexpected'
}
