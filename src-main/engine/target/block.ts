import type { Reply } from '../resp/decode.ts'

/** A command that the server refused, and what it said. */
export interface Refusal {
  /** Which of the block's commands, from 0. */
  readonly command: number
  readonly text: string
}

/**
 * A stretch of commands on their way: composed, sent in one write, kept untouched until every reply has come,
 * so that a refused command can still be read, then used again.
 */
export class Block {
  /** What the block is a stretch of: the arena, or a buffer of its own for a value that no block can take. */
  readonly memory: Uint8Array
  readonly start: number
  readonly capacity: number
  /** Where in `memory` the next command will begin. */
  position: number
  /** Replies that will come, and those that have. */
  commands = 0
  answered = 0
  refusals: Refusal[] = []
  /** The last answer that was neither OK nor a refusal: what the final RENAMENX of a large value said. */
  lastReply: Reply = null

  constructor(memory: Uint8Array, start = 0, capacity = memory.length) {
    this.memory = memory
    this.start = start
    this.capacity = capacity
    this.position = start
  }

  get used(): number {
    return this.position - this.start
  }

  /** The commands composed so far, as they go over the wire. */
  get bytes(): Uint8Array {
    return this.memory.subarray(this.start, this.position)
  }

  hasRoomFor(bytes: number): boolean {
    return this.used + bytes <= this.capacity
  }

  /** Makes it empty again. */
  clear(): void {
    this.position = this.start
    this.commands = 0
    this.answered = 0
    this.refusals = []
    this.lastReply = null
  }
}

/** Cuts a stretch of memory into so many blocks, each at most `largest` bytes. */
export function cutBlocks(
  { memory, start, bytes }: { readonly memory: Uint8Array; readonly start: number; readonly bytes: number },
  count: number,
  largest: number,
): readonly Block[] {
  const size = Math.min(largest, Math.floor(bytes / count))
  return Array.from({ length: count }, (_, index) => new Block(memory, start + index * size, size))
}
