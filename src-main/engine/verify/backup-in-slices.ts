import { detail, type DifferenceDetail } from '#contract/difference.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { readCollection, type UnitVisitor } from '../rdb/collection.ts'
import { scoreOf } from '../rdb/double.ts'
import type { Element } from '../rdb/element.ts'
import { skipOver } from '../rdb/skip-over.ts'
import { kindOf, type RdbFlavour } from '../rdb/opcodes.ts'
import { run, type Steps } from '../rdb/steps.ts'
import { streamVersion } from '../rdb/stream.ts'
import { StringReader } from '../rdb/string.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { escaped, type ValueDifference } from './same-value.ts'
import { StreamInSlices } from './stream-in-slices.ts'
import { lengthQuestion, targetNow, type TargetSide } from './target-side.ts'

/** Units asked for at once, or as many as take so many bytes. */
const sliceUnits = 500
const sliceBytes = 1024 * 1024

/**
 * Compares the value at the feed's cursor with the target's, a slice at a time, and leaves the cursor behind
 * it: memory stays bounded whatever the value's size, but for one element of it. Gives the first difference, or
 * null.
 */
export async function compareBigValue(
  side: TargetSide,
  db: number,
  key: Buffer,
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
): Promise<ValueDifference | null> {
  const kind = kindOf(code)
  const there = String(await side.link.ask(db, ['TYPE', key]))
  const version = streamVersion(code)
  if (kind !== there || (kind === 'module' && version === undefined)) {
    await run(skipOver(code, feed, flavour))
    // A module's value cannot be had in pieces: that it is there is all that can be told.
    return kind === 'module' && !clientKinds.has(there)
      ? null
      : { kind: 'type', detail: detail('types', { source: String(kind), target: there }) }
  }
  if (version !== undefined) return await run(new StreamInSlices(side, db, key).compare(version, feed))
  const slices = new Slices(side, db, key)
  if (kind === 'string') await run(slices.string(feed))
  else await run(readCollection(code, feed, flavour, slices.collection(kind as CollectionKind)))
  const found = await slices.end(kind!)
  return found === null ? null : { kind: 'value', detail: found }
}

const clientKinds = new Set(['string', 'list', 'set', 'zset', 'hash', 'stream', 'none'])

type CollectionKind = 'list' | 'set' | 'zset' | 'hash'

interface Unit {
  readonly parts: readonly Buffer[]
  readonly expireAt: number
}

class Slices {
  readonly #side: TargetSide
  readonly #db: number
  readonly #key: Buffer
  #detail: DifferenceDetail | null = null
  #length = 0
  #units: Unit[] = []
  #parts: Buffer[] = []
  #bytes = 0
  #kind: CollectionKind | 'string' = 'string'
  /** Fields of the backup that have expired: the target may hold them yet, or no more. */
  #expired = 0

  constructor(side: TargetSide, db: number, key: Buffer) {
    this.#side = side
    this.#db = db
    this.#key = key
  }

  *string(feed: ByteFeed): Steps<void> {
    const text = yield* new StringReader(feed).next()
    const { length } = text
    while (this.#length < length) {
      const part = text.part(Math.min(sliceBytes, length - this.#length))
      if (this.#detail === null) {
        const bytes = yield* part.copy()
        yield this.#compareBytes(bytes, this.#length)
      } else yield* part.skip()
      this.#length += part.length
    }
  }

  collection(kind: CollectionKind): UnitVisitor {
    this.#kind = kind
    const take = this.#take.bind(this)
    const endUnit = this.#endUnit.bind(this)
    return { element: take, endUnit }
  }

  *#take(element: Element): Steps<void> {
    if (this.#detail !== null) {
      yield* element.skip()
      return
    }
    this.#bytes += element.length
    this.#parts.push(yield* element.copy())
  }

  *#endUnit(expireAt: number): Steps<void> {
    if (this.#detail !== null) return
    this.#units.push({ parts: this.#parts, expireAt })
    this.#parts = []
    if (this.#units.length >= sliceUnits || this.#bytes >= sliceBytes) yield this.#compareUnits()
  }

  /** All of the backup's has been gone through: is that all the target has? */
  async end(kind: string): Promise<DifferenceDetail | null> {
    if (this.#units.length > 0 && this.#detail === null) await this.#compareUnits()
    if (this.#detail !== null) return this.#detail
    const there = Number(await this.#side.link.ask(this.#db, lengthQuestion(kind, this.#key)!))
    const isAll = there <= this.#length && there >= this.#length - this.#expired
    return isAll ? null : detail('length', { source: this.#length, target: there })
  }

  async #compareBytes(bytes: Buffer, from: number): Promise<void> {
    const there = await this.#side.link.ask(this.#db, ['GETRANGE', this.#key, from, from + bytes.length - 1])
    if (!Buffer.isBuffer(there) || !bytes.equals(there)) this.#detail = detail('content-from', { at: from })
  }

  async #compareUnits(): Promise<void> {
    const units = this.#units
    const from = this.#length
    this.#units = []
    this.#bytes = 0
    this.#length += units.length
    switch (this.#kind) {
      case 'list': {
        const there = await this.#ask(['LRANGE', this.#key, from, from + units.length - 1])
        const items = Array.isArray(there) ? (there as readonly Reply[]) : []
        const at = units.findIndex(({ parts }, index) => !same(items[index], parts[0]!))
        if (at >= 0)
          this.#detail =
            at < items.length
              ? detail('element', { at: from + at })
              : detail('length', { source: `${from + at + 1}…`, target: from + items.length })
        return
      }
      case 'hash':
        return await this.#compareFields(units)
      default: {
        const command = this.#kind === 'set' ? 'SISMEMBER' : 'ZSCORE'
        const there = await this.#side.link.askAll(
          this.#db,
          units.map(({ parts }) => [command, this.#key, parts[0]!]),
        )
        const at = units.findIndex(({ parts }, index) =>
          command === 'SISMEMBER' ? there[index] !== 1 : !sameScore(there[index], parts[1]!),
        )
        if (at >= 0)
          this.#detail = detail('member', { name: escaped(units[at]!.parts[0]!.toString('latin1')) })
      }
    }
  }

  async #compareFields(all: readonly Unit[]): Promise<void> {
    const now = targetNow(this.#side)
    const units = all.filter(({ expireAt }) => expireAt === 0 || expireAt > now)
    this.#expired += all.length - units.length
    if (units.length === 0) return
    const names = units.map(({ parts }) => parts[0]!)
    const [values, expiries] = await this.#side.link.askAll(this.#db, [
      ['HMGET', this.#key, ...names],
      // Not known before Redis 7.4 and Valkey 9: then nothing can expire.
      ['HPEXPIRETIME', this.#key, 'FIELDS', names.length, ...names],
    ])
    for (const [index, { parts, expireAt }] of units.entries()) {
      const name = escaped(parts[0]!.toString('latin1'))
      if (!same(itemOf(values, index), parts[1]!)) this.#detail = detail('field', { name })
      else {
        const there = expiries instanceof ReplyError ? -1 : Number(itemOf(expiries, index))
        if (there !== (expireAt || -1))
          this.#detail = detail('field-expiry', { name, source: expireAt || -1, target: there })
      }
      if (this.#detail !== null) return
    }
  }

  async #ask(command: readonly (string | number | Uint8Array)[]): Promise<Reply> {
    return (await this.#side.link.askAll(this.#db, [command]))[0] ?? null
  }
}

function itemOf(reply: Reply | undefined, index: number): Reply | undefined {
  return Array.isArray(reply) ? (reply as readonly Reply[])[index] : undefined
}

function same(reply: Reply | undefined, bytes: Buffer): boolean {
  return Buffer.isBuffer(reply) && reply.equals(bytes)
}

function sameScore(reply: Reply | undefined, score: Buffer): boolean {
  return Buffer.isBuffer(reply) && Object.is(scoreOf(reply), scoreOf(score))
}
