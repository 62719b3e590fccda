/** What an entry of a batch carries. */
export const entryKind = { KEY: 0, FUNCTION: 1 } as const

/**
 * Keys on their way, as columns of numbers over one buffer: no object, closure or promise per key. Positions
 * point into `buffer` and hold until the source is asked for the next batch.
 */
export class EntryBatch {
  static readonly capacity = 4096

  readonly buffer: Uint8Array
  count = 0
  /** `entryKind` of each. A FUNCTION has no key; its value is the library's code as an RDB string. */
  readonly kind = new Uint8Array(EntryBatch.capacity)
  /** RDB type code. */
  readonly type = new Uint8Array(EntryBatch.capacity)
  readonly db = new Uint32Array(EntryBatch.capacity)
  /** The key itself, whatever encoding it had in the file. */
  readonly keyStart = new Uint32Array(EntryBatch.capacity)
  readonly keyEnd = new Uint32Array(EntryBatch.capacity)
  /** The value as it stands in the file, without its type code: with it in front, the body of a RESTORE payload. */
  readonly valueStart = new Uint32Array(EntryBatch.capacity)
  readonly valueEnd = new Uint32Array(EntryBatch.capacity)
  /** Absolute milliseconds; -1 for a key that does not expire. */
  readonly expireAt = new Float64Array(EntryBatch.capacity)
  /** Seconds since the last access (LRU), and the logarithmic counter (LFU); -1 where the file tells none. */
  readonly idle = new Float64Array(EntryBatch.capacity)
  readonly frequency = new Int16Array(EntryBatch.capacity)
  /** Absolute offset in the input at which the entry begins (its expiry opcode, if it has one). */
  readonly offset = new Float64Array(EntryBatch.capacity)

  constructor(buffer: Uint8Array) {
    this.buffer = buffer
  }

  key(index: number): Uint8Array {
    return this.buffer.subarray(this.keyStart[index], this.keyEnd[index])
  }
}

/** A value too large for a window: its header. The value itself is read from the feed. */
export interface BigEntry {
  readonly type: number
  readonly db: number
  readonly key: Uint8Array
  readonly expireAt: number
  /** As in a batch; -1 where the file tells none. */
  readonly idle: number
  readonly frequency: number
  readonly offset: number
}
