import { fail } from '#contract/failure.ts'

/**
 * LZF as Redis keeps strings in RDB files (`lzf_d.c`). The input is a row of runs:
 * - a byte below 32: that many bytes plus one follow as they are;
 * - else its upper three bits are a length, its lower five the upper bits of a distance. A length of 7 is
 *   carried on in the next byte. Then comes the lower byte of the distance. Length + 2 bytes are copied from
 *   distance + 1 bytes back, and may overlap what they produce.
 */

/** How far back a run can reach, in bytes. */
export const lzfReach = 8192
/** The most input one run takes, and the most output it makes, in bytes. */
export const lzfMaxRunInput = 33
export const lzfMaxRunOutput = 264

/**
 * Decompresses input[inStart, inEnd) so that it fills output[outStart, outEnd) exactly, and touches nothing
 * else. @throws file.corrupt where the input does not do that.
 */
export function lzfDecompress(
  input: Uint8Array,
  inStart: number,
  inEnd: number,
  output: Uint8Array,
  outStart: number,
  outEnd: number,
): void {
  let from = inStart
  let to = outStart
  while (from < inEnd) {
    const control = input[from++]!
    if (control < 32) {
      const length = control + 1
      if (from + length > inEnd || to + length > outEnd) corrupt(from - inStart)
      for (const end = from + length; from < end;) output[to++] = input[from++]!
      continue
    }
    let length = control >> 5
    if (length === 7) {
      if (from >= inEnd) corrupt(from - inStart)
      length += input[from++]!
    }
    if (from >= inEnd) corrupt(from - inStart)
    const back = to - (((control & 0x1f) << 8) | input[from++]!) - 1
    length += 2
    if (back < outStart || to + length > outEnd) corrupt(from - inStart)
    // Byte by byte on purpose: a run may read what it has just written.
    for (let copied = 0; copied < length; copied += 1) output[to++] = output[back + copied]!
  }
  if (to !== outEnd) corrupt(inEnd - inStart)
}

/** Says at which byte of a compressed string it stopped making sense. */
function corrupt(offset: number): never {
  fail('file.corrupt', { structure: 'lzf', offsetInValue: offset })
}

const hashBits = 14

/** Compresses `input`; null where that would not save a byte (Redis then keeps the string as it is). */
export function lzfCompress(input: Uint8Array): Uint8Array | null {
  const output = new Uint8Array(input.length)
  /** Where a run of three bytes was last seen, plus one. */
  const seen = new Int32Array(1 << hashBits)
  let to = 0
  let at = 0
  let literalsFrom = 0

  /** Writes input[literalsFrom, at) in runs of at most 32. False where the output is full. */
  const flushLiterals = (): boolean => {
    while (literalsFrom < at) {
      const length = Math.min(32, at - literalsFrom)
      if (to + 1 + length >= output.length) return false
      output[to++] = length - 1
      output.set(input.subarray(literalsFrom, literalsFrom + length), to)
      to += length
      literalsFrom += length
    }
    return true
  }

  while (at + 2 < input.length) {
    const three = (input[at]! << 16) | (input[at + 1]! << 8) | input[at + 2]!
    const slot = Math.imul(three, 0x9e3779b1) >>> (32 - hashBits)
    const back = seen[slot]! - 1
    seen[slot] = at + 1
    const distance = at - back - 1
    const found =
      back >= 0 &&
      distance < lzfReach &&
      input[back] === input[at] &&
      input[back + 1] === input[at + 1] &&
      input[back + 2] === input[at + 2]
    if (!found) {
      at += 1
      continue
    }
    let length = 3
    while (
      length < lzfMaxRunOutput &&
      at + length < input.length &&
      input[back + length] === input[at + length]
    )
      length += 1
    if (!flushLiterals() || to + 3 >= output.length) return null
    const written = length - 2
    output[to++] = (Math.min(written, 7) << 5) | (distance >> 8)
    if (written >= 7) output[to++] = written - 7
    output[to++] = distance & 0xff
    at += length
    literalsFrom = at
  }
  at = input.length
  return flushLiterals() && to < input.length ? output.subarray(0, to) : null
}
