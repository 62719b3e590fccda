import { skipLength, skipString } from '../rdb/skip.ts'
import { type } from '../rdb/opcodes.ts'

/** Strings that make one element, of the types a server writes out in the order its hash table happens to have. */
const stringsEach = new Map<number, number>([
  [type.SET, 1],
  [type.HASH, 2],
])

/**
 * Whether two serialised values (the type's byte first) are sets, or hashes, of the same elements in whatever
 * order. Elements are compared as they are written; the same one written in two ways counts as another, so only
 * *true* is certain. False for any other type.
 */
export function sameElements(here: Buffer, there: Buffer): boolean {
  const strings = stringsEach.get(here[0]!)
  if (strings === undefined || here[0] !== there[0] || here.length !== there.length) return false
  const [ours, theirs] = [elementsOf(here, strings), elementsOf(there, strings)]
  return (
    ours !== null &&
    theirs !== null &&
    ours.size === theirs.size &&
    [...ours].every((element) => theirs.has(element))
  )
}

/** One character a byte; null where the bytes do not end where the last element does. */
function elementsOf(value: Buffer, strings: number): ReadonlySet<string> | null {
  const elements = new Set<string>()
  let at = skipLength(value, 1, value.length)
  while (at > 0 && at < value.length) {
    const start = at
    for (let index = 0; index < strings && at > 0; index += 1) at = skipString(value, at, value.length)
    if (at > 0) elements.add(value.toString('latin1', start, at))
  }
  return at === value.length ? elements : null
}
