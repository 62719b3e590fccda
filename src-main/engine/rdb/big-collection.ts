import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import type { BigValueOptions, CommandSink } from './big-value.ts'
import { readCollection, type UnitVisitor } from './collection.ts'
import { CommandBatch } from './command-batch.ts'
import type { RdbFlavour, ValueKind } from './opcodes.ts'
import type { Steps } from './steps.ts'

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

const commands = {
  list: ascii('RPUSH'),
  set: ascii('SADD'),
  zset: ascii('ZADD'),
  hash: ascii('HSET'),
} as const
const oldHashCommand = ascii('HMSET')

export type CollectionKind = keyof typeof commands

export function isCollection(kind: ValueKind | undefined): kind is CollectionKind {
  return kind !== undefined && kind in commands
}

/** Writes a list, set, hash or sorted set as commands that each add a batch of it; gives how many units it had. */
export function* writeCollection(
  kind: CollectionKind,
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
  key: Uint8Array,
  sink: CommandSink,
  options: BigValueOptions,
): Steps<number> {
  const command = kind === 'hash' && !options.hashSetTakesMany ? oldHashCommand : commands[kind]
  const batch = new CommandBatch(sink, options, [command, key])
  const expiries = new FieldExpiries(key, sink, options)
  const last = kind === 'hash' ? 1 : 0
  let units = 0

  function* flush(): Steps<void> {
    yield* batch.send()
    yield* expiries.send(batch)
    batch.clear()
  }

  const visitor: UnitVisitor = {
    *element(element, position) {
      // A sorted set's score stands behind the member, but goes before it: such a member is never streamed.
      if (kind === 'zset' || position < last) yield* batch.add(element)
      else yield* batch.addLast(element)
      if (kind === 'zset' && position === 1) batch.swapLastTwo()
    },
    *endUnit(expireAt) {
      if (expireAt > 0) expiries.note(units - expiries.sentUnits, expireAt)
      batch.endUnit()
      units += 1
      if (!batch.isFull) return
      yield* flush()
      expiries.sentUnits = units
    },
  }
  yield* readCollection(code, feed, flavour, visitor)
  yield* flush()
  return units
}

/** The expiries of hash fields in a batch, which follow the command that writes the fields. */
class FieldExpiries {
  /** Units that went with earlier batches. */
  sentUnits = 0
  readonly #key: Uint8Array
  readonly #sink: CommandSink
  readonly #options: BigValueOptions
  /** Units of this batch, by when they expire. */
  readonly #unitsByTime = new Map<number, number[]>()
  /** Units of this batch that are past their time, where the target cannot see to that. */
  #expired: number[] = []

  constructor(key: Uint8Array, sink: CommandSink, options: BigValueOptions) {
    this.#key = key
    this.#sink = sink
    this.#options = options
  }

  note(unit: number, expireAt: number): void {
    const { hashFieldExpiry, dropFieldsExpiredBy } = this.#options
    if (!hashFieldExpiry) {
      if (dropFieldsExpiredBy === null) fail('target.cannot-hold', { type: 'hash with fields that expire' })
      if (expireAt <= dropFieldsExpiredBy) this.#expired.push(unit)
      return
    }
    const units = this.#unitsByTime.get(expireAt)
    if (units === undefined) this.#unitsByTime.set(expireAt, [unit])
    else units.push(unit)
  }

  *send(batch: CommandBatch): Steps<void> {
    for (const [expireAt, units] of this.#unitsByTime) {
      // Units of a hash are two arguments, the field first; the value of the last may have gone out in pieces.
      const fields = units.map((unit) => batch.argument(unit * 2))
      const waiting = this.#sink.send([
        ascii('HPEXPIREAT'),
        this.#key,
        ascii(String(expireAt + this.#options.fieldExpiryShiftMs)),
        ascii('FIELDS'),
        ascii(String(fields.length)),
        ...fields,
      ])
      if (waiting !== undefined) yield waiting
    }
    this.#unitsByTime.clear()
    if (this.#expired.length === 0) return
    const fields = this.#expired.splice(0).map((unit) => batch.argument(unit * 2))
    const waiting = this.#sink.send([ascii('HDEL'), this.#key, ...fields])
    if (waiting !== undefined) yield waiting
  }
}
