import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { need, type Steps } from './steps.ts'

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

/** First bytes of `rdbSaveDoubleValue` that are no length. */
const notANumber = 253
const infinite = 254
const negativeInfinite = 255

/** A double of ZSET (`rdbSaveDoubleValue`): a length and ASCII, or one byte for the infinities; as ZADD takes it. */
export function* readAsciiDouble(feed: ByteFeed): Steps<Buffer> {
  yield* need(feed, 1)
  const first = feed.buffer[feed.position++]!
  if (first === infinite) return ascii('inf')
  if (first === negativeInfinite) return ascii('-inf')
  // No server lets NaN into a sorted set, nor loads one.
  if (first === notANumber) fail('file.corrupt', { structure: 'double' })
  yield* need(feed, first)
  feed.position += first
  const text = Buffer.from(feed.buffer.subarray(feed.position - first, feed.position))
  if (!decimal.test(text.toString('latin1'))) fail('file.corrupt', { structure: 'double' })
  return text
}

/** What printf's `%.17g` and `%lld` can make. */
const decimal = /^-?(\d+(\.\d+)?(e[+-]?\d+)?|inf)$/

/** A double of ZSET_2 (`rdbSaveBinaryDoubleValue`): eight bytes, little-endian; as ZADD takes it. */
export function* readBinaryDouble(feed: ByteFeed): Steps<Buffer> {
  yield* need(feed, 8)
  const { buffer, position } = feed
  const value = new DataView(buffer.buffer, buffer.byteOffset + position, 8).getFloat64(0, true)
  feed.position += 8
  if (Number.isNaN(value)) fail('file.corrupt', { structure: 'double' })
  return ascii(doubleText(value))
}

/** A score as compact structures hold it, read as the server does (`zzlStrtod`). @throws file.corrupt */
export function scoreOf(text: Uint8Array): number {
  const written = Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1')
  if (written === 'inf' || written === '+inf') return Infinity
  if (written === '-inf') return -Infinity
  const score = Number(written)
  if (written === '' || Number.isNaN(score)) fail('file.corrupt', { structure: 'double' })
  return score
}

/** The shortest text that reads back as exactly this double. */
export function doubleText(value: number): string {
  if (value === Infinity) return 'inf'
  if (value === -Infinity) return '-inf'
  return Object.is(value, -0) ? '-0' : String(value)
}
