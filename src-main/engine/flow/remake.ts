import { toFailure, type FailureCode } from '#contract/failure.ts'
import type { BigValueOptions } from '../rdb/big-value.ts'
import type { RemadeValue } from '../plan/compose.ts'
import type { Conversion } from '../plan/conversion.ts'
import { downConvert, type Converted } from '../rdb/down-convert.ts'
import { moduleIdOf, moduleTypeName } from '../rdb/module.ts'
import { kindOf, type RdbFlavour } from '../rdb/opcodes.ts'
import { valueCommands, type KeyState, type ReadyCommands } from '../rdb/value-commands.ts'
import type { BigEntry, EntryBatch } from './entry.ts'

type Remade =
  | Exclude<Converted, { as: 'nothing' | 'value' }>
  | ({ readonly as: 'value' } & RemadeValue)
  | { readonly as: 'nothing'; readonly reason: FailureCode }

/** A value in memory as what the target can take, or the reason why not. */
export function remake(
  batch: EntryBatch,
  index: number,
  flavour: RdbFlavour,
  { options, lackedModules }: Conversion,
): Remade {
  const start = batch.valueStart[index]!
  const end = batch.valueEnd[index]!
  const code = batch.type[index]!
  try {
    if (kindOf(code) === 'module') {
      const value = batch.buffer.subarray(start, end)
      return lackedModules.has(moduleTypeName(moduleIdOf(value)))
        ? { as: 'nothing', reason: 'target.cannot-hold' }
        : { as: 'value', type: code, value }
    }
    const converted = downConvert(code, batch.buffer, start, end, flavour, options)
    return converted.as === 'nothing' ? { as: 'nothing', reason: 'target.cannot-hold' } : converted
  } catch (thrown) {
    return { as: 'nothing', reason: damageOf(thrown) }
  }
}

/** A small value in memory as commands, null where it is none, or the reason why it cannot be any. */
export function readyCommands(
  batch: EntryBatch,
  index: number,
  flavour: RdbFlavour,
  key: Uint8Array,
  { options, ...state }: { readonly options: Partial<BigValueOptions> } & KeyState,
): ReadyCommands | { readonly reason: FailureCode } | null {
  const start = batch.valueStart[index]!
  const end = batch.valueEnd[index]!
  try {
    return valueCommands(batch.type[index]!, batch.buffer, start, end, flavour, key, options, state)
  } catch (thrown) {
    return { reason: damageOf(thrown) }
  }
}

/** A damaged value: as with one that goes as it is, the others go on. Anything else is thrown again. */
function damageOf(thrown: unknown): FailureCode {
  const { code } = toFailure(thrown)
  if (code.startsWith('file.')) return code
  throw thrown
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
