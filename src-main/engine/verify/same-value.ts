import { detail, type DifferenceDetail, type DifferenceKind } from '#contract/difference.ts'
import { escapeKey } from '#contract/escape-key.ts'
import type { DecodedGroup, DecodedState, DecodedStream } from './decoded-stream.ts'
import type { DecodedField, DecodedValue } from './decoded-value.ts'

/** What differs first between two values. */
export interface ValueDifference {
  readonly kind: Extract<DifferenceKind, 'type' | 'value' | 'groups'>
  readonly detail: DifferenceDetail
}

/**
 * The first difference a client could see between a value of a backup and the target's; null: none.
 * `now`: the target's clock; fields of a hash that have expired by then are in neither.
 */
export function valueDifference(
  backup: DecodedValue,
  target: DecodedValue,
  now: number,
): ValueDifference | null {
  if (backup.kind !== target.kind)
    return { kind: 'type', detail: detail('types', { source: backup.kind, target: target.kind }) }
  if (backup.kind === 'stream') return streamDifference(backup.stream, asKind(target, 'stream').stream)
  const found = firstOf(backup, target, now)
  return found === null ? null : { kind: 'value', detail: found }
}

function firstOf(
  backup: Exclude<DecodedValue, { kind: 'stream' }>,
  target: DecodedValue,
  now: number,
): DifferenceDetail | null {
  switch (backup.kind) {
    case 'list':
      return listDifference(backup.elements, asKind(target, 'list').elements)
    case 'set': {
      const { members } = asKind(target, 'set')
      for (const member of backup.members)
        if (!members.has(member)) return detail('member', { name: escaped(member) })
      return lengths(backup.members.size, members.size)
    }
    case 'zset': {
      const { scores } = asKind(target, 'zset')
      for (const [member, score] of backup.scores)
        if (!Object.is(scores.get(member), score)) return detail('member', { name: escaped(member) })
      return lengths(backup.scores.size, scores.size)
    }
    case 'hash':
      return hashDifference(alive(backup.fields, now), alive(asKind(target, 'hash').fields, now))
    default:
      return backup.text === asKind(target, backup.kind).text ? null : detail('content')
  }
}

/** Both are of one kind by then, which the compiler cannot follow. */
function asKind<K extends DecodedValue['kind']>(
  value: DecodedValue,
  _kind: K,
): Extract<DecodedValue, { kind: K }> {
  return value as Extract<DecodedValue, { kind: K }>
}

function listDifference(here: readonly string[], there: readonly string[]): DifferenceDetail | null {
  const at = here.findIndex((element, index) => element !== there[index])
  if (at >= 0 && at < there.length) return detail('element', { at })
  return lengths(here.length, there.length)
}

function alive(fields: ReadonlyMap<string, DecodedField>, now: number): ReadonlyMap<string, DecodedField> {
  const isPast = ({ expireAt }: DecodedField): boolean => expireAt > 0 && expireAt <= now
  return [...fields.values()].some(isPast)
    ? new Map([...fields].filter(([, field]) => !isPast(field)))
    : fields
}

function hashDifference(
  here: ReadonlyMap<string, DecodedField>,
  there: ReadonlyMap<string, DecodedField>,
): DifferenceDetail | null {
  for (const [name, { value, expireAt }] of here) {
    const other = there.get(name)
    if (other?.value !== value) return detail('field', { name: escaped(name) })
    if (other.expireAt !== expireAt)
      return detail('field-expiry', {
        name: escaped(name),
        source: expireAt || -1,
        target: other.expireAt || -1,
      })
  }
  return lengths(here.size, there.size)
}

function streamDifference(here: DecodedStream, there: DecodedStream): ValueDifference | null {
  const at = here.entries.findIndex((entry, index) => !sameEntry(entry, there.entries[index]))
  if (at >= 0 && at < there.entries.length) return { kind: 'value', detail: detail('entry', { at }) }
  const length = lengths(here.entries.length, there.entries.length)
  if (length !== null) return { kind: 'value', detail: length }
  const groups = stateDifference(here.state, there.state) ?? groupsDifference(here.groups, there.groups)
  return groups === null ? null : { kind: 'groups', detail: groups }
}

function sameEntry(
  [id, parts]: DecodedStream['entries'][number],
  there: DecodedStream['entries'][number] | undefined,
): boolean {
  return (
    there?.[0] === id &&
    there[1].length === parts.length &&
    parts.every((part, index) => part === there[1][index])
  )
}

/** What one side does not tell, being older than 7.0, is no difference. */
export function stateDifference(here: DecodedState, there: DecodedState): DifferenceDetail | null {
  if (here.lastId !== there.lastId)
    return detail('stream-fact', { name: 'last-generated-id', source: here.lastId, target: there.lastId })
  const names = { maxDeletedId: 'max-deleted-entry-id', entriesAdded: 'entries-added' } as const
  for (const field of ['maxDeletedId', 'entriesAdded'] as const)
    if (here[field] !== undefined && there[field] !== undefined && here[field] !== there[field])
      return detail('stream-fact', {
        name: names[field],
        source: String(here[field]),
        target: String(there[field]),
      })
  return null
}

function groupsDifference(
  here: ReadonlyMap<string, DecodedGroup>,
  there: ReadonlyMap<string, DecodedGroup>,
): DifferenceDetail | null {
  for (const [name, group] of here) {
    const other = there.get(name)
    const differs =
      other === undefined
        ? detail('group-missing', { group: escaped(name) })
        : groupDifference(escaped(name), group, other)
    if (differs !== null) return differs
  }
  const extra = [...there.keys()].find((name) => !here.has(name))
  return extra === undefined ? null : detail('group-extra', { group: escaped(extra) })
}

/** Times of delivery may be apart by `toleranceMs`, where the target tells them only in relation to its clock. */
export function groupDifference(
  group: string,
  here: DecodedGroup,
  there: DecodedGroup,
  toleranceMs = 0,
): DifferenceDetail | null {
  const fact = (name: string, source: string, target: string): DifferenceDetail =>
    detail('group-fact', { group, name, source, target })
  if (here.lastId !== there.lastId) return fact('last-delivered-id', here.lastId, there.lastId)
  if (
    here.entriesRead !== undefined &&
    there.entriesRead !== undefined &&
    here.entriesRead !== there.entriesRead
  )
    return fact('entries-read', String(here.entriesRead), String(there.entriesRead))
  const consumer = [...here.consumers].find((name) => !there.consumers.has(name))
  if (consumer !== undefined) return detail('consumer-missing', { group, name: escaped(consumer) })
  for (const [id, pending] of here.pending) {
    const other = there.pending.get(id)
    if (other === undefined) return detail('pending-missing', { group, name: id })
    if (
      pending.consumer !== other.consumer ||
      pending.deliveries !== other.deliveries ||
      Math.abs(pending.deliveredAt - other.deliveredAt) > toleranceMs
    )
      return detail('pending', { group, name: id })
  }
  if (here.pending.size !== there.pending.size)
    return detail('pendings', { group, source: here.pending.size, target: there.pending.size })
  return here.consumers.size === there.consumers.size
    ? null
    : detail('consumers', { group, source: here.consumers.size, target: there.consumers.size })
}

function lengths(here: number, there: number): DifferenceDetail | null {
  return here === there ? null : detail('length', { source: here, target: there })
}

export function escaped(latin1: string): string {
  return escapeKey(Buffer.from(latin1, 'latin1'), 60)
}
