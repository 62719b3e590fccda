import type { Failure } from '#contract/failure.ts'
import type { Block } from './block.ts'

/** What a target takes besides commands with one key. */
export interface Manners {
  /** SELECT. Where not, everything goes into database 0. */
  readonly selects: boolean
  /** Commands with many keys: MSET. */
  readonly manyKeys: boolean
  /** RENAME, from one key of a slot to another. */
  readonly renames: boolean
}

/** Blocks in one lane are applied in order. */
export interface PinnedLane {
  readonly send: (block: Block) => Promise<void>
  /** Resolves when everything sent by this lane has been answered. */
  readonly idle: () => Promise<void>
}

/**
 * One server that blocks of commands go to, over several connections at once, in whatever order, with blocks of
 * its own. Everything rejects when the target it belongs to has been lost.
 */
export interface TargetNode {
  /** A block to fill, when there is one. */
  takeBlock(): Promise<Block>
  /** Gives back a block that was taken but has nothing to send. */
  returnBlock(block: Block): void
  /** Sends a block, when there is room for it. Resolves when it is on its way, not when answered. */
  send(block: Block): Promise<void>
  /** Sends a block of its own memory (a large value), when few enough such bytes are under way. */
  sendLoose(block: Block): Promise<void>
  /** One lane for blocks that must be applied in order. */
  pin(): Promise<PinnedLane>
}

/** Where a writer writes to: one server, or the masters of a cluster. It is lost, or given up, as a whole. */
export interface Target extends Disposable {
  readonly nodes: readonly TargetNode[]
  /** For each slot the number of the node that has it now; null where one node has every key. */
  readonly slotOwners: Uint16Array | null
  /** Why it was lost or given up; null while it stands. */
  readonly failure: Failure | null
  /** Gives up for this reason: a state of the target that every further block would meet too. */
  abandon(failure: Failure): void
  /** Resolves when every block has been answered. Rejects when the target is lost first. */
  drained(): Promise<void>
}

export interface TargetOptions {
  /** Of all nodes together; each has one at least. */
  readonly connections: number
  /** Every connection is named `<name>:<number>`, so that it can be recognised, and ended, from elsewhere. */
  readonly name: string
  /** Once aborted, what is under way is still answered for; a target that takes too long over it is given up. */
  readonly signal: AbortSignal
  /** Makes free blocks, so many, of the same size. */
  readonly blocks: (count: number) => readonly Block[]
  /** A block has all its replies; it may be filled again once this returns. */
  readonly onAnswered: (block: Block) => void
}

/** The node that has the slot of a key. */
export function nodeOfSlot({ nodes, slotOwners }: Target, slot: number): TargetNode {
  return nodes[slotOwners === null ? 0 : slotOwners[slot]!]!
}
