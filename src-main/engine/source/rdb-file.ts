import { open, type FileHandle } from 'node:fs/promises'
import { escapeKey } from '#contract/escape-key.ts'
import { fail, makeFailure, FailureError } from '#contract/failure.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import { WindowFeed } from '../bytes/feed.ts'
import { EntryBatch, type BigEntry } from '../flow/entry.ts'
import { skipBigValue } from '../rdb/big-value.ts'
import type { RdbHeader } from '../rdb/opcodes.ts'
import { RdbReader } from '../rdb/reader.ts'

/** Where in an arena a file is read: the scratch area for packed keys, then the window. */
export const scratchBytes = 256 * 1024
export const windowBytes = 16 * 1024 * 1024
export const readingBytes = scratchBytes + windowBytes
/** Values beyond this go out as commands, in pieces. */
export const bigValueBytes = 8 * 1024 * 1024

/** What an RDB is called in failures, and the number of its first byte. */
export type RdbPlace = Pick<RdbFile, 'path' | 'start'>

/** An RDB file on this machine, kept open so that what was checked is what is written. */
export class RdbFile implements AsyncDisposable {
  /** For failures. */
  readonly path: string
  readonly size: number
  /** The number of its first byte: of several files in a row each begins where the one before ends. */
  readonly start: number
  readonly #handle: FileHandle
  readonly #modifiedMs: number

  private constructor(path: string, start: number, handle: FileHandle, size: number, modifiedMs: number) {
    this.path = path
    this.start = start
    this.#handle = handle
    this.size = size
    this.#modifiedMs = modifiedMs
  }

  /** `name` is what it is called in failures. Fails with `file.not-found`, `file.not-readable`, `file.is-directory` or `file.empty`. */
  static async open(path: string, name = path, start = 0): Promise<RdbFile> {
    let handle: FileHandle
    try {
      handle = await open(path, 'r')
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException
      if (code === 'EISDIR') fail('file.is-directory', { file: path })
      fail(code === 'ENOENT' || code === 'ENOTDIR' ? 'file.not-found' : 'file.not-readable', {
        file: path,
        reason: code ?? '',
      })
    }
    try {
      const stat = await handle.stat()
      if (stat.isDirectory()) fail('file.is-directory', { file: path })
      if (stat.size === 0) fail('file.empty', { file: path })
      return new RdbFile(name, start, handle, stat.size, stat.mtimeMs)
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  }

  /** The number of the byte behind its last. */
  get end(): number {
    return this.start + this.size
  }

  /** A feed from `offset` on, in the arena's window. `consumed` is told of every byte gone past. */
  feed(
    arena: Crc64Arena,
    offset = this.start,
    consumed?: (offset: number, length: number) => void,
  ): WindowFeed {
    let position = offset - this.start
    const read = async (buffer: Uint8Array, at: number, length: number): Promise<number> => {
      try {
        const { bytesRead } = await this.#handle.read(buffer, at, length, position)
        position += bytesRead
        return bytesRead
      } catch (thrown) {
        throw new FailureError(
          makeFailure('file.not-readable', {
            file: this.path,
            reason: (thrown as NodeJS.ErrnoException).code ?? '',
          }),
        )
      }
    }
    return new WindowFeed(arena.memory, scratchBytes, windowBytes, read, {
      offset,
      ...(consumed === undefined ? {} : { consumed }),
    })
  }

  /** Fails with `file.changed` when the file is no longer the one that was opened. */
  async assertUnchanged(): Promise<void> {
    const { size, mtimeMs } = await this.#handle.stat()
    if (size !== this.size || mtimeMs !== this.#modifiedMs) fail('file.changed', { file: this.path })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

export interface Visitor {
  batch?(batch: EntryBatch, header: RdbHeader): void | Promise<void>
  /** Takes a value too large for the window, at which the feed stands, and goes past it. Without this it is skipped. */
  bigValue?(entry: BigEntry, feed: WindowFeed, header: RdbHeader): Promise<void>
  /** After such a value; how many bytes of the file it takes. */
  big?(entry: BigEntry, bytes: number): void | Promise<void>
  aux?(name: string, value: Buffer): void
  opcode?(code: number): void
  /** After each step; `bytesDone` of the file have been gone past. */
  progress?(bytesDone: number): void
}

export interface CheckedFile {
  readonly header: RdbHeader
  /** `absent` before RDB 5, `disabled` where it is zero. */
  readonly checksum: 'ok' | 'absent' | 'disabled'
  readonly trailingBytes: number
}

/**
 * Reads a file from end to end, in bounded memory, and vouches for it: every value ends where it should, and
 * the CRC at the end is right. Fails as `RdbReader.next` does, or with `file.crc-mismatch`.
 */
export async function walkRdbFile(
  file: RdbFile,
  arena: Crc64Arena,
  visitor: Visitor,
  signal?: AbortSignal,
): Promise<CheckedFile> {
  return await withinFile(file, walk(file, arena, visitor, signal))
}

/** Lets a failure tell the place in the file itself, wherever that begins. */
export async function withinFile<T>({ path, start }: RdbPlace, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    if (start === 0 || !(thrown instanceof FailureError)) throw thrown
    const { params } = thrown.failure
    const { file, offset } = params
    if (file !== path || typeof offset !== 'number') throw thrown
    throw new FailureError({ ...thrown.failure, params: { ...params, offset: offset - start } })
  }
}

async function walk(
  file: RdbFile,
  arena: Crc64Arena,
  visitor: Visitor,
  signal: AbortSignal | undefined,
): Promise<CheckedFile> {
  arena.start()
  const feed = file.feed(arena, file.start, (offset, length) => arena.update(offset, length))
  const reader = new RdbReader(feed, {
    file: file.path,
    bigValueBytes,
    scratchStart: 0,
    scratchBytes,
    onAux: (name, value) => visitor.aux?.(name, value),
    onOpcode: (code) => visitor.opcode?.(code),
  })
  const batch = new EntryBatch(arena.memory)
  for (;;) {
    const step = await reader.next(batch)
    if (signal?.aborted) fail('job.cancelled')
    if (step === 'batch') await visitor.batch?.(batch, reader.header)
    else if (step === 'big') {
      const start = feed.offsetOf(feed.position)
      const entry = reader.big
      const { header } = reader
      await locating(
        file.path,
        feed,
        entry,
        () => visitor.bigValue?.(entry, feed, header) ?? skipBigValue(entry.type, feed, header.flavour),
      )
      await visitor.big?.(entry, feed.offsetOf(feed.position) - start)
    } else break
    visitor.progress?.(feed.offsetOf(feed.position))
  }
  return { header: reader.header, ...(await checkEnd(file, feed, arena, reader.header)) }
}

/** Says of a damaged large value which file, key and place it is. */
async function locating(
  file: string,
  feed: WindowFeed,
  entry: BigEntry,
  walk: () => Promise<void>,
): Promise<void> {
  try {
    await walk()
  } catch (thrown) {
    const truncated = thrown instanceof FailureError && thrown.failure.code === 'file.truncated'
    const offset = feed.offsetOf(truncated ? feed.end : feed.position)
    throw locate(thrown, { file, offset, key: escapeKey(entry.key) })
  }
}

/** Adds to a failure of a value's codec where the value is; anything else is given back as it is. */
export function locate(
  thrown: unknown,
  place: { readonly file: string; readonly offset: number; readonly key: string },
): unknown {
  if (!(thrown instanceof FailureError) || !thrown.failure.code.startsWith('file.')) return thrown
  return new FailureError({
    ...thrown.failure,
    params: { reason: '', ...thrown.failure.params, ...place },
  })
}

/** The eight bytes behind EOF, since RDB 5: the CRC of all before them, or zero. */
async function checkEnd(
  file: RdbFile,
  feed: WindowFeed,
  arena: Crc64Arena,
  header: RdbHeader,
): Promise<Omit<CheckedFile, 'header'>> {
  feed.tell()
  const offset = feed.offsetOf(feed.position)
  if (header.flavour === 'redis' && header.version < 5)
    return { checksum: 'absent', trailingBytes: file.end - offset }
  const computed = arena.value()
  if (!(await feed.fill(8))) fail('file.truncated', { file: file.path, offset: file.end })
  const stored = new DataView(feed.buffer.buffer, feed.buffer.byteOffset + feed.position, 8).getBigUint64(
    0,
    true,
  )
  if (stored !== 0n && stored !== computed) {
    const hex = (value: bigint): string => value.toString(16).padStart(16, '0')
    fail('file.crc-mismatch', { file: file.path, offset, stored: hex(stored), computed: hex(computed) })
  }
  return { checksum: stored === 0n ? 'disabled' : 'ok', trailingBytes: file.end - offset - 8 }
}
