import type { LossKind } from '#contract/loss.ts'
import { isDeepStrictEqual } from 'node:util'
import { goneField, gonePrefix, tinyScore } from './fill.ts'
import type { KeyView, Moment, ServerView, StreamGroup, StreamView } from './read.ts'
import type { MatrixServer } from './servers.ts'

/**
 * How the values were written: whole (RESTORE), or all with the commands that make them up because the target forbids
 * RESTORE, or because they are too large for it.
 */
export type Way = 'values' | 'commands' | 'large'

/** What a target holds of another server's data, and what its documentation says it cannot. */
export interface Expected {
  readonly view: ServerView
  /** Kinds of losses, each with how many keys or libraries it concerns. */
  readonly losses: ReadonlyMap<LossKind, number>
}

/** What is to be expected of a restore, from the data of the source and the two versions alone. */
export function expectedAt(source: ServerView, from: MatrixServer, to: MatrixServer, way: Way): Expected {
  const losses = new Map<LossKind, number>()
  const lose = (what: LossKind, count = 1): void => {
    losses.set(what, (losses.get(what) ?? 0) + count)
  }
  // The file does not tell of a hash that all of its fields have expired.
  if (way !== 'large' && from.fieldExpiry && !to.fieldExpiry) lose('field-expiry')
  const keys = new Map<string, KeyView>()
  for (const [name, whole] of source.keys) {
    if (name.includes(` ${gonePrefix}`)) continue
    const key = withoutGone(whole)
    if (key.stream !== null && to.version < 500) {
      lose('stream')
      continue
    }
    // 2.6 calls it no valid float.
    if (name.endsWith(tinyScore) && way === 'commands' && to.version === 206) continue
    if (key.type === 'vectorset' && (!to.vectors || way === 'commands')) {
      lose('module')
      continue
    }
    const expiresFields = Object.keys(key.fieldExpiry).length > 0
    if (expiresFields && !to.fieldExpiry) lose('field-expiry')
    keys.set(name, {
      ...key,
      stream: key.stream === null ? null : streamAt(key.stream, from, to, way, lose),
      fieldExpiry: to.fieldExpiry ? key.fieldExpiry : {},
    })
    if (from.version >= 206 && to.version < 206 && key.expireAt !== null) lose('expiry-milliseconds')
  }
  if (to.version < 700 && source.functions.length > 0) lose('function', source.functions.length)
  return { view: { keys, functions: to.version < 700 ? [] : source.functions }, losses }
}

function withoutGone(key: KeyView): KeyView {
  if (!(goneField in key.fieldExpiry)) return key
  const fieldExpiry = Object.fromEntries(
    Object.entries(key.fieldExpiry).filter(([field]) => field !== goneField),
  )
  const value = (key.value as [string, string][]).filter(([field]) => field !== goneField)
  return { ...key, value, fieldExpiry }
}

function streamAt(
  stream: StreamView,
  from: MatrixServer,
  to: MatrixServer,
  way: Way,
  lose: (what: LossKind) => void,
): StreamView {
  const counts = to.version >= 700
  if (from.version >= 700 && !counts) lose('stream-counters')
  if (way === 'values' && from.version >= 702 && to.version < 702) lose('consumer-times')
  if (way !== 'values') lose('consumer-times')
  return {
    ...stream,
    counters: counts ? stream.counters : null,
    groups: stream.groups.map((group) => groupAt(group, stream, to, way)),
  }
}

function groupAt(group: StreamGroup, stream: StreamView, to: MatrixServer, way: Way): StreamGroup {
  const there = new Set((stream.entries as [string, unknown][]).map(([id]) => id))
  const pending = way === 'values' ? group.pending : group.pending.filter(({ id }) => there.has(id))
  const holders = new Set(pending.map(({ consumer }) => consumer))
  return {
    ...group,
    entriesRead: to.version >= 700 ? group.entriesRead : null,
    pending,
    // Before 6.2 no command makes a consumer that holds nothing.
    consumers: group.consumers
      .filter(({ name }) => way === 'values' || to.version >= 602 || holders.has(name))
      .map((consumer) => ({ ...consumer, active: to.version >= 702 ? consumer.active : null })),
  }
}

/** In what a target differs from what was expected; empty where it does not. Each a line for a person. */
export function differences(
  { view }: Expected,
  found: ServerView,
  from: MatrixServer,
  way: Way,
): readonly string[] {
  const lines: string[] = []
  for (const [name, key] of view.keys) {
    const other = found.keys.get(name)
    if (other === undefined) lines.push(`${name}: is missing`)
    else lines.push(...keyDifferences(key, other, from, way).map((what) => `${name}: ${what}`))
  }
  for (const name of found.keys.keys()) if (!view.keys.has(name)) lines.push(`${name}: is there too`)
  if (!isDeepStrictEqual(view.functions, found.functions)) lines.push('functions differ')
  return lines
}

function keyDifferences(key: KeyView, found: KeyView, from: MatrixServer, way: Way): readonly string[] {
  if (key.type !== found.type) return [`is a ${found.type}, not a ${key.type}`]
  const lines: string[] = []
  if (!isDeepStrictEqual(key.value, found.value))
    lines.push(`value ${firstDifference(key.value, found.value)}`)
  if (!sameTime(key.expireAt, found.expireAt))
    lines.push(`expiry ${shown(key.expireAt)} → ${shown(found.expireAt)}`)
  if (!isDeepStrictEqual(key.fieldExpiry, found.fieldExpiry)) lines.push('expiries of fields')
  if (key.stream !== null && found.stream !== null)
    lines.push(...streamDifferences(key.stream, found.stream, from, way))
  return lines
}

function streamDifferences(
  stream: StreamView,
  found: StreamView,
  from: MatrixServer,
  way: Way,
): readonly string[] {
  const lines: string[] = []
  const compare = (what: string, one: unknown, other: unknown): void => {
    if (!isDeepStrictEqual(one, other)) lines.push(`${what} ${shown(one)} → ${shown(other)}`)
  }
  if (!isDeepStrictEqual(stream.entries, found.entries)) lines.push('entries')
  compare('last id', stream.lastId, found.lastId)
  // What a source does not count the target estimates.
  if (from.version >= 700) compare('counters', stream.counters, found.counters)
  const names = ({ groups }: StreamView): readonly string[] => groups.map(({ name }) => name)
  compare('groups', names(stream), names(found))
  for (const [at, group] of stream.groups.entries()) {
    const other = found.groups[at]
    if (other === undefined) continue
    const told = (what: string): string => `group ${group.name}: ${what}`
    compare(told('last id'), group.lastId, other.lastId)
    if (from.version >= 700) compare(told('entries read'), group.entriesRead, other.entriesRead)
    const untimed = ({ pending }: StreamGroup): unknown =>
      pending.map(({ id, consumer, deliveries }) => [id, consumer, deliveries])
    compare(told('pending'), untimed(group), untimed(other))
    if (
      group.pending.some(
        (one, index) => !sameTime(one.deliveredAt, other.pending[index]?.deliveredAt ?? null),
      )
    )
      lines.push(told('times of delivery'))
    const consumers = (one: StreamGroup): unknown => one.consumers.map(({ name }) => name)
    compare(told('consumers'), consumers(group), consumers(other))
    if (way !== 'values') continue
    for (const [index, consumer] of group.consumers.entries()) {
      const there = other.consumers[index]
      if (there === undefined) continue
      if (!sameTime(consumer.seen, there.seen)) lines.push(told(`${consumer.name} seen`))
      if (from.version >= 702) compare(told(`${consumer.name} active`), consumer.active, there.active)
    }
  }
  return lines
}

function sameTime(one: Moment | null, other: Moment | null): boolean {
  if (one === null || other === null) return one === other
  return Math.abs(one.ms - other.ms) <= one.slack + other.slack
}

function firstDifference(one: unknown, other: unknown): string {
  if (!Array.isArray(one) || !Array.isArray(other)) return `${shown(one)} → ${shown(other)}`
  const at = one.findIndex((part, index) => !isDeepStrictEqual(part, other[index]))
  return `[${at}] ${shown(one[at])} → ${shown(other[at])} (${one.length} and ${other.length} of them)`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}
