import { ByteWriter } from '../bytes/byte-writer.ts'
import { readCollection } from '../rdb/collection.ts'
import { scoreOf } from '../rdb/double.ts'
import { kindOf, type RdbFlavour, type ValueKind } from '../rdb/opcodes.ts'
import { MemoryFeed, runNow, type Steps } from '../rdb/steps.ts'
import { streamVersion } from '../rdb/stream.ts'
import { StringReader } from '../rdb/string.ts'
import { decodeStream, type DecodedStream } from './decoded-stream.ts'

/** A field of a hash: its value, and when it expires, milliseconds since the epoch; 0 for never. */
export interface DecodedField {
  readonly value: string
  readonly expireAt: number
}

/**
 * A value as a client sees it, whatever its encoding. Strings are one character a byte (latin1): equal strings
 * are equal bytes. A module's value is its bytes, for what they mean only the module knows.
 */
export type DecodedValue =
  | { readonly kind: 'string' | 'module'; readonly text: string }
  | { readonly kind: 'list'; readonly elements: readonly string[] }
  | { readonly kind: 'set'; readonly members: ReadonlySet<string> }
  | { readonly kind: 'zset'; readonly scores: ReadonlyMap<string, number> }
  | { readonly kind: 'hash'; readonly fields: ReadonlyMap<string, DecodedField> }
  | { readonly kind: 'stream'; readonly stream: DecodedStream }

/** A value of an RDB, without its type code. */
export interface StoredValue {
  readonly type: number
  readonly flavour: RdbFlavour
  readonly buffer: Uint8Array
  readonly start: number
  readonly end: number
}

/** Decodes a value that fits in memory. @throws file.corrupt, file.truncated, file.unknown-type */
export function decodeValue({ type, flavour, buffer, start, end }: StoredValue): DecodedValue {
  const kind = kindOf(type)
  const feed = new MemoryFeed(buffer, start, end)
  const version = streamVersion(type)
  if (version !== undefined) return { kind: 'stream', stream: runNow(decodeStream(version, feed)) }
  if (kind === 'module')
    return {
      kind,
      text: Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start).toString('latin1'),
    }
  if (kind === 'string') return { kind, text: runNow(wholeString(feed)) }
  return runNow(decodeCollection(kind, type, feed, flavour))
}

function* wholeString(feed: MemoryFeed): Steps<string> {
  return (yield* (yield* new StringReader(feed).next()).copy()).toString('latin1')
}

function* decodeCollection(
  kind: ValueKind | undefined,
  code: number,
  feed: MemoryFeed,
  flavour: RdbFlavour,
): Steps<DecodedValue> {
  const units: { readonly parts: readonly string[]; readonly expireAt: number }[] = []
  const into = new ByteWriter(256)
  let parts: string[] = []
  yield* readCollection(code, feed, flavour, {
    *element(element) {
      into.cut(0)
      yield* element.appendTo(into)
      parts.push(into.written().toString('latin1'))
    },
    // eslint-disable-next-line require-yield -- what is at hand needs no waiting
    *endUnit(expireAt) {
      units.push({ parts, expireAt })
      parts = []
    },
  })
  const first = (unit: (typeof units)[number]): string => unit.parts[0]!
  switch (kind) {
    case 'list':
      return { kind, elements: units.map(first) }
    case 'zset':
      return {
        kind,
        scores: new Map(units.map((unit) => [first(unit), scoreOf(Buffer.from(unit.parts[1]!, 'latin1'))])),
      }
    case 'hash':
      return {
        kind,
        fields: new Map(
          units.map((unit) => [first(unit), { value: unit.parts[1]!, expireAt: unit.expireAt }]),
        ),
      }
    default:
      return { kind: 'set', members: new Set(units.map(first)) }
  }
}
