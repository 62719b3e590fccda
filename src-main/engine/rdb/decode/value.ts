import type { ByteFeed } from '../../bytes/feed.ts'
import { readCollection, type UnitVisitor } from '../collection.ts'
import { doubleText, scoreOf } from '../double.ts'
import type { Element } from '../element.ts'
import { kindOf, type RdbFlavour, type ValueKind } from '../opcodes.ts'
import type { Steps } from '../steps.ts'
import { streamVersion } from '../stream.ts'
import { StringReader } from '../string.ts'
import type { JsonWriter } from './json-writer.ts'
import { writeModuleJson } from './module.ts'
import { writeStreamJson } from './stream.ts'

/**
 * Writes the value at the feed's cursor as JSON, and leaves the cursor behind it:
 * - a string as itself; a list or set as the array of its elements
 * - a sorted set as pairs `[member, score]`
 * - a hash as pairs `[field, value]`, or `[field, value, expireAt]` where the field expires (milliseconds)
 * - a stream and a module's value as objects (`stream.ts`, `module.ts`)
 *
 * @throws file.corrupt, file.truncated, file.unknown-type
 */
export function* writeValueJson(
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
  json: JsonWriter,
): Steps<void> {
  const kind = kindOf(code)
  const version = streamVersion(code)
  if (kind === 'string') yield* json.element(yield* new StringReader(feed).next())
  else if (version !== undefined) yield* writeStreamJson(version, feed, json)
  else if (kind === 'module') yield* writeModuleJson(code, feed, json)
  else {
    json.raw('[')
    yield* readCollection(code, feed, flavour, new UnitWriter(kind, json))
    json.raw(']')
  }
}

/** Writes the units of a collection, as arrays where they have more than one part. */
class UnitWriter implements UnitVisitor {
  readonly #json: JsonWriter
  readonly #isZset: boolean
  readonly #isPaired: boolean
  #isFirst = true

  constructor(kind: ValueKind | undefined, json: JsonWriter) {
    this.#json = json
    this.#isZset = kind === 'zset'
    this.#isPaired = kind === 'zset' || kind === 'hash'
  }

  *element(element: Element, position: number): Steps<void> {
    const json = this.#json
    if (position === 1) json.raw(',')
    else {
      json.comma(this.#isFirst)
      if (this.#isPaired) json.raw('[')
    }
    this.#isFirst = false
    if (this.#isZset && position === 1) json.double(doubleText(scoreOf(yield* element.copy())))
    else yield* json.element(element)
  }

  // eslint-disable-next-line require-yield -- what a unit ends with never has to wait
  *endUnit(expireAt: number): Steps<void> {
    if (!this.#isPaired) return
    if (expireAt > 0) this.#json.raw(`,${expireAt}`)
    this.#json.raw(']')
  }
}
