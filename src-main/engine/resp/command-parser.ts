import { fail } from '#contract/failure.ts'
import type { LongArguments } from './long-argument.ts'

/** One command of a replication stream, in memory of its own. */
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
const letterS = 115
/** `shared.select` of redis.c, up to 2.6. */
const plainSelect = /^select (\d{1,9})\r\n/
const longestSelect = 'select 999999999\r\n'.length
const lf = 10
/** `proto-max-bulk-len` of a server can be raised to any size; a stream that claims more than this is not one. */
const maxBulk = 4 * 1024 ** 3
const maxArgs = 1024 * 1024 * 16
const nothing = Buffer.alloc(0)
/** So much of a chunk is looked at first for the end of a command that was cut. */
const leastMend = 4096

/**
 * Reads the commands of a replication stream, however its bytes are cut, and counts every byte, because every
 * byte counts in offsets: commands, bare newlines, all. Commands come as arrays of bulk strings (replication.c:
 * replicationFeedSlaves), but for `select 3` in plain words up to 2.6; anything else is refused, since a place cannot
 * be kept in a stream not understood.
 */
export class CommandParser {
  #offset: number
  /** What is at hand, and how far it has been parsed. */
  #bytes: Buffer = nothing
  #at = 0
  /** The beginning of a command that was cut at the end of a chunk. */
  #held: Buffer[] = []
  #heldBytes = 0
  /** Bytes that the command at hand takes at least. */
  #needed = 0
  /** The command that was cut, once it is whole. */
  #mended: StreamCommand | null = null

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
    this.feed(chunk)
    for (let command = this.next(); command !== null; command = this.next()) yield command
  }

  /** Takes more bytes, all before them having been given by `next` or passed on. They are looked at until the next come. */
  feed(chunk: Buffer): void {
    this.#bytes = chunk
    this.#at = 0
    if (this.#heldBytes > 0) this.#mend(chunk)
  }

  /** The next command that is whole; null when more bytes are needed. */
  next(): StreamCommand | null {
    const command = this.#mended ?? this.#parse(this.#bytes, this.#at)
    if (command === null) {
      if (this.#at < this.#bytes.length) this.#hold(this.#at)
      this.#bytes = nothing
      this.#at = 0
      return null
    }
    if (this.#mended === null) this.#at += command.raw.length
    this.#mended = null
    this.#offset = command.end
    return command
  }

  /**
   * Hands over the bytes behind what has been given, so that what need not be taken apart goes its way at once. `take`
   * is told where a command begins and the offset before it, and gives how many bytes it took; 0: it leaves the rest.
   */
  pass(take: (bytes: Buffer, at: number, offset: number) => number): void {
    if (this.#mended !== null) {
      const { raw, end } = this.#mended
      if (take(raw, 0, this.#offset) === 0) return
      this.#mended = null
      this.#offset = end
    }
    for (;;) {
      const taken = take(this.#bytes, this.#at, this.#offset)
      if (taken === 0) return
      this.#at += taken
      this.#offset += taken
    }
  }

  /** Keeps what begins at `at`. */
  #hold(at: number): void {
    const bytes = copyOf(this.#bytes, at, this.#bytes.length)
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  /** Completes the command that is held with as much of the chunk as it takes: the rest need not be copied for that. */
  #mend(chunk: Buffer): void {
    let taken = Math.max(this.#needed - this.#heldBytes, 0) + leastMend
    while (this.#heldBytes + chunk.length >= this.#needed) {
      const bytes = Buffer.concat([...this.#held, chunk.subarray(0, taken)])
      const command = this.#parseOne(bytes, 0, true)
      if (command !== null) {
        this.#mended = command
        this.#at = command.raw.length - this.#heldBytes
        this.#held = []
        this.#heldBytes = 0
        return
      }
      if (taken >= chunk.length) break
      taken = Math.max(taken * 2, this.#needed - this.#heldBytes)
    }
    this.#hold(0)
    this.#bytes = nothing
  }

  /** The command that starts at `start`, behind bare newlines; null when it is not whole. */
  #parse(bytes: Buffer, start: number): StreamCommand | null {
    let at = start
    while (at < bytes.length && bytes[at] === lf) at += 1
    if (at > start) {
      this.#at = at
      this.#offset += at - start
    }
    return at < bytes.length ? this.#parseOne(bytes, at, false) : null
  }

  /**
   * The command that starts at `start`, in memory of its own, which `bytes` may be (`isOwn`); or null when it is not
   * whole: then `#needed` tells how much it takes.
   */
  #parseOne(bytes: Buffer, start: number, isOwn: boolean): StreamCommand | null {
    this.#needed = 0
    if (bytes[start] === letterS) return this.#parseSelect(bytes, start)
    if (bytes[start] !== star) this.#refuse(`a command starts with byte ${bytes[start]}`)
    let line = this.#number(bytes, start + 1, maxArgs)
    if (line === null) return null
    const count = line.value
    if (count === 0) this.#refuse('a command without a name')
    const places: number[] = []
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
      places.push(line.next - start, end - start)
      at = end + 2
    }
    const raw = isOwn ? bytes.subarray(start, at) : copyOf(bytes, start, at)
    const args: Buffer[] = []
    for (let index = 0; index < places.length; index += 2)
      args.push(raw.subarray(places[index], places[index + 1]))
    return { args, raw, end: this.#offset + at - start }
  }

  #parseSelect(bytes: Buffer, start: number): StreamCommand | null {
    const text = bytes.toString('latin1', start, start + longestSelect)
    const [whole, db] = plainSelect.exec(text) ?? []
    if (whole === undefined || db === undefined) {
      if (text.includes('\n') || text.length === longestSelect) this.#refuse('a command starts with byte 115')
      return null
    }
    return {
      args: [Buffer.from('SELECT'), Buffer.from(db)],
      raw: copyOf(bytes, start, start + whole.length),
      end: this.#offset + whole.length,
    }
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

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
