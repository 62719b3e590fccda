import type { UnitCommand } from '../flow/units.ts'

/** A form of a command that is younger than the command itself. */
export interface Need {
  /** As it is told: `ZADD GT`. */
  readonly what: string
  /** The Redis version that knows it, 6.2 → 602. */
  readonly since: number
}

interface Option {
  readonly words: readonly string[]
  readonly since: number
  /** Where among the arguments it can stand (the name is at 0). */
  readonly from: number
}

/** Options by their commands. Source: `history` of `src/commands/*.json` of Redis. */
const options: Readonly<Record<string, readonly Option[]>> = {
  SET: [
    { words: ['KEEPTTL'], since: 600, from: 3 },
    { words: ['GET'], since: 602, from: 3 },
  ],
  ZADD: [
    { words: ['NX', 'XX', 'CH', 'INCR'], since: 302, from: 2 },
    { words: ['GT', 'LT'], since: 602, from: 2 },
  ],
  XADD: [{ words: ['NOMKSTREAM', 'MINID', 'LIMIT'], since: 602, from: 2 }],
  XTRIM: [{ words: ['MINID', 'LIMIT'], since: 602, from: 2 }],
  XGROUP: [
    { words: ['CREATECONSUMER'], since: 602, from: 1 },
    { words: ['ENTRIESREAD'], since: 700, from: 5 },
  ],
  XSETID: [{ words: ['ENTRIESADDED'], since: 700, from: 3 }],
  RESTORE: [
    { words: ['REPLACE'], since: 300, from: 4 },
    { words: ['ABSTTL', 'IDLETIME', 'FREQ'], since: 500, from: 4 },
  ],
}

/** Commands that take so many arguments only since: how many there may be without. */
const counts: Readonly<Record<string, readonly [most: number, since: number]>> = {
  LPOP: [2, 602],
  RPOP: [2, 602],
  SPOP: [2, 302],
}

/** How many options stand in front of what could look like one, at most. */
const optionsAhead = 8

/** What a server must know of a command beside its name; null where any that has the command knows it. */
export function needOf({ shape, args }: UnitCommand): Need | null {
  if (shape === null) return null
  const { name } = shape
  const [most, since] = counts[name] ?? [Infinity, 0]
  if (args.length > most) return { what: `${name} with a count`, since }
  let youngest: Need | null = null
  for (const option of options[name] ?? [])
    for (const arg of args.slice(option.from, option.from + optionsAhead)) {
      const word = arg.length > 16 ? '' : arg.toString('latin1').toUpperCase()
      if (name === 'ZADD' && isNumber(word)) break
      if (name === 'XADD' && (word === '*' || /^\d+-/.test(word))) break
      if (option.words.includes(word) && option.since > (youngest?.since ?? 0))
        youngest = { what: `${name} ${word}`, since: option.since }
    }
  return youngest
}

/** The first score: members behind it may be called like options. */
function isNumber(word: string): boolean {
  return /^[+-]?(?:\d|\.\d|INF)/.test(word)
}
