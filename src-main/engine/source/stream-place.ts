import { randomBytes } from 'node:crypto'
import { fail, makeFailure, FailureError } from '#contract/failure.ts'
import { infoNumber, parseInfo } from '../redis/info.ts'
import type { Command } from '../redis/transaction.ts'

/** A question that dates what is asked beside it, in the same transaction, by its place in the server's stream. */
export interface PlaceQuestion {
  readonly command: Command
  /**
   * The offset of the answer (as text, or as bytes). Fails with `source.not-ready` where that cannot be told now,
   * `server.refused` where the server tells none.
   */
  place(answer: unknown): Promise<number>
}

/** Makes one for a server. */
export type AskPlace = (address: string) => PlaceQuestion

/** From 2.8 on a server counts its stream itself. */
export const askInfo: AskPlace = (address) => ({
  command: ['INFO', 'replication'],
  place: (answer) => {
    const offset = infoNumber(parseInfo(String(answer)), 'master_repl_offset')
    return offset === null
      ? Promise.reject(
          new FailureError(makeFailure('server.refused', { address, reply: 'INFO tells no offset' })),
        )
      : Promise.resolve(offset)
  },
})

/** A source is asked while nothing is placed: one that is slow is asked again later. */
const comesBackWithinMs = 2_000
const textBytes = 32

interface Awaited {
  readonly since: number
  readonly at: (offset: number | null) => void
}

/**
 * Finds a moment in the stream of a source that counts none (before 2.8): a message that is published then goes by in
 * the stream itself, for PUBLISH is handed to replicas always (redis.c of 2.4 and 2.6, `REDIS_CMD_FORCE_REPLICATION`).
 * It touches no key. Offsets are of our own counting.
 */
export class Echoes {
  readonly #channel: string
  readonly #mark = `kf${randomBytes(7).toString('hex')}`
  readonly #awaited = new Map<string, Awaited>()
  #asked = 0
  #offset = 0
  /** The last bytes that came, while something is awaited: they may be the beginning of a message. */
  #tail: Buffer = Buffer.alloc(0)

  constructor(channel: string) {
    this.#channel = channel
  }

  /** Since when the oldest question has waited for its echo; null while none does. */
  get waitingSince(): number | null {
    return this.#awaited.values().next().value?.since ?? null
  }

  /** Another stream begins behind this offset; what was asked of an earlier one is not answered. */
  begin(offset: number): void {
    this.#offset = offset
    this.#tail = Buffer.alloc(0)
    for (const { at } of this.#awaited.values()) at(null)
    this.#awaited.clear()
  }

  /** The next bytes of the stream. */
  hear(chunk: Buffer): void {
    this.#offset += chunk.length
    if (this.#awaited.size === 0) return
    const bytes = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    const begin = this.#offset - bytes.length
    for (let at = bytes.indexOf(this.#mark); at >= 0; at = bytes.indexOf(this.#mark, at + 1)) {
      const text = bytes.toString('latin1', at, at + textBytes)
      // The message is the last of its command; CR LF end it.
      this.#awaited.get(text)?.at(begin + at + textBytes + 2)
      this.#awaited.delete(text)
    }
    this.#tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - textBytes + 1)))
  }

  readonly ask: AskPlace = (address) => {
    this.#asked += 1
    const text = this.#mark + String(this.#asked).padStart(textBytes - this.#mark.length, '0')
    const echo = new Promise<number | null>((resolve) => {
      if (this.#awaited.size === 0) this.#tail = Buffer.alloc(0)
      this.#awaited.set(text, { since: Date.now(), at: resolve })
      const limit = setTimeout(() => {
        this.#awaited.delete(text)
        resolve(null)
      }, comesBackWithinMs)
      limit.unref()
    })
    return {
      command: ['PUBLISH', this.#channel, text],
      place: async () => (await echo) ?? fail('source.not-ready', { address }),
    }
  }
}
