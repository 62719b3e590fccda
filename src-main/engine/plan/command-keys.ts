import type { DbKey } from '../flow/checkpoint.ts'
import type { UnitCommand } from '../flow/units.ts'

/**
 * The keys of a command, each in its database, in the order of their places. MOVE names one key and has two: that which
 * it makes in another database comes last. None of a command that is not in our table.
 */
export function keysOfCommand(command: UnitCommand): DbKey[] {
  const { shape, args } = command
  if (shape === null) return []
  const keys = shape.keyPlaces(args).map((place) => ({
    db: databaseOf(command, place),
    key: args[place]!,
  }))
  const other = shape.name === 'MOVE' ? placeOfDatabase(command) : null
  if (other !== null) keys.push({ db: numberAt(args, other), key: args[1]! })
  return keys
}

/** The database that the key at this place is in: COPY may write to another one. */
export function databaseOf(command: UnitCommand, place: number): number {
  const other = command.shape?.name === 'COPY' && place === 2 ? placeOfDatabase(command) : null
  return other === null ? command.db : numberAt(command.args, other)
}

/** Where a command names another database than the selected one. */
export function placeOfDatabase({ shape, args }: UnitCommand): number | null {
  if (shape?.name === 'MOVE') return args.length > 2 ? 2 : null
  if (shape?.name !== 'COPY') return null
  const option = args.findIndex((arg, at) => at > 2 && arg.toString('latin1').toUpperCase() === 'DB')
  return option > 0 && option + 1 < args.length ? option + 1 : null
}

function numberAt(args: readonly Buffer[], place: number): number {
  return Number(args[place]!.toString('latin1'))
}
