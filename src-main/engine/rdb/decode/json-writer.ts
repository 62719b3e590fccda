import { isUtf8 } from 'node:buffer'
import { ByteWriter } from '../../bytes/byte-writer.ts'
import type { Element } from '../element.ts'
import type { Steps } from '../steps.ts'

/** Takes bytes on; they may be overwritten once the promise is through. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>

/** As much is gathered before it is handed on. */
const flushBytes = 256 * 1024

/**
 * A string longer than this is written as base64 whatever it holds: whether it is text could only be said
 * after all of it had been read.
 */
export const longestText = 8 * 1024 * 1024

/**
 * Writes JSON in bounded memory, however large what is written. Strings of Redis are bytes: those that are
 * valid UTF-8 (and no longer than `longestText`) are written as JSON strings, all others as
 * `{"base64":"…"}`. Since no value is ever an object otherwise, what was written can be read back exactly.
 */
export class JsonWriter {
  readonly #gathered = new ByteWriter(flushBytes + 4096)
  readonly #write: WriteBytes
  /** Where the line begins that is being written; 0 where its beginning has been handed on. */
  #line = 0

  constructor(write: WriteBytes) {
    this.#write = write
  }

  /** Punctuation, names and numbers, which are JSON as they are. */
  raw(json: string): void {
    const at = this.#gathered.length
    this.#gathered.claim(Buffer.byteLength(json)).write(json, at)
  }

  /** A comma before every item but the first. */
  comma(isFirst: boolean): void {
    if (!isFirst) this.raw(',')
  }

  /** A whole number: as a string where a JSON number would not be exact. */
  integer(value: number | bigint): void {
    this.raw(Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`)
  }

  /** A double, shortest and exact; `"inf"` and `"-inf"`, which JSON has no number for, as Redis writes them. */
  double(text: string): void {
    this.raw(/^-?[\d]/.test(text) ? text : `"${text}"`)
  }

  /** A string of Redis that is at hand. */
  string(bytes: Uint8Array): void {
    if (bytes.length <= longestText && isUtf8(bytes)) this.raw(jsonText(bytes))
    else this.raw(`{"base64":"${base64(bytes)}"}`)
  }

  /** A string of Redis inside a value; a long one passes by in pieces. */
  *element(element: Element): Steps<void> {
    if (element.length <= longestText) this.string(yield* element.copy())
    else yield* this.#inPieces(element)
    yield* this.drain()
  }

  /** Ends a line. */
  endLine(): void {
    this.raw('\n')
    this.#line = this.#gathered.length
  }

  /** Forgets what has been gathered of a line that will not be finished. */
  dropLine(): void {
    this.#gathered.cut(this.#line)
  }

  /** Hands on what has been gathered, if it is enough to. */
  *drain(): Steps<void> {
    if (this.#gathered.length >= flushBytes) yield this.flush()
  }

  /** Hands on all that has been gathered. */
  async flush(): Promise<void> {
    if (this.#gathered.length > 0) await this.#write(this.#gathered.written())
    this.#gathered.cut(0)
    this.#line = 0
  }

  *#inPieces(element: Element): Steps<void> {
    this.raw('{"base64":"')
    // Three bytes make four characters: what is left of a piece goes before the next one.
    let rest = Buffer.alloc(0)
    yield* element.inPieces((piece) => {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
      const whole = bytes.length - (bytes.length % 3)
      this.raw(base64(bytes.subarray(0, whole)))
      rest = Buffer.from(bytes.subarray(whole))
      return this.#gathered.length >= flushBytes ? this.flush() : undefined
    })
    this.raw(`${base64(rest)}"}`)
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Marks that JSON allows in a string but that would steer a terminal or disguise what is shown. */
const steering = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

function jsonText(utf8: Uint8Array): string {
  const text = Buffer.from(utf8.buffer, utf8.byteOffset, utf8.length).toString('utf8')
  return JSON.stringify(text).replace(
    steering,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
