/** Bytes written one behind the other into a block that grows as needed. Little-endian. */
export class ByteWriter {
  #bytes: Buffer
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** What has been written: a view, good until the next write. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Makes room for `bytes` more, counts them as written, and returns the block to write them into, from `length` before. */
  claim(bytes: number): Buffer {
    const needed = this.#length + bytes
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#length = needed
    return this.#bytes
  }

  /** Forgets all but the first `length` bytes. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length)
  }

  bytes(source: Uint8Array): void {
    const at = this.#length
    this.claim(source.length).set(source, at)
  }

  uint8(value: number): void {
    const at = this.#length
    this.claim(1)[at] = value
  }

  uint16(value: number): void {
    const at = this.#length
    this.claim(2).writeUInt16LE(value, at)
  }

  uint32(value: number): void {
    const at = this.#length
    this.claim(4).writeUInt32LE(value, at)
  }

  uint32BigEndian(value: number): void {
    const at = this.#length
    this.claim(4).writeUInt32BE(value, at)
  }

  /** A signed integer of `size` bytes (1, 2, 3, 4, 8). */
  integer(value: number | bigint, size: number): void {
    const at = this.#length
    if (size === 8) this.claim(8).writeBigInt64LE(BigInt(value), at)
    else this.claim(size).writeIntLE(Number(value), at, size)
  }

  /** Overwrites four bytes written before. */
  patchUint32(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at)
  }
}
