import type { Argument, Control } from '#engine/redis/control.ts'
import { transaction } from '#engine/redis/transaction.ts'

/** How long a session lasts after its last renewal, and how long it would last had nobody renewed it. */
const sessionMs = 60_000
const unrenewedMs = 5_000
const queueAtLeast = 5
const amount = 7

/** How often something was asked for, and how often the server said that it was done. */
interface Tally {
  asked: number
  done: number
}

/**
 * A few keys that one connection alone writes to, with what their server has acknowledged. None of it can be done
 * twice, or left out, without being seen afterwards. What was asked for and not answered may be there or not.
 */
export class Ledger {
  /** Commands acknowledged, those inside a transaction too. */
  acknowledged = 0
  /** Commands sent and not acknowledged. */
  refused = 0
  readonly #name: string
  readonly #counted: Tally = { asked: 0, done: 0 }
  readonly #written: Tally = { asked: 0, done: 0 }
  readonly #pushed: Tally = { asked: 0, done: 0 }
  readonly #popped: Tally = { asked: 0, done: 0 }
  readonly #recorded: Tally = { asked: 0, done: 0 }
  readonly #moved: Tally = { asked: 0, done: 0 }
  #renewedUntil = 0
  #turn = 0

  constructor(name: string) {
    this.#name = name
  }

  async open(server: Control): Promise<void> {
    await server.call('SET', this.#key('session'), 'signed in', 'PX', unrenewedMs)
  }

  /** One write more, of the kind whose turn it is. Never rejects: what was not acknowledged is only counted. */
  async write(server: Control): Promise<void> {
    this.#turn = (this.#turn + 1) % 7
    switch (this.#turn) {
      case 0:
        return await this.#tell(this.#counted, 1, server.call('INCR', this.#key('count')))
      case 1:
        return await this.#tell(
          this.#written,
          1,
          server.call('APPEND', this.#key('text'), letter(this.#written.asked)),
        )
      case 2:
      case 3:
        return await this.#tell(this.#pushed, 1, server.call('RPUSH', this.#key('queue'), this.#pushed.asked))
      case 4:
        if (this.#pushed.asked - this.#popped.asked <= queueAtLeast) return
        return await this.#tell(this.#popped, 1, server.call('LPOP', this.#key('queue')))
      case 5:
        return await this.#tell(
          this.#recorded,
          1,
          server.call('XADD', this.#key('events'), '*', 'n', this.#recorded.asked),
        )
      default:
        return await this.#transferAndRenew(server)
    }
  }

  async #transferAndRenew(server: Control): Promise<void> {
    const until = Date.now() + sessionMs
    const renewed = server.call('PEXPIREAT', this.#key('session'), until)
    await Promise.all([
      this.#tell(
        this.#moved,
        2,
        transaction(server, [
          ['DECRBY', this.#key('giver'), amount],
          ['INCRBY', this.#key('taker'), amount],
        ]),
      ),
      this.#tell({ asked: 0, done: 0 }, 1, renewed),
      renewed.then(
        () => (this.#renewedUntil = until),
        () => undefined,
      ),
    ])
  }

  async #tell(tally: Tally, commands: number, reply: Promise<unknown>): Promise<void> {
    tally.asked += 1
    try {
      await reply
      tally.done += 1
      this.acknowledged += commands
    } catch {
      this.refused += commands
    }
  }

  /** Which of its keys do not hold what was acknowledged. */
  async wrongOn(server: Control): Promise<readonly string[]> {
    const ask = (command: string, kind: string, ...args: Argument[]): Promise<unknown> =>
      server.call(command, this.#key(kind), ...args)
    const [count, text, queue, events, giver, taker, sessionLeft] = await Promise.all([
      ask('GET', 'count'),
      ask('GET', 'text'),
      ask('LRANGE', 'queue', 0, -1),
      ask('XRANGE', 'events', '-', '+'),
      ask('GET', 'giver'),
      ask('GET', 'taker'),
      ask('PTTL', 'session'),
    ])
    const written = String(text ?? '')
    const waiting = (queue as readonly string[]).map(Number)
    const popped = waiting[0] ?? this.#popped.done
    const recorded = events as readonly (readonly [string, readonly string[]])[]
    const right: Readonly<Record<string, boolean>> = {
      count: within(this.#counted, Number(count)),
      text: within(this.#written, written.length) && [...written].every((one, at) => one === letter(at)),
      queue:
        within(this.#popped, popped) &&
        within(this.#pushed, popped + waiting.length) &&
        waiting.every((one, at) => one === popped + at),
      events: within(this.#recorded, recorded.length) && recorded.every(([, [, n]], at) => Number(n) === at),
      giver: within(this.#moved, -Number(giver) / amount),
      taker: Number(giver) + Number(taker) === 0,
      // A millisecond is lost between the two clocks' roundings.
      session: this.#renewedUntil < Date.now() || Date.now() + Number(sessionLeft) >= this.#renewedUntil - 5,
    }
    return Object.keys(right)
      .filter((kind) => !right[kind])
      .map((kind) => this.#key(kind))
  }

  #key(kind: string): string {
    return `${this.#name}:${kind}`
  }
}

function within({ asked, done }: Tally, found: number): boolean {
  return found >= done && found <= asked
}

function letter(at: number): string {
  return String.fromCharCode(97 + (at % 26))
}
