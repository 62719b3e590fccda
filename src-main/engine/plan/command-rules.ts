import { leftOutRules } from '#contract/selection.ts'
import type { CommandRule } from '#contract/restore-plan.ts'
import type { UnitCommand } from '../flow/units.ts'
import { encodeCommand } from '../resp/encode.ts'
import { shapeOf, type CommandShape } from '../resp/commands.ts'
import { databaseOf, keysOfCommand, placeOfDatabase } from './command-keys.ts'
import type { KeyRules } from './key-rules.ts'
import { argumentsAKey, readsTheRest, writesTheLast } from './key-roles.ts'
import { goesAlong, placeOf, unknownType } from './selection.ts'

const del = Buffer.from('DEL')
const rename = Buffer.from('RENAME')
const noKey = Buffer.alloc(0)
const leftOutByDb = placeOf('db')

/** `inseparable`: neither all of it nor a part of it does what the rules ask for. */
export type Ruled = UnitCommand | 'left-out' | 'inseparable'

/**
 * Makes of a command what the rules for keys make of a data set: which keys go along, what they are called, and
 * which database they are in.
 */
export class CommandRules {
  readonly #rules: KeyRules
  readonly #changesKeys: boolean
  readonly #tellsOrigins: boolean

  /** `tellsOrigins`: what the keys of a command were called is told with it. */
  constructor(rules: KeyRules, { tellsOrigins = false } = {}) {
    this.#rules = rules
    this.#tellsOrigins = tellsOrigins
    this.#changesKeys = rules.selection !== null || rules.names !== null
  }

  apply(command: UnitCommand): Ruled {
    const { shape } = command
    if (shape?.kind === 'write') return this.#write(command, shape)
    if (shape === null) return this.#changesKeys ? 'inseparable' : this.#moved(command)
    return this.#everything(command, shape)
  }

  /** The rule by which `apply` leaves a command out: that of its first key that does not go along. */
  ruleAgainst(command: UnitCommand): CommandRule {
    const { selection } = this.#rules
    const { shape, db } = command
    if (selection === null || shape === null || shape.name === 'FUNCTION') return 'functions'
    const keys = keysOfCommand(command)
    const all = keys.length > 0 ? keys : [{ db, key: noKey }]
    const rules = all.map((one) => selection.judge(one.db, unknownType, one.key))
    return leftOutRules[rules.find((rule) => rule !== goesAlong)! - 1] ?? 'functions'
  }

  #goes(db: number, key: Uint8Array): boolean {
    const { selection } = this.#rules
    return selection === null || selection.judge(db, unknownType, key) === goesAlong
  }

  #write(command: UnitCommand, shape: CommandShape): Ruled {
    const { args } = command
    if (shape.name === 'MOVE') return this.#move(command)
    const places = shape.keyPlaces(args)
    if (!this.#changesKeys) return this.#renamed(command, places)
    // It reads keys that it only has patterns for.
    if (places.length === 0 || (shape.name === 'SORT' && sortsByPatterns(args))) return 'inseparable'
    const going = places.filter((place) => this.#goes(databaseOf(command, place), args[place]!))
    if (going.length === 0) return 'left-out'
    if (going.length === places.length) return this.#renamed(command, places)
    const width = argumentsAKey[shape.name]
    if (width !== undefined) {
      const chosen = going.flatMap((place) => args.slice(place, place + width))
      const part = changed(command, [args[0]!, ...chosen])
      return this.#renamed(part, shape.keyPlaces(part.args))
    }
    const [first] = places
    const last = places.at(-1)
    if (readsTheRest.has(shape.name) && !going.includes(first!)) return 'left-out'
    if (writesTheLast.has(shape.name) && !going.includes(last!)) return 'left-out'
    return shape.name === 'RENAME' && going.includes(first!) ? this.#removed(command) : 'inseparable'
  }

  /** The value goes where it is not wanted: what is left is that it goes away. */
  #removed(command: UnitCommand): UnitCommand {
    const gone = changed(command, [del, command.args[1]!])
    return this.#renamed({ ...gone, shape: shapeOf(del) }, [1])
  }

  #move(command: UnitCommand): Ruled {
    const place = placeOfDatabase(command)
    const key = command.args[1]
    if (place === null || key === undefined) return 'inseparable'
    const to = Number(command.args[place]!.toString('latin1'))
    const leaves = this.#goes(command.db, key)
    const comes = this.#goes(to, key)
    if (leaves && comes) return this.#between(command, key, to)
    if (leaves) return this.#removed(command)
    return comes ? 'inseparable' : 'left-out'
  }

  /** A MOVE where both ends go along: on the target it may be another name in the same database. */
  #between(command: UnitCommand, key: Buffer, to: number): Ruled {
    const { names, dbMap } = this.#rules
    const before = names?.nameOf(command.db, key) ?? key
    const after = names?.nameOf(to, key) ?? key
    const sameName = before.equals(after)
    if (dbMap(command.db) !== dbMap(to)) return sameName ? this.#renamed(command, [1]) : 'inseparable'
    if (sameName) return 'left-out'
    const shape = shapeOf(rename)
    const told = this.#withOrigins(command)
    return { ...changed(told, [rename, before, after]), shape, db: dbMap(to) }
  }

  #withOrigins(command: UnitCommand): UnitCommand {
    return this.#tellsOrigins ? { ...command, origins: keysOfCommand(command) } : command
  }

  #renamed(command: UnitCommand, places: readonly number[]): UnitCommand {
    const { names } = this.#rules
    const told = this.#withOrigins(command)
    if (names === null) return this.#moved(told)
    const args = [...command.args]
    for (const place of places) args[place] = names.nameOf(databaseOf(command, place), args[place]!)
    return this.#moved(changed(told, args))
  }

  /** The command in the target's database, with the databases that it names. */
  #moved(command: UnitCommand): UnitCommand {
    const { dbMap } = this.#rules
    const db = dbMap(command.db)
    const place = placeOfDatabase(command)
    const named = place === null ? Number.NaN : Number(command.args[place]!.toString('latin1'))
    if (place === null || !Number.isSafeInteger(named) || dbMap(named) === named)
      return db === command.db ? command : { ...command, db }
    const args = [...command.args]
    args[place] = Buffer.from(String(dbMap(named)))
    return { ...changed(command, args), db }
  }

  #everything(command: UnitCommand, shape: CommandShape): Ruled {
    const { dbMap, functions, names, selection } = this.#rules
    switch (shape.name) {
      case 'FUNCTION':
        return functions ? command : 'left-out'
      case 'SCRIPT':
      case 'FLUSHALL':
        return command
      case 'FLUSHDB':
        return selection?.judge(command.db, unknownType, noKey) === leftOutByDb
          ? 'left-out'
          : this.#moved(command)
      case 'SWAPDB': {
        const dbs = command.args.slice(1, 3).map(Number)
        return !this.#changesKeys && dbs.every((db) => dbMap(db) === db) ? command : 'inseparable'
      }
      default: {
        // A script: what it does with its keys, only the server finds out.
        if (names !== null) return 'inseparable'
        const places = shape.keyPlaces(command.args)
        if (selection === null) return this.#renamed(command, places)
        const keys = places.map((place) => command.args[place]!)
        const going = keys.filter((key) => this.#goes(command.db, key)).length
        if (keys.length === 0 || (going > 0 && going < keys.length)) return 'inseparable'
        return going === 0 ? 'left-out' : this.#renamed(command, places)
      }
    }
  }
}

/** The same command with other arguments. */
function changed(command: UnitCommand, args: readonly Buffer[]): UnitCommand {
  return { ...command, args, raw: command.long === undefined ? encodeCommand(args) : command.raw }
}

/** SORT … BY or GET with a pattern that stands for keys. */
function sortsByPatterns(args: readonly Buffer[]): boolean {
  return args.some((arg, at) => {
    const word = at > 1 && arg.length <= 3 ? arg.toString('latin1').toUpperCase() : ''
    const pattern = word === 'BY' || word === 'GET' ? args[at + 1] : undefined
    return pattern?.includes('*') === true
  })
}
