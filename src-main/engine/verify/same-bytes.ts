import { guardMs } from '../plan/expiry.ts'
import type { Reply } from '../resp/decode.ts'
import { theKey } from '../resp/encode.ts'
import type { Questioned } from './db-link.ts'
import { sameElements } from './hash-table.ts'

/** A value that takes more is not asked for in one piece. */
const atOnceBytes = 256 * 1024
/** What may be held of serialised values at once, of each side. */
const heldBytes = 8 * 1024 * 1024
/** Behind the value, DUMP puts two bytes of RDB version and eight of checksum (`rio.c`, `createDumpPayload`). */
const footerBytes = 10

const size = [['MEMORY', 'USAGE', theKey]] as const
const dump = [['DUMP', theKey]] as const

/**
 * Those of `keys` that are not known to be equal yet. Equal is what both sides DUMP byte for byte alike, but for
 * the order of a hash table, with the same expiry: type, elements, a stream's groups and all. The reverse does not
 * hold, for a value can be laid out in several ways; and large ones are not asked for here. Both have to be looked
 * into.
 */
export async function withoutSameBytes(
  source: Questioned,
  target: Questioned,
  db: number,
  keys: readonly Buffer[],
  expiryToleranceMs: number,
): Promise<readonly Buffer[]> {
  const [expireHere, expireThere, sizesHere, sizesThere] = await Promise.all([
    source.expiries(db, keys),
    target.expiries(db, keys),
    source.askEach(db, keys, size),
    target.askEach(db, keys, size),
  ])
  const open: Buffer[] = []
  let group: Buffer[] = []
  let groupBytes = 0
  const closeGroup = async (): Promise<void> => {
    open.push(...(await withOtherBytes(source, target, db, group)))
    group = []
    groupBytes = 0
  }
  for (const [index, key] of keys.entries()) {
    const bytes = Math.max(bytesOf(sizesHere[index]), bytesOf(sizesThere[index]))
    if (bytes > atOnceBytes || !sameExpiry(expireHere[index]!, expireThere[index]!, expiryToleranceMs)) {
      open.push(key)
      continue
    }
    if (groupBytes + bytes > heldBytes) await closeGroup()
    group.push(key)
    groupBytes += bytes
  }
  await closeGroup()
  return open
}

async function withOtherBytes(
  source: Questioned,
  target: Questioned,
  db: number,
  keys: readonly Buffer[],
): Promise<readonly Buffer[]> {
  const [here, there] = await Promise.all([source.askEach(db, keys, dump), target.askEach(db, keys, dump)])
  return keys.filter((_, index) => !sameValue(here[index], there[index]))
}

function sameValue(here: Reply | undefined, there: Reply | undefined): boolean {
  if (!Buffer.isBuffer(here) || !Buffer.isBuffer(there)) return false
  const [ours, theirs] = [here.subarray(0, -footerBytes), there.subarray(0, -footerBytes)]
  return ours.equals(theirs) || sameElements(ours, theirs)
}

/** An answer that is no number (the key has gone, or the server cannot say) counts as too many. */
function bytesOf(reply: Reply | undefined): number {
  return typeof reply === 'number' ? reply : Infinity
}

/** The time an expiry of the target stands for, while a sync guards it, against the source's; -1 is none. */
export function sameExpiry(here: number, there: number, toleranceMs: number): boolean {
  const [a, b] = [here, unguarded(there)]
  return a < 0 || b < 0 ? a === b : Math.abs(a - b) <= toleranceMs
}

export function unguarded(expiry: number): number {
  return expiry >= guardMs ? expiry - guardMs : expiry
}
