import type { Connection } from '#contract/connection.ts'
import { FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { Link } from '../resp/link.ts'
import type { Block } from './block.ts'
import type { PinnedLane, Target, TargetNode, TargetOptions } from './target.ts'

/** Blocks that one connection may have unanswered: one being worked on, one on its way. */
const blocksPerLane = 2
/** As long may a target say nothing while it owes an answer. A fork or a slow script takes seconds, not this. */
const silenceMs = 60_000
/** As long is waited for answers once the work is cancelled. */
const lastAnswersMs = 3_000
/** Bytes of blocks outside the arena (large values) that may be under way at once. */
const looseBytesAllowed = 32 * 1024 * 1024

/** What a node of a cluster is watched for by the cluster it belongs to. */
export interface NodeHooks {
  /** Blocks that one connection may have unanswered. */
  readonly blocksPerLane: number
  /** Has another node answer what this one sent away; null where it sent nothing away. The block waits for it. */
  readonly redirect: (block: Block) => Promise<void> | null
  readonly onFailure: (failure: Failure) => void
}

class Lane {
  readonly link: Link
  readonly id: number | bigint | null
  unanswered = 0

  constructor(link: Link, id: number | bigint | null) {
    this.link = link
    this.id = id
  }
}

/**
 * One server without slots, written to over several connections at once. Blocks go to whichever connection
 * has least to do, so nothing may depend on their order, except in one lane taken for oneself (`pin`).
 * When one connection is lost, all of it is: what has been answered counts, the rest must be sent again.
 */
export class StandaloneTarget implements Target, TargetNode {
  readonly nodes: readonly TargetNode[] = [this]
  readonly slotOwners = null
  readonly #lanes: readonly Lane[]
  readonly #free: Block[]
  readonly #onAnswered: (block: Block) => void
  readonly #waiting: (() => void)[] = []
  readonly #signal: AbortSignal
  #lastAnswers: NodeJS.Timeout | undefined
  readonly #hooks: NodeHooks | undefined
  readonly #blocksPerLane: number
  #looseBytes = 0
  /** Blocks that wait for the answer of another node. */
  #sentAway = 0
  #failure: Failure | null = null
  #companion: Disposable | null = null

  private constructor(
    lanes: readonly Lane[],
    { blocks, onAnswered, signal }: TargetOptions,
    hooks: NodeHooks | undefined,
  ) {
    this.#lanes = lanes
    this.#blocksPerLane = hooks?.blocksPerLane ?? blocksPerLane
    this.#free = [...blocks(StandaloneTarget.blocksFor(lanes.length, this.#blocksPerLane))]
    this.#onAnswered = onAnswered
    this.#signal = signal
    this.#hooks = hooks
    signal.addEventListener('abort', this.#limitAnswers)
    if (signal.aborted) this.#limitAnswers()
  }

  /** Opens all connections. Fails as `Link.open` does. */
  static async open(
    connection: Connection,
    options: TargetOptions,
    hooks?: NodeHooks,
  ): Promise<StandaloneTarget> {
    const lanes: Lane[] = []
    const { signal, name, connections } = options
    try {
      for (let number = 0; number < connections; number += 1) {
        const link = await Link.open(connection, { signal, silenceMs, name: `${name}:${number}` })
        const id = connection.proxy === true ? null : await link.call(['CLIENT', 'ID'])
        lanes.push(new Lane(link, typeof id === 'number' || typeof id === 'bigint' ? id : null))
      }
      return new StandaloneTarget(lanes, options, hooks)
    } catch (thrown) {
      for (const lane of lanes) lane.link.close()
      throw thrown
    }
  }

  /** How many blocks it wants: those under way, and one being filled. */
  static blocksFor(connections: number, perLane = blocksPerLane): number {
    return connections * perLane + 1
  }

  /** The server's own numbers of our connections, by which they can be ended from another one. */
  get clientIds(): readonly (number | bigint)[] {
    return this.#lanes.flatMap(({ id }) => (id === null ? [] : [id]))
  }

  get failure(): Failure | null {
    return this.#failure
  }

  /** Ends this when the target ends. */
  endsWith(companion: Disposable): void {
    this.#companion = companion
    if (this.#failure !== null) companion[Symbol.dispose]()
  }

  async takeBlock(): Promise<Block> {
    for (;;) {
      this.#throwIfLost()
      const block = this.#free.pop()
      if (block !== undefined) return block
      await this.#change()
    }
  }

  returnBlock(block: Block): void {
    this.#free.push(block)
    this.#wake()
  }

  /** Sends a block by the least busy lane, when one has room. */
  async send(block: Block): Promise<void> {
    for (;;) {
      this.#throwIfLost()
      const lane = this.#leastBusy()
      if (lane.unanswered < this.#blocksPerLane) {
        this.#write(lane, block, 'pool')
        return
      }
      await this.#change()
    }
  }

  async sendLoose(block: Block): Promise<void> {
    while (this.#looseBytes > 0 && this.#looseBytes + block.used > looseBytesAllowed) {
      this.#throwIfLost()
      await this.#change()
    }
    this.#throwIfLost()
    this.#looseBytes += block.used
    this.#write(this.#leastBusy(), block, 'loose')
  }

  /** Resolves with a lane when it is idle. */
  async pin(): Promise<PinnedLane> {
    for (;;) {
      this.#throwIfLost()
      const lane = this.#leastBusy()
      if (lane.unanswered === 0) {
        return {
          send: async (block) => {
            while (lane.unanswered >= this.#blocksPerLane) {
              this.#throwIfLost()
              await this.#change()
            }
            this.#throwIfLost()
            this.#write(lane, block, 'pinned')
          },
          idle: async () => {
            while (lane.unanswered > 0) {
              this.#throwIfLost()
              await this.#change()
            }
            this.#throwIfLost()
          },
        }
      }
      await this.#change()
    }
  }

  async drained(): Promise<void> {
    for (;;) {
      this.#throwIfLost()
      if (this.#sentAway === 0 && this.#lanes.every(({ unanswered }) => unanswered === 0)) return
      await this.#change()
    }
  }

  /** Ends every connection at once: nothing more will be applied than what the server has read already. */
  close(): void {
    this.#failure ??= makeFailure('connect.lost', { address: this.#lanes[0]?.link.address ?? '' })
    this.#signal.removeEventListener('abort', this.#limitAnswers)
    clearTimeout(this.#lastAnswers)
    this.#companion?.[Symbol.dispose]()
    for (const lane of this.#lanes) lane.link.close()
    this.#wake()
  }

  abandon(failure: Failure): void {
    if (this.#failure !== null) return
    this.#failure = failure
    this.close()
    this.#hooks?.onFailure(failure)
  }

  /** Sends commands whose replies are wanted themselves. Rejects when the connection is lost. */
  exchange(bytes: Uint8Array, replies: number): Promise<readonly Reply[]> {
    return this.#leastBusy().link.exchange(bytes, replies)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  readonly #limitAnswers = (): void => {
    this.#lastAnswers ??= setTimeout(() => this.abandon(makeFailure('job.cancelled')), lastAnswersMs)
  }

  #leastBusy(): Lane {
    let best = this.#lanes[0]!
    for (const lane of this.#lanes) if (lane.unanswered < best.unanswered) best = lane
    return best
  }

  #write(lane: Lane, block: Block, from: 'pool' | 'loose' | 'pinned'): void {
    lane.unanswered += 1
    const release = (): void => {
      if (this.#failure !== null) return
      this.#onAnswered(block)
      if (from === 'loose') this.#looseBytes -= block.used
      else this.#free.push(block)
      this.#wake()
    }
    const done = (): void => {
      lane.unanswered -= 1
      // The order of a pinned lane is lost with a command that another node shall answer.
      const away = from === 'pinned' || block.refusals.length === 0 ? null : this.#hooks?.redirect(block)
      if (!away) {
        release()
        return
      }
      this.#sentAway += 1
      this.#wake()
      void away.then(() => {
        this.#sentAway -= 1
        release()
      })
    }
    // A block may end in the middle of a command: all its replies do not tell that its last bytes have left.
    let left = false
    const settle = (): void => {
      if (left && block.answered === block.commands) done()
    }
    lane.link.write(block.bytes, block.commands, {
      oks: (count) => {
        block.answered += count
        settle()
      },
      reply: (reply) => {
        if (reply instanceof ReplyError) block.refusals.push({ command: block.answered, text: reply.text })
        else block.lastReply = reply
        block.answered += 1
        settle()
      },
      sent: () => {
        left = true
        settle()
      },
      lost: (failure) => this.abandon(failure),
    })
  }

  #throwIfLost(): void {
    if (this.#failure !== null) throw new FailureError(this.#failure)
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
