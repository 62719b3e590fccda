import type { WindowFeed } from '../bytes/feed.ts'
import { keySlot } from '../bytes/crc16.ts'
import type { Composer } from '../plan/compose.ts'
import type { Names } from '../plan/names.ts'
import type { Block } from '../target/block.ts'
import type { Target } from '../target/target.ts'
import type { EntryBatch } from './entry.ts'
import { noCounts, type Counts, type Ledger, type Stretch } from './ledger.ts'
import type { Refusals } from './refusals.ts'
import type { Throttle } from './throttle.ts'

/**
 * Is told how far is about to be sent; gives a promise where it must wait for that. `at once`: how all stands is on disk
 * first.
 */
export type Reach = (offset: number, when?: 'at once') => Promise<void> | undefined

interface AttemptParts {
  readonly target: Target
  readonly feed: WindowFeed
  readonly signal: AbortSignal
  readonly composer: Composer
  /** What keys are called on the target; null where each keeps its name. */
  readonly names: Names | null
  /** The target's clock is ahead of ours by so many milliseconds. */
  readonly clockAheadMs: number
  readonly ledger: Ledger
  readonly refusals: Refusals
  /** Who wants to know that a block has all its replies. */
  readonly underWay: Map<Block, (block: Block) => void>
  readonly onAdvance: () => void
  /** Holds what is sent back; null where nothing does. */
  readonly throttle: Throttle | null
  /** Is told of an offset before what begins there or earlier is sent; a promise is to be awaited first. */
  readonly reach: Reach
}

/** Bytes of the input that one stretch is to cover at most, or not many more. */
const longestStretch = 4 * 1024 * 1024

/**
 * One run of a writer: where in the input it is, and the stretch being composed, one block a node. A stretch is
 * sent as soon as one of its blocks is full (keys spread evenly over slots, so the others nearly are), and is
 * answered for when all of them are.
 */
export class Attempt {
  readonly target: Target
  readonly feed: WindowFeed
  readonly signal: AbortSignal
  /** What begins before this offset may be on the target already, from an attempt before this one. */
  readonly sentBefore: number
  /** What is being composed, by the number of the node. */
  readonly blocks: Block[] = []
  /** What the stretch has come to. */
  counts = noCounts()
  /** The last entry gone past ends here, in this database of the input. */
  reached: number
  reachedDb: number
  /** The target's time, ms, when there was last a wait. */
  now = 0
  readonly #parts: AttemptParts
  #startOffset: number

  private constructor(parts: AttemptParts) {
    const { ledger } = parts
    this.#parts = parts
    this.target = parts.target
    this.feed = parts.feed
    this.signal = parts.signal
    this.sentBefore = ledger.sentOffset
    this.reached = this.#startOffset = ledger.position.offset
    this.reachedDb = ledger.position.sourceDb
  }

  /** From the ledger's position on. */
  static async begin(parts: AttemptParts): Promise<Attempt> {
    const attempt = new Attempt(parts)
    await attempt.#takeBlocks()
    return attempt
  }

  /** The number of the node that a key goes to. */
  nodeOf(batch: EntryBatch, index: number): number {
    const { slotOwners } = this.target
    if (slotOwners === null) return 0
    const { names } = this.#parts
    const start = batch.keyStart[index]!
    const end = batch.keyEnd[index]!
    if (names === null) return slotOwners[keySlot(batch.buffer, start, end)]!
    names.take(batch.db[index]!, batch.buffer, start, end)
    return slotOwners[keySlot(names.bytes, names.start, names.end)]!
  }

  /** Where next to nothing goes along, a block takes long to fill; what was gone past is to be seen before. */
  get isLong(): boolean {
    return this.reached - this.#startOffset > longestStretch
  }

  /** At a slow pace a stretch is sent before its blocks are full, so that the pace is an even one. */
  get isDue(): boolean {
    const { throttle } = this.#parts
    return (
      throttle !== null &&
      (this.counts.written >= throttle.keysAtOnce || this.reached - this.#startOffset >= throttle.bytesAtOnce)
    )
  }

  /** Ends the stretch under composition and sends it; the next one begins where it ends. */
  async ship(): Promise<void> {
    const { composer } = this.#parts
    for (const block of this.blocks) composer.flush(block)
    const full = this.blocks.filter(({ commands }) => commands > 0)
    if (full.length === 0) {
      if (this.counts.entries > 0) this.passOver()
      return
    }
    await this.#pace(full)
    await this.reach(this.reached)
    this.#follow(full)
    for (const [number, block] of this.blocks.entries())
      if (block.commands > 0) await this.target.nodes[number]!.send(block)
    await this.#takeBlocks()
  }

  /** Sends one entry in a stretch of its own, with a block of its own: to one node, or a copy of it to each. */
  async sendAlone(
    node: number | 'each',
    makeBlock: () => Block,
    counts: Counts,
    reached: number,
    reachedDb: number,
  ): Promise<void> {
    await this.ship()
    this.counts = counts
    this.reached = reached
    this.reachedDb = reachedDb
    const nodes = node === 'each' ? this.target.nodes : [this.target.nodes[node]!]
    const sent = nodes.map((to) => ({ to, block: makeBlock() }))
    await this.#pace(sent.map(({ block }) => block))
    await this.reach(reached)
    this.#follow(sent.map(({ block }) => block))
    for (const { to, block } of sent) await to.sendLoose(block)
  }

  /** Waits until these blocks, all of the stretch, may be sent. */
  async #pace(blocks: readonly Block[]): Promise<void> {
    const bytes = blocks.reduce((sum, { used }) => sum + used, 0)
    await this.#parts.throttle?.pass(bytes, this.counts.written, this.signal)
  }

  /** What begins before `offset` is about to be sent. */
  async reach(offset: number, when?: 'at once'): Promise<void> {
    const known = this.#parts.reach(offset, when)
    if (known !== undefined) await known
  }

  /** Ends a stretch of which nothing is under way: it is answered for as it is. */
  passOver(): void {
    const { ledger, onAdvance } = this.#parts
    ledger.close(this.#openStretch(), performance.now())
    onAdvance()
  }

  /** Sends what is left and waits for every answer. */
  async finish(): Promise<void> {
    await this.ship()
    for (const [number, block] of this.blocks.entries()) this.target.nodes[number]!.returnBlock(block)
    await this.target.drained()
  }

  /** A block for each node whose last one is on its way. */
  async #takeBlocks(): Promise<void> {
    for (const [number, node] of this.target.nodes.entries()) {
      if (this.blocks[number]?.commands === 0) continue
      const block = await node.takeBlock()
      block.clear()
      this.blocks[number] = block
    }
    this.#parts.composer.begin()
    this.now = Date.now() + this.#parts.clockAheadMs
  }

  /** Enters what was gone past since the last stretch in the ledger. */
  #openStretch(): Stretch {
    const { reached, reachedDb, counts } = this
    this.#startOffset = reached
    this.counts = noCounts()
    return this.#parts.ledger.open({ offset: reached, sourceDb: reachedDb }, counts)
  }

  /** Opens the stretch that these blocks are, to be closed when all their replies are in. */
  #follow(blocks: readonly Block[]): void {
    const { ledger, onAdvance, refusals, underWay } = this.#parts
    const { target } = this
    const stretch = this.#openStretch()
    let unanswered = blocks.length
    const answered = (block: Block): void => {
      if (block.refusals.length > 0) refusals.judge(target, block, stretch.counts)
      // A target given up for a refusal shall be told all of this stretch again.
      if (target.failure !== null) return
      unanswered -= 1
      if (unanswered > 0) return
      ledger.close(stretch, performance.now())
      onAdvance()
    }
    for (const block of blocks) underWay.set(block, answered)
  }
}
