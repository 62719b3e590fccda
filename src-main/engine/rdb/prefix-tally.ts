import { escapeKey } from '#contract/escape-key.ts'
import type { PrefixRow, PrefixReport } from '#contract/inspect.ts'

export interface PrefixOptions {
  /** One byte, such as `:`. */
  readonly separator: string
  /** How many parts make a prefix: 2 tells `user:1:` of `user:1:name`. */
  readonly depth: number
}

export const defaultPrefixes: PrefixOptions = { separator: ':', depth: 1 }

const rowsShown = 20
/** More prefixes are not remembered: the smaller half is then summed up. */
const rowsKept = 20_000

interface Row {
  keys: number
  bytes: number
  memoryBytes: number
}

/** Sums up keys by what their names begin with, in bounded memory however many prefixes there are. */
export class PrefixTally {
  readonly #options: PrefixOptions
  readonly #separator: number
  readonly #kept: number
  #rows = new Map<string, Row>()
  readonly #others: Row = { keys: 0, bytes: 0, memoryBytes: 0 }
  #exact = true
  #view: Buffer = Buffer.alloc(0)

  constructor(options: PrefixOptions, kept = rowsKept) {
    this.#options = options
    this.#separator = options.separator.charCodeAt(0)
    this.#kept = kept
  }

  /** A key in buffer[start, end), its size in the file, and its size in memory. */
  add(buffer: Uint8Array, start: number, end: number, bytes: number, memoryBytes: number): void {
    const prefix = this.#viewOf(buffer).toString('latin1', start, this.#endOfPrefix(buffer, start, end))
    let row = this.#rows.get(prefix)
    if (row === undefined) {
      if (this.#rows.size >= this.#kept) this.#forgetSmaller()
      this.#rows.set(prefix, (row = { keys: 0, bytes: 0, memoryBytes: 0 }))
    }
    addTo(row, { keys: 1, bytes, memoryBytes })
  }

  /** The same bytes as a Buffer; most keys come in the same one. */
  #viewOf(buffer: Uint8Array): Buffer {
    const { byteOffset, length } = this.#view
    if (this.#view.buffer !== buffer.buffer || byteOffset !== buffer.byteOffset || length !== buffer.length)
      this.#view = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length)
    return this.#view
  }

  /** Behind the last separator that counts; the start where there is none. */
  #endOfPrefix(buffer: Uint8Array, start: number, end: number): number {
    let last = start
    let parts = 0
    for (let at = start; at < end && parts < this.#options.depth; at += 1) {
      if (buffer[at] !== this.#separator) continue
      last = at + 1
      parts += 1
    }
    return last
  }

  #forgetSmaller(): void {
    const rows = [...this.#rows].sort(([, a], [, b]) => b.memoryBytes - a.memoryBytes)
    const half = Math.ceil(this.#kept / 2)
    for (const [, row] of rows.slice(half)) addTo(this.#others, row)
    this.#rows = new Map(rows.slice(0, half))
    this.#exact = false
  }

  report(): PrefixReport {
    const rows = [...this.#rows].sort(([, a], [, b]) => b.memoryBytes - a.memoryBytes)
    const others: Row = { ...this.#others }
    for (const [, row] of rows.slice(rowsShown)) addTo(others, row)
    return {
      ...this.#options,
      exact: this.#exact,
      rows: rows
        .slice(0, rowsShown)
        .map(([prefix, row]): PrefixRow => ({ prefix: escapeKey(Buffer.from(prefix, 'latin1')), ...row })),
      others,
    }
  }
}

function addTo(row: Row, { keys, bytes, memoryBytes }: Readonly<Row>): void {
  row.keys += keys
  row.bytes += bytes
  row.memoryBytes += memoryBytes
}
