import { escapeKey } from '#contract/escape-key.ts'
import { type Reply } from '../resp/decode.ts'
import { doubleText, scoreOf } from '../rdb/double.ts'
import type { Questioned } from '../verify/db-link.ts'
import { unguarded } from '../verify/same-bytes.ts'
import { expiryOf, expiryQuestion, lengthQuestion, type TargetSide } from '../verify/target-side.ts'
import { noValue, type Unit, type ValueSide } from './value-side.ts'

/** What one slice may weigh, going by what an element weighs on average, and how many elements it has at most. */
const sliceBytes = 4 * 1024 * 1024
const sliceUnits = 500
/** DUMP gives a module's value in one piece. */
const largestModuleBytes = 16 * 1024 * 1024

/** A key of a server, asked for piece by piece. Fails with `connect.lost`. */
export async function openServerSide(side: TargetSide, db: number, key: Buffer): Promise<ValueSide> {
  const { link } = side
  const [typeReply, expiry, encoding, usage] = await link.askAll(db, [
    ['TYPE', key],
    [expiryQuestion(side), key],
    ['OBJECT', 'ENCODING', key],
    ['MEMORY', 'USAGE', key],
  ])
  const type = String(typeReply)
  if (type === 'none') return noValue
  const question = lengthQuestion(type, key)
  const length = question === null ? null : Number((await link.askAll(db, [question]))[0])
  const sight = {
    type,
    encoding: Buffer.isBuffer(encoding) ? encoding.toString() : null,
    length: length === null || Number.isNaN(length) ? null : length,
    expireAt: unguarded(expiryOf(side, expiry)),
    cut: false,
  }
  const bytesEach = typeof usage === 'number' && sight.length ? usage / sight.length : sliceBytes / 50
  const count = Math.max(1, Math.min(sliceUnits, Math.floor(sliceBytes / bytesEach)))
  const asked: Asked = { link, db, key, count }
  const isModule = question === null
  if (isModule) return moduleSide(asked, sight, typeof usage === 'number' && usage <= largestModuleBytes)
  if (type === 'string')
    return {
      ...noValue,
      sight,
      bytes: async (from, size) => bufferOf(await link.ask(db, ['GETRANGE', key, from, from + size - 1])),
    }
  return { ...noValue, sight, ...collections[type as keyof typeof collections](asked) }
}

interface Asked {
  readonly link: Questioned
  readonly db: number
  readonly key: Buffer
  /** Elements of a slice. */
  readonly count: number
}

type Reading = Pick<ValueSide, 'slice' | 'find'> & Partial<Pick<ValueSide, 'facts'>>

const collections = {
  hash: (asked: Asked): Reading => ({
    async slice(cursor) {
      const { items, next } = await scan(asked, 'HSCAN', cursor)
      const names = items.filter((_, index) => index % 2 === 0)
      const expiries = await fieldExpiries(asked, names)
      const units = names.map((name, index) => ({
        name,
        parts: [items[index * 2 + 1]!],
        expireAt: expiries[index]!,
      }))
      return { units, next }
    },
    async find(names) {
      const { link, db, key } = asked
      const values = itemsOf(await link.ask(db, ['HMGET', key, ...names]))
      const expiries = await fieldExpiries(asked, names)
      return names.map((name, index) => {
        const value = values[index]
        return Buffer.isBuffer(value) ? { name, parts: [value], expireAt: expiries[index]! } : null
      })
    },
  }),

  set: (asked: Asked): Reading => ({
    async slice(cursor) {
      const { items, next } = await scan(asked, 'SSCAN', cursor)
      return { units: items.map((name) => unit(name)), next }
    },
    find: (names) =>
      findEach(
        asked,
        names,
        (name) => ['SISMEMBER', asked.key, name],
        (name, reply) => (reply === 1 ? unit(name) : null),
      ),
  }),

  zset: (asked: Asked): Reading => ({
    async slice(cursor) {
      const { items, next } = await scan(asked, 'ZSCAN', cursor)
      const names = items.filter((_, index) => index % 2 === 0)
      return { units: names.map((name, index) => unit(name, scoreText(items[index * 2 + 1]!))), next }
    },
    find: (names) =>
      findEach(
        asked,
        names,
        (name) => ['ZSCORE', asked.key, name],
        (name, reply) => (Buffer.isBuffer(reply) ? unit(name, scoreText(reply)) : null),
      ),
  }),

  list: (asked: Asked): Reading => {
    const range = async (from: number, count: number): Promise<readonly Unit[]> => {
      const reply = await asked.link.ask(asked.db, ['LRANGE', asked.key, from, from + count - 1])
      return itemsOf(reply).map((item, index) => unit(Buffer.from(String(from + index)), bufferOf(item)))
    }
    return {
      async slice(cursor) {
        const from = Number(cursor ?? 0)
        const units = await range(from, asked.count)
        return { units, next: units.length < asked.count ? null : String(from + units.length) }
      },
      async find(names) {
        const found = await range(Number(names[0]), names.length)
        return names.map((_, index) => found[index] ?? null)
      },
    }
  },

  stream: (asked: Asked): Reading => ({
    async slice(cursor) {
      const { link, db, key, count } = asked
      const reply = await link.ask(db, ['XRANGE', key, cursor ?? '-', '+', 'COUNT', count])
      const units = itemsOf(reply).map(entryOf)
      const last = units.at(-1)
      return { units, next: last === undefined || units.length < count ? null : nextId(last.name) }
    },
    find: (names) =>
      findEach(
        asked,
        names,
        (id) => ['XRANGE', asked.key, id, id],
        (_, reply) => {
          const [entry] = itemsOf(reply)
          return entry === undefined ? null : entryOf(entry)
        },
      ),
    facts: () => streamFacts(asked),
  }),
}

/** A type of a module: its serialised form is all there is to see. */
function moduleSide({ link, db, key }: Asked, sight: ValueSide['sight'], isRead: boolean): ValueSide {
  let dump: Promise<Buffer> | null = null
  return {
    ...noValue,
    sight,
    async bytes(from, count) {
      if (!isRead) return Buffer.alloc(0)
      dump ??= link.askAll(db, [['DUMP', key]]).then(([reply]) => bufferOf(reply))
      return (await dump).subarray(from, from + count)
    },
  }
}

async function scan(
  { link, db, key, count }: Asked,
  command: 'HSCAN' | 'SSCAN' | 'ZSCAN',
  cursor: string | null,
): Promise<{ readonly items: readonly Buffer[]; readonly next: string | null }> {
  const [next, items] = itemsOf(await link.ask(db, [command, key, cursor ?? '0', 'COUNT', count]))
  const at = String(next)
  return { items: itemsOf(items).map(bufferOf), next: at === '0' ? null : at }
}

async function findEach(
  { link, db }: Asked,
  names: readonly Buffer[],
  question: (name: Buffer) => readonly (string | Buffer)[],
  found: (name: Buffer, reply: Reply | undefined) => Unit | null,
): Promise<readonly (Unit | null)[]> {
  const replies = await link.askAll(db, names.map(question))
  return names.map((name, index) => found(name, replies[index]))
}

/** HPEXPIRETIME is not known before Redis 7.4 and Valkey 9: then nothing can expire. */
async function fieldExpiries({ link, db, key }: Asked, names: readonly Buffer[]): Promise<readonly number[]> {
  if (names.length === 0) return []
  const [reply] = await link.askAll(db, [['HPEXPIRETIME', key, 'FIELDS', names.length, ...names]])
  const told = itemsOf(reply)
  return names.map((_, index) =>
    told[index] === undefined ? -1 : Math.max(-1, unguarded(Number(told[index]))),
  )
}

async function streamFacts({ link, db, key }: Asked): Promise<ReadonlyMap<string, string>> {
  const [stream, groups] = await link.askAll(db, [
    ['XINFO', 'STREAM', key],
    ['XINFO', 'GROUPS', key],
  ])
  const facts = new Map<string, string>()
  const known = fieldsOf(stream)
  for (const name of ['last-generated-id', 'max-deleted-entry-id', 'entries-added'])
    if (known.has(name)) facts.set(name, String(known.get(name)))
  for (const group of itemsOf(groups)) {
    const fields = fieldsOf(group)
    const told = groupFacts
      .filter((name) => fields.has(name))
      .map((name) => `${name} ${String(fields.get(name))}`)
    facts.set(groupName(escapeKey(bufferOf(fields.get('name')), 60)), told.join(', '))
  }
  return facts
}

/** Facts of XINFO GROUPS that are part of the data. */
const groupFacts = ['last-delivered-id', 'entries-read', 'consumers', 'pending'] as const

/** What a group's facts stand under. */
export function groupName(escaped: string): string {
  return `group ${escaped}`
}

function fieldsOf(reply: Reply | undefined): ReadonlyMap<string, Reply> {
  const items = itemsOf(reply)
  const fields = new Map<string, Reply>()
  for (let at = 0; at + 1 < items.length; at += 2) fields.set(String(items[at]), items[at + 1]!)
  return fields
}

function entryOf(entry: Reply): Unit {
  const [id, parts] = itemsOf(entry)
  return { name: bufferOf(id), parts: itemsOf(parts).map(bufferOf), expireAt: -1 }
}

/** The smallest id behind another: `XRANGE (id` is known only from 6.2 on. */
function nextId(id: Buffer): string {
  const [ms, seq] = id.toString().split('-')
  return `${ms}-${BigInt(seq!) + 1n}`
}

function unit(name: Buffer, ...parts: readonly Buffer[]): Unit {
  return { name, parts, expireAt: -1 }
}

/** A score in one way of writing, whoever wrote it. */
export function scoreText(score: Uint8Array): Buffer {
  return Buffer.from(doubleText(scoreOf(score)))
}

function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : []
}

function bufferOf(reply: Reply | undefined): Buffer {
  return Buffer.isBuffer(reply) ? reply : Buffer.alloc(0)
}
