import { detail, type DifferenceDetail, type DifferenceKind } from '#contract/difference.ts'
import { type, valkeyHash2, type RdbFlavour } from '../rdb/opcodes.ts'
import { MemoryFeed } from '../rdb/steps.ts'
import { theKey } from '../resp/encode.ts'
import { compareBigValue } from './backup-in-slices.ts'
import { decodeValue, type StoredValue } from './decoded-value.ts'
import type { KeyDifference } from './findings.ts'
import { sameElements } from './hash-table.ts'
import { sometime } from './placing.ts'
import { valueDifference } from './same-value.ts'
import {
  expiryOf,
  expiryQuestion,
  expiryTolerance,
  knowsDump,
  knowsMemoryUsage,
  noKey,
  targetNow,
  type TargetSide,
} from './target-side.ts'

/** A key of a backup as the target should have it. The value is a view, good until the backup is read on. */
export interface BackupKey {
  readonly key: Buffer
  /** Absolute milliseconds, or -1. */
  readonly expireAt: number
  readonly value: StoredValue
}

/** Values of the target that take more, as it tells, are compared in slices. */
const atOnceBytes = 4 * 1024 * 1024
/** What may be held of the target's values at once. */
const heldBytes = 16 * 1024 * 1024
/** Behind the value, DUMP puts two bytes of RDB version and eight of checksum (`createDumpPayload`). */
const footerBytes = 10
/** From this RDB version on a payload is Valkey's. */
const valkeyVersions = 80

/** Compares keys of one database of the target with a backup's; gives the first difference of each that has one. */
export async function compareWithBackup(
  side: TargetSide,
  db: number,
  keys: readonly BackupKey[],
): Promise<readonly KeyDifference[]> {
  const differences: KeyDifference[] = []
  const differ = (key: Buffer, kind: DifferenceKind, found: DifferenceDetail | null): void =>
    void differences.push({ db, key: Buffer.from(key), kind, detail: found })
  const there = await present(side, db, keys, differ)
  let group: BackupKey[] = []
  let groupBytes = 0
  const closeGroup = async (): Promise<void> => {
    await compareDumps(side, db, group, differ)
    group = []
    groupBytes = 0
  }
  for (const { one, bytes } of there) {
    if (bytes > atOnceBytes || !knowsDump(side)) {
      await compareInSlices(side, db, one, differ)
      continue
    }
    if (groupBytes + bytes > heldBytes) await closeGroup()
    group.push(one)
    groupBytes += bytes
  }
  await closeGroup()
  return differences
}

type Differ = (key: Buffer, kind: DifferenceKind, found: DifferenceDetail | null) => void

/** Those that the target has, with the expiry they should have, and how much memory each takes there. */
async function present(
  side: TargetSide,
  db: number,
  keys: readonly BackupKey[],
  differ: Differ,
): Promise<readonly { readonly one: BackupKey; readonly bytes: number }[]> {
  const word: string = expiryQuestion(side)
  const questions = [
    [word, theKey],
    ['EXISTS', theKey],
    ['MEMORY', 'USAGE', theKey],
  ] as const
  const asked = knowsMemoryUsage(side) ? questions : questions.slice(0, 2)
  const replies = await side.link.askEach(
    db,
    keys.map(({ key }) => key),
    asked,
  )
  const there: { one: BackupKey; bytes: number }[] = []
  for (const [index, one] of keys.entries()) {
    const [told, exists, bytes] = replies.slice(index * asked.length, (index + 1) * asked.length)
    const expireAt = expiryOf(side, told)
    if (expireAt === noKey || exists === 0) {
      if (!isGoneByNow(side, one)) differ(one.key, 'missing', null)
    } else if (!sameExpiry(one.expireAt, expireAt, expiryTolerance(side)))
      differ(one.key, 'expiry', detail('expiry', { source: one.expireAt, target: expireAt }))
    else there.push({ one, bytes: typeof bytes === 'number' ? bytes : one.value.end - one.value.start })
  }
  return there
}

/** Whether a key is missing, or expires at another time; null where it is there as it should be. */
export async function expiryDifference(
  side: TargetSide,
  db: number,
  key: Buffer,
  expireAt: number,
): Promise<{ readonly kind: DifferenceKind; readonly detail: DifferenceDetail | null } | null> {
  const [told, exists] = await side.link.askAll(db, [
    [expiryQuestion(side), key],
    ['EXISTS', key],
  ])
  const found = expiryOf(side, told)
  if (found === noKey || exists === 0) return { kind: 'missing', detail: null }
  if (sameExpiry(expireAt, found, expiryTolerance(side))) return null
  return { kind: 'expiry', detail: detail('expiry', { source: expireAt, target: found }) }
}

function sameExpiry(wanted: number, found: number, toleranceMs: number): boolean {
  if (wanted === sometime) return found >= 0
  return wanted < 0 || found < 0 ? wanted === found : Math.abs(wanted - found) <= toleranceMs
}

/** It has expired since, or all its fields have. */
function isGoneByNow(side: TargetSide, { expireAt, value }: BackupKey): boolean {
  const now = targetNow(side) + expiryTolerance(side)
  if (expireAt === sometime) return true
  if (expireAt >= 0) return expireAt <= now
  if (!fieldsExpire(value)) return false
  const decoded = decodeValue(value)
  return (
    decoded.kind === 'hash' &&
    [...decoded.fields.values()].every((field) => field.expireAt > 0 && field.expireAt <= now)
  )
}

const typesWithExpiries = new Set<number>([
  valkeyHash2,
  type.HASH_LISTPACK_EX_PRE_GA,
  type.HASH_METADATA,
  type.HASH_LISTPACK_EX,
])

function fieldsExpire(value: StoredValue): boolean {
  return typesWithExpiries.has(value.type)
}

async function compareDumps(
  side: TargetSide,
  db: number,
  keys: readonly BackupKey[],
  differ: Differ,
): Promise<void> {
  const dumps = await side.link.askEach(
    db,
    keys.map(({ key }) => key),
    [['DUMP', theKey]],
  )
  for (const [index, one] of keys.entries()) {
    const dump = dumps[index]
    if (!Buffer.isBuffer(dump)) {
      if (!isGoneByNow(side, one)) differ(one.key, 'missing', null)
      continue
    }
    if (sameBytes(one.value, dump)) continue
    const found = valueDifference(decodeValue(one.value), decodeValue(valueOfDump(dump)), targetNow(side))
    if (found !== null) differ(one.key, found.kind, found.detail)
  }
}

function sameBytes({ type: code, buffer, start, end }: StoredValue, dump: Buffer): boolean {
  if (dump[0] !== code || dump.length - footerBytes - 1 !== end - start) return false
  const value = Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start)
  if (value.equals(dump.subarray(1, -footerBytes))) return true
  return sameElements(Buffer.concat([Buffer.of(code), value]), dump.subarray(0, -footerBytes))
}

/** What DUMP gave, as a value of an RDB. */
function valueOfDump(dump: Buffer): StoredValue {
  const end = dump.length - footerBytes
  const flavour: RdbFlavour = dump.readUInt16LE(end) >= valkeyVersions ? 'valkey' : 'redis'
  return { type: dump[0]!, flavour, buffer: dump, start: 1, end }
}

async function compareInSlices(
  side: TargetSide,
  db: number,
  { key, value }: BackupKey,
  differ: Differ,
): Promise<void> {
  const feed = new MemoryFeed(value.buffer, value.start, value.end)
  const found = await compareBigValue(side, db, key, value.type, feed, value.flavour)
  if (found !== null) differ(key, found.kind, found.detail)
}
