import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { isCollection, writeCollection } from './big-collection.ts'
import { writeStream } from './big-stream.ts'
import { kindOf, type RdbFlavour } from './opcodes.ts'
import { skipOver } from './skip-over.ts'
import { run, type Steps } from './steps.ts'
import { streamVersion } from './stream.ts'
import { StringReader } from './string.ts'

/** Where a command goes that a big value is written with. */
export interface CommandSink {
  /** Queues one whole command; gives a promise only when the window is full. The arguments may be reused once it is through. */
  send(args: readonly Uint8Array[]): void | Promise<void>
  /** A command whose last argument, of `length` bytes, follows in pieces. */
  sendLong(
    args: readonly Uint8Array[],
    length: number,
    pieces: (write: (piece: Uint8Array) => void | Promise<void>) => Promise<void>,
  ): Promise<void>
}

export interface BatchLimits {
  /** Units (members, pairs …) that go into one command at most. */
  readonly batchUnits: number
  /**
   * Bytes of arguments at which a command is full. A unit's last argument that is longer goes out in pieces;
   * any other is gathered whole, because a command cannot be written before what stands in front is known.
   */
  readonly batchBytes: number
}

export interface BigValueOptions extends BatchLimits {
  /** A string is written in parts of so many bytes: each is one command, and streamed. */
  readonly stringPartBytes: number
  /** HSET takes many fields (Redis 4.0); else HMSET is used, which every server knows. */
  readonly hashSetTakesMany: boolean
  /** HPEXPIREAT (Redis 7.4, Valkey 9.0). */
  readonly hashFieldExpiry: boolean
  /**
   * Where HPEXPIREAT is not known: fields stay, but for those whose time is not after this (milliseconds since
   * the epoch). Null: a field that expires cannot be held.
   */
  readonly dropFieldsExpiredBy: number | null
  /** Added to every expiry of a hash's field, milliseconds. */
  readonly fieldExpiryShiftMs: number
  /** PEXPIREAT (Redis 2.6); else EXPIREAT, in whole seconds. */
  readonly expiryMilliseconds: boolean
  /** XGROUP CREATECONSUMER (Redis 6.2). */
  readonly streamConsumers: boolean
  /** ENTRIESADDED, MAXDELETEDID and ENTRIESREAD (Redis 7.0). */
  readonly streamOffsets: boolean
}

/** For a target that knows every command. */
const defaults: BigValueOptions = {
  batchUnits: 512,
  batchBytes: 64 * 1024,
  stringPartBytes: 16 * 1024 * 1024,
  hashSetTakesMany: true,
  hashFieldExpiry: true,
  dropFieldsExpiredBy: null,
  fieldExpiryShiftMs: 0,
  expiryMilliseconds: true,
  streamConsumers: true,
  streamOffsets: true,
}

/**
 * Writes the value at the feed's cursor as commands that make up `key`, which must not exist, and leaves the
 * cursor behind it. Memory stays bounded whatever the value's size: what is longer than a batch passes by in
 * pieces. The exceptions are a sorted set's member, a hash's field, and parts of a stream's entry but its last,
 * which are gathered, and a group's pending ids (`big-stream.ts`).
 *
 * @returns how many members, fields or entries there were; 1 for a string.
 * @throws target.cannot-hold for a module's value, and where the options say that a command is missing;
 * file.corrupt, file.truncated, file.unknown-type
 */
export async function streamBigValue(
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
  key: Uint8Array,
  sink: CommandSink,
  options: Partial<BigValueOptions> = {},
): Promise<{ elements: number }> {
  return { elements: await run(valueSteps(code, feed, flavour, key, sink, options)) }
}

/** The same as steps, for a value that is all there. */
export function valueSteps(
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
  key: Uint8Array,
  sink: CommandSink,
  chosen: Partial<BigValueOptions>,
): Steps<number> {
  const options = { ...defaults, ...chosen }
  const kind = kindOf(code)
  if (isCollection(kind)) return writeCollection(kind, code, feed, flavour, key, sink, options)
  if (kind === 'string') return writeString(feed, key, sink, options)
  const version = streamVersion(code)
  if (version !== undefined) return writeStream(version, feed, key, sink, options)
  if (kind === 'module') fail('target.cannot-hold', { type: 'module' })
  fail('file.unknown-type', { type: code })
}

const set = Buffer.from('SET', 'latin1')
const append = Buffer.from('APPEND', 'latin1')

function* writeString(
  feed: ByteFeed,
  key: Uint8Array,
  sink: CommandSink,
  { batchBytes, stringPartBytes }: BigValueOptions,
): Steps<number> {
  const text = yield* new StringReader(feed).next()
  const { length } = text
  if (length <= batchBytes) {
    const waiting = sink.send([set, key, yield* text.copy()])
    if (waiting !== undefined) yield waiting
    return 1
  }
  for (let written = 0; written < length;) {
    const part = text.part(Math.min(stringPartBytes, length - written))
    yield sink.sendLong([written === 0 ? set : append, key], part.length, (write) =>
      run(part.inPieces(write)),
    )
    written += part.length
  }
  return 1
}

/**
 * Leaves the cursor behind the value at it, having decoded nothing, whatever its size.
 * @throws file.unknown-type, file.corrupt, file.truncated
 */
export async function skipBigValue(code: number, feed: ByteFeed, flavour: RdbFlavour): Promise<void> {
  await run(skipOver(code, feed, flavour))
}
