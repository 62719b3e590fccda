import { fail } from '#contract/failure.ts'

const markerBytes = 40
const heldBytes = markerBytes - 1

/** What came of a chunk: bytes of the RDB, and where it has ended, what follows it. */
export interface TransferStep {
  readonly rdb: readonly Buffer[]
  readonly ended: boolean
  /** Bytes behind the end: the stream's first. */
  readonly rest: Buffer | null
}

/**
 * The RDB as a primary sends it: `$<length>` and so many bytes, or `$EOF:<40 bytes>`, the RDB, and the same
 * 40 bytes again (rdb.c, `rdbSaveRioWithEOFMark`). The marker is found wherever the chunks are cut.
 */
export class SnapshotTransfer {
  /** Null where the source does not tell (EOF form). */
  readonly total: number | null
  readonly #marker: Buffer | null
  #left: number
  /** The last bytes that came: they may be the beginning of the marker. */
  #tail: Buffer = Buffer.alloc(0)

  /** `header`: the line that announces the transfer. */
  constructor(header: string) {
    const eof = /^\$EOF:(.{40})$/.exec(header)
    const length = /^\$(\d+)$/.exec(header)
    if (eof === null && length === null) fail('source.stream-corrupt', { what: 'no snapshot was announced' })
    this.#marker = eof === null ? null : Buffer.from(eof[1]!, 'latin1')
    this.total = length === null ? null : Number(length[1])
    this.#left = this.total ?? 0
  }

  push(chunk: Buffer): TransferStep {
    return this.#marker === null ? this.#pushCounted(chunk) : this.#pushMarked(chunk, this.#marker)
  }

  #pushCounted(chunk: Buffer): TransferStep {
    const rdb = chunk.subarray(0, this.#left)
    this.#left -= rdb.length
    if (this.#left > 0) return { rdb: [rdb], ended: false, rest: null }
    return { rdb: [rdb], ended: true, rest: chunk.subarray(rdb.length) }
  }

  #pushMarked(chunk: Buffer, marker: Buffer): TransferStep {
    // At most 39 bytes are held back, so that a marker cut in two is seen whole; the rest is looked at where it lies.
    const tail = this.#tail
    const seam = Buffer.concat([tail, chunk.subarray(0, heldBytes)])
    const across = seam.indexOf(marker)
    if (across >= 0) {
      const rest = chunk.subarray(across + markerBytes - tail.length)
      return { rdb: [seam.subarray(0, across)], ended: true, rest }
    }
    const found = chunk.indexOf(marker)
    if (found >= 0)
      return {
        rdb: [tail, chunk.subarray(0, found)],
        ended: true,
        rest: chunk.subarray(found + markerBytes),
      }
    if (chunk.length < heldBytes) {
      const sure = Math.max(0, seam.length - heldBytes)
      this.#tail = Buffer.from(seam.subarray(sure))
      return { rdb: [seam.subarray(0, sure)], ended: false, rest: null }
    }
    const sure = chunk.length - heldBytes
    this.#tail = Buffer.from(chunk.subarray(sure))
    return { rdb: [tail, chunk.subarray(0, sure)], ended: false, rest: null }
  }
}
