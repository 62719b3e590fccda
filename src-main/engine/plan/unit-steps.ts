import { keySlot } from '../bytes/crc16.ts'
import type { Argument } from '../resp/encode.ts'
import { encoded, placesOf, type PreparedCommand, type PreparedUnit } from '../target/transaction-frame.ts'
import { slotsOf, stepsAcross, type Found, type Read } from './across-slots.ts'

/** A part of a unit over several slots: what one slot takes in one transaction. */
export interface UnitStep {
  readonly kind: 'slot'
  readonly slot: number
  readonly reads: readonly Read[]
  /** Null: what was looked for is not there. */
  write(found: readonly Found[]): readonly PreparedCommand[] | null
  /** The command it comes from, for telling that it failed. */
  readonly of: PreparedCommand
}

/** What every master does: `empty` takes all keys, `tell` is harmless when it is done once more. */
export interface CommonStep {
  readonly kind: 'empty' | 'tell'
  readonly of: PreparedCommand
}

const emptying: ReadonlySet<string> = new Set(['FLUSHALL', 'FLUSHDB'])
const telling: ReadonlySet<string> = new Set(['FUNCTION', 'SCRIPT'])

/** Does this concern every master rather than keys? */
export function isCommon({ name }: PreparedCommand): boolean {
  return emptying.has(name) || telling.has(name)
}

/**
 * A unit over several slots as steps, always the same ones for the same unit. Commands of one slot that nothing
 * stands between which reads other slots are one step: no moment shows the one without the other.
 */
export function stepsOf(
  { commands }: PreparedUnit,
  temporary: (slot: number, index: number) => string,
): readonly (UnitStep | CommonStep)[] {
  const steps: (UnitStep | CommonStep)[] = []
  /** Simple steps behind the last one that is none, by their slots. */
  const open = new Map<number, PreparedCommand[]>()
  const add = (step: UnitStep | CommonStep): void => {
    steps.push(step)
    open.clear()
  }
  for (const command of commands) {
    if (emptying.has(command.name)) add({ kind: 'empty', of: command })
    else if (telling.has(command.name)) add({ kind: 'tell', of: repeatable(command) })
    else {
      const [slot, ...others] = slotsOf(placesOf(command))
      if (slot !== undefined && others.length === 0) {
        const some = open.get(slot)
        if (some === undefined) {
          const together = [command]
          open.set(slot, together)
          steps.push({ kind: 'slot', slot, reads: [], write: () => together, of: command })
        } else some.push(command)
        continue
      }
      for (const step of stepsAcross(command.words.map(asBytes), temporary))
        add({
          kind: 'slot',
          slot: step.slot,
          reads: step.reads,
          of: command,
          write: (found) => step.write(found)?.map((words) => prepared(command, words, step.slot)) ?? null,
        })
    }
  }
  return steps
}

/** A library that is there from the last time is no obstacle. */
function repeatable(command: PreparedCommand): PreparedCommand {
  const [name, subcommand, ...rest] = command.words.map(asBytes)
  const verb = String(subcommand).toUpperCase()
  if (command.name !== 'FUNCTION' || (verb !== 'LOAD' && verb !== 'RESTORE')) return command
  const policy = String(rest[verb === 'LOAD' ? 0 : 1]).toUpperCase()
  if (policy === 'REPLACE' || policy === 'FLUSH') return command
  const [first] = rest
  const words = verb === 'LOAD' ? [name!, verb, 'REPLACE', ...rest] : [name!, verb, first!, 'REPLACE']
  return { ...command, ...encoded(words, command.long) }
}

function prepared(of: PreparedCommand, words: readonly Argument[], slot: number): PreparedCommand {
  const keys = of.keys.filter(({ key }) => keySlot(key) === slot)
  return { db: of.db, name: String(words[0]), ...encoded(words, of.long), keys }
}

/** Long arguments are known by the very buffers that stand in their places. */
function asBytes(word: Argument): Buffer {
  return Buffer.isBuffer(word) ? word : Buffer.from(typeof word === 'object' ? word : String(word))
}
