import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand, encodeForEach, type Argument, type theKey } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { lookAtTarget, type TargetLook } from '../target/look.ts'

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
  /** One question; an error reply is thrown as a `FailureError`. */
  ask(db: number, command: Command): Promise<Reply>
}

/** One connection to one server. */
export class DbLink implements Questioned, Disposable {
  readonly #link: Link
  #db = 0

  private constructor(link: Link) {
    this.#link = link
  }

  static async open(connection: Connection, name: string, signal: AbortSignal): Promise<DbLink> {
    return new DbLink(await Link.open(connection, { name, signal }))
  }

  /** Over a link that is there already; closed with it. */
  static over(link: Link): DbLink {
    return new DbLink(link)
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

  async #send(db: number, parts: readonly Buffer[], expected: number): Promise<readonly Reply[]> {
    if (expected === 0) return []
    const select = db === this.#db ? [] : [encodeCommand(['SELECT', db])]
    // Already: what is asked next goes out behind this, whether this is answered by then or not.
    this.#db = db
    const replies = await this.#link.exchange(Buffer.concat([...select, ...parts]), select.length + expected)
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
