import { FailureError } from '#contract/failure.ts'
import { keySlot } from '../bytes/crc16.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { nameOf } from '../plan/key-rules.ts'
import { slotTag } from '../plan/slot-tags.ts'
import type { RdbHeader } from '../rdb/opcodes.ts'
import type { Block } from '../target/block.ts'
import { nodeOfSlot } from '../target/target.ts'
import type { Attempt } from './attempt.ts'
import { writeBigValue } from './big-value-writer.ts'
import type { BigEntry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import type { NamedKey, Refusals } from './refusals.ts'
import type { Throttle } from './throttle.ts'
import type { WritePlan } from './write-plan.ts'

interface PieceWriterParts {
  readonly header: RdbHeader
  readonly plan: WritePlan
  readonly ledger: Ledger
  readonly refusals: Refusals
  readonly underWay: Map<Block, (block: Block) => void>
  readonly throttle: Throttle | null
}

/** Writes values that go in pieces, each under a name of its own until it is whole, in the slot of its key. */
export class PieceWriter {
  readonly #parts: PieceWriterParts
  /** What an attempt has left under its temporary name, and the target's database it is in. */
  #unfinished: NamedKey | null = null

  constructor(parts: PieceWriterParts) {
    this.#parts = parts
  }

  get unfinished(): NamedKey | null {
    return this.#unfinished
  }

  /** Has it removed from the target, when nothing of that attempt is on its way any more. */
  async removeUnfinished(remove: (named: NamedKey) => Promise<void>): Promise<void> {
    if (this.#unfinished === null) return
    await remove(this.#unfinished)
    this.#unfinished = null
  }

  /** Writes the value at the cursor of `value`. Nothing else of the attempt may be under composition. */
  async write(attempt: Attempt, entry: BigEntry, value: ByteFeed, expireAt: number): Promise<void> {
    const { plan, header, ledger, refusals, underWay, throttle } = this.#parts
    const { target, signal, counts, sentBefore } = attempt
    const db = plan.rules.dbMap(entry.db)
    const key = nameOf(plan.rules, entry.db, entry.key)
    const slot = keySlot(key)
    const { selects, renames } = plan.manners
    const temporaryKey = renames
      ? Buffer.from(`${plan.temporaryPrefix}:${entry.offset}${slotTag(slot)}`)
      : key
    await throttle?.pass(0, 1, signal)
    await attempt.reach(entry.offset + 1)
    ledger.sending(entry.offset + 1)
    const outcome = await writeBigValue(nodeOfSlot(target, slot), { ...entry, key }, value, {
      temporaryKey,
      selects,
      renames,
      db,
      expireAt,
      overwrite: plan.onConflict === 'replace' || (plan.onConflict === 'fail' && entry.offset < sentBefore),
      flavour: header.flavour,
      commands: { ...plan.bigValues, fieldExpiryShiftMs: plan.expiryShiftMs },
      signal,
      begin: async () => {
        this.#unfinished = { db, key: temporaryKey }
        // Under its own name a part of it looks whole: that must not be forgotten with us.
        if (!renames) await attempt.reach(entry.offset + 1, 'at once')
      },
      pace: async (bytes) => throttle?.pass(bytes, 0, signal),
      track: (block, answered) =>
        underWay.set(block, () => {
          for (const { text } of block.refusals) refusals.abandonIfStopping(target, text)
          answered(block)
        }),
    }).catch(async (thrown: unknown) => {
      // Cancelled in the middle: what is whole is still answered for.
      if (signal.aborted) await target.drained()
      throw thrown
    })
    const named = [{ db, key }]
    if (outcome.result === 'conflict') refusals.conflict(target, counts, named)
    else if (outcome.result === 'failed') refusals.refused(counts, named)
    else if (outcome.result === 'expired') {
      counts.written -= 1
      counts.expired += 1
    }
    if (target.failure !== null) throw new FailureError(target.failure)
    this.#unfinished = null
  }
}
