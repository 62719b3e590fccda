import { keySlot } from '../bytes/crc16.ts'
import { guardMs, rewriteExpiry } from '../plan/expiry.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { PreparedCommand, PreparedUnit } from '../target/transaction-frame.ts'
import type { DbKey } from './checkpoint.ts'
import type { TtlGuard } from './ttl-guard.ts'
import type { Unit, UnitCommand } from './units.ts'

export interface PreparerOptions {
  /** Number of lanes. */
  readonly lanes: number
  readonly guard: TtlGuard
  /** A command we know nothing of is applied as it came; told once for each. */
  readonly onUnknown: (name: string) => void
  readonly onBeyondGuard: (key: DbKey) => void
}

/** Makes units ready for a standalone target: expiries guarded, commands encoded, lanes found. */
export class UnitPreparer {
  readonly #options: PreparerOptions
  readonly #all: readonly number[]
  readonly #unknown = new Set<string>()

  constructor(options: PreparerOptions) {
    this.#options = options
    this.#all = Array.from({ length: options.lanes }, (_, index) => index)
  }

  /** The lane of a key, in whichever database: MOVE keeps to it. */
  laneOf(key: Uint8Array): number {
    return keySlot(key) % this.#options.lanes
  }

  /** `receivedAt`: what relative expiries count from, milliseconds since the epoch. */
  prepare(unit: Unit, receivedAt: number): PreparedUnit {
    const lanes = new Set<number>()
    let everything = false
    const commands = unit.commands.map((command): PreparedCommand => {
      const keys = this.#keysOf(command)
      if (command.shape?.kind !== 'write') everything = true
      for (const { key } of keys) lanes.add(this.laneOf(key))
      return {
        db: command.db,
        name: command.shape?.name ?? command.args[0]!.toString('latin1').toUpperCase(),
        bytes: this.#bytesOf(command, receivedAt, keys),
        keys,
      }
    })
    return {
      end: unit.end,
      db: unit.db,
      commands,
      lanes: everything || lanes.size === 0 ? this.#all : [...lanes].sort((a, b) => a - b),
    }
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
    return shape.keyPlaces(args).map((place) => ({ db: dbOfKey(command, place), key: args[place]! }))
  }

  #bytesOf(command: UnitCommand, receivedAt: number, keys: readonly DbKey[]): Uint8Array {
    const { guard, onBeyondGuard } = this.#options
    const rewritten = rewriteExpiry(command, receivedAt, (at, db, key) => {
      if (at >= guardMs) onBeyondGuard({ db, key })
      return guard.timeToWrite(at, { db, key })
    })
    if (rewritten !== null) return encodeCommand(rewritten)
    if (carriesExpiry.has(command.shape?.name ?? '')) {
      // The expiry that goes along with the value may be a shifted one.
      const last = keys.at(-1)
      if (last !== undefined) guard.noteMoved(last)
      if (command.shape?.name === 'MOVE')
        guard.noteMoved({ db: numberOf(command.args[2]), key: command.args[1]! })
    }
    if (command.shape?.name === 'SWAPDB') guard.noteSwap()
    return command.raw
  }
}

/** Commands that take a key's expiry to another key. */
const carriesExpiry: ReadonlySet<string> = new Set(['RENAME', 'RENAMENX', 'COPY', 'MOVE'])

/** COPY may write to another database: its second key is there. */
function dbOfKey({ shape, args, db }: UnitCommand, place: number): number {
  if (shape?.name !== 'COPY' || place !== 2) return db
  const option = args.findIndex((arg, index) => index > 2 && arg.toString('latin1').toUpperCase() === 'DB')
  return option < 0 ? db : numberOf(args[option + 1])
}

function numberOf(arg: Buffer | undefined): number {
  return Number(arg?.toString('latin1'))
}
