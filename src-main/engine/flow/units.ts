import { fail } from '#contract/failure.ts'
import { CommandParser, type StreamCommand } from '../resp/command-parser.ts'
import { shapeOf, type CommandShape } from '../resp/commands.ts'
import type { LongArguments } from '../resp/long-argument.ts'
import type { DbKey } from './checkpoint.ts'

/** One command of a unit, with the database it is for. */
export interface UnitCommand {
  readonly db: number
  readonly args: readonly Buffer[]
  /** As it came; empty where it has long arguments. */
  readonly raw: Buffer
  readonly long?: LongArguments
  /** Null for a command that is not in our table. */
  readonly shape: CommandShape | null
  /** Where rules for keys have made another one of it: what its keys are at the source, in the order of their places. */
  readonly origins?: readonly DbKey[]
}

/** As it is told, in upper case. */
export function nameOfCommand({ shape, args }: UnitCommand): string {
  return shape?.name ?? args[0]!.toString('latin1').toUpperCase().slice(0, 64)
}

/**
 * What is applied whole or not at all: one command, or all between MULTI and EXEC.
 */
export interface Unit {
  readonly commands: readonly UnitCommand[]
  /** The offset of its last byte (of EXEC's, where it was a transaction). */
  readonly end: number
  /** The database selected in the stream behind it. */
  readonly db: number
}

/**
 * Puts commands together to units, and keeps the database that is selected. `refuse` is told what stands where it
 * cannot: a place cannot be kept in a stream that is not understood.
 */
export class UnitFrame {
  readonly #refuse: (offset: number, what: string) => never
  #db: number
  #transaction: UnitCommand[] | null = null

  constructor(db: number, refuse: (offset: number, what: string) => never) {
    this.#db = db
    this.#refuse = refuse
  }

  /** The database selected now. */
  get db(): number {
    return this.#db
  }

  /** A transaction has begun and not ended. */
  get open(): boolean {
    return this.#transaction !== null
  }

  /** The unit that this command ends; null where it ends none, or one without anything to apply. */
  take({ args, raw, end, long }: StreamCommand): Unit | null {
    const shape = shapeOf(args[0]!)
    switch (shape?.kind) {
      case 'nothing':
        return null
      case 'select':
        this.#db = this.#databaseOf(args, end)
        return null
      case 'multi':
        if (this.#transaction !== null) this.#refuse(end, 'MULTI in MULTI')
        this.#transaction = []
        return null
      case 'exec': {
        const commands = this.#transaction
        if (commands === null) return this.#refuse(end, 'EXEC without MULTI')
        this.#transaction = null
        return commands.length === 0 ? null : { commands, end, db: this.#db }
      }
      default: {
        const command = { db: this.#db, args, raw, shape, ...(long === undefined ? {} : { long }) }
        if (this.#transaction === null) return { commands: [command], end, db: this.#db }
        this.#transaction.push(command)
        return null
      }
    }
  }

  #databaseOf(args: readonly Buffer[], end: number): number {
    const db = Number(args[1]?.toString('latin1'))
    if (!Number.isSafeInteger(db) || db < 0) this.#refuse(end, 'SELECT of no database')
    return db
  }
}

/**
 * Cuts a replication stream into units. Started at the end of a unit with the database that was selected
 * there: the source does not say it again when it goes on from an offset.
 */
export class UnitSplitter {
  readonly #parser: CommandParser
  readonly #frame: UnitFrame
  #boundary: number

  constructor(offset: number, db: number) {
    this.#parser = new CommandParser(offset)
    this.#frame = new UnitFrame(db, (at, what) => fail('source.stream-corrupt', { offset: at, what }))
    this.#boundary = offset
  }

  /** The offset up to which the stream has been cut: no unit that ends at or before it is still to come. */
  get boundary(): number {
    return this.#boundary
  }

  /** The database selected at `boundary`. */
  get db(): number {
    return this.#frame.db
  }

  /** Gives every unit that is whole now, in order. */
  *push(chunk: Buffer): Generator<Unit, void> {
    this.feed(chunk)
    for (let unit = this.next(); unit !== null; unit = this.next()) yield unit
  }

  /** Takes more bytes, all before them having been given by `next` or passed on. */
  feed(chunk: Buffer): void {
    this.#parser.feed(chunk)
  }

  /** The next unit that is whole; null when more bytes are needed. */
  next(): Unit | null {
    for (let command = this.#parser.next(); command !== null; command = this.#parser.next()) {
      const unit = this.#frame.take(command)
      if (this.#frame.open) continue
      this.#boundary = command.end
      if (unit !== null) return unit
    }
    if (!this.#frame.open) this.#boundary = this.#parser.offset
    return null
  }

  /** Hands over commands that are units by themselves, as `CommandParser.pass` does. */
  pass(take: (bytes: Buffer, at: number, offset: number) => number): void {
    if (this.#frame.open) return
    this.#parser.pass(take)
    this.#boundary = this.#parser.offset
  }
}
