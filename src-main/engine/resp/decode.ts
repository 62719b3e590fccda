/** An error reply of the server, as a value: pipelines carry it in place of the answer. */
export class ReplyError {
  /** The whole line without the leading `-`, e.g. `WRONGTYPE Operation against a key …`. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The first word, by which replies are classified. */
  get word(): string {
    const space = this.text.indexOf(' ')
    return space < 0 ? this.text : this.text.slice(0, space)
  }
}

/**
 * One RESP2 reply: `+` a string, `$` and its bytes a Buffer, `:` a number (a bigint beyond 2^53), `-` a
 * `ReplyError`, `$-1` and `*-1` null, `*` an array. https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export type Reply = string | number | bigint | Buffer | null | ReplyError | readonly Reply[]

export interface ReplyHandler {
  reply(reply: Reply): void
  /** `count` replies in a row were `+OK`: told together, as a restore has millions of them. */
  oks(count: number): void
  /** Of the array that begins now: do only its length and its errors matter? Everything else in it is null then. */
  skims?(): boolean
}

interface OpenArray {
  readonly items: Reply[]
  readonly size: number
}

const CR = 13
const LF = 10
const maxBulkBytes = 512 * 1024 * 1024
const maxDepth = 64

/**
 * Bytes in, replies out, however the bytes are cut. Arrays are built as their elements arrive, so a long one
 * is never parsed twice. Throws a `SyntaxError` on bytes that are not RESP: the link cannot be trusted then.
 */
export class ReplyDecoder {
  readonly #handler: ReplyHandler
  readonly #open: OpenArray[] = []
  #held: Buffer[] = []
  #heldBytes = 0
  /** Bytes that must be held before parsing again can get further. */
  #needed = 0
  #skims = false

  constructor(handler: ReplyHandler) {
    this.#handler = handler
  }

  /** The chunk is done with afterwards: what is not whole yet is copied. */
  push(chunk: Buffer): void {
    if (this.#heldBytes === 0) {
      this.#hold(chunk, this.#parse(chunk))
      return
    }
    if (this.#heldBytes + chunk.length < this.#needed) {
      this.#hold(chunk, 0)
      return
    }
    const bytes = Buffer.concat([...this.#held, chunk])
    this.#held = []
    this.#heldBytes = 0
    this.#hold(bytes, this.#parse(bytes))
  }

  #hold(bytes: Buffer, from: number): void {
    if (from === bytes.length) return
    this.#held.push(Buffer.from(bytes.subarray(from)))
    this.#heldBytes += bytes.length - from
  }

  /** Parses as many whole elements as there are; gives the number of bytes used up. */
  #parse(bytes: Buffer): number {
    let at = 0
    this.#needed = 0
    while (at < bytes.length) {
      if (this.#open.length === 0) {
        const start = at
        while (
          at + 5 <= bytes.length &&
          bytes[at] === 43 &&
          bytes[at + 1] === 79 &&
          bytes[at + 2] === 75 &&
          bytes[at + 3] === CR &&
          bytes[at + 4] === LF
        )
          at += 5
        if (at > start) {
          this.#handler.oks((at - start) / 5)
          continue
        }
      }
      // Lines are short: looking for their ends here costs less than asking for each.
      let lineEnd = at + 1
      while (lineEnd < bytes.length && bytes[lineEnd] !== CR) lineEnd += 1
      if (lineEnd + 1 >= bytes.length) return at
      if (bytes[lineEnd + 1] !== LF) throw new SyntaxError('a reply line does not end in CR LF')
      const next = lineEnd + 2
      switch (bytes[at]) {
        case 43: // +
          this.#give(this.#skims ? null : simpleString(bytes, at + 1, lineEnd))
          at = next
          break
        case 45: // -
          this.#give(new ReplyError(bytes.toString('utf8', at + 1, lineEnd)))
          at = next
          break
        case 58: // :
          this.#give(this.#skims ? null : parseInteger(bytes.toString('latin1', at + 1, lineEnd)))
          at = next
          break
        case 36: {
          // $
          const size = parseSize(bytes, at + 1, lineEnd, maxBulkBytes)
          if (size < 0) {
            this.#give(null)
            at = next
            break
          }
          if (next + size + 2 > bytes.length) {
            this.#needed = next - at + size + 2
            return at
          }
          if (bytes[next + size] !== CR || bytes[next + size + 1] !== LF)
            throw new SyntaxError('a bulk reply does not end in CR LF')
          this.#give(this.#skims ? null : Buffer.from(bytes.subarray(next, next + size)))
          at = next + size + 2
          break
        }
        case 42: {
          // *
          const size = parseSize(bytes, at + 1, lineEnd, 2 ** 31)
          at = next
          if (this.#open.length === 0) this.#skims = this.#handler.skims?.() === true
          if (size < 0) this.#give(null)
          else if (size === 0) this.#give([])
          else if (this.#open.length >= maxDepth) throw new SyntaxError('replies are nested too deeply')
          else this.#open.push({ items: [], size })
          break
        }
        default:
          throw new SyntaxError(`a reply starts with byte ${bytes[at]}`)
      }
    }
    return at
  }

  #give(value: Reply): void {
    let whole = value
    for (;;) {
      const top = this.#open.at(-1)
      if (top === undefined) {
        this.#skims = false
        if (whole === 'OK') this.#handler.oks(1)
        else this.#handler.reply(whole)
        return
      }
      top.items.push(whole)
      if (top.items.length < top.size) return
      this.#open.pop()
      whole = top.items
    }
  }
}

function parseInteger(text: string): number | bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new SyntaxError('an integer reply is no integer')
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

/** What a transaction is answered with hundreds of times is not made anew each time. */
function simpleString(bytes: Buffer, start: number, end: number): string {
  return end - start === 6 &&
    bytes[start] === 81 && // Q
    bytes[start + 1] === 85 && // U
    bytes[start + 2] === 69 && // E
    bytes[start + 3] === 85 && // U
    bytes[start + 4] === 69 && // E
    bytes[start + 5] === 68 // D
    ? 'QUEUED'
    : bytes.toString('latin1', start, end)
}

function parseSize(bytes: Buffer, start: number, end: number, limit: number): number {
  if (end === start + 2 && bytes[start] === 45 && bytes[start + 1] === 49) return -1
  let size = 0
  for (let at = start; at < end; at += 1) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) throw new SyntaxError('a length in a reply is no length')
    size = size * 10 + digit
    if (size > limit) throw new SyntaxError('a length in a reply is beyond every limit')
  }
  if (start === end) throw new SyntaxError('a length in a reply is no length')
  return size
}
