import { escapeKey } from '#contract/escape-key.ts'

/** A run of text that is marked, or not. */
export interface Run {
  readonly text: string
  readonly marked: boolean
}

export interface HexLine {
  /** Of its first byte in the value, in hexadecimal. */
  readonly offset: string
  readonly hex: readonly Run[]
  readonly ascii: readonly Run[]
}

const bytesPerLine = 8
const none = new Uint8Array(0)

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

/** `from`: the place of the first byte in the value. A byte is marked where the other side has another one, or none. */
export function hexLines(bytes: Uint8Array, other: Uint8Array, from: number): readonly HexLine[] {
  const width = Math.max(4, (from + bytes.length).toString(16).length)
  const lines: HexLine[] = []
  for (let start = 0; start < bytes.length; start += bytesPerLine) {
    const line = bytes.subarray(start, start + bytesPerLine)
    const marks = [...line].map((byte, index) => other[start + index] !== byte)
    const hex = [...line].map((byte) => byte.toString(16).padStart(2, '0'))
    const ascii = [...line].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'))
    lines.push({
      offset: (from + start).toString(16).padStart(width, '0'),
      hex: runsOf(hex, marks, ' '),
      ascii: runsOf(ascii, marks, ''),
    })
  }
  return lines
}

/** Neighbours that are marked alike, as one run; `between` stands unmarked where the mark changes. */
function runsOf(texts: readonly string[], marks: readonly boolean[], between: string): readonly Run[] {
  const runs: { text: string; marked: boolean }[] = []
  for (const [index, text] of texts.entries()) {
    const marked = marks[index]!
    const last = runs.at(-1)
    if (last?.marked === marked) last.text += between + text
    else {
      if (last !== undefined && between !== '') {
        if (last.marked) runs.push({ text: between, marked: false })
        else last.text += between
      }
      const before = runs.at(-1)
      if (before?.marked === marked) before.text += text
      else runs.push({ text, marked })
    }
  }
  return runs
}

/**
 * Bytes as text: what is no text, and every mark that could disguise it, escaped as in names; lines stay lines. What
 * stands between the beginning and the end that both sides share is marked.
 */
export function textRuns(bytes: Uint8Array, other: Uint8Array = none): readonly Run[] {
  let begin = 0
  const shorter = Math.min(bytes.length, other.length)
  while (begin < shorter && bytes[begin] === other[begin]) begin += 1
  let behind = 0
  while (behind < shorter - begin && bytes.at(-1 - behind) === other.at(-1 - behind)) behind += 1
  // Not inside of a character: what follows the first byte of one begins with the bits 10.
  while (begin > 0 && isInside(bytes[begin])) begin -= 1
  while (behind > 0 && isInside(bytes[bytes.length - behind])) behind -= 1
  const end = bytes.length - behind
  return [
    { text: readable(bytes.subarray(0, begin)), marked: false },
    { text: readable(bytes.subarray(begin, end)), marked: true },
    { text: readable(bytes.subarray(end)), marked: false },
  ].filter(({ text }) => text !== '')
}

function isInside(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

/** Bytes as text, escaped as in names; lines stay lines. */
export function readable(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(0x0a, start)
    const end = found === -1 ? bytes.length : found
    lines.push(escapeKey(bytes.subarray(start, end), bytes.length))
    start = end + 1
  }
  return lines.join('\n')
}

/** JSON of both sides with a line for each value, those marked that the other side lacks; null where one is no JSON. */
export function jsonRuns(
  source: Uint8Array,
  target: Uint8Array,
): { readonly source: readonly Run[]; readonly target: readonly Run[] } | null {
  const [here, there] = [jsonLines(source), jsonLines(target)]
  if (here === null || there === null) return null
  return { source: unmatched(here, there), target: unmatched(there, here) }
}

function jsonLines(bytes: Uint8Array): readonly string[] | null {
  if (bytes.length === 0) return []
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return null
    const lines = JSON.stringify(value, null, 2).split('\n')
    return lines.map((line) =>
      escapeKey(new TextEncoder().encode(line), bytes.length * 8).replaceAll('\\\\', '\\'),
    )
  } catch {
    return null
  }
}

/** Lines in the order of `lines`, those marked that are not part of the longest sequence both have. */
function unmatched(lines: readonly string[], others: readonly string[]): readonly Run[] {
  const common = commonLines(lines, others)
  return lines.map((text, index) => ({ text: `${text}\n`, marked: !common.has(index) }))
}

/** Pairs of lines that are compared each with each. */
const mostPairs = 1_000_000

/** The places in `lines` of a longest common subsequence; of very many lines, of those that the other side has at all. */
function commonLines(lines: readonly string[], others: readonly string[]): ReadonlySet<number> {
  if (lines.length * others.length > mostPairs) {
    const there = new Set(others)
    return new Set([...lines.keys()].filter((at) => there.has(lines[at]!)))
  }
  const width = others.length + 1
  const lengths = new Uint16Array((lines.length + 1) * width)
  for (let a = lines.length - 1; a >= 0; a -= 1)
    for (let b = others.length - 1; b >= 0; b -= 1)
      lengths[a * width + b] =
        lines[a] === others[b]
          ? lengths[(a + 1) * width + b + 1]! + 1
          : Math.max(lengths[(a + 1) * width + b]!, lengths[a * width + b + 1]!)
  const common = new Set<number>()
  for (let a = 0, b = 0; a < lines.length && b < others.length;)
    if (lines[a] === others[b]) {
      common.add(a)
      a += 1
      b += 1
    } else if (lengths[(a + 1) * width + b]! >= lengths[a * width + b + 1]!) a += 1
    else b += 1
  return common
}
