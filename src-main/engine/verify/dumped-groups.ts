import { detail, type DifferenceDetail } from '#contract/difference.ts'
import type { Reply } from '../resp/decode.ts'
import { decodeValue, type DecodedValue } from './decoded-value.ts'
import type { Questioned } from './db-link.ts'
import { valueDifference } from './same-value.ts'

/** Behind the value, DUMP puts two bytes of RDB version and eight of checksum (`rio.c`, `createDumpPayload`). */
const footerBytes = 10

/**
 * What differs between the groups of two streams, where one of the servers is too old to tell all of them at once
 * (XINFO STREAM … FULL, 6.0): by what both serialise. Null: nothing.
 */
export async function dumpedGroupsDifference(
  source: Questioned,
  target: Questioned,
  db: number,
  key: Buffer,
): Promise<DifferenceDetail | null> {
  const dump = ['DUMP', key]
  const [[here], [there]] = await Promise.all([source.askAll(db, [dump]), target.askAll(db, [dump])])
  const [ours, theirs] = [streamOf(here), streamOf(there)]
  if (ours === null || theirs === null) return detail('changing')
  return valueDifference(ours, theirs, Date.now())?.detail ?? null
}

function streamOf(reply: Reply | undefined): DecodedValue | null {
  if (!Buffer.isBuffer(reply)) return null
  const end = reply.length - footerBytes
  return decodeValue({ type: reply[0]!, flavour: 'redis', buffer: reply, start: 1, end })
}
