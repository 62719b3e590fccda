import { readCollection, type UnitVisitor } from './collection.ts'
import { scoreOf } from './double.ts'
import { convertStream } from './down-convert-stream.ts'
import type { Element } from './element.ts'
import { kindOf, type, type RdbFlavour, type ValueKind } from './opcodes.ts'
import { MemoryFeed, runNow, type Steps } from './steps.ts'
import { streamVersion } from './stream.ts'
import { PlainWriter, type PlainType } from './writer.ts'

/**
 * A value as a target can take it: as an RDB value of another type; with the commands that make it up, where no
 * type the target reads can hold it; not at all; or not any more, all fields of a hash being past their time.
 */
export type Converted =
  | { readonly as: 'value'; readonly type: number; readonly value: Buffer }
  | { readonly as: 'commands' }
  | { readonly as: 'nothing' }
  | { readonly as: 'expired' }

export interface ConvertOptions {
  /** Type codes that the target's RESTORE takes. */
  readonly takes: ReadonlySet<number>
  /** The target knows HPEXPIREAT. */
  readonly hashFieldExpiry: boolean
  /** The target has streams. */
  readonly streams: boolean
  /**
   * Where it does not know HPEXPIREAT: fields are written to stay, but for those whose time is not after this
   * (milliseconds since the epoch). Null: such a hash is nothing to it.
   */
  readonly dropFieldsExpiredBy: number | null
}

/** A value that grows beyond this on being unpacked goes as commands: they need no memory for all of it. */
const largestValue = 64 * 1024 * 1024

const asCommands: Converted = { as: 'commands' }
const asNothing: Converted = { as: 'nothing' }

/**
 * Re-encodes the value bytes[start, end) of a type that a target does not read: collections plainly (which every
 * server reads, and packs again by its own settings), streams in an earlier version.
 *
 * A stream's earlier version lacks what its server did not know: version 2 a consumer's time last active, 1
 * also the entries added, the last id deleted and the entries a group has read. All else is kept.
 *
 * @throws file.corrupt, file.truncated
 */
export function downConvert(
  code: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  flavour: RdbFlavour,
  { takes, hashFieldExpiry, streams, dropFieldsExpiredBy }: ConvertOptions,
): Converted {
  const version = streamVersion(code)
  if (version !== undefined) {
    const to = streamTypes.find((known) => known < code && takes.has(known))
    if (to === undefined) return streams ? asCommands : asNothing
    const value = convertStream(version, streamVersion(to)!, bytes.subarray(start, end))
    return { as: 'value', type: to, value }
  }
  const kind = kindOf(code)
  const to = plainType(kind, takes)
  if (to === null) return kind === 'module' || kind === undefined ? asNothing : asCommands
  const units = new PlainUnits(to, hashFieldExpiry ? null : dropFieldsExpiredBy)
  try {
    runNow(readCollection(code, new MemoryFeed(bytes, start, end), flavour, units))
  } catch (thrown) {
    if (!(thrown instanceof NotPlain)) throw thrown
    return thrown.reason === 'expiry' && !hashFieldExpiry ? asNothing : asCommands
  }
  if (units.writer.isEmpty && units.dropped) return { as: 'expired' }
  return { as: 'value', type: to, value: units.writer.finish() }
}

/** The latest first. */
const streamTypes: readonly number[] = [
  type.STREAM_LISTPACKS_3,
  type.STREAM_LISTPACKS_2,
  type.STREAM_LISTPACKS,
]

/** The plain type of a collection that the target takes; null where it takes none. */
function plainType(kind: ValueKind | undefined, takes: ReadonlySet<number>): PlainType | null {
  const candidates: Partial<Record<ValueKind, readonly PlainType[]>> = {
    list: [type.LIST],
    set: [type.SET],
    hash: [type.HASH],
    zset: [type.ZSET_2, type.ZSET],
  }
  return (kind && candidates[kind])?.find((code) => takes.has(code)) ?? null
}

/** Thrown to end the walk over a value that the plain types cannot hold, or only as something too large. */
class NotPlain extends Error {
  readonly reason: 'expiry' | 'size'

  constructor(reason: 'expiry' | 'size') {
    super(reason)
    this.reason = reason
  }
}

/** Writes the units of a collection plainly. */
class PlainUnits implements UnitVisitor {
  readonly writer: PlainWriter
  /** Some unit was left out, its time being past. */
  dropped = false
  readonly #isScored: boolean
  readonly #dropExpiredBy: number | null

  constructor(plain: PlainType, dropExpiredBy: number | null) {
    this.writer = new PlainWriter(plain)
    this.#isScored = plain === type.ZSET || plain === type.ZSET_2
    this.#dropExpiredBy = dropExpiredBy
  }

  *element(element: Element, position: number): Steps<void> {
    if (this.#isScored && position === 1) this.writer.score(scoreOf(yield* element.copy()))
    else yield* this.writer.string(element)
  }

  // eslint-disable-next-line require-yield -- there is nothing to wait for in memory
  *endUnit(expireAt: number): Steps<void> {
    if (expireAt > 0 && this.#dropExpiredBy === null) throw new NotPlain('expiry')
    if (expireAt > 0 && expireAt <= this.#dropExpiredBy!) {
      this.writer.dropUnit()
      this.dropped = true
      return
    }
    this.writer.endUnit()
    if (this.writer.length > largestValue) throw new NotPlain('size')
  }
}
