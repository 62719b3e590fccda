import { fail } from '#contract/failure.ts'
import type { LongArguments } from './long-argument.ts'

/** One command of a replication stream. The bytes are views into what was pushed: use them before the next push. */
export interface StreamCommand {
  readonly args: readonly Buffer[]
  /** The command exactly as it came, ready to be sent on; empty where it has long arguments. */
  readonly raw: Buffer
  /** Arguments that are not held. */
  readonly long?: LongArguments
  /** The offset of its last byte. */
  readonly end: number
}

const star = 42
const dollar = 36
const cr = 13
const lf = 10
/** `proto-max-bulk-len` of a server can be raised to any size; a stream that claims more than this is not one. */
const maxBulk = 4 * 1024 ** 3
const maxArgs = 1024 * 1024 * 16

/**
 * Reads the commands of a replication stream, however its bytes are cut, and counts every byte, because every
 * byte counts in offsets: commands, bare newlines, all. Commands come as arrays of bulk strings (replication.c:
 * replicationFeedSlaves); anything else is refused, since a place cannot be kept in a stream not understood.
 */
export class CommandParser {
  #offset: number
  #held: Buffer[] = []
  #heldBytes = 0
  #needed = 0

  /** `offset`: of the last byte before the first one pushed. */
  constructor(offset: number) {
    this.#offset = offset
  }

  /** The offset of the last byte that belongs to a whole command (or newline) parsed so far. */
  get offset(): number {
    return this.#offset
  }

  /** Gives every command that is whole now, in order. */
  *push(chunk: Buffer): Generator<StreamCommand, void> {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes < this.#needed) return
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held, this.#heldBytes)
    this.#held = []
    this.#heldBytes = 0
    this.#needed = 0
    let at = 0
    while (at < bytes.length) {
      if (bytes[at] === lf) {
        at += 1
        this.#offset += 1
        continue
      }
      const command = this.#parseOne(bytes, at)
      if (command === null) break
      at += command.raw.length
      this.#offset = command.end
      yield command
    }
    if (at < bytes.length) {
      this.#held.push(bytes.subarray(at))
      this.#heldBytes = bytes.length - at
    }
  }

  /** The command that starts at `start`, or null when it is not whole; then `#needed` tells how much it takes. */
  #parseOne(bytes: Buffer, start: number): StreamCommand | null {
    if (bytes[start] !== star) this.#refuse(`a command starts with byte ${bytes[start]}`)
    let line = this.#number(bytes, start + 1, maxArgs)
    if (line === null) return null
    const count = line.value
    if (count === 0) this.#refuse('a command without a name')
    const args: Buffer[] = []
    let at = line.next
    for (let index = 0; index < count; index += 1) {
      if (at >= bytes.length) return null
      if (bytes[at] !== dollar) this.#refuse(`an argument starts with byte ${bytes[at]}`)
      line = this.#number(bytes, at + 1, maxBulk)
      if (line === null) return null
      const end = line.next + line.value
      if (end + 2 > bytes.length) {
        this.#needed = end + 2 - start
        return null
      }
      if (bytes[end] !== cr || bytes[end + 1] !== lf) this.#refuse('an argument does not end in CR LF')
      args.push(bytes.subarray(line.next, end))
      at = end + 2
    }
    return { args, raw: bytes.subarray(start, at), end: this.#offset + at - start }
  }

  #number(bytes: Buffer, from: number, limit: number): { value: number; next: number } | null {
    let value = 0
    for (let at = from; at < bytes.length; at += 1) {
      const digit = bytes[at]! - 48
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit
        if (value > limit) this.#refuse('a length beyond every limit')
      } else if (bytes[at] === cr && at > from) {
        if (at + 1 >= bytes.length) return null
        if (bytes[at + 1] !== lf) this.#refuse('a length does not end in CR LF')
        return { value, next: at + 2 }
      } else this.#refuse('a length is no number')
    }
    return null
  }

  #refuse(what: string): never {
    fail('source.stream-corrupt', { offset: this.#offset, what })
  }
}
