import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/**
 * A segment file holds a run of the stream as records, so that a torn end is seen and every byte keeps the
 * moment it was received (relative expiries count from it):
 * `u32 payload length · u32 CRC-32 of the rest of the header and the payload · f64 received at (ms since the
 * epoch)`, all little-endian, then the payload. The file's name is the offset of the last byte before it.
 */
export const headerBytes = 16
export const maxPayload = 256 * 1024

/** Bytes of the stream that were received together. */
export interface StreamPiece {
  readonly bytes: Buffer
  readonly receivedAt: number
  /** The offset of the last byte. */
  readonly end: number
}

/** The buffers of one record, ready for `writev`. The payload must not exceed `maxPayload`. */
export function encodeRecord(payload: Buffer, receivedAt: number): Buffer[] {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(payload.length, 0)
  header.writeDoubleLE(receivedAt, 8)
  header.writeUInt32LE(crc32(payload, crc32(header.subarray(8))), 4)
  return [header, payload]
}

interface DecodedRecord {
  readonly payload: Buffer
  readonly receivedAt: number
  /** Where the next record starts. */
  readonly next: number
}

/** The record at `at`; `short` where the bytes end before it does, `bad` where they are no record. */
function decodeRecord(bytes: Buffer, at: number): DecodedRecord | 'short' | 'bad' {
  if (at + headerBytes > bytes.length) return 'short'
  const length = bytes.readUInt32LE(at)
  if (length === 0 || length > maxPayload) return 'bad'
  const end = at + headerBytes + length
  if (end > bytes.length) return 'short'
  const payload = bytes.subarray(at + headerBytes, end)
  const sum = crc32(payload, crc32(bytes.subarray(at + 8, at + headerBytes)))
  if (sum !== bytes.readUInt32LE(at + 4)) return 'bad'
  return { payload, receivedAt: bytes.readDoubleLE(at + 8), next: end }
}

/** Whole records of a block of the file are read at once. */
export const blockBytes = 2 * (headerBytes + maxPayload)

/**
 * Gives the records of `file` from byte `from` on that are whole, up to byte `limit()` (asked again as the file
 * grows). Ends at the first that is not; returns the byte it starts at. Each is read into `block`, of `blockBytes`, and
 * good until the next is asked for.
 */
export async function* readRecords(
  file: FileHandle,
  from: number,
  limit: () => number,
  block: Buffer,
): AsyncGenerator<DecodedRecord & { readonly at: number }, number> {
  let position = from
  for (;;) {
    const wanted = Math.min(block.length, limit() - position)
    if (wanted <= 0) return position
    const { bytesRead } = await file.read(block, 0, wanted, position)
    const bytes = block.subarray(0, bytesRead)
    let at = 0
    for (;;) {
      const record = decodeRecord(bytes, at)
      if (record === 'bad') return position + at
      if (record === 'short') break
      yield { ...record, at: position + at }
      at = record.next
    }
    if (at === 0) return position
    position += at
  }
}

/** Measures a segment left by an earlier run: stream bytes in whole records, and the file bytes they take. */
export async function measureSegment(path: string): Promise<{ stream: number; file: number }> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  let stream = 0
  let end = 0
  for await (const record of readRecords(file, 0, () => size, Buffer.allocUnsafeSlow(blockBytes))) {
    stream += record.payload.length
    end = record.at + headerBytes + record.payload.length
  }
  return { stream, file: end }
}
