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

  // What it carries, counted when composed, and believed once answered.
  keys = 0
  functions = 0
  /** Keys of the input that this block and those before it have gone past without writing them. */
  filtered = 0
  expired = 0
  /** Where in the input the first entry of the block begins; the walk can start again there. */
  offset = 0
  /** The database selected in the input at that place. */
  sourceDb = 0
  /** Where in the input the block's last entry ends. */
  endOffset = 0
  /** Entries (keys, functions) of the input gone past in it. */
  entries = 0

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

  /** Makes it empty again, to be filled from this place of the input on. */
  begin(offset: number, sourceDb: number): void {
    this.position = this.start
    this.commands = 0
    this.answered = 0
    this.refusals = []
    this.keys = 0
    this.functions = 0
    this.filtered = 0
    this.expired = 0
    this.offset = offset
    this.endOffset = offset
    this.sourceDb = sourceDb
    this.entries = 0
  }
}
