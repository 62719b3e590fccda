import type { RedisServer } from '../support/redis-server.ts'
import type { MatrixServer } from './servers.ts'

/** Before 5.0 RESTORE takes how long a key has left, so an expiry is late by what lay between us and the server. */
const relativeSlack = 1_500

/** A time as a server tells it; `slack`: by so many milliseconds it may be off, for what is told is how long until or since. */
export interface Moment {
  readonly ms: number
  readonly slack: number
}

export interface StreamGroup {
  readonly name: string
  readonly lastId: string
  /** Null where the server does not count them (before 7.0), or does not know. */
  readonly entriesRead: number | null
  readonly pending: readonly {
    readonly id: string
    readonly consumer: string
    readonly deliveredAt: Moment
    readonly deliveries: number
  }[]
  readonly consumers: readonly {
    readonly name: string
    readonly seen: Moment
    readonly active: number | null
  }[]
}

export interface StreamView {
  readonly entries: unknown
  readonly lastId: string
  /** Since 7.0. */
  readonly counters: { readonly entriesAdded: number; readonly maxDeletedId: string } | null
  readonly groups: readonly StreamGroup[]
}

/** All that a client can find out about a key, bytes written as Latin-1. */
export interface KeyView {
  readonly type: string
  readonly value: unknown
  readonly stream: StreamView | null
  readonly expireAt: Moment | null
  /** When fields of a hash expire; only those that do. */
  readonly fieldExpiry: Readonly<Record<string, number>>
}

export interface ServerView {
  /** By database and name. */
  readonly keys: ReadonlyMap<string, KeyView>
  readonly functions: readonly string[]
}

/**
 * Reads everything a server holds by commands alone, sharing nothing with what writes it.
 */
export async function readServer(redis: RedisServer, server: MatrixServer): Promise<ServerView> {
  const keys = new Map<string, KeyView>()
  for (const db of [0, 3, 15]) {
    await redis.call('SELECT', db)
    const names = (await redis.callBuffer('KEYS', '*')) as Buffer[]
    for (const name of names) {
      const text = name.toString('latin1')
      const view = await readKey(redis, server, name)
      if (view !== null) keys.set(`${db} ${text}`, view)
    }
  }
  await redis.call('SELECT', 0)
  const libraries =
    server.version >= 700 ? ((await redis.call('FUNCTION', 'LIST', 'WITHCODE')) as unknown[]) : []
  return { keys, functions: libraries.map((library) => JSON.stringify(library)).sort() }
}

/** Null for a key that has expired meanwhile, or a hash whose fields all have. */
async function readKey(redis: RedisServer, server: MatrixServer, key: Buffer): Promise<KeyView | null> {
  const type = String(await redis.call('TYPE', key))
  if (type === 'none') return null
  const value = type === 'stream' ? null : await readValue(redis, type, key)
  if (type === 'hash' && (value as unknown[]).length === 0) return null
  return {
    type,
    value,
    stream: type === 'stream' ? await readStream(redis, server, key) : null,
    expireAt: await readExpiry(redis, server, key),
    fieldExpiry: type === 'hash' && server.fieldExpiry ? await readFieldExpiry(redis, key) : {},
  }
}

async function readValue(redis: RedisServer, type: string, key: Buffer): Promise<unknown> {
  const read = async (command: string, ...args: (string | number)[]): Promise<string[]> =>
    ((await redis.callBuffer(command, key, ...args)) as Buffer[]).map((part) => part.toString('latin1'))
  switch (type) {
    case 'list':
      return await read('LRANGE', 0, -1)
    case 'set':
      return (await read('SMEMBERS')).sort()
    case 'hash':
      return pairs(await read('HGETALL')).sort(byFirst)
    case 'zset':
      return pairs(await read('ZRANGE', 0, -1, 'WITHSCORES')).map(([member, score]) => [member, bits(score)])
    case 'vectorset':
      return await readVectors(redis, key)
    default:
      return ((await redis.callBuffer('GET', key)) as Buffer).toString('latin1')
  }
}

async function readVectors(redis: RedisServer, key: Buffer): Promise<unknown> {
  const elements = (await redis.call('VRANDMEMBER', key, 1_000)) as string[]
  return await Promise.all(
    elements
      .sort()
      .map(async (element) => [
        element,
        await redis.call('VEMB', key, element),
        await redis.call('VGETATTR', key, element),
      ]),
  )
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[at * 2]!, flat[at * 2 + 1]!])
}

function byFirst([one]: [string, string], [other]: [string, string]): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** All 64 bits of a score: servers write the same number differently. */
function bits(score: string): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, Number(score.replace('inf', 'Infinity')))
  return view.getBigUint64(0).toString(16)
}

async function readExpiry(
  redis: RedisServer,
  { version }: MatrixServer,
  key: Buffer,
): Promise<Moment | null> {
  if (version >= 700) {
    const at = Number(await redis.call('PEXPIRETIME', key))
    return at < 0 ? null : { ms: at, slack: 0 }
  }
  const left = Number(await redis.call(version >= 206 ? 'PTTL' : 'TTL', key))
  if (left < 0) return null
  return version >= 206
    ? { ms: Date.now() + left, slack: version >= 500 ? 200 : relativeSlack }
    : { ms: Date.now() + left * 1000, slack: 2_200 }
}

async function readFieldExpiry(redis: RedisServer, key: Buffer): Promise<Record<string, number>> {
  const fields = (await redis.callBuffer('HKEYS', key)) as Buffer[]
  if (fields.length === 0) return {}
  const times = (await redis.call('HPEXPIRETIME', key, 'FIELDS', fields.length, ...fields)) as number[]
  const expiring = fields
    .map((field, at) => [field.toString('latin1'), times[at]!] as const)
    .filter(([, at]) => at >= 0)
  return Object.fromEntries(expiring.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** An array of names and values in turn, as XINFO gives it. */
type Told = readonly unknown[]

function told(reply: unknown, name: string): unknown {
  const parts = reply as Told
  const at = parts.findIndex((part, index) => index % 2 === 0 && String(part) === name)
  return at < 0 ? undefined : latin1(parts[at + 1])
}

function latin1(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  return Array.isArray(value) ? value.map(latin1) : value
}

async function readStream(redis: RedisServer, server: MatrixServer, key: Buffer): Promise<StreamView> {
  const entries = latin1(await redis.callBuffer('XRANGE', key, '-', '+'))
  if (server.version < 600) return { entries, ...(await readStreamOf5(redis, key)) }
  const full = await redis.callBuffer('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0)
  const groups = told(full, 'groups') as Told[]
  return {
    entries,
    lastId: String(told(full, 'last-generated-id')),
    counters:
      server.version >= 700
        ? {
            entriesAdded: Number(told(full, 'entries-added')),
            maxDeletedId: String(told(full, 'max-deleted-entry-id')),
          }
        : null,
    groups: groups
      .map((group) => ({
        name: String(told(group, 'name')),
        lastId: String(told(group, 'last-delivered-id')),
        entriesRead: (told(group, 'entries-read') ?? null) as number | null,
        pending: (told(group, 'pending') as [string, string, number, number][]).map(
          ([id, consumer, at, deliveries]) => ({
            id,
            consumer,
            deliveredAt: { ms: at, slack: 0 },
            deliveries,
          }),
        ),
        consumers: (told(group, 'consumers') as Told[])
          .map((consumer) => ({
            name: String(told(consumer, 'name')),
            seen: { ms: Number(told(consumer, 'seen-time')), slack: 0 },
            active: server.version >= 702 ? Number(told(consumer, 'active-time')) : null,
          }))
          .sort(byName),
      }))
      .sort(byName),
  }
}

/** 5.0 has no FULL: what it tells is how long ago. */
async function readStreamOf5(redis: RedisServer, key: Buffer): Promise<Omit<StreamView, 'entries'>> {
  const ago = (ms: unknown): Moment => ({ ms: Date.now() - Number(ms), slack: 200 })
  const groups = (await redis.callBuffer('XINFO', 'GROUPS', key)) as Told[]
  return {
    lastId: String(told(await redis.callBuffer('XINFO', 'STREAM', key), 'last-generated-id')),
    counters: null,
    groups: (
      await Promise.all(
        groups.map(async (group) => {
          const name = String(told(group, 'name'))
          const bytes = Buffer.from(name, 'latin1')
          const pending = await redis.callBuffer('XPENDING', key, bytes, '-', '+', 10_000)
          const consumers = (await redis.callBuffer('XINFO', 'CONSUMERS', key, bytes)) as Told[]
          return {
            name,
            lastId: String(told(group, 'last-delivered-id')),
            entriesRead: null,
            pending: (latin1(pending) as [string, string, number, number][]).map(
              ([id, consumer, idle, deliveries]) => ({ id, consumer, deliveredAt: ago(idle), deliveries }),
            ),
            consumers: consumers
              .map((consumer) => ({
                name: String(told(consumer, 'name')),
                seen: ago(told(consumer, 'idle')),
                active: null,
              }))
              .sort(byName),
          }
        }),
      )
    ).sort(byName),
  }
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1
}
