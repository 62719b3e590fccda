import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import type { AskPlace } from '../source/stream-place.ts'
import { lookAtTarget } from '../target/look.ts'
import { clockOf, tellsExpiryTimeSince } from '../verify/expiry-times.ts'

/** When keys expire at one moment of a source's history. */
export interface ExpiriesAt {
  /** The source's replication offset at that moment. */
  readonly offset: number
  /** In the order they were asked for, absolute milliseconds by the source's clock; -1 for never, -2: no such key. */
  readonly expiries: readonly number[]
}

/** Nothing is placed while the source is asked: one that does not answer is not waited for long. */
const answerLimitMs = 2_000
/** How far the clock may go on between the two looks at it. */
const steadyMs = 1
const mostTries = 5
/** SET … KEEPTTL (6.0). */
const keepsExpirySince = 600

/** Asks the very server whose stream is followed when its keys expire. */
export class SourceExpiries implements Disposable {
  /** Its stream makes a SET of an INCRBYFLOAT that lets the key stay for ever (up to 5.0). */
  readonly forgetsExpiries: boolean
  readonly #link: Link
  readonly #tellsTime: boolean
  readonly #askPlace: AskPlace

  private constructor(link: Link, versionNumber: number, askPlace: AskPlace) {
    this.#link = link
    this.#askPlace = askPlace
    this.#tellsTime = versionNumber >= tellsExpiryTimeSince
    this.forgetsExpiries = versionNumber < keepsExpirySince
  }

  /** Rejects as `Link.open` and `lookAtTarget` do. */
  static async open(
    source: Connection,
    name: string,
    askPlace: AskPlace,
    signal: AbortSignal,
  ): Promise<SourceExpiries> {
    const link = await Link.open(source, { name, signal })
    try {
      const { versionNumber } = await lookAtTarget(link)
      return new SourceExpiries(link, versionNumber, askPlace)
    } catch (thrown) {
      link.close()
      throw thrown
    }
  }

  /**
   * All in one transaction with the place, so nothing lies between. Before PEXPIRETIME (7.0) the clock is asked before
   * and after the time left, and all once more where it went on by more than a millisecond: a server that has to wait
   * for the processor does so between two commands too.
   */
  async ask(db: number, keys: readonly Buffer[]): Promise<ExpiriesAt> {
    let best = await this.#askOnce(db, keys)
    for (let tries = 1; best.tookMs > steadyMs && tries < mostTries; tries += 1) {
      const again = await this.#askOnce(db, keys)
      if (again.tookMs < best.tookMs) best = again
    }
    return best
  }

  async #askOnce(db: number, keys: readonly Buffer[]): Promise<ExpiriesAt & { readonly tookMs: number }> {
    const moment = this.#askPlace(this.#link.address)
    const commands: readonly (readonly Argument[])[] = [
      ['MULTI'],
      ['SELECT', db],
      ['TIME'],
      ...keys.map((key) => [this.#question, key]),
      ['TIME'],
      moment.command,
      ['EXEC'],
    ]
    const bytes = Buffer.concat(commands.map((command) => encodeCommand(command)))
    const answers = await this.#link.exchange(bytes, commands.length, answerLimitMs)
    const replies = this.#executed(answers.at(-1))
    const offset = await moment.place(replies.at(-1))
    return { offset, ...this.#timesIn(replies.slice(1, -1)) }
  }

  /**
   * The same of keys of several slots of a cluster's master, whose transactions have one slot each: one answer for each of
   * these groups. All are asked at once and the place before and behind them; where nothing was written in between, one
   * place is right for all, else each group is asked by itself.
   */
  async askGroups(db: number, groups: readonly (readonly Buffer[])[]): Promise<readonly ExpiriesAt[]> {
    const together = groups.length > 1 ? await this.#askTogether(db, groups.flat()) : null
    if (together === null) return await Promise.all(groups.map((group) => this.ask(db, group)))
    let at = 0
    return groups.map(({ length }) => ({
      offset: together.offset,
      expiries: together.expiries.slice(at, (at += length)),
    }))
  }

  /** Null where the source went on in between, or its clock did where that matters. */
  async #askTogether(db: number, keys: readonly Buffer[]): Promise<ExpiriesAt | null> {
    const [before, after] = [this.#askPlace(this.#link.address), this.#askPlace(this.#link.address)]
    const commands: readonly (readonly Argument[])[] = [
      ['SELECT', db],
      before.command,
      ['TIME'],
      ...keys.map((key) => [this.#question, key]),
      ['TIME'],
      after.command,
    ]
    const bytes = Buffer.concat(commands.map((command) => encodeCommand(command)))
    const [, first, ...replies] = this.#executed(
      await this.#link.exchange(bytes, commands.length, answerLimitMs),
    )
    const [offset, behind] = [await before.place(first), await after.place(replies.pop())]
    const { expiries, tookMs } = this.#timesIn(replies)
    return offset === behind && tookMs <= steadyMs ? { offset, expiries } : null
  }

  [Symbol.dispose](): void {
    this.#link.close()
  }

  get #question(): string {
    return this.#tellsTime ? 'PEXPIRETIME' : 'PTTL'
  }

  /** `replies`: to TIME, to the question about each key, and to TIME again. */
  #timesIn(replies: readonly Reply[]): { readonly expiries: readonly number[]; readonly tookMs: number } {
    const [before, after] = this.#tellsTime ? [0, 0] : [clockOf(replies[0]), clockOf(replies.at(-1))]
    const expiries = replies
      .slice(1, -1)
      .map((reply) => (Number(reply) < 0 ? Number(reply) : before + Number(reply)))
    return { expiries, tookMs: after - before }
  }

  #executed(answer: Reply | undefined): readonly Reply[] {
    const replies: readonly Reply[] = Array.isArray(answer) ? answer : [answer ?? null]
    const refused = replies.find((reply) => reply instanceof ReplyError)
    if (refused !== undefined)
      throw new FailureError(classifyReplyError(refused.text, { address: this.#link.address }))
    return replies
  }
}
