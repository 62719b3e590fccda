import type { KeyExample } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import type { WindowFeed } from '../bytes/feed.ts'
import { Composer, unpackedValue } from '../plan/compose.ts'
import type { Conversion } from '../plan/conversion.ts'
import { nameOf } from '../plan/key-rules.ts'
import { goesAlong } from '../plan/selection.ts'
import { expiryByRule } from '../plan/ttl-rule.ts'
import { skipBigValue } from '../rdb/big-value.ts'
import type { RdbHeader } from '../rdb/opcodes.ts'
import { RdbReader } from '../rdb/reader.ts'
import { MemoryFeed } from '../rdb/steps.ts'
import { encodeCommand } from '../resp/encode.ts'
import { bigValueBytes, scratchBytes } from '../source/rdb-file.ts'
import { Block } from '../target/block.ts'
import type { Target } from '../target/target.ts'
import { Attempt, type Reach } from './attempt.ts'
import { EntryBatch, entryKind, type BigEntry } from './entry.ts'
import { noCounts, type Counts, type Ledger } from './ledger.ts'
import { PieceWriter } from './piece-writer.ts'
import { Refusals, type NamedKey } from './refusals.ts'
import type { Throttle } from './throttle.ts'
import { bigEntryOf, readyCommands, remake } from './remake.ts'
import { maySetStrings, type WritePlan } from './write-plan.ts'

/** What is written: an RDB, readable from the start of any of its entries. */
export interface RdbInput {
  /** For failures. */
  readonly path: string
  /** The number of its first byte. */
  readonly start: number
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
  /** Holds what is sent back; null where nothing does. */
  readonly throttle: Throttle | null
  /** Is told how far it is about to send; gives a promise where it must wait for that. */
  readonly reach?: Reach
}

/**
 * Writes a file into a target, from a place in it to its end or until the target is lost. What has been
 * answered for is in the ledger; the next attempt starts there.
 */
export class RestoreWriter {
  readonly #parts: WriterParts
  readonly #composer: Composer
  readonly #refusals: Refusals
  readonly #underWay = new Map<Block, (block: Block) => void>()
  readonly #pieces: PieceWriter

  constructor(parts: WriterParts) {
    this.#parts = parts
    const { plan, header } = parts
    this.#refusals = new Refusals(plan)
    this.#composer = new Composer(parts.arena, parts.composerOffset, {
      strings: !maySetStrings(plan) ? 'restore' : plan.manners.manyKeys ? 'pack' : 'set',
      selects: plan.manners.selects,
      replaceOption: plan.restoreOptions.replace,
      absoluteTtl: plan.restoreOptions.absoluteTtl,
      access: plan.restoreOptions.access,
      fileVersion: header.version,
      names: plan.rules.names,
    })
    this.#pieces = new PieceWriter({ ...parts, refusals: this.#refusals, underWay: this.#underWay })
  }

  /** Some of the keys that were skipped or refused. */
  get examples(): readonly KeyExample[] {
    return this.#refusals.examples
  }

  /** What is half written right now. */
  get unfinished(): NamedKey | null {
    return this.#pieces.unfinished
  }

  /** Has removed what an attempt has left half written, when nothing of that attempt is on its way any more. */
  removeUnfinished(remove: (named: NamedKey) => Promise<void>): Promise<void> {
    return this.#pieces.removeUnfinished(remove)
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
  async run(target: Target, signal: AbortSignal): Promise<void> {
    const { file, header, arena, plan, ledger, onAdvance, reach = () => undefined, throttle } = this.#parts
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
      ...(from.offset === file.start ? {} : { resume: { header, db: from.sourceDb } }),
    })
    const attempt = await Attempt.begin({
      target,
      feed,
      signal,
      composer: this.#composer,
      names: plan.rules.names,
      clockAheadMs: plan.clockAheadMs,
      ledger,
      refusals: this.#refusals,
      underWay: this.#underWay,
      onAdvance,
      reach,
      throttle,
    })
    const batch = new EntryBatch(arena.memory)
    for (;;) {
      const step = await reader.next(batch)
      if (signal.aborted || step === 'end') break
      if (step === 'batch') await this.#writeBatch(attempt, batch)
      else await this.#writeBig(attempt, reader.big)
      if (attempt.isLong) await attempt.ship()
    }
    await attempt.finish()
  }

  /** The hot path: synchronous from one full block to the next. */
  async #writeBatch(attempt: Attempt, batch: EntryBatch): Promise<void> {
    const { plan } = this.#parts
    const { conversion } = plan
    const { selection, dbMap } = plan.rules
    const { feed, sentBefore } = attempt
    const composer = this.#composer
    for (let index = 0; index < batch.count; index += 1) {
      const db = batch.db[index]!
      const end = feed.offsetOf(batch.valueEnd[index]!)
      const overwrite =
        plan.onConflict === 'replace' || (plan.onConflict === 'fail' && batch.offset[index]! < sentBefore)
      if (batch.kind[index] === entryKind.FUNCTION) {
        if (plan.functions)
          await attempt.sendAlone(
            'each',
            () => functionBlock(unpackedValue(batch, index), overwrite || plan.librariesAreOurs),
            { ...noCounts(), entries: 1, functions: 1 },
            end,
            db,
          )
        continue
      }
      const code = batch.type[index]!
      const rule =
        selection === null
          ? goesAlong
          : selection.judge(db, code, batch.buffer, batch.keyStart[index], batch.keyEnd[index])
      const { now } = attempt
      const expireAt = this.#expiryOf(batch.expireAt[index]!, now)
      if (rule !== goesAlong) {
        attempt.counts.filtered += 1
      } else if (expireAt >= 0 && expireAt <= now) {
        attempt.counts.expired += 1
      } else {
        composer.replace = overwrite
        if (conversion !== null && conversion.needed[code] === 1) {
          await this.#writeConverted(attempt, batch, index, conversion, expireAt)
          continue
        }
        const node = attempt.nodeOf(batch, index)
        if (!attempt.blocks[node]!.hasRoomFor(composer.needed(batch, index))) {
          await attempt.ship()
          const alone = composer.neededAlone(batch, index)
          if (!attempt.blocks[node]!.hasRoomFor(alone)) {
            const block = new Block(Buffer.allocUnsafeSlow(alone))
            composer.keyAlone(block, batch, index, dbMap(db), this.#ttlOf(expireAt, attempt.now))
            await attempt.sendAlone(node, () => block, oneWritten(), end, db)
            continue
          }
        }
        composer.key(attempt.blocks[node]!, batch, index, dbMap(db), this.#ttlOf(expireAt, attempt.now))
        attempt.counts.written += 1
      }
      attempt.counts.entries += 1
      attempt.reached = end
      attempt.reachedDb = db
      if (attempt.isDue) await attempt.ship()
    }
  }

  /** A value of a type that the target does not read: as another type, with commands, or not at all. */
  async #writeConverted(
    attempt: Attempt,
    batch: EntryBatch,
    index: number,
    conversion: Conversion,
    expireAt: number,
  ): Promise<void> {
    const { plan, header } = this.#parts
    const composer = this.#composer
    const sourceDb = batch.db[index]!
    const db = plan.rules.dbMap(sourceDb)
    const start = batch.valueStart[index]!
    const end = batch.valueEnd[index]!
    const reached = attempt.feed.offsetOf(end)
    const converted = remake(batch, index, header.flavour, conversion)
    if (converted.as === 'commands') {
      if (maySetStrings(plan) && (await this.#writeReady(attempt, batch, index, expireAt))) return
      await attempt.ship()
      attempt.counts.entries += 1
      attempt.counts.written += 1
      const value = new MemoryFeed(batch.buffer, start, end)
      await this.#pieces.write(attempt, bigEntryOf(batch, index), value, expireAt)
      attempt.reached = reached
      attempt.reachedDb = sourceDb
      attempt.passOver()
      return
    }
    if (converted.as === 'value') {
      const { among, alone } = composer.neededRemade(batch, index, converted)
      const node = attempt.nodeOf(batch, index)
      if (!attempt.blocks[node]!.hasRoomFor(among)) {
        await attempt.ship()
        if (!attempt.blocks[node]!.hasRoomFor(alone)) {
          const block = new Block(Buffer.allocUnsafeSlow(alone))
          composer.begin()
          composer.remade(block, batch, index, db, this.#ttlOf(expireAt, attempt.now), converted)
          composer.begin()
          await attempt.sendAlone(node, () => block, oneWritten(), reached, sourceDb)
          return
        }
      }
      const ttl = this.#ttlOf(expireAt, attempt.now)
      composer.remade(attempt.blocks[node]!, batch, index, db, ttl, converted)
      attempt.counts.written += 1
    } else if (converted.as === 'expired') {
      attempt.counts.expired += 1
    } else {
      attempt.counts.failed += 1
      this.#refusals.example([this.#named(sourceDb, batch.key(index))], converted.reason)
    }
    attempt.counts.entries += 1
    attempt.reached = reached
    attempt.reachedDb = sourceDb
  }

  /**
   * Writes a small value with commands among others on their way, as plain strings are set: only where overwriting
   * is allowed, or nothing is there. False where it has to go in pieces.
   */
  async #writeReady(attempt: Attempt, batch: EntryBatch, index: number, expireAt: number): Promise<boolean> {
    const { plan, header } = this.#parts
    const composer = this.#composer
    const sourceDb = batch.db[index]!
    const { db, key } = this.#named(sourceDb, batch.key(index))
    const commands = readyCommands(batch, index, header.flavour, key, {
      options: { ...plan.bigValues, fieldExpiryShiftMs: plan.expiryShiftMs },
      exists: composer.replace,
      expireAt,
    })
    if (commands === null) return false
    if ('reason' in commands) {
      attempt.counts.failed += 1
      this.#refusals.example([{ db, key }], commands.reason)
    } else {
      const node = attempt.nodeOf(batch, index)
      if (!attempt.blocks[node]!.hasRoomFor(composer.neededReady(commands.bytes.length))) await attempt.ship()
      composer.ready(attempt.blocks[node]!, db, commands)
      attempt.counts.written += 1
    }
    attempt.counts.entries += 1
    attempt.reached = attempt.feed.offsetOf(batch.valueEnd[index]!)
    attempt.reachedDb = sourceDb
    if (attempt.isDue) await attempt.ship()
    return true
  }

  async #writeBig(attempt: Attempt, entry: BigEntry): Promise<void> {
    const { plan, header } = this.#parts
    const { feed } = attempt
    await attempt.ship()
    const { counts } = attempt
    const { selection } = plan.rules
    const now = Date.now() + plan.clockAheadMs
    const expireAt = this.#expiryOf(entry.expireAt, now)
    counts.entries += 1
    if (selection !== null && selection.judge(entry.db, entry.type, entry.key) !== goesAlong) {
      counts.filtered += 1
      await skipBigValue(entry.type, feed, header.flavour)
    } else if (expireAt >= 0 && expireAt <= now) {
      counts.expired += 1
      await skipBigValue(entry.type, feed, header.flavour)
    } else if (plan.leftOut[entry.type] === 1) {
      counts.failed += 1
      this.#refusals.example([this.#named(entry.db, entry.key)], 'target.cannot-hold')
      await skipBigValue(entry.type, feed, header.flavour)
    } else {
      counts.written += 1
      await this.#pieces.write(attempt, entry, feed, expireAt)
    }
    attempt.reached = feed.offsetOf(feed.position)
    attempt.reachedDb = entry.db
    attempt.passOver()
  }

  /** The expiry to write, absolute on the target's clock, or -1. */
  #expiryOf(expireAt: number, now: number): number {
    const { rules, expiryShiftMs } = this.#parts.plan
    const expiry = expiryByRule(rules.ttl, expireAt, now)
    return expiry < 0 ? -1 : expiry + expiryShiftMs
  }

  /** An expiry as RESTORE takes it. One that has passed while there was a wait is as near as can be. */
  #ttlOf(expireAt: number, now: number): number {
    if (expireAt < 0) return 0
    return this.#parts.plan.restoreOptions.absoluteTtl ? expireAt : Math.max(1, expireAt - now)
  }

  /** A key as it is called on the target. */
  #named(fileDb: number, key: Uint8Array): NamedKey {
    const { rules } = this.#parts.plan
    return { db: rules.dbMap(fileDb), key: nameOf(rules, fileDb, key) }
  }
}

function oneWritten(): Counts {
  return { ...noCounts(), entries: 1, written: 1 }
}

function functionBlock(code: Buffer, overwrite: boolean): Block {
  const command = encodeCommand(['FUNCTION', 'LOAD', ...(overwrite ? ['REPLACE'] : []), code])
  const block = new Block(command)
  block.position = command.length
  block.commands = 1
  return block
}
