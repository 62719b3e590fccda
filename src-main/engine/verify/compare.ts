import { detail, type DifferenceDetail, type DifferenceKind } from '#contract/difference.ts'
import type { Reply } from '../resp/decode.ts'
import { theKey } from '../resp/encode.ts'
import { compareInSlices } from './big-value.ts'
import type { Questioned } from './db-link.ts'
import { dumpedGroupsDifference } from './dumped-groups.ts'
import type { KeyDifference } from './findings.ts'
import { sameExpiry, unguarded } from './same-bytes.ts'
import { isError, lengthCommand, moduleValue, streamGroups, wholeValues, type WholeValue } from './value.ts'

/** Values of more elements, or strings of more bytes, are read in slices. */
const wholeElements = 1_000
const wholeBytes = 256 * 1024
const typeOf = [['TYPE', theKey]] as const
/** What may be held of whole values at once. */
const heldBytes = 8 * 1024 * 1024

interface Pair {
  readonly key: Buffer
  readonly type: string
  readonly length: number
  readonly bytes: number
}

/**
 * Compares keys of one database, each by what a client can see of it, whatever its encoding: type, expiry,
 * value, and of a stream its groups. Gives the first difference of each key that has one.
 */
export async function compareKeys(
  source: Questioned,
  target: Questioned,
  db: number,
  keys: readonly Buffer[],
  expiryToleranceMs: number,
): Promise<readonly KeyDifference[]> {
  const differences: KeyDifference[] = []
  const differ = (key: Buffer, kind: DifferenceKind, found: DifferenceDetail | null): void =>
    void differences.push({ db, key, kind, detail: found })

  const same: Buffer[] = []
  const types: string[] = []
  const [here, there, expireHere, expireThere] = await Promise.all([
    source.askEach(db, keys, typeOf),
    target.askEach(db, keys, typeOf),
    source.expiries(db, keys),
    target.expiries(db, keys),
  ])
  for (const [index, key] of keys.entries()) {
    const [type, other] = [String(here[index]), String(there[index])]
    if (type === 'none' && other === 'none') continue
    if (other === 'none') differ(key, 'missing', detail('type-of', { type }))
    else if (type === 'none') differ(key, 'extra', detail('type-of', { type: other }))
    else if (type !== other) differ(key, 'type', detail('types', { source: type, target: other }))
    else {
      const expiry = { source: expireHere[index]!, target: unguarded(expireThere[index]!) }
      if (!sameExpiry(expiry.source, expiry.target, expiryToleranceMs))
        differ(key, 'expiry', detail('expiry', expiry))
      else {
        same.push(key)
        types.push(type)
      }
    }
  }

  const small: Pair[] = []
  const sizes = same.flatMap((key, index) => [
    [lengthCommand[types[index]!] ?? 'EXISTS', key],
    ['MEMORY', 'USAGE', key, 'SAMPLES', 5],
  ])
  const [sizesHere, sizesThere] = await Promise.all([source.askAll(db, sizes), target.askAll(db, sizes)])
  for (const [index, key] of same.entries()) {
    const type = types[index]!
    const [length, other] = [sizesHere[index * 2]!, sizesThere[index * 2]!]
    if (isError(length) || isError(other)) differ(key, 'type', detail('type-of', { type }))
    else if (length !== other)
      differ(key, 'value', detail('length', { source: Number(length), target: Number(other) }))
    else {
      const bytes = Number(sizesHere[index * 2 + 1]) || wholeBytes
      const pair = { key, type, length: Number(length), bytes }
      const isBig =
        type === 'string' ? pair.length > wholeBytes : pair.length > wholeElements || bytes > heldBytes
      const slices = compareInSlices[type]
      if (!isBig || slices === undefined) small.push(pair)
      else {
        const found = await slices(source, target, db, key, pair.length)
        if (found !== null) differ(key, 'value', found)
        else if (type === 'stream') await compareWhole(source, target, db, [pair], differ, true)
      }
    }
  }
  for (const group of groupsOf(small)) await compareWhole(source, target, db, group, differ, false)
  return differences
}

async function compareWhole(
  source: Questioned,
  target: Questioned,
  db: number,
  pairs: readonly Pair[],
  differ: (key: Buffer, kind: DifferenceKind, found: DifferenceDetail | null) => void,
  groupsOnly: boolean,
): Promise<void> {
  const readers = pairs.flatMap((pair) => {
    const value = wholeValues[pair.type] ?? moduleValue
    const readings = groupsOnly ? [] : [{ pair, value, kind: 'value' as const }]
    return pair.type === 'stream'
      ? [...readings, { pair, value: streamGroups, kind: 'groups' as const }]
      : readings
  })
  const commands = readers.map(({ pair, value }) => value.read(pair.key))
  const [here, there] = await Promise.all([source.askAll(db, commands), target.askAll(db, commands)])
  const told = new Set<Buffer>()
  for (const [index, { pair, value, kind }] of readers.entries()) {
    if (told.has(pair.key)) continue
    const [a, b] = [here[index]!, there[index]!]
    const found =
      kind === 'groups' && (isError(a) || isError(b))
        ? await dumpedGroupsDifference(source, target, db, pair.key)
        : firstOf(value.differs, a, b)
    if (found === null) continue
    told.add(pair.key)
    differ(pair.key, kind, found)
  }
}

function firstOf(differs: WholeValue['differs'], a: Reply, b: Reply): DifferenceDetail | null {
  return isError(a) || isError(b) ? detail('changing') : differs(a, b)
}

/** Groups of values that together fit in memory. */
function* groupsOf(pairs: readonly Pair[]): Generator<readonly Pair[]> {
  let group: Pair[] = []
  let bytes = 0
  for (const pair of pairs) {
    if (group.length > 0 && bytes + pair.bytes > heldBytes) {
      yield group
      group = []
      bytes = 0
    }
    group.push(pair)
    bytes += pair.bytes
  }
  if (group.length > 0) yield group
}
