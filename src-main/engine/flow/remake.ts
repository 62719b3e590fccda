import { toFailure, type FailureCode } from '#contract/failure.ts'
import { downConvert, type Converted, type ConvertOptions } from '../rdb/down-convert.ts'
import type { RdbFlavour } from '../rdb/opcodes.ts'
import type { BigEntry, EntryBatch } from './entry.ts'

/** A value in memory as what the target can take, or the reason why not. */
export function remake(
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

/** An entry of a batch as one whose value goes in pieces. */
export function bigEntryOf(batch: EntryBatch, index: number): BigEntry {
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
