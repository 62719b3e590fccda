import { detail, type DifferenceDetail } from '#contract/difference.ts'
import { escapeKey } from '#contract/escape-key.ts'
import type { Reply } from '../resp/decode.ts'
import type { Questioned } from './db-link.ts'
import { sequence } from './value.ts'

const sliceBytes = 1024 * 1024
const sliceElements = 1000

type Slices = (
  source: Questioned,
  target: Questioned,
  db: number,
  key: Buffer,
  length: number,
) => Promise<DifferenceDetail | null>

/** Compares a value too large to be held whole, a slice at a time; null: equal. Lengths are known to be equal. */
export const compareInSlices: Readonly<Record<string, Slices>> = {
  async string(source, target, db, key, length) {
    for (let at = 0; at < length; at += sliceBytes) {
      const command = ['GETRANGE', key, at, at + sliceBytes - 1]
      const [a, b] = await Promise.all([source.ask(db, command), target.ask(db, command)])
      if (!Buffer.isBuffer(a) || !Buffer.isBuffer(b) || !a.equals(b)) return detail('content-from', { at })
    }
    return null
  },
  list: (source, target, db, key, length) =>
    ranges(source, target, db, length, (from, to) => ['LRANGE', key, from, to], 'element', 1),
  zset: (source, target, db, key, length) =>
    ranges(source, target, db, length, (from, to) => ['ZRANGE', key, from, to, 'WITHSCORES'], 'rank', 2),
  async set(source, target, db, key) {
    for await (const members of scan(source, db, 'SSCAN', key)) {
      const found = await target.askAll(
        db,
        members.map((member) => ['SISMEMBER', key, member]),
      )
      const missing = members.find((_, index) => found[index] !== 1)
      if (missing !== undefined) return detail('member', { name: escapeKey(missing, 60) })
    }
    return null
  },
  async hash(source, target, db, key) {
    for await (const items of scan(source, db, 'HSCAN', key)) {
      const fields = items.filter((_, index) => index % 2 === 0)
      const values = items.filter((_, index) => index % 2 === 1)
      if (fields.length === 0) continue
      const found = (await target.ask(db, ['HMGET', key, ...fields])) as readonly Reply[]
      const differing = values.findIndex((value, index) => {
        const there = found[index]
        return !Buffer.isBuffer(there) || !there.equals(value)
      })
      if (differing >= 0) return detail('field', { name: escapeKey(fields[differing]!, 60) })
    }
    return null
  },
  async stream(source, target, db, key) {
    let from = '-'
    for (let seen = 0; ;) {
      const command = ['XRANGE', key, from, '+', 'COUNT', sliceElements]
      const [a, b] = await Promise.all([source.ask(db, command), target.ask(db, command)])
      const differs = sequence(a, b, 'entry', 1, seen)
      if (differs !== null) return differs
      const entries = a as readonly (readonly [Buffer, Reply])[]
      const last = entries.at(-1)
      if (last === undefined || entries.length < sliceElements) return null
      seen += entries.length
      from = next(last[0].toString())
    }
  },
}

/** The smallest id behind another: `XRANGE (id` is known only from 6.2 on. */
function next(id: string): string {
  const [ms, seq] = id.split('-')
  return `${ms}-${BigInt(seq!) + 1n}`
}

async function ranges(
  source: Questioned,
  target: Questioned,
  db: number,
  length: number,
  command: (from: number, to: number) => readonly (string | number | Buffer)[],
  what: 'element' | 'rank',
  step: number,
): Promise<DifferenceDetail | null> {
  for (let at = 0; at < length; at += sliceElements) {
    const asked = command(at, at + sliceElements - 1)
    const [a, b] = await Promise.all([source.ask(db, asked), target.ask(db, asked)])
    const differs = sequence(a, b, what, step, at)
    if (differs !== null) return differs
  }
  return null
}

async function* scan(
  link: Questioned,
  db: number,
  command: string,
  key: Buffer,
): AsyncGenerator<readonly Buffer[]> {
  let cursor = '0'
  do {
    const [nextCursor, items] = (await link.ask(db, [
      command,
      key,
      cursor,
      'COUNT',
      sliceElements,
    ])) as unknown as [Buffer, readonly Buffer[]]
    cursor = nextCursor.toString()
    yield items
  } while (cursor !== '0')
}
