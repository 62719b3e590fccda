import { fail } from '#contract/failure.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { CompactReader } from './compact-reader.ts'
import type { Element } from './element.ts'
import { encodeListpack, listpack } from './listpack.ts'
import type { Steps } from './steps.ts'
import { readLength, StringReader, writeLength, writeString } from './string.ts'
import { encodeZiplist, ziplist } from './ziplist.ts'

/** What a node of LIST_QUICKLIST_2 holds (`quicklist.h`): one element as it is, or a listpack of many. */
const container = { PLAIN: 1, PACKED: 2 } as const

/**
 * Walks a list as Redis keeps it since 3.2 (`rdbSaveObject`): a number of nodes, each a string. Version 1
 * (LIST_QUICKLIST): each is a ziplist. Version 2 (LIST_QUICKLIST_2, 7.0): each says before what it is.
 */
export function* readQuicklist(
  version: 1 | 2,
  feed: ByteFeed,
  visit: (element: Element) => Steps<void>,
): Steps<void> {
  const strings = new StringReader(feed)
  for (let nodes = yield* readLength(feed); nodes > 0; nodes -= 1) {
    const kind = version === 2 ? yield* readLength(feed) : container.PACKED
    if (kind === container.PLAIN) yield* visit(yield* strings.next())
    else if (kind === container.PACKED) {
      const node = yield* strings.nextContent()
      const reader = new CompactReader(version === 2 ? listpack : ziplist, node.feed, node.length)
      for (let element; (element = yield* reader.next()) !== null;) yield* visit(element)
    } else fail('file.corrupt', { structure: 'quicklist' })
  }
}

/** Bytes of elements at which a node is full, as with `list-max-listpack-size -2`. */
const nodeBytes = 8192

/** Packs a list into an RDB value of the version, with nodes about as large as a server would make them. */
export function encodeQuicklist(version: 1 | 2, elements: Iterable<Uint8Array>): Buffer {
  const nodes = new ByteWriter()
  let count = 0
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  const endNode = (): void => {
    if (gathered.length === 0) return
    if (version === 2) writeLength(nodes, container.PACKED)
    writeString(nodes, version === 2 ? encodeListpack(gathered) : encodeZiplist(gathered))
    count += 1
    gathered = []
    gatheredBytes = 0
  }
  for (const element of elements) {
    if (gatheredBytes + element.length > nodeBytes) endNode()
    if (version === 2 && element.length > nodeBytes) {
      writeLength(nodes, container.PLAIN)
      writeString(nodes, element)
      count += 1
      continue
    }
    gathered.push(element)
    gatheredBytes += element.length
  }
  endNode()
  const value = new ByteWriter(nodes.length + 9)
  writeLength(value, count)
  value.bytes(nodes.written())
  return value.written()
}
