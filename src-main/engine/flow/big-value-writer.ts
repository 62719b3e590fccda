import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { skipBigValue, streamBigValue, type BigValueOptions as CommandChoice } from '../rdb/big-value.ts'
import type { CommandSink } from '../rdb/big-value.ts'
import { expireCommand } from '../rdb/value-commands.ts'
import { writeArgument, writeUint } from '../plan/compose.ts'
import { isExpiringHash, type, type RdbFlavour } from '../rdb/opcodes.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import type { Block, Refusal } from '../target/block.ts'
import type { PinnedLane, TargetNode } from '../target/target.ts'
import type { BigEntry } from './entry.ts'

/**
 * What became of a large value. `conflict`: the key is there, and nothing may be overwritten. `expired`: all the
 * fields of a hash were past their time, so there is no key.
 */
export type BigOutcome =
  | { readonly result: 'written' | 'conflict' | 'expired' }
  | { readonly result: 'failed'; readonly refusal: Refusal | null }

export interface BigValueOptions {
  /** The name it bears until it is whole; nobody else's. It is left behind where this rejects. */
  readonly temporaryKey: Uint8Array
  /** The lane's database must be selected. */
  readonly selects: boolean
  /** Where nothing can be renamed, `temporaryKey` is the key itself. */
  readonly renames: boolean
  readonly db: number
  /** Absolute milliseconds, or -1. */
  readonly expireAt: number
  readonly overwrite: boolean
  readonly flavour: RdbFlavour
  /** What the target knows. */
  readonly commands: Partial<CommandChoice>
  readonly signal: AbortSignal
  /** The first of it is about to be written: from now on it is there in part. Not called for a conflict. */
  readonly begin: () => Promise<void>
  /** Resolves when so many bytes may be sent. */
  readonly pace: (bytes: number) => Promise<void>
  /** Calls back when this block has all its replies. */
  readonly track: (block: Block, answered: (block: Block) => void) => void
}

/**
 * Writes one value as commands, in bounded memory, in order, over one connection. It grows under a temporary
 * name and is renamed when whole, so a half-written value never looks like the key.
 */
export async function writeBigValue(
  node: TargetNode,
  entry: BigEntry,
  feed: ByteFeed,
  options: BigValueOptions,
): Promise<BigOutcome> {
  const { temporaryKey, selects, renames, overwrite, flavour, expireAt, db } = options
  if (entry.type === type.MODULE_2) {
    // Only its module can read it, and no command takes it in pieces.
    await skipBigValue(entry.type, feed, flavour)
    return { result: 'failed', refusal: null }
  }
  const lane = await node.pin()
  const stream = new CommandStream(node, lane, options)
  if (selects) await stream.command(['SELECT', db])
  // An attempt before this one may have left a part of it.
  if (renames) await stream.command(['DEL', temporaryKey])
  if (!overwrite) {
    // Else a value of any size might be sent in vain; but the last word is RENAMENX's.
    await stream.command(['EXISTS', entry.key])
    await stream.settle()
    if (stream.lastReply === 1) {
      await skipBigValue(entry.type, feed, flavour)
      return { result: 'conflict' }
    }
  }
  await options.begin()
  if (!renames) await stream.command(['DEL', temporaryKey])
  await streamBigValue(entry.type, feed, flavour, temporaryKey, stream, options.commands)
  if (expireAt >= 0) await stream.command(expireCommand(temporaryKey, expireAt, options.commands))
  await stream.settle()
  if (stream.refusal !== null) {
    await stream.discard(['DEL', temporaryKey])
    return { result: 'failed', refusal: stream.refusal }
  }
  if (isExpiringHash(entry.type)) {
    await stream.command(['EXISTS', temporaryKey])
    await stream.settle()
    if (stream.lastReply === 0) return { result: 'expired' }
  }
  if (!renames) return { result: 'written' }
  await stream.command([overwrite ? 'RENAME' : 'RENAMENX', temporaryKey, entry.key])
  await stream.settle()
  if (stream.refusal !== null) {
    await stream.discard(['DEL', temporaryKey])
    return { result: 'failed', refusal: stream.refusal }
  }
  if (overwrite || stream.lastReply === 1) return { result: 'written' }
  await stream.discard(['DEL', temporaryKey])
  return { result: 'conflict' }
}

/** Commands in order through one lane, cut into blocks wherever a block is full. */
class CommandStream implements CommandSink {
  refusal: Refusal | null = null
  lastReply: Block['lastReply'] = null
  readonly #node: TargetNode
  readonly #lane: PinnedLane
  readonly #options: BigValueOptions
  #block: Block | null = null

  constructor(node: TargetNode, lane: PinnedLane, options: BigValueOptions) {
    this.#node = node
    this.#lane = lane
    this.#options = options
  }

  /** Straight into the block: a value of gigabytes comes by here, and should leave no garbage behind. */
  send(args: readonly Uint8Array[]): void | Promise<void> {
    const length = commandLength(args)
    if (this.#block?.hasRoomFor(length) === true) writeCommand(this.#block, args)
    else return this.#sendInNext(args, length)
  }

  async #sendInNext(args: readonly Uint8Array[], length: number): Promise<void> {
    await this.#dispatch()
    this.#block = await this.#take()
    if (length <= this.#block.capacity) writeCommand(this.#block, args)
    else await this.command(args)
  }

  async command(args: readonly Argument[]): Promise<void> {
    await this.#put(encodeCommand(args))
    this.#block!.commands += 1
  }

  async sendLong(
    args: readonly Uint8Array[],
    length: number,
    pieces: (write: (piece: Uint8Array) => void | Promise<void>) => Promise<void>,
  ): Promise<void> {
    await this.#put(encodeCommand(args, 1))
    await this.#put(Buffer.from(`$${length}\r\n`))
    let written = 0
    await pieces((piece) => {
      written += piece.length
      return this.#put(piece)
    })
    if (written !== length)
      fail('internal.unexpected', { message: `a value of ${length} bytes came as ${written}` })
    await this.#put(crlf)
    this.#block!.commands += 1
  }

  /** Sends what is left and waits for every reply. */
  async settle(): Promise<void> {
    await this.#dispatch()
    await this.#lane.idle()
  }

  /** A last command whose answer changes nothing. */
  async discard(args: readonly Argument[]): Promise<void> {
    const { refusal } = this
    await this.command(args)
    await this.settle()
    this.refusal = refusal
  }

  /** A full block stays until there is more to write, so that a command is counted where its last byte is. */
  async #put(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      if (this.#block?.used === this.#block?.capacity) await this.#dispatch()
      const block = (this.#block ??= await this.#take())
      const piece = bytes.subarray(from, from + block.capacity - block.used)
      block.memory.set(piece, block.position)
      block.position += piece.length
      from += piece.length
    }
  }

  async #take(): Promise<Block> {
    if (this.#options.signal.aborted) fail('job.cancelled')
    const block = await this.#node.takeBlock()
    block.clear()
    return block
  }

  async #dispatch(): Promise<void> {
    const block = this.#block
    this.#block = null
    if (block === null) return
    await this.#options.pace(block.used)
    this.#options.track(block, ({ refusals, lastReply }) => {
      this.refusal ??= refusals[0] ?? null
      this.lastReply = lastReply
    })
    await this.#lane.send(block)
  }
}

const crlf = Buffer.from('\r\n')

/** Bytes that a command takes at most, and not many less. */
function commandLength(args: readonly Uint8Array[]): number {
  let length = longestCount
  for (const arg of args) length += arg.length + longestCount
  return length
}

/** `*` or `$`, ten digits, and two line ends. */
const longestCount = 15

/** Writes a whole command into a block that has room for it. */
function writeCommand(block: Block, args: readonly Uint8Array[]): void {
  const { memory } = block
  memory[block.position] = 42 // *
  let at = writeUint(memory, block.position + 1, args.length)
  memory[at] = 13
  memory[at + 1] = 10
  at += 2
  for (const arg of args) at = writeArgument(memory, at, arg, 0, arg.length)
  block.position = at
  block.commands += 1
}
