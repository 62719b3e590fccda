import { FailureError, toFailure, type FailureCode } from '#contract/failure.ts'
import type { ConflictPolicy, KeyExample } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import type { ByteFeed, WindowFeed } from '../bytes/feed.ts'
import { Composer, unpackedValue } from '../plan/compose.ts'
import type { Conversion } from '../plan/conversion.ts'
import type { DbMap } from '../plan/db-map.ts'
import type { KeyFilter } from '../plan/filter.ts'
import { skipBigValue, type BigValueOptions } from '../rdb/big-value.ts'
import { downConvert, type Converted, type ConvertOptions } from '../rdb/down-convert.ts'
import type { RdbFlavour, RdbHeader } from '../rdb/opcodes.ts'
import { RdbReader } from '../rdb/reader.ts'
import { MemoryFeed } from '../rdb/steps.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import { ReplyError } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Link } from '../resp/link.ts'
import { bigValueBytes, scratchBytes } from '../source/rdb-file.ts'
import { Block } from '../target/block.ts'
import type { StandaloneTarget } from '../target/standalone.ts'
import { writeBigValue } from './big-value-writer.ts'
import { EntryBatch, entryKind, type BigEntry } from './entry.ts'
import { noCounts, type Counts, type Ledger, type Stretch } from './ledger.ts'
import { Refusals, type NamedKey } from './refusals.ts'

/** What a restore does with each key. */
export interface WritePlan {
  readonly address: string
  readonly onConflict: ConflictPolicy
  /** The target was seen without a single key in the databases written to. */
  readonly targetWasEmpty: boolean
  readonly filter: KeyFilter | null
  readonly dbMap: DbMap
  /** Function libraries go along. */
  readonly functions: boolean
  /** Options that RESTORE takes: REPLACE (3.0), ABSTTL, IDLETIME and FREQ (5.0). */
  readonly restoreOptions: Pick<Capabilities, 'replace' | 'absoluteTtl' | 'access'>
  /** What the target does not read as it is; null where there is nothing. */
  readonly conversion: Conversion | null
  /** What large values may be written with. */
  readonly bigValues: Partial<BigValueOptions>
  /** The target's clock is ahead of ours by so many milliseconds. */
  readonly clockAheadMs: number
  /** Added to every expiry, milliseconds: a copy that will be followed must not let anything expire yet. */
  readonly expiryShiftMs: number
  /** Begins the names that large values bear while they are written. */
  readonly temporaryPrefix: string
}

/** What is written: an RDB, readable from the start of any of its entries. */
export interface RdbInput {
  /** For failures. */
  readonly path: string
  feed(arena: Crc64Arena, offset: number): WindowFeed
}

interface WriterParts {
  readonly file: RdbInput
  readonly header: RdbHeader
  readonly arena: Crc64Arena
  /** Where in the arena the composer's memory lies. */
  readonly composerOffset: number
  readonly plan: WritePlan
  readonly ledger: Ledger
  /** Something has been answered for. */
  readonly onAdvance: () => void
}

/** Bytes of the input that one stretch is to cover at most, or not many more. */
const longestStretch = 4 * 1024 * 1024

/**
 * Writes a file into a target, from a place in it to its end or until the target is lost. What has been
 * answered for is in the ledger; the next attempt starts there.
 */
export class RestoreWriter {
  readonly #parts: WriterParts
  readonly #composer: Composer
  readonly #refusals: Refusals
  readonly #underWay = new Map<Block, (block: Block) => void>()
  #temporaryKeys = 0
  #unfinished: NamedKey | null = null

  constructor(parts: WriterParts) {
    this.#parts = parts
    const { plan, header } = parts
    this.#refusals = new Refusals(plan)
    this.#composer = new Composer(parts.arena, parts.composerOffset, {
      packStrings: plan.onConflict === 'replace' || (plan.onConflict === 'fail' && plan.targetWasEmpty),
      replaceOption: plan.restoreOptions.replace,
      absoluteTtl: plan.restoreOptions.absoluteTtl,
      access: plan.restoreOptions.access,
      fileVersion: header.version,
    })
  }

  /** Some of the keys that were skipped or refused. */
  get examples(): readonly KeyExample[] {
    return this.#refusals.examples
  }

  /** A large value that an attempt has left under its temporary name, and the target's database it is in. */
  get unfinished(): NamedKey | null {
    return this.#unfinished
  }

  /** Takes it from the target, when nothing of that attempt is on its way any more. */
  async removeUnfinished(link: Link): Promise<void> {
    if (this.#unfinished === null) return
    const { db, key } = this.#unfinished
    await link.ask(['SELECT', db])
    // UNLINK (4.0) does not keep the server, however large it has grown.
    if ((await link.call(['UNLINK', key])) instanceof ReplyError) await link.ask(['DEL', key])
    this.#unfinished = null
  }

  /** To be given to the target: this block has all its replies. */
  readonly answered = (block: Block): void => {
    const tell = this.#underWay.get(block)
    this.#underWay.delete(block)
    tell?.(block)
  }

  /**
   * Writes until the end of the file, or until `signal` is aborted; either way what was sent is awaited. Rejects
   * when the target is lost, or refuses what a person must decide.
   */
  async run(target: StandaloneTarget, signal: AbortSignal): Promise<void> {
    const { file, header, arena, ledger } = this.#parts
    this.#underWay.clear()
    this.#composer.drop()
    ledger.forgetUnanswered()
    const from = ledger.position
    const feed = file.feed(arena, from.offset)
    const reader = new RdbReader(feed, {
      file: file.path,
      bigValueBytes,
      scratchStart: 0,
      scratchBytes,
      ...(from.offset === 0 ? {} : { resume: { header, db: from.sourceDb } }),
    })
    const attempt: Attempt = {
      target,
      feed,
      signal,
      block: await this.#take(target),
      startOffset: from.offset,
      counts: noCounts(),
      reached: from.offset,
      reachedDb: from.sourceDb,
      sentBefore: ledger.sentOffset,
    }
    const batch = new EntryBatch(arena.memory)
    for (;;) {
      const step = await reader.next(batch)
      if (signal.aborted || step === 'end') break
      if (step === 'batch') await this.#writeBatch(attempt, batch)
      else await this.#writeBig(attempt, reader.big)
      // Where next to nothing goes along, a block takes long to fill; what was gone past is to be seen before.
      if (attempt.reached - attempt.startOffset > longestStretch) await this.#ship(attempt)
    }
    await this.#ship(attempt)
    target.returnBlock(attempt.block)
    await target.drained()
  }

  /** The hot path: synchronous from one full block to the next. */
  async #writeBatch(attempt: Attempt, batch: EntryBatch): Promise<void> {
    const { plan } = this.#parts
    const { conversion } = plan
    const { feed, sentBefore } = attempt
    const composer = this.#composer
    const now = Date.now() + plan.clockAheadMs
    for (let index = 0; index < batch.count; index += 1) {
      const db = batch.db[index]!
      const end = feed.offsetOf(batch.valueEnd[index]!)
      const expireAt = batch.expireAt[index]! < 0 ? -1 : batch.expireAt[index]! + plan.expiryShiftMs
      const overwrite =
        plan.onConflict === 'replace' || (plan.onConflict === 'fail' && batch.offset[index]! < sentBefore)
      if (batch.kind[index] === entryKind.FUNCTION) {
        if (plan.functions)
          await this.#writeAlone(
            attempt,
            functionBlock(unpackedValue(batch, index), overwrite),
            { ...noCounts(), entries: 1, functions: 1 },
            end,
            db,
          )
        continue
      }
      if (plan.filter !== null && !plan.filter(batch.key(index))) {
        attempt.counts.filtered += 1
      } else if (expireAt >= 0 && expireAt <= now) {
        attempt.counts.expired += 1
      } else {
        composer.replace = overwrite
        const ttl = expireAt < 0 ? 0 : plan.restoreOptions.absoluteTtl ? expireAt : expireAt - now
        if (conversion !== null && conversion.needed[batch.type[index]!] === 1) {
          await this.#writeConverted(attempt, batch, index, conversion, ttl, expireAt)
          continue
        }
        if (!attempt.block.hasRoomFor(composer.needed(batch, index))) {
          await this.#ship(attempt)
          const alone = composer.neededAlone(batch, index)
          if (!attempt.block.hasRoomFor(alone)) {
            const block = new Block(Buffer.allocUnsafeSlow(alone))
            composer.keyAlone(block, batch, index, plan.dbMap(db), ttl)
            await this.#writeAlone(attempt, block, { ...noCounts(), entries: 1, written: 1 }, end, db)
            continue
          }
        }
        composer.key(attempt.block, batch, index, plan.dbMap(db), ttl)
        attempt.counts.written += 1
      }
      attempt.counts.entries += 1
      attempt.reached = end
      attempt.reachedDb = db
    }
  }

  /** A value of a type that the target does not read: as another type, with commands, or not at all. */
  async #writeConverted(
    attempt: Attempt,
    batch: EntryBatch,
    index: number,
    { options }: Conversion,
    ttl: number,
    expireAt: number,
  ): Promise<void> {
    const { plan, header } = this.#parts
    const composer = this.#composer
    const sourceDb = batch.db[index]!
    const db = plan.dbMap(sourceDb)
    const start = batch.valueStart[index]!
    const end = batch.valueEnd[index]!
    const reached = attempt.feed.offsetOf(end)
    const converted = convert(batch, index, header.flavour, options)
    if (converted.as === 'commands') {
      await this.#ship(attempt)
      attempt.counts.entries += 1
      attempt.counts.written += 1
      const value = new MemoryFeed(batch.buffer, start, end)
      await this.#writeInPieces(attempt, bigEntryOf(batch, index), value, expireAt)
      attempt.reached = reached
      attempt.reachedDb = sourceDb
      this.#passOver(attempt)
      return
    }
    if (converted.as === 'value') {
      const { among, alone } = composer.neededRemade(batch, index, converted)
      if (!attempt.block.hasRoomFor(among)) {
        await this.#ship(attempt)
        if (!attempt.block.hasRoomFor(alone)) {
          const block = new Block(Buffer.allocUnsafeSlow(alone))
          composer.begin()
          composer.remade(block, batch, index, db, ttl, converted)
          composer.begin()
          await this.#writeAlone(attempt, block, { ...noCounts(), entries: 1, written: 1 }, reached, sourceDb)
          return
        }
      }
      composer.remade(attempt.block, batch, index, db, ttl, converted)
      attempt.counts.written += 1
    } else {
      attempt.counts.failed += 1
      this.#refusals.example([{ db, key: batch.key(index) }], converted.reason)
    }
    attempt.counts.entries += 1
    attempt.reached = reached
    attempt.reachedDb = sourceDb
  }

  /** One entry with a block of its own, in a stretch of its own. */
  async #writeAlone(attempt: Attempt, block: Block, counts: Counts, end: number, db: number): Promise<void> {
    await this.#ship(attempt)
    attempt.counts = counts
    attempt.reached = end
    attempt.reachedDb = db
    this.#open(attempt, block)
    await attempt.target.sendLoose(block)
  }

  async #writeBig(attempt: Attempt, entry: BigEntry): Promise<void> {
    const { plan, header } = this.#parts
    const { feed } = attempt
    await this.#ship(attempt)
    const { counts } = attempt
    const expireAt = entry.expireAt < 0 ? -1 : entry.expireAt + plan.expiryShiftMs
    counts.entries += 1
    if (plan.filter !== null && !plan.filter(entry.key)) {
      counts.filtered += 1
      await skipBigValue(entry.type, feed, header.flavour)
    } else if (expireAt >= 0 && expireAt <= Date.now() + plan.clockAheadMs) {
      counts.expired += 1
      await skipBigValue(entry.type, feed, header.flavour)
    } else {
      counts.written += 1
      await this.#writeInPieces(attempt, entry, feed, expireAt)
    }
    attempt.reached = feed.offsetOf(feed.position)
    attempt.reachedDb = entry.db
    this.#passOver(attempt)
  }

  /** The value is at the cursor of `value`. */
  async #writeInPieces(attempt: Attempt, entry: BigEntry, value: ByteFeed, expireAt: number): Promise<void> {
    const { plan, header, ledger } = this.#parts
    const { target, signal, counts, sentBefore } = attempt
    const db = plan.dbMap(entry.db)
    this.#temporaryKeys += 1
    const temporaryKey = Buffer.from(`${plan.temporaryPrefix}:${this.#temporaryKeys}`)
    this.#unfinished = { db, key: temporaryKey }
    ledger.sending(entry.offset + 1)
    const outcome = await writeBigValue(target, entry, value, {
      temporaryKey,
      db,
      expireAt,
      overwrite: plan.onConflict === 'replace' || (plan.onConflict === 'fail' && entry.offset < sentBefore),
      flavour: header.flavour,
      commands: { ...plan.bigValues, fieldExpiryShiftMs: plan.expiryShiftMs },
      signal,
      track: (block, answered) =>
        this.#underWay.set(block, () => {
          for (const { text } of block.refusals) this.#refusals.abandonIfStopping(target, text)
          answered(block)
        }),
    }).catch(async (thrown: unknown) => {
      // Cancelled in the middle: what is whole is still answered for.
      if (signal.aborted) await target.drained()
      throw thrown
    })
    const named = [{ db, key: entry.key }]
    if (outcome.result === 'conflict') this.#refusals.conflict(target, counts, named)
    else if (outcome.result === 'failed') this.#refusals.refused(counts, named)
    if (target.failure !== null) throw new FailureError(target.failure)
    this.#unfinished = null
  }

  async #take(target: StandaloneTarget): Promise<Block> {
    const block = await target.takeBlock()
    block.clear()
    this.#composer.begin()
    return block
  }

  /** Ends the stretch under composition and sends it; the next one begins where it ends. */
  async #ship(attempt: Attempt): Promise<void> {
    const { block, counts, target } = attempt
    this.#composer.flush(block)
    if (block.commands > 0) {
      this.#open(attempt, block)
      await target.send(block)
      attempt.block = await this.#take(target)
    } else if (counts.entries > 0) {
      this.#passOver(attempt)
    }
  }

  /** Ends a stretch of which nothing is under way: it is answered for as it is. */
  #passOver(attempt: Attempt): void {
    const { ledger, onAdvance } = this.#parts
    ledger.close(this.#openStretch(attempt), performance.now())
    onAdvance()
  }

  /** Enters what was gone past since the last stretch in the ledger. */
  #openStretch(attempt: Attempt): Stretch {
    const { reached, reachedDb, counts } = attempt
    attempt.startOffset = reached
    attempt.counts = noCounts()
    return this.#parts.ledger.open({ offset: reached, sourceDb: reachedDb }, counts)
  }

  /** Opens the stretch that goes with `block`, to be closed when all replies are in. */
  #open(attempt: Attempt, block: Block): void {
    const { ledger, onAdvance } = this.#parts
    const stretch = this.#openStretch(attempt)
    this.#underWay.set(block, () => {
      if (block.refusals.length > 0) this.#refusals.judge(attempt.target, block, stretch.counts)
      // A target given up for a refusal shall be told all of this stretch again.
      if (attempt.target.failure !== null) return
      ledger.close(stretch, performance.now())
      onAdvance()
    })
  }
}

/** A value in memory as what the target can take, or the reason why not. */
function convert(
  batch: EntryBatch,
  index: number,
  flavour: RdbFlavour,
  options: ConvertOptions,
): Exclude<Converted, { as: 'nothing' }> | { readonly as: 'nothing'; readonly reason: FailureCode } {
  const start = batch.valueStart[index]!
  const end = batch.valueEnd[index]!
  try {
    const converted = downConvert(batch.type[index]!, batch.buffer, start, end, flavour, options)
    return converted.as === 'nothing' ? { as: 'nothing', reason: 'target.cannot-hold' } : converted
  } catch (thrown) {
    // A damaged value: as with one that goes as it is, the others go on.
    const { code } = toFailure(thrown)
    if (code.startsWith('file.')) return { as: 'nothing', reason: code }
    throw thrown
  }
}

function bigEntryOf(batch: EntryBatch, index: number): BigEntry {
  return {
    type: batch.type[index]!,
    db: batch.db[index]!,
    key: batch.key(index),
    expireAt: batch.expireAt[index]!,
    idle: batch.idle[index]!,
    frequency: batch.frequency[index]!,
    offset: batch.offset[index]!,
  }
}

function functionBlock(code: Buffer, overwrite: boolean): Block {
  const command = encodeCommand(['FUNCTION', 'LOAD', ...(overwrite ? ['REPLACE'] : []), code])
  const block = new Block(command)
  block.position = command.length
  block.commands = 1
  return block
}

/** One run of the writer: where it is, and the stretch that is being composed. */
interface Attempt {
  readonly target: StandaloneTarget
  readonly feed: WindowFeed
  readonly signal: AbortSignal
  readonly sentBefore: number
  block: Block
  /** Where the stretch under composition begins, and what it has come to. */
  startOffset: number
  counts: Counts
  /** The last entry gone past ends here. */
  reached: number
  reachedDb: number
}
