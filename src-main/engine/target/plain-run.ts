import { CommandParser } from '../resp/command-parser.ts'
import { shapeOf } from '../resp/commands.ts'
import type { PreparedCommand, PreparedUnit } from './transaction-frame.ts'

/** A command of one key, the argument behind its name, that goes to its target as it came, but for its last argument. */
export interface PlainCommand {
  readonly lane: number
  /** It is bytes[from, to). */
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  /** The offset of its last byte in the source's stream, and the database selected there. */
  readonly end: number
  readonly db: number
  /** What stands in place of bytes[lastFrom, to), a whole last argument; null: it goes as it came. */
  readonly last: Uint8Array | null
  readonly lastFrom: number
}

export const maxRunCommands = 512
export const maxRunBytes = 512 * 1024
/** Between units there is often room for a few commands only: a run begins small. */
const firstBytes = 1024

/**
 * Commands of one lane and one database that go to the target one after another, each a unit by itself, as they came:
 * their bytes stand together as they are sent, and nothing is made of them but where one ends. What they are is found
 * out again for those that a target refuses.
 */
export class PlainRun implements PreparedUnit {
  readonly lanes: readonly number[]
  readonly #ends: number[] = []
  #buffer: Buffer = Buffer.allocUnsafe(firstBytes)
  #size = 0
  #units: readonly PreparedUnit[] | null = null

  #db: number

  constructor(lane: number, db: number) {
    this.lanes = [lane]
    this.#db = db
  }

  /** Begins anew in the same memory: what it had is answered for. */
  clear(db: number): void {
    this.#db = db
    this.#ends.length = 0
    this.#size = 0
    this.#units = null
  }

  get db(): number {
    return this.#db
  }

  get count(): number {
    return this.#ends.length
  }

  /** Bytes that it holds without asking for more memory. */
  get capacity(): number {
    return this.#buffer.length
  }

  /** Bytes of its commands. */
  get size(): number {
    return this.#size
  }

  /** The offset of the last byte of its first command, and of its last. */
  get firstEnd(): number {
    return this.#ends[0]!
  }

  get end(): number {
    return this.#ends.at(-1)!
  }

  /** All of its commands, as they are sent. Its memory must stay untouched until they are answered for. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size)
  }

  get commands(): readonly PreparedCommand[] {
    return this.units.flatMap(({ commands }) => commands)
  }

  /** The units it consists of, in order; the same ones each time. Their bytes are their own. */
  get units(): readonly PreparedUnit[] {
    this.#units ??= this.#takeApart()
    return this.#units
  }

  /** Is there room for a command of so many bytes? There is for any one where there is none yet. */
  hasRoom(bytes: number): boolean {
    return this.count === 0 || (this.count < maxRunCommands && this.#size + bytes <= maxRunBytes)
  }

  /** Takes a command of its lane and database, where there is room. Gives the bytes it takes as it is sent. */
  add({ bytes, from, to, end, last, lastFrom }: PlainCommand): number {
    const upTo = last === null ? to : lastFrom
    const size = upTo - from + (last?.length ?? 0)
    if (this.#size + size > this.#buffer.length) this.#grow(this.#size + size)
    bytes.copy(this.#buffer, this.#size, from, upTo)
    if (last !== null) this.#buffer.set(last, this.#size + upTo - from)
    this.#size += size
    this.#ends.push(end)
    return size
  }

  #grow(atLeast: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(atLeast, Math.min(this.#buffer.length * 4, maxRunBytes)))
    this.#buffer.copy(grown, 0, 0, this.#size)
    this.#buffer = grown
  }

  #takeApart(): readonly PreparedUnit[] {
    const commands = [...new CommandParser(0).push(this.bytes)]
    return commands.map(({ args, raw }, index) => {
      const name = shapeOf(args[0]!)?.name ?? ''
      const key = { db: this.db, key: args[1]! }
      return {
        end: this.#ends[index]!,
        db: this.db,
        commands: [{ db: this.db, name, words: args, bytes: raw, keys: [key] }],
        lanes: this.lanes,
      }
    })
  }
}
