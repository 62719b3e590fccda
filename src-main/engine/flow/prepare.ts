import { keySlot } from '../bytes/crc16.ts'
import { keysOfCommand } from '../plan/command-keys.ts'
import type { Argument } from '../resp/encode.ts'
import { encoded, type PreparedCommand, type PreparedUnit } from '../target/transaction-frame.ts'
import type { DbKey } from './checkpoint.ts'
import type { Unit, UnitCommand } from './units.ts'

/** Says what a target is to be sent for a command of the source. */
export interface CommandRewriter {
  /**
   * The commands to be sent in place of it, in order; null: it goes as it came. `receivedAt`: what relative
   * expiries count from, milliseconds since the epoch.
   */
  rewrite(
    command: UnitCommand,
    receivedAt: number,
    keys: readonly DbKey[],
  ): readonly (readonly Argument[])[] | null
}

export interface PreparerOptions {
  /** Number of lanes. */
  readonly lanes: number
  readonly rewriter: CommandRewriter
  /** A command we know nothing of is applied as it came; told once for each. */
  readonly onUnknown: (name: string) => void
}

/** Makes units ready for a standalone target: commands rewritten and encoded, lanes found. */
export class UnitPreparer {
  readonly #options: PreparerOptions
  readonly #all: readonly number[]
  readonly #unknown = new Set<string>()

  constructor(options: PreparerOptions) {
    this.#options = options
    this.#all = Array.from({ length: options.lanes }, (_, index) => index)
  }

  /** `receivedAt`: what relative expiries count from, milliseconds since the epoch. */
  prepare(unit: Unit, receivedAt: number): PreparedUnit {
    const lanes = new Set<number>()
    let everything = false
    const commands = unit.commands.flatMap((command): readonly PreparedCommand[] => {
      const keys = this.#keysOf(command)
      if (command.shape?.kind !== 'write') everything = true
      for (const { key } of keys) lanes.add(laneOf(key, this.#options.lanes))
      return this.#prepared(command, receivedAt, keys)
    })
    return {
      end: unit.end,
      db: unit.db,
      commands,
      lanes: everything || lanes.size === 0 ? this.#all : [...lanes].sort((a, b) => a - b),
    }
  }

  #prepared(command: UnitCommand, receivedAt: number, keys: readonly DbKey[]): readonly PreparedCommand[] {
    const { db, args, raw, shape, long } = command
    const name = shape?.name ?? args[0]!.toString('latin1').toUpperCase()
    const rewritten = this.#options.rewriter.rewrite(command, receivedAt, keys)
    if (long === undefined && rewritten === null) return [{ db, name, words: args, bytes: raw, keys }]
    return (rewritten ?? [args]).map((words) => ({ db, name, ...encoded(words, long), keys }))
  }

  #keysOf(command: UnitCommand): DbKey[] {
    const { shape, args } = command
    if (shape === null) {
      const name = args[0]!.toString('latin1').toUpperCase().slice(0, 64)
      if (!this.#unknown.has(name)) {
        this.#unknown.add(name)
        this.#options.onUnknown(name)
      }
      return []
    }
    return keysOfCommand(command).map((key, index) => {
      const atSource = command.origins?.[index]
      return atSource === undefined ? key : { ...key, atSource }
    })
  }
}

/** The lane of a key, in whichever database: MOVE keeps to it. */
export function laneOf(key: Uint8Array, lanes: number): number {
  return keySlot(key) % lanes
}

/** The databases that a command is about, by its keys or by name. */
export function databasesOf(command: UnitCommand): readonly number[] {
  const { shape, args } = command
  if (shape?.name === 'SWAPDB') return [numberOf(args[1]), numberOf(args[2])]
  return shape === null ? [command.db] : keysOfCommand(command).map(({ db }) => db)
}

function numberOf(arg: Buffer | undefined): number {
  return Number(arg?.toString('latin1'))
}
