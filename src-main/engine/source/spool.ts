import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, type Failure, FailureError } from '#contract/failure.ts'
import { Bell } from '../flow/bell.ts'
import { diskFailure, onDisk } from './disk-failure.ts'
import { belongsTo, readLineage, syncFolder, writeLineage, type Lineage } from './lineage.ts'
import { openSegments, segmentName, sizeOf, type Segment } from './spool-folder.ts'
import {
  blockBytes,
  encodeRecord,
  headerBytes,
  maxPayload,
  readRecords,
  type StreamPiece,
} from './spool-segment.ts'

export interface SpoolOptions {
  /** Of the stream. A snapshot is taken whole, however large: nothing of it can be freed before it has been copied. */
  readonly quotaBytes: number
  /** Milliseconds that what the target has safely taken is kept for a target that rolls back. */
  readonly keepBehindMs: number
  /** A new file after so many bytes. */
  readonly segmentBytes?: number
}

const writtenAtOnce = 4 * maxPayload
const snapshotName = 'snapshot.rdb'

/**
 * What was received from a source, on disk: the snapshot, and the stream behind it in segment files. One
 * writer (the receiver), any readers; what is acknowledged to the source has been fsynced here before. A
 * process that dies leaves a spool that opens again, without a torn end.
 */
export class Spool implements AsyncDisposable {
  readonly folder: string
  readonly #options: Required<SpoolOptions>
  readonly #changed = new Bell()
  #lineage: Lineage | null
  #segments: Segment[]
  #file: FileHandle | null = null
  #writing: Promise<void> = Promise.resolve()
  #failure: Failure | null = null
  #end: number
  #durable: number
  #snapshotFile: FileHandle | null = null
  #snapshotBytes: number
  #snapshotSafeSince: number | null = null
  /** Grows when the history is thrown away: readers of an older one end. */
  #generation = 0

  private constructor(
    folder: string,
    options: Required<SpoolOptions>,
    lineage: Lineage | null,
    segments: Segment[],
    snapshotBytes: number,
  ) {
    this.folder = folder
    this.#options = options
    this.#lineage = lineage
    this.#segments = segments
    this.#end = segments.at(-1)?.end ?? lineage?.start ?? 0
    this.#durable = this.#end
    this.#snapshotBytes = snapshotBytes
  }

  /** Opens the spool in `folder`, or begins one there. A record cut short by a crash is dropped. */
  static async open(folder: string, options: SpoolOptions): Promise<Spool> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const full = { segmentBytes: 16 * 1024 * 1024, ...options }
    const lineage = await readLineage(folder)
    const segments = lineage === null ? [] : await openSegments(folder)
    const whole = typeof lineage?.snapshot === 'number' && (await sizeOf(join(folder, snapshotName)))
    const spool = new Spool(folder, full, lineage, segments, whole === lineage?.snapshot ? whole : 0)
    if (lineage === null || lineage.snapshot === 'partial') await spool.forget()
    else if (typeof lineage.snapshot === 'number' && whole !== lineage.snapshot) await spool.dropSnapshot()
    return spool
  }

  get lineage(): Lineage | null {
    return this.#lineage
  }

  /** The offset of the last byte written, and of the last byte that a loss of power would leave. */
  get end(): number {
    return this.#end
  }

  get durable(): number {
    return this.#durable
  }

  /** The offset behind which the stream can be read. */
  get start(): number {
    return this.#segments[0]?.start ?? this.#end
  }

  get bytes(): number {
    return this.#snapshotBytes + this.#streamBytes
  }

  get #streamBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.fileBytes, 0)
  }

  /** The most that the stream may take on disk, bytes. */
  get quotaBytes(): number {
    return this.#options.quotaBytes
  }

  /** The stream has all the room it may take. */
  get full(): boolean {
    return this.#streamBytes >= this.quotaBytes
  }

  /** Rings when bytes came, room was made, or the history was thrown away. */
  get changed(): Bell {
    return this.#changed
  }

  get generation(): number {
    return this.#generation
  }

  /** Bytes of the snapshot so far. */
  get snapshotBytes(): number {
    return this.#snapshotBytes
  }

  /** Can reading go on behind `offset`, which was reached under `replid`? */
  reaches(replid: string, offset: number): boolean {
    return (
      this.#lineage !== null &&
      belongsTo(this.#lineage, replid, offset) &&
      offset >= this.start &&
      offset <= this.#end
    )
  }

  /** Throws away all there is and begins the history `replid` with a snapshot that stands at `offset`. */
  async beginSnapshot(replid: string, offset: number): Promise<void> {
    await this.forget()
    await this.#begin({ format: 1, replid, previous: [], start: offset, snapshot: 'partial' })
    this.#snapshotFile = await onDisk(this.folder, () => open(join(this.folder, snapshotName), 'w', 0o600))
  }

  async writeSnapshot(parts: readonly Buffer[]): Promise<void> {
    const length = lengthOf(parts)
    const file = this.#snapshotFile
    if (length === 0 || file === null) return
    await onDisk(this.folder, () => this.#writeAll(file, parts, length))
    this.#snapshotBytes += length
    this.#changed.ring()
  }

  /** The snapshot is whole: from now on a crash costs no second one. */
  async endSnapshot(): Promise<void> {
    await onDisk(this.folder, async () => {
      await this.#snapshotFile?.sync()
      await this.#snapshotFile?.close()
    })
    this.#snapshotFile = null
    if (this.#lineage !== null) await this.#keepLineage({ ...this.#lineage, snapshot: this.#snapshotBytes })
    this.#changed.ring()
  }

  /** Throws away all there is and begins behind `offset` without a snapshot: the target has what was before. */
  async beginStream(replid: string, offset: number): Promise<void> {
    await this.forget()
    await this.#begin({ format: 1, replid, previous: [], start: offset, snapshot: 'none' })
  }

  /** The source goes on under another id (PSYNC2): the old one stays good for what came under it. */
  async continueAs(replid: string): Promise<void> {
    const lineage = this.#lineage
    if (lineage === null || lineage.replid === replid) return
    const previous = [...lineage.previous, { replid: lineage.replid, until: this.#end }]
    await this.#keepLineage({ ...lineage, replid, previous })
  }

  /**
   * Takes bytes of the stream; resolves when they can be read, and need no longer stay untouched. Fails with what
   * stopped writing.
   */
  async append(chunk: Buffer, receivedAt: number): Promise<void> {
    if (chunk.length === 0) return
    this.#writing = this.#writing.then(() => this.#write(chunk, receivedAt))
    await this.#writing
    this.#assertWell()
  }

  /** Resolves when more may be received: the disk has room. Fails with what stopped writing. */
  async room(signal?: AbortSignal): Promise<void> {
    while (this.#failure === null && !signal?.aborted && this.full) await this.#changed.wait(signal)
    this.#assertWell()
  }

  /** Makes all that was appended durable; resolves with the offset of its last byte. */
  async sync(): Promise<number> {
    await this.#writing
    this.#assertWell()
    const end = this.#end
    try {
      if (end > this.#durable) await this.#file?.datasync()
    } catch (thrown) {
      // What could not be brought to disk may be forgotten there: a second attempt would say nothing of it.
      this.#failure ??= diskFailure(thrown, this.folder).failure
      throw new FailureError(this.#failure)
    }
    this.#durable = Math.max(this.#durable, end)
    return this.#durable
  }

  /**
   * Gives the stream behind `offset`, waiting for more, until the signal aborts or the history (that of `generation`) is
   * thrown away. The bytes of each piece are good until the next is asked for. Fails with `spool.damaged` where what is on
   * disk is not what was written.
   */
  async *read(
    offset: number,
    signal: AbortSignal,
    generation = this.#generation,
  ): AsyncGenerator<StreamPiece, void> {
    let position = offset
    while (!signal.aborted && generation === this.#generation) {
      const segment = this.#segments.find(({ start, end }) => start <= position && position < end)
      if (segment === undefined) {
        if (position < this.start) fail('spool.damaged', { folder: this.folder, offset: position })
        await this.#changed.wait(signal)
        continue
      }
      for await (const piece of this.#readSegment(segment, position, generation, signal)) {
        position = piece.end
        yield piece
      }
    }
  }

  /** A reader of the snapshot, which waits for what is still to come. */
  async readSnapshot(signal: AbortSignal): Promise<SnapshotReader> {
    const file = await open(join(this.folder, snapshotName), 'r')
    const generation = this.#generation
    return {
      read: async (position, buffer, at, length) => {
        while (position >= this.#snapshotBytes && this.#lineage?.snapshot === 'partial') {
          if (signal.aborted || generation !== this.#generation) return 0
          await this.#changed.wait(signal)
        }
        if (signal.aborted || generation !== this.#generation) return 0
        return (await file.read(buffer, at, length, position)).bytesRead
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  }

  /** The target has safely taken all up to `offset`: frees what has been behind it for long, or is in the way. */
  async release(offset: number, now = Date.now()): Promise<void> {
    const { keepBehindMs, quotaBytes } = this.#options
    const ripe = (since: number | null): boolean =>
      since !== null && (now - since >= keepBehindMs || this.bytes > quotaBytes / 2)
    if (typeof this.#lineage?.snapshot === 'number') {
      this.#snapshotSafeSince = offset < this.#lineage.start ? null : (this.#snapshotSafeSince ?? now)
      if (ripe(this.#snapshotSafeSince)) await this.dropSnapshot()
    }
    for (const segment of this.#segments)
      segment.safeSince = offset < segment.end ? null : (segment.safeSince ?? now)
    while (this.#segments.length > 1 && ripe(this.#segments[0]!.safeSince)) {
      const segment = this.#segments.shift()!
      await rm(segment.path, { force: true })
      this.#changed.ring()
    }
  }

  /** The copy is in the target: the stream alone is kept. */
  async dropSnapshot(): Promise<void> {
    if (this.#lineage === null) return
    await this.#keepLineage({ ...this.#lineage, snapshot: 'none' })
    await rm(join(this.folder, snapshotName), { force: true })
    this.#snapshotBytes = 0
    this.#changed.ring()
  }

  /** Removes everything, the folder too: the task is over. */
  async remove(): Promise<void> {
    await this.forget()
    await rm(this.folder, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sync().catch(() => undefined)
    await this.#closeFiles()
  }

  async #begin(lineage: Lineage): Promise<void> {
    this.#end = lineage.start
    this.#durable = lineage.start
    await this.#keepLineage(lineage)
  }

  async #keepLineage(lineage: Lineage): Promise<void> {
    await onDisk(this.folder, () => writeLineage(this.folder, lineage))
    this.#lineage = lineage
  }

  /** Throws away all there is: readers end. */
  async forget(): Promise<void> {
    await this.#writing
    await this.#closeFiles()
    this.#generation += 1
    this.#lineage = null
    this.#segments = []
    this.#snapshotBytes = 0
    this.#snapshotSafeSince = null
    this.#failure = null
    for (const name of await readdir(this.folder)) await rm(join(this.folder, name), { force: true })
    this.#changed.ring()
  }

  async #closeFiles(): Promise<void> {
    await this.#file?.close()
    await this.#snapshotFile?.close()
    this.#file = null
    this.#snapshotFile = null
  }

  /** Writes records of a chunk; only the first trouble counts. */
  async #write(chunk: Buffer, receivedAt: number): Promise<void> {
    if (this.#failure !== null) return
    try {
      for (let at = 0; at < chunk.length;) {
        const segment = await this.#segmentToWrite()
        const upTo = Math.min(chunk.length, at + writtenAtOnce)
        const records: Buffer[] = []
        for (let from = at; from < upTo; from += maxPayload)
          records.push(...encodeRecord(chunk.subarray(from, Math.min(upTo, from + maxPayload)), receivedAt))
        const length = lengthOf(records)
        await this.#writeAll(this.#file!, records, length)
        segment.end += upTo - at
        segment.fileBytes += length
        this.#end = segment.end
        at = upTo
        this.#changed.ring()
      }
    } catch (thrown) {
      this.#failure = diskFailure(thrown, this.folder).failure
      this.#changed.ring()
    }
  }

  async #writeAll(file: FileHandle, parts: readonly Buffer[], length: number): Promise<void> {
    const { bytesWritten } = await file.writev(parts)
    if (bytesWritten < length) fail('store.disk-full', { folder: this.folder })
  }

  #assertWell(): void {
    if (this.#failure !== null) throw new FailureError(this.#failure)
  }

  async #segmentToWrite(): Promise<Segment> {
    const last = this.#segments.at(-1)
    if (this.#file !== null && last !== undefined && last.fileBytes < this.#options.segmentBytes) return last
    await this.#file?.datasync()
    await this.#file?.close()
    const segment: Segment = {
      start: this.#end,
      end: this.#end,
      path: join(this.folder, segmentName(this.#end)),
      fileBytes: 0,
      safeSince: null,
    }
    this.#file = await open(segment.path, 'w', 0o600)
    await syncFolder(this.folder)
    this.#segments.push(segment)
    return segment
  }

  async *#readSegment(
    segment: Segment,
    offset: number,
    generation: number,
    signal: AbortSignal,
  ): AsyncGenerator<StreamPiece, void> {
    await using file = await open(segment.path, 'r')
    const block = Buffer.allocUnsafeSlow(blockBytes)
    let at = 0
    let end = segment.start
    for (;;) {
      const written = segment.fileBytes
      for await (const record of readRecords(file, at, () => written, block)) {
        const before = end
        at = record.at + headerBytes + record.payload.length
        end += record.payload.length
        if (end <= offset) continue
        const bytes = before < offset ? record.payload.subarray(offset - before) : record.payload
        yield { bytes, receivedAt: record.receivedAt, end }
        if (signal.aborted || generation !== this.#generation) return
      }
      if (at < written) fail('spool.damaged', { folder: this.folder, offset: end })
      if (at < segment.fileBytes) continue
      if (segment !== this.#segments.at(-1)) return
      await this.#changed.wait(signal)
      if (signal.aborted || generation !== this.#generation) return
    }
  }
}

export interface SnapshotReader extends AsyncDisposable {
  /** Up to `length` bytes from `position` into `buffer` at `at`; 0 at the end, or when the snapshot was thrown away. */
  read(position: number, buffer: Uint8Array, at: number, length: number): Promise<number>
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}
