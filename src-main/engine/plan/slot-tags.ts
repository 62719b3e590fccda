import { keySlot } from '../bytes/crc16.ts'

const slotCount = 16_384
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** A short tag for each slot, found when the first is asked for. */
let tags: readonly string[] | null = null

/**
 * `{…}`, to stand in a name without any other brace: the name is then in this slot. A name that shall lie in the
 * slot of a key cannot take the key itself for a tag: it may hold braces, and be of any length.
 */
export function slotTag(slot: number): string {
  tags ??= findTags()
  return `{${tags[slot]!}}`
}

function findTags(): readonly string[] {
  const found: string[] = []
  let missing = slotCount
  for (let number = 0; missing > 0; number += 1) {
    const tag = lettersOf(number)
    const slot = keySlot(Buffer.from(tag))
    if (found[slot] !== undefined) continue
    found[slot] = tag
    missing -= 1
  }
  return found
}

/** The names of one letter, then of two, and so on: each number has its own. */
function lettersOf(number: number): string {
  let text = ''
  for (let rest = number + 1; rest > 0; rest = Math.floor((rest - 1) / letters.length))
    text = letters[(rest - 1) % letters.length]! + text
  return text
}
