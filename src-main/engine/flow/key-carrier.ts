import { fail, FailureError } from '#contract/failure.ts'
import type { KeyExample } from '#contract/restore.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { createCrc64Arena, type Crc64Arena } from '../bytes/crc64.ts'
import { WindowFeed } from '../bytes/feed.ts'
import { composerBytes } from '../plan/compose.ts'
import { everythingAsItIs } from '../plan/key-rules.ts'
import type { RdbHeader } from '../rdb/opcodes.ts'
import { endOfEntries, headerOf, magicOf, writeEntries, type DumpedKey } from '../rdb/payload-entries.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError } from '../resp/decode.ts'
import { theKey } from '../resp/encode.ts'
import { readingBytes, scratchBytes, windowBytes } from '../source/rdb-file.ts'
import { comesInPieces, headerOfPieces, rdbInPieces, type LargeValue } from '../source/scan-pieces.ts'
import { cutBlocks } from '../target/block.ts'
import type { Destination } from '../target/destination.ts'
import type { TargetLook } from '../target/look.ts'
import type { Target } from '../target/target.ts'
import type { Questioned } from '../verify/db-link.ts'
import { lengthCommand } from '../verify/value.ts'
import { noKey } from '../verify/target-side.ts'
import { byDatabase } from '../verify/findings.ts'
import type { DbKey } from './checkpoint.ts'
import { dropNoField } from './copy-commands.ts'
import { Ledger } from './ledger.ts'
import { RestoreWriter, type RdbInput } from './restore-writer.ts'
import { overwritingPlan } from './write-plan.ts'

export interface CarrierOptions {
  readonly source: Questioned
  /** For deletions. */
  readonly target: Questioned
  readonly destination: Destination
  readonly look: TargetLook
  readonly capabilities: Capabilities
  /** Begins the names of its connections. */
  readonly name: string
  readonly connections: number
  /** Begins the names of values that are written in pieces. */
  readonly temporaryPrefix: string
  /** What one answer may be about, in bytes of the source's memory; 64 MiB where it is not told. */
  readonly largestAnswer?: number
  readonly signal: AbortSignal
}

/** What the source had of some keys, when it was asked. */
export interface ReadKeys {
  /** An RDB with those that are there; null where none is. */
  readonly rdb: { readonly header: RdbHeader; readonly bytes: Buffer } | null
  readonly found: number
  /** Those that are not. */
  readonly gone: readonly DbKey[]
  /** Those that are too large for one answer: read when they are written. */
  readonly large: readonly LargeValue[]
  /** Those that neither can be had in one answer nor in pieces. */
  readonly tooLarge: readonly DbKey[]
  /** Those that it would not tell of: in a cluster, say, whose slot is on its way. */
  readonly untold: readonly DbKey[]
}

/** What has become of keys. */
export interface Carried {
  /** What the target did not take, and some of it. */
  readonly failed: number
  readonly examples: readonly KeyExample[]
}

/** One question is about values of so much together, unless one alone has more. */
const dumpedAtOnce = 16 * 1024 * 1024
/** Values that take more are asked for in pieces, where they can be. */
const largestAnswer = 64 * 1024 * 1024
/** What one answer can be (`proto-max-bulk-len`). */
const largestBulk = 512 * 1024 * 1024
const blocksBytes = 12 * 1024 * 1024
const largestBlock = 128 * 1024

/**
 * Brings keys over as they are now: what the source has is written over what the target has, what it has not is
 * deleted there. To do it again does no harm.
 */
export class KeyCarrier implements Disposable {
  readonly #options: CarrierOptions
  readonly #arena: Crc64Arena
  readonly #target: Target
  readonly #heard: { writer: RestoreWriter | null }

  private constructor(
    options: CarrierOptions,
    arena: Crc64Arena,
    target: Target,
    heard: { writer: RestoreWriter | null },
  ) {
    this.#options = options
    this.#arena = arena
    this.#target = target
    this.#heard = heard
  }

  /** Connects to the target. Fails as `Link.open` does. */
  static async open(options: CarrierOptions): Promise<KeyCarrier> {
    const { destination, connections, name, signal } = options
    const heard: { writer: RestoreWriter | null } = { writer: null }
    const arena = createCrc64Arena(readingBytes + composerBytes + blocksBytes)
    const { memory } = arena
    const place = { memory, start: readingBytes + composerBytes, bytes: blocksBytes }
    const target = await destination.open(
      {
        connections,
        name,
        signal,
        blocks: (count) => cutBlocks(place, count, largestBlock),
        onAnswered: (block) => heard.writer?.answered(block),
      },
      new Ledger(start),
    )
    return new KeyCarrier(options, arena, target, heard)
  }

  /** Asks the source for keys, in parts that fit into memory. Rejects when it is lost, or will not let them be read. */
  async *read(keys: readonly DbKey[]): AsyncGenerator<ReadKeys, void> {
    const { source } = this.#options
    for (const [db, some] of byDatabase(keys)) {
      const sizes = await source.askEach(db, some, [['MEMORY', 'USAGE', theKey]])
      const largest = this.#options.largestAnswer ?? largestAnswer
      const large = some.filter((_, index) => Number(sizes[index]) > largest)
      if (large.length > 0) yield await this.#lookAtLarge(db, large)
      let part: Buffer[] = []
      let bytes = 0
      for (const [index, key] of some.entries()) {
        // Where that is not told (before 4.0) they are taken for small.
        const size = Number(sizes[index]) || 0
        if (size > largest) continue
        if (part.length > 0 && bytes + size > dumpedAtOnce) {
          yield await this.#readPart(db, part)
          part = []
          bytes = 0
        }
        part.push(key)
        bytes += size
      }
      if (part.length > 0) yield await this.#readPart(db, part)
    }
  }

  /** Fields that expire tell that to nobody who reads a hash in pieces: where there may be such, it comes whole. */
  async #lookAtLarge(db: number, keys: readonly Buffer[]): Promise<ReadKeys> {
    const { source } = this.#options
    const large: LargeValue[] = []
    const whole: Buffer[] = []
    const tooLarge: DbKey[] = []
    const expiries = await source.expiries(db, keys)
    for (const [index, key] of keys.entries()) {
      const [type, bytes, expiring] = await source.askAll(db, [
        ['TYPE', key],
        ['MEMORY', 'USAGE', key],
        ['HPEXPIRETIME', key, 'FIELDS', 1, ''],
      ])
      const kind = String(type)
      const isPlain = comesInPieces(kind) && (kind !== 'hash' || expiring instanceof ReplyError)
      const [counted] = isPlain ? await source.askAll(db, [[lengthCommand[kind]!, key]]) : []
      // Gone in between, or of another type: what it is now will tell.
      const length = typeof counted === 'number' ? counted : 0
      if (length > 0) large.push({ db, key, type: kind, length, expireAt: Math.max(-1, expiries[index]!) })
      else if (Number(bytes) > largestBulk) tooLarge.push({ db, key })
      else whole.push(key)
    }
    return { ...(await this.#readPart(db, whole)), large, tooLarge }
  }

  async #readPart(db: number, keys: readonly Buffer[]): Promise<ReadKeys> {
    const { source } = this.#options
    const [dumps, expiries] = await Promise.all([
      source.askEach(db, keys, [['DUMP', theKey]]),
      source.expiries(db, keys),
    ])
    const found: DumpedKey[] = []
    const gone: DbKey[] = []
    const untold: DbKey[] = []
    for (const [index, key] of keys.entries()) {
      const dump = dumps[index]
      const expireAt = expiries[index]!
      if (Buffer.isBuffer(dump) && expireAt >= -1) found.push({ key, dump, expireAt })
      else if (dump === null || expireAt === noKey) gone.push({ db, key })
      else untold.push({ db, key })
      if (dump instanceof ReplyError) failUnlessItPasses(dump)
    }
    return { rdb: rdbOf(db, found), found: found.length, gone, large: [], tooLarge: [], untold }
  }

  /** Rejects when the target is lost, or refuses what would be refused of every key. */
  async write({ rdb, gone, large, tooLarge }: ReadKeys): Promise<Carried> {
    await this.#delete(gone)
    let failed = tooLarge.length
    const examples: KeyExample[] = []
    const write = async (header: RdbHeader, input: RdbInput): Promise<void> => {
      const written = await this.#writeRdb(header, input)
      failed += written.failed
      examples.push(...written.examples)
    }
    if (rdb !== null) await write(rdb.header, new StreamedRdb(rdb.bytes))
    for (const value of large)
      await write(headerOfPieces, new StreamedRdb(rdbInPieces(this.#options.source, value)))
    return { failed, examples }
  }

  async #delete(keys: readonly DbKey[]): Promise<void> {
    const { target, look, destination } = this.#options
    // UNLINK (4.0) does not keep the server, however large a value is.
    const command = look.versionNumber >= 400 ? 'UNLINK' : 'DEL'
    for (const [db, some] of byDatabase(keys))
      for (const reply of await target.askEach(db, some, [[command, theKey]]))
        if (reply instanceof ReplyError)
          throw new FailureError(classifyReplyError(reply.text, { address: destination.address }))
  }

  async #writeRdb(header: RdbHeader, file: RdbInput): Promise<Carried> {
    const { destination, look, capabilities, temporaryPrefix, signal } = this.#options
    const ledger = new Ledger(start)
    const writer = new RestoreWriter({
      file,
      throttle: null,
      header,
      arena: this.#arena,
      composerOffset: readingBytes,
      ledger,
      plan: overwritingPlan({
        address: destination.address,
        manners: destination.manners,
        rules: everythingAsItIs,
        functions: false,
        header,
        look,
        capabilities,
        dropFieldsExpiredBy: dropNoField,
        expiryShiftMs: 0,
        temporaryPrefix,
      }),
      onAdvance: () => undefined,
    })
    this.#heard.writer = writer
    await writer.run(this.#target, signal)
    if (signal.aborted) fail('job.cancelled')
    return { failed: ledger.counts.failed, examples: writer.examples }
  }

  [Symbol.dispose](): void {
    this.#target[Symbol.dispose]()
  }
}

/** What will never be told is not asked for over and over. */
function failUnlessItPasses({ text }: ReplyError): void {
  const failure = classifyReplyError(text, { command: 'DUMP' })
  if (!failure.retryable) throw new FailureError(failure)
}

const start = { offset: 0, sourceDb: 0 }

function rdbOf(db: number, found: readonly DumpedKey[]): ReadKeys['rdb'] {
  if (found.length === 0) return null
  // Nodes of a cluster may be of different versions: one that reads the newest form reads all.
  const header = found
    .map(({ dump }) => headerOf(dump))
    .reduce((newest, one) => (one.version > newest.version ? one : newest))
  const writer = new ByteWriter(64 * 1024)
  writer.bytes(magicOf(header))
  writeEntries(writer, db, found)
  writer.bytes(endOfEntries)
  return { header, bytes: writer.written() }
}

/** An RDB that is read once, from its beginning: whole from memory, or as it comes. */
class StreamedRdb implements RdbInput {
  readonly path = 'keys'
  readonly start = 0
  readonly #chunks: AsyncIterator<Buffer> | Iterator<Buffer>
  #chunk: Buffer = Buffer.alloc(0)

  constructor(bytes: Buffer | AsyncGenerator<Buffer, void>) {
    this.#chunks = Buffer.isBuffer(bytes) ? [bytes].values() : bytes
  }

  feed({ memory }: Crc64Arena): WindowFeed {
    return new WindowFeed(memory, scratchBytes, windowBytes, (buffer, at, length) =>
      this.#read(buffer, at, length),
    )
  }

  async #read(buffer: Uint8Array, at: number, length: number): Promise<number> {
    if (this.#chunk.length === 0) {
      const { value, done } = await this.#chunks.next()
      if (done === true) return 0
      this.#chunk = value as Buffer
    }
    const copied = this.#chunk.copy(buffer, at, 0, length)
    this.#chunk = this.#chunk.subarray(copied)
    return copied
  }
}
