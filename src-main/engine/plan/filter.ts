/**
 * Whether the key bytes[start, end) matches a glob as KEYS and SCAN MATCH mean it (`stringmatchlen` in `util.c`): `*`, `?`,
 * `[abc]`, `[^a]`, `[a-z]`, and a backslash before anything. Bytes, not characters.
 */
export function matchesGlob(pattern: Uint8Array, key: Uint8Array, start = 0, end = key.length): boolean {
  let at = 0
  let from = start
  // Where to go on when what follows the last star does not fit: one byte further into the key.
  let star = -1
  let starKey = 0
  while (from < end) {
    const step = at < pattern.length ? matchOne(pattern, at, key[from]!) : 0
    if (pattern[at] === STAR && at < pattern.length) {
      star = at
      starKey = from
      at += 1
    } else if (step > 0) {
      at += step
      from += 1
    } else if (star >= 0) {
      starKey += 1
      from = starKey
      at = star + 1
    } else {
      return false
    }
  }
  while (pattern[at] === STAR) at += 1
  return at >= pattern.length
}

const STAR = 42
const QUESTION = 63
const OPEN = 91
const CLOSE = 93
const CARET = 94
const DASH = 45
const BACKSLASH = 92

/** How many bytes of the pattern match this one byte of the key; 0 where they do not. */
function matchOne(pattern: Uint8Array, at: number, byte: number): number {
  switch (pattern[at]) {
    case QUESTION:
      return 1
    case OPEN:
      return matchClass(pattern, at, byte)
    case BACKSLASH:
      if (at + 1 < pattern.length) return pattern[at + 1] === byte ? 2 : 0
      return byte === BACKSLASH ? 1 : 0
    default:
      return pattern[at] === byte ? 1 : 0
  }
}

function matchClass(pattern: Uint8Array, open: number, byte: number): number {
  let at = open + 1
  const negated = pattern[at] === CARET
  if (negated) at += 1
  let found = false
  for (; at < pattern.length && pattern[at] !== CLOSE; at += 1) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      at += 1
      if (pattern[at] === byte) found = true
    } else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      const low = Math.min(pattern[at]!, pattern[at + 2]!)
      const high = Math.max(pattern[at]!, pattern[at + 2]!)
      if (byte >= low && byte <= high) found = true
      at += 2
    } else if (pattern[at] === byte) {
      found = true
    }
  }
  if (found === negated) return 0
  // A class that is never closed ends with the pattern.
  return Math.min(at + 1, pattern.length) - open
}

/** Decides which keys go along: one of `include` (if there are any) and none of `exclude`. */
export type KeyFilter = (key: Uint8Array) => boolean

/** Null where every key goes along, so that nobody asks. */
export function makeKeyFilter(include: readonly string[], exclude: readonly string[]): KeyFilter | null {
  if (include.length === 0 && exclude.length === 0) return null
  const included = include.map((glob) => Buffer.from(glob))
  const excluded = exclude.map((glob) => Buffer.from(glob))
  return (key) =>
    (included.length === 0 || included.some((glob) => matchesGlob(glob, key))) &&
    !excluded.some((glob) => matchesGlob(glob, key))
}
