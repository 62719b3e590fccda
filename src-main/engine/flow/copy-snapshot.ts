import { fail } from '#contract/failure.ts'
import { createCrc64Arena, type Crc64Arena } from '../bytes/crc64.ts'
import { WindowFeed } from '../bytes/feed.ts'
import { composerBytes } from '../plan/compose.ts'
import { guardMs } from '../plan/expiry.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { RdbHeader } from '../rdb/opcodes.ts'
import { RdbReader } from '../rdb/reader.ts'
import { bigValueBytes, readingBytes, scratchBytes, windowBytes } from '../source/rdb-file.ts'
import type { SnapshotReader, Spool } from '../source/spool.ts'
import { cutBlocks } from '../target/block.ts'
import { EntryBatch } from './entry.ts'
import { dropNoField } from './copy-commands.ts'
import { Ledger } from './ledger.ts'
import { RestoreWriter } from './restore-writer.ts'
import type { CopyTarget } from './target-session.ts'
import { overwritingPlan } from './write-plan.ts'

export interface CopyOptions {
  readonly spool: Spool
  /** For failures. */
  readonly address: string
  readonly target: CopyTarget
  /** Every connection is named so: they are fenced off with the rest of the task's. */
  readonly name: string
  readonly connections: number
  /** What becomes of each key. */
  readonly rules: KeyRules
  /** Begins the names of values that are written in pieces. */
  readonly temporaryPrefix: string
  readonly signal: AbortSignal
  readonly onProgress: (bytes: number, keys: number) => void
}

export interface CopyOutcome {
  readonly keys: number
  /** Keys the target did not take. */
  readonly failed: number
  /** The database selected in the source's stream where it begins (aux field `repl-stream-db`). */
  readonly streamDb: number
}

const largestBlock = 96 * 1024

/**
 * Writes the snapshot of a spool into a target, while it is still coming in if need be, over whatever the target
 * has, every expiry shifted into the future. Rejects when the target is lost; the copy is then to be made
 * again from the start. Fails with `file.*` where the snapshot ends early or its CRC is wrong.
 */
export async function copySnapshot(options: CopyOptions): Promise<CopyOutcome> {
  const { spool, address, connections, signal, onProgress } = options
  await using reader = await spool.readSnapshot(signal)
  const { look, capabilities, manners } = options.target
  const bytes = options.target.blockBytes(connections)
  const arena = createCrc64Arena(readingBytes + composerBytes + bytes)
  const { memory } = arena
  const input = new SnapshotInput(reader)
  const { header, streamDb } = await readBeginning(input, arena)
  const ledger = new Ledger({ offset: 0, sourceDb: 0 })
  const writer = new RestoreWriter({
    file: input,
    throttle: null,
    header,
    arena,
    composerOffset: readingBytes,
    ledger,
    plan: overwritingPlan({
      address,
      manners,
      rules: manners.selects ? options.rules : intoFirst(options.rules, address),
      functions: capabilities.functions && options.rules.functions,
      header,
      look,
      capabilities,
      dropFieldsExpiredBy: dropNoField,
      expiryShiftMs: guardMs,
      temporaryPrefix: options.temporaryPrefix,
    }),
    onAdvance: () => onProgress(ledger.position.offset, ledger.counts.written),
  })
  using target = await options.target.open(
    {
      connections,
      name: options.name,
      signal,
      blocks: (count) =>
        cutBlocks({ memory, start: readingBytes + composerBytes, bytes }, count, largestBlock),
      onAnswered: writer.answered,
    },
    ledger,
  )
  await writer.run(target, signal)
  if (signal.aborted) fail('job.cancelled')
  await input.assertCrc(arena, header)
  return { keys: ledger.counts.written, failed: ledger.counts.failed, streamDb }
}

/** A target with one database has no place for another's keys. */
function intoFirst(rules: KeyRules, address: string): KeyRules {
  const only = (db: number): number =>
    db === 0 ? 0 : fail('target.cluster-one-db', { address, dbs: String(db) })
  return { ...rules, dbMap: (db) => only(rules.dbMap(db)) }
}

/** The snapshot as the writer reads it; its CRC is computed on the way. */
class SnapshotInput {
  readonly path = 'snapshot'
  readonly start = 0
  readonly #reader: SnapshotReader
  #feed: WindowFeed | null = null

  constructor(reader: SnapshotReader) {
    this.#reader = reader
  }

  feed(arena: Crc64Arena, offset: number): WindowFeed {
    let position = offset
    arena.start()
    this.#feed = new WindowFeed(
      arena.memory,
      scratchBytes,
      windowBytes,
      async (buffer, at, length) => {
        const got = await this.#reader.read(position, buffer, at, length)
        position += got
        return got
      },
      { offset, consumed: (from, length) => arena.update(from, length) },
    )
    return this.#feed
  }

  /** The eight bytes behind the end are the CRC of all before them, or zero where the source computes none. */
  async assertCrc(arena: Crc64Arena, header: RdbHeader): Promise<void> {
    const feed = this.#feed
    if (feed === null || (header.flavour === 'redis' && header.version < 5)) return
    feed.tell()
    const computed = arena.value()
    const offset = feed.offsetOf(feed.position)
    if (!(await feed.fill(8))) fail('file.truncated', { file: this.path, offset })
    const view = new DataView(feed.buffer.buffer, feed.buffer.byteOffset + feed.position, 8)
    const stored = view.getBigUint64(0, true)
    if (stored !== 0n && stored !== computed)
      fail('file.crc-mismatch', {
        file: this.path,
        offset,
        stored: stored.toString(16).padStart(16, '0'),
        computed: computed.toString(16).padStart(16, '0'),
      })
  }
}

/** The header, and the aux fields that stand before the first key. */
async function readBeginning(
  input: SnapshotInput,
  arena: Crc64Arena,
): Promise<{ header: RdbHeader; streamDb: number }> {
  let streamDb = 0
  const reader = new RdbReader(input.feed(arena, 0), {
    file: input.path,
    bigValueBytes,
    scratchStart: 0,
    scratchBytes,
    onAux: (name, value) => {
      if (name === 'repl-stream-db') streamDb = Math.max(0, Number(value.toString()))
    },
  })
  await reader.next(new EntryBatch(arena.memory))
  return { header: reader.header, streamDb }
}
