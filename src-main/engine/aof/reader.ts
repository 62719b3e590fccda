import { fail } from '#contract/failure.ts'
import type { StreamCommand } from '../resp/command-parser.ts'
import type { LongArgument } from '../resp/long-argument.ts'

/** One command of an append-only file. Its bytes stay as they are. */
export interface AofCommand extends StreamCommand {
  /** Offset in the file of its first byte; `end` is that of the byte behind its last. */
  readonly start: number
  /** The time of the last `#TS:` annotation before it, milliseconds; null where there was none yet. */
  readonly writtenAt: number | null
}

/** Reads up to `length` bytes from `position` of the file into `buffer` at `at`; gives how many. */
export type ReadAt = (buffer: Buffer, at: number, length: number, position: number) => Promise<number>

export interface AofReaderOptions {
  /** For failures. */
  readonly path: string
  readonly read: ReadAt
  /** Where in the file the first command begins, and where reading ends. */
  readonly start: number
  readonly end: number
  /** Arguments of this many bytes or more are not held. */
  readonly longArgument?: number
  /** Told of every byte of the file once, in order. */
  readonly onBytes?: (bytes: Buffer) => void
}

const longArgumentBytes = 4 * 1024 * 1024
const chunkBytes = 128 * 1024
const star = 42
const dollar = 36
const hash = 35
const cr = 13
const lf = 10
/** `AOF_ANNOTATION_LINE_MAX_LEN`: no line of the format itself is longer (aof.c). */
const longestLine = 1024

/**
 * Reads the commands of an append-only file, as `loadSingleAppendOnlyFile` of aof.c does: arrays of bulk strings,
 * and lines that begin with `#` between them. What ends inside a command is cut off there; anything else that is
 * not of this form is `file.corrupt`, with its place.
 */
export class AofReader {
  readonly #options: AofReaderOptions
  readonly #longFrom: number
  #buffer = Buffer.alloc(0)
  /** Offset in the file of the buffer's first byte, and the next byte to be parsed in the buffer. */
  #bufferStart: number
  #at = 0
  #position: number
  #writtenAt: number | null = null

  constructor(options: AofReaderOptions) {
    this.#options = options
    this.#longFrom = options.longArgument ?? longArgumentBytes
    this.#bufferStart = options.start
    this.#position = options.start
  }

  /** Offset of the byte behind the last whole command (or annotation) read. */
  get position(): number {
    return this.#position
  }

  /** The file goes on behind `position`, with a command that is not whole. To be asked at the end. */
  get cut(): boolean {
    return this.#position < this.#options.end
  }

  /** Gives batches of commands until the end of the file, or of its last whole command. */
  async *batches(): AsyncGenerator<readonly AofCommand[], void> {
    let whole = await this.#fill(1)
    while (whole) {
      const batch: AofCommand[] = []
      while (this.#parseNext(batch));
      if (batch.length > 0) yield batch
      if (this.#longAhead()) {
        const command = await this.#readLong()
        if (command === null) return
        yield [command]
        whole = this.#unread > 0 || (await this.#fill(1))
      } else whole = await this.#fill(this.#unread + 1)
    }
    // Of an annotation nothing is missed.
    if (this.#buffer[this.#at] === hash) this.#goTo(this.#buffer.length)
  }

  get #unread(): number {
    return this.#buffer.length - this.#at
  }

  /** Offset in the file of the byte at `at` of the buffer. */
  #offsetOf(at: number): number {
    return this.#bufferStart + at
  }

  /** Makes at least `bytes` unread bytes available. False where the file ends before. */
  async #fill(bytes: number): Promise<boolean> {
    const { read, end, onBytes } = this.#options
    if (this.#unread >= bytes) return true
    const from = this.#offsetOf(this.#buffer.length)
    // A command that goes over many chunks is read in ever larger steps, so that its bytes are not copied each time.
    const wanted = Math.min(end - from, Math.max(chunkBytes, this.#unread, bytes - this.#unread))
    if (wanted <= 0) return false
    const next = Buffer.allocUnsafe(this.#unread + wanted)
    this.#buffer.copy(next, 0, this.#at)
    let filled = this.#unread
    while (filled < next.length) {
      const got = await read(next, filled, next.length - filled, this.#offsetOf(this.#at) + filled)
      if (got === 0) break
      onBytes?.(next.subarray(filled, filled + got))
      filled += got
    }
    this.#bufferStart = this.#offsetOf(this.#at)
    this.#at = 0
    this.#buffer = next.subarray(0, filled)
    return this.#unread >= bytes
  }

  /** Parses one command or annotation, if it is whole in the buffer. */
  #parseNext(batch: AofCommand[]): boolean {
    const bytes = this.#buffer
    const start = this.#at
    if (start >= bytes.length) return false
    if (bytes[start] === hash) {
      const end = bytes.indexOf(lf, start)
      if (end < 0) return false
      this.#annotate(bytes.toString('latin1', start, end))
      this.#goTo(end + 1)
      return true
    }
    if (bytes[start] !== star) this.#refuse(start, 'a command does not begin with *')
    let line = this.#number(start + 1)
    if (line === null) return false
    const count = line.value
    if (count < 1) this.#refuse(start, 'a command without a name')
    const args: Buffer[] = []
    let at = line.next
    for (let index = 0; index < count; index += 1) {
      if (at >= bytes.length) return false
      if (bytes[at] !== dollar) this.#refuse(at, 'an argument does not begin with $')
      line = this.#number(at + 1)
      if (line === null || line.value >= this.#longFrom) return false
      const end = line.next + line.value
      if (end + 2 > bytes.length) return false
      if (bytes[end] !== cr || bytes[end + 1] !== lf) this.#refuse(end, 'an argument does not end in CR LF')
      args.push(bytes.subarray(line.next, end))
      at = end + 2
    }
    batch.push({
      args,
      raw: bytes.subarray(start, at),
      start: this.#offsetOf(start),
      end: this.#offsetOf(at),
      writtenAt: this.#writtenAt,
    })
    this.#goTo(at)
    return true
  }

  /** Does the command ahead, which is not whole in the buffer, say that one of its arguments is long? */
  #longAhead(): boolean {
    const bytes = this.#buffer
    if (bytes[this.#at] !== star) return false
    let line = this.#number(this.#at + 1)
    let at = line?.next ?? bytes.length
    while (at < bytes.length && bytes[at] === dollar) {
      line = this.#number(at + 1)
      if (line === null) return false
      if (line.value >= this.#longFrom) return true
      at = line.next + line.value + 2
    }
    return false
  }

  /** Reads a command argument by argument; the long ones are gone past. Null where the file ends inside it. */
  async #readLong(): Promise<AofCommand | null> {
    const start = this.#offsetOf(this.#at)
    const count = await this.#line()
    const args: Buffer[] = []
    const long = new Map<Buffer, LongArgument>()
    for (let index = 0; index < (count ?? 0); index += 1) {
      if (!(await this.#fill(1))) return null
      if (this.#buffer[this.#at] !== dollar) this.#refuse(this.#at, 'an argument does not begin with $')
      const length = await this.#line()
      if (length === null) return null
      if (length < this.#longFrom) {
        if (!(await this.#fill(length + 2))) return null
        args.push(Buffer.from(this.#buffer.subarray(this.#at, this.#at + length)))
        this.#at += length
      } else {
        const arg = Buffer.alloc(0)
        args.push(arg)
        long.set(arg, this.#longArgument(this.#offsetOf(this.#at), length))
        if (!(await this.#skip(length)) || !(await this.#fill(2))) return null
      }
      if (this.#buffer[this.#at] !== cr || this.#buffer[this.#at + 1] !== lf)
        this.#refuse(this.#at, 'an argument does not end in CR LF')
      this.#at += 2
    }
    this.#goTo(this.#at)
    return { args, raw: Buffer.alloc(0), long, start, end: this.#position, writtenAt: this.#writtenAt }
  }

  #longArgument(start: number, length: number): LongArgument {
    const { read, path } = this.#options
    return {
      length,
      async *chunks() {
        for (let done = 0; done < length;) {
          const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, length - done))
          const got = await read(chunk, 0, chunk.length, start + done)
          if (got === 0) fail('file.changed', { file: path })
          done += got
          yield chunk.subarray(0, got)
        }
      },
    }
  }

  /** The number in the line ahead, behind its first byte; null where the file ends inside it. */
  async #line(): Promise<number | null> {
    for (;;) {
      const line = this.#number(this.#at + 1)
      if (line !== null) {
        this.#at = line.next
        return line.value
      }
      if (!(await this.#fill(this.#unread + 1))) return null
    }
  }

  async #skip(length: number): Promise<boolean> {
    let left = length
    while (left > 0) {
      if (!(await this.#fill(1))) return false
      const step = Math.min(left, this.#unread)
      this.#at += step
      left -= step
    }
    return true
  }

  /** The number from `from` of the buffer to the end of its line. Null where the line is not whole. */
  #number(from: number): { readonly value: number; readonly next: number } | null {
    const bytes = this.#buffer
    let value = 0
    for (let at = from; at < bytes.length; at += 1) {
      const digit = bytes[at]! - 48
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit
        if (value > Number.MAX_SAFE_INTEGER) this.#refuse(from, 'a length beyond every limit')
      } else if (bytes[at] === cr && at > from) {
        if (at + 1 >= bytes.length) return null
        if (bytes[at + 1] !== lf) this.#refuse(at, 'a length does not end in CR LF')
        return { value, next: at + 2 }
      } else this.#refuse(at, 'a length is no number')
    }
    return null
  }

  #annotate(line: string): void {
    if (line.length >= longestLine) this.#refuse(this.#at, 'an annotation is too long')
    const seconds = /^#TS:(\d{1,12})\r?$/.exec(line)?.[1]
    if (seconds !== undefined) this.#writtenAt = Number(seconds) * 1000
  }

  #goTo(at: number): void {
    this.#at = at
    this.#position = this.#offsetOf(at)
  }

  #refuse(at: number, reason: string): never {
    return fail('file.corrupt', { file: this.#options.path, offset: this.#offsetOf(at), reason })
  }
}
