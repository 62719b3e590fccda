import { detail, type DetailCode, type DifferenceDetail } from '#contract/difference.ts'
import { escapeKey } from '#contract/escape-key.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { Command } from './db-link.ts'

/** How a whole value of a type is read, and what in it differs; null: nothing. For values that fit in memory. */
export interface WholeValue {
  read(key: Buffer): Command
  differs(source: Reply, target: Reply): DifferenceDetail | null
}

/** How long a value is: by this it is told whether it is read whole or in slices. */
export const lengthCommand: Readonly<Record<string, string>> = {
  string: 'STRLEN',
  list: 'LLEN',
  set: 'SCARD',
  zset: 'ZCARD',
  hash: 'HLEN',
  stream: 'XLEN',
}

export const wholeValues: Readonly<Record<string, WholeValue>> = {
  string: {
    read: (key) => ['GET', key],
    differs: (a, b) => (sameBytes(a, b) ? null : detail('content')),
  },
  list: {
    read: (key) => ['LRANGE', key, 0, -1],
    differs: (a, b) => sequence(a, b, 'element'),
  },
  set: {
    read: (key) => ['SMEMBERS', key],
    differs: (a, b) => {
      const there = new Set(texts(b))
      const missing = texts(a).find((member) => !there.has(member))
      return missing === undefined ? lengths(a, b) : detail('member', { name: escaped(missing) })
    },
  },
  zset: {
    // Members of equal score stand in order of their bytes: both sides give the same sequence.
    read: (key) => ['ZRANGE', key, 0, -1, 'WITHSCORES'],
    differs: (a, b) => sequence(a, b, 'rank', 2),
  },
  hash: {
    read: (key) => ['HGETALL', key],
    differs: (a, b) => {
      const there = pairs(b)
      for (const [field, value] of pairs(a))
        if (there.get(field) !== value) return detail('field', { name: escaped(field) })
      return lengths(a, b)
    },
  },
  stream: {
    read: (key) => ['XRANGE', key, '-', '+'],
    differs: (a, b) => sequence(a, b, 'entry'),
  },
}

/** A type of a module: its serialised form is all there is to compare. */
export const moduleValue: WholeValue = {
  read: (key) => ['DUMP', key],
  differs: (a, b) => (sameBytes(a, b) ? null : detail('content')),
}

/** What belongs to a stream beside its entries: last ids, groups, consumers, pending entries. */
export const streamGroups: WholeValue = {
  read: (key) => ['XINFO', 'STREAM', key, 'FULL', 'COUNT', 0],
  differs: (a, b) => {
    const here = groupFacts(a)
    const there = groupFacts(b)
    const name = Object.keys({ ...here, ...there }).find(
      (one) => here[one] !== there[one] && isTold(one, here, there),
    )
    if (name === undefined) return null
    return isGroup(name)
      ? detail('group', { group: name.slice(groupMark.length) })
      : detail('stream-fact', { name })
  },
}

/**
 * Facts of XINFO STREAM FULL that are part of the data. Not so: how the radix tree is laid out, when a consumer
 * was last seen, and what a replica is not told in 7.0 (entries-read, lag).
 */
const notData = new Set([
  'radix-tree-keys',
  'radix-tree-nodes',
  'entries',
  'seen-time',
  'active-time',
  'entries-read',
  'lag',
])

/** Begins the names of groups among the facts, which have no blank. */
const groupMark = 'group '

function isGroup(name: string): boolean {
  return name.startsWith(groupMark)
}

type Facts = Readonly<Record<string, string>>

/** A group is there or not; all else a server may be too old to tell. */
function isTold(name: string, here: Facts, there: Facts): boolean {
  return isGroup(name) || (name in here && name in there)
}

function groupFacts(reply: Reply): Facts {
  const facts: Record<string, string> = {}
  for (const [name, value] of namedPairs(reply)) {
    if (name === 'groups' && Array.isArray(value))
      for (const group of value as readonly Reply[]) {
        const fields = new Map(namedPairs(group))
        facts[`${groupMark}${escaped(String(fields.get('name')))}`] = JSON.stringify(plain(group))
      }
    else if (!notData.has(name)) facts[name] = JSON.stringify(plain(value))
  }
  return facts
}

function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1')
  if (typeof reply === 'bigint') return String(reply)
  if (!Array.isArray(reply)) return reply
  const items = reply as readonly Reply[]
  const isNamed = items.length > 0 && items.length % 2 === 0 && Buffer.isBuffer(items[0]) && notIds(items)
  return isNamed
    ? namedPairs(reply)
        .filter(([name]) => !notData.has(name))
        .map(([name, value]) => [name, plain(value)])
    : items.map(plain)
}

/** Field names are words; an id of an entry is `ms-seq`. */
function notIds(items: readonly Reply[]): boolean {
  return !/^\d+-\d+$/.test(String(items[0]))
}

function namedPairs(reply: Reply): [string, Reply][] {
  const items = Array.isArray(reply) ? (reply as readonly Reply[]) : []
  const found: [string, Reply][] = []
  for (let at = 0; at + 1 < items.length; at += 2)
    found.push([(items[at] as Buffer).toString('latin1'), items[at + 1]!])
  return found
}

function sameBytes(a: Reply, b: Reply): boolean {
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b)
  return a === null && b === null
}

/** Two sequences, element by element; `step`: replies that make up one element, 2 for a member and its score. */
export function sequence(a: Reply, b: Reply, what: DetailCode, step = 1, from = 0): DifferenceDetail | null {
  const here = itemsOf(a)
  const there = itemsOf(b)
  const shared = Math.min(here.length, there.length)
  const same = (at: number): boolean =>
    (step === 2 && at % 2 === 1 ? sameScore : sameReply)(here[at]!, there[at]!)
  for (let at = 0; at < shared; at += 1)
    if (!same(at)) return detail(what, { at: from + Math.floor(at / step) })
  return here.length === there.length ? null : detail(what, { at: from + Math.floor(shared / step) })
}

/** Up to 7.0 a score is told with 17 digits, later with as few as tell it from its neighbours. */
function sameScore(a: Reply, b: Reply): boolean {
  return sameReply(a, b) || (Number(a) === Number(b) && Number.isFinite(Number(a)))
}

function sameReply(a: Reply, b: Reply): boolean {
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b)
  if (Array.isArray(a)) return Array.isArray(b) && sequence(a, b, 'content') === null
  return a === b
}

function itemsOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : []
}

function lengths(a: Reply, b: Reply): DifferenceDetail | null {
  const [source, target] = [itemsOf(a).length, itemsOf(b).length]
  return source === target ? null : detail('length', { source, target })
}

function texts(reply: Reply): string[] {
  return itemsOf(reply).map((item) => (item as Buffer).toString('latin1'))
}

function pairs(reply: Reply): Map<string, string> {
  const items = texts(reply)
  const found = new Map<string, string>()
  for (let at = 0; at + 1 < items.length; at += 2) found.set(items[at]!, items[at + 1]!)
  return found
}

function escaped(latin1: string): string {
  return escapeKey(Buffer.from(latin1, 'latin1'), 60)
}

/** An error where a value was asked for: the key has changed its type or gone meanwhile. */
export function isError(reply: Reply): boolean {
  return reply instanceof ReplyError
}
