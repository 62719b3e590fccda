import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import type { RdbFlavour } from './opcodes.ts'

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

/** Writes the value at the feed's cursor as commands on `key`, and leaves the cursor behind it. */
export async function streamBigValue(code: number, feed: ByteFeed, flavour: RdbFlavour, key: Uint8Array, sink: CommandSink): Promise<{ elements: number }> {
  fail('target.cannot-hold', { type: code, flavour, key: key.length + feed.position, sink: typeof sink })
}

/** Leaves the cursor behind the value at it. */
export async function skipBigValue(code: number, feed: ByteFeed, flavour: RdbFlavour): Promise<void> {
  fail('target.cannot-hold', { type: code, flavour, position: feed.position })
}
