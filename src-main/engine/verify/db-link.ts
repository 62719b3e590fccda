import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand, encodeForEach, type Argument, type theKey } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { lookAtTarget, type TargetLook } from '../target/look.ts'
import { expiryTimes, tellsExpiryTimeSince } from './expiry-times.ts'

export type Command = readonly Argument[]

/** What can be asked many questions at once, in whichever database they are about. */
export interface Questioned {
  /** Sends all at once; one reply for each, an error reply as a value. Rejects when a link is lost. */
  askAll(db: number, commands: readonly Command[]): Promise<readonly Reply[]>
  /** Each of the `questions` about each of the keys, key by key; replies as with `askAll`. */
  askEach(
    db: number,
    keys: readonly Uint8Array[],
    questions: readonly (readonly (string | typeof theKey)[])[],
  ): Promise<readonly Reply[]>
  /** When each key expires, as `expiryTimes` has it. */
  expiries(db: number, keys: readonly Uint8Array[]): Promise<readonly number[]>
  /** One question; an error reply is thrown as a `FailureError`. */
  ask(db: number, command: Command): Promise<Reply>
}

/** One connection to one server. */
export class DbLink implements Questioned, Disposable {
  readonly #link: Link
  readonly #versionNumber: number
  readonly #limitMs: number | undefined
  #db = 0

  private constructor(link: Link, versionNumber: number, limitMs: number | undefined) {
    this.#link = link
    this.#versionNumber = versionNumber
    this.#limitMs = limitMs
  }

  /** `versionNumber`: as with `over`. Rejects as `Link.open` does. */
  static async open(
    connection: Connection,
    name: string,
    signal: AbortSignal,
    versionNumber?: number,
  ): Promise<DbLink> {
    return DbLink.over(await Link.open(connection, { name, signal }), versionNumber)
  }

  /**
   * Over a link that is there already, in database 0; closed with it. `versionNumber`: as `TargetLook` has it, where
   * expiries are asked of a server that may be older than 7.0. `limitMs`: as `Link.exchange` has it.
   */
  static over(link: Link, versionNumber = tellsExpiryTimeSince, limitMs?: number): DbLink {
    return new DbLink(link, versionNumber, limitMs)
  }

  /** Of the server. */
  get address(): string {
    return this.#link.address
  }

  async askAll(db: number, commands: readonly Command[]): Promise<readonly Reply[]> {
    return await this.#send(
      db,
      commands.map((command) => encodeCommand(command)),
      commands.length,
    )
  }

  async askEach(
    db: number,
    keys: readonly Uint8Array[],
    questions: readonly (readonly (string | typeof theKey)[])[],
  ): Promise<readonly Reply[]> {
    return await this.#send(db, [encodeForEach(keys, questions)], keys.length * questions.length)
  }

  expiries(db: number, keys: readonly Uint8Array[]): Promise<readonly number[]> {
    return expiryTimes(this, db, keys, this.#versionNumber)
  }

  async #send(db: number, parts: readonly Buffer[], expected: number): Promise<readonly Reply[]> {
    if (expected === 0) return []
    const select = db === this.#db ? [] : [encodeCommand(['SELECT', db])]
    // Already: what is asked next goes out behind this, whether this is answered by then or not.
    this.#db = db
    const replies = await this.#link.exchange(
      Buffer.concat([...select, ...parts]),
      select.length + expected,
      this.#limitMs,
    )
    if (select.length === 0) return replies
    const [selected, ...rest] = replies
    if (selected instanceof ReplyError) throw this.#refused(selected)
    return rest
  }

  async ask(db: number, command: Command): Promise<Reply> {
    const [reply] = await this.askAll(db, [command])
    if (reply instanceof ReplyError) throw this.#refused(reply)
    return reply ?? null
  }

  /** Leaves the link in another database than the last question was about. */
  async select(db: number): Promise<void> {
    if (db !== this.#db) await this.ask(db, ['PING'])
  }

  /** Who the server is. Fails as `lookAtTarget` does. */
  look(): Promise<TargetLook> {
    return lookAtTarget(this.#link)
  }

  [Symbol.dispose](): void {
    this.#link.close()
  }

  #refused(reply: ReplyError): FailureError {
    return new FailureError(classifyReplyError(reply.text, { address: this.#link.address }))
  }
}
