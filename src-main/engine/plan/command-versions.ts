import type { Capabilities } from '../redis/capabilities.ts'
import type { Argument } from '../resp/encode.ts'
import type { TargetLook } from '../target/look.ts'
import { scripts } from './command-scripts.ts'

/** What of commands a target knows. */
export interface Tongue {
  /** The Redis version that it is, or stands for: 7.0 → 700. */
  readonly versionNumber: number
  /** HPEXPIREAT (Redis 7.4, Valkey 9.0). */
  readonly hashFieldExpiry: boolean
  /** HSETEX (Redis 8.0, Valkey 9.0). */
  readonly hashSetWithExpiry: boolean
}

/** What a target was seen to know. */
export function tongueOf(
  { versionNumber, flavour, version }: Pick<TargetLook, 'versionNumber' | 'flavour' | 'version'>,
  { hashFieldExpiry }: Pick<Capabilities, 'hashFieldExpiry'>,
): Tongue {
  const hashSetWithExpiry =
    hashFieldExpiry && (flavour === 'valkey' ? Number.parseInt(version, 10) >= 9 : versionNumber >= 800)
  return { versionNumber, hashFieldExpiry, hashSetWithExpiry }
}

/**
 * What a target is to be told for a command:
 * - `same`: the command as it came
 * - commands in place of it, in order; none where there is nothing to be done
 * - `copy`: it cannot be said, the value that comes of it is to be copied
 * - `lost`: it concerns what the target cannot hold
 */
export type Said = 'same' | 'copy' | 'lost' | readonly (readonly Argument[])[]

type Say = (args: readonly Argument[]) => Said

interface Rule {
  /** Targets that do not know the command, or this form of it. */
  readonly lacks: (tongue: Tongue) => boolean
  /** Has this command that form? Left out: always. */
  readonly when?: (args: readonly Argument[]) => boolean
  readonly say: Say
}

/**
 * Says a command of a stream to a target that may be older than its source. The form of commands is that of a stream:
 * what was conditional has been done. Source: `since` and `history` of `src/commands/*.json` of Redis.
 */
export function sayTo(tongue: Tongue, name: string, args: readonly Argument[]): Said {
  const rule = table.get(name)?.find(({ lacks, when }) => lacks(tongue) && (when === undefined || when(args)))
  if (rule === undefined) return 'same'
  const said = rule.say(args)
  if (typeof said === 'string') return said
  // What is said in place of it may be too young as well.
  const all = said.map((words) => ({ words, again: sayTo(tongue, String(words[0]), words) }))
  if (all.some(({ again }) => again === 'copy')) return 'copy'
  return all.flatMap(({ words, again }) => (typeof again === 'string' ? [words] : again))
}

/** Does the target know the command in each of its forms? */
export function knowsEveryForm(tongue: Tongue, name: string): boolean {
  return table.get(name)?.some(({ lacks }) => lacks(tongue)) !== true
}

const before =
  (versionNumber: number) =>
  (tongue: Tongue): boolean =>
    tongue.versionNumber < versionNumber
const lacksFieldExpiry = ({ hashFieldExpiry }: Tongue): boolean => !hashFieldExpiry
const lacksHashSetWithExpiry = ({ hashSetWithExpiry }: Tongue): boolean => !hashSetWithExpiry

const nothing: Say = () => []
const copied: Say = () => 'copy'
const lost: Say = () => 'lost'
/** The same under another name. */
const as =
  (name: string): Say =>
  ([, ...rest]) => [[name, ...rest]]
const hasMoreThan =
  (count: number) =>
  (args: readonly Argument[]): boolean =>
    args.length > count
const names =
  (word: string, from: number, to = Infinity) =>
  (args: readonly Argument[]): boolean => {
    const at = placeOf(args, word, from)
    return at >= 0 && at <= to
  }

/** The first that a target lacks is taken. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  SET: [
    { lacks: before(602), when: names('PXAT', 3), say: setWithExpiry },
    {
      lacks: before(600),
      when: names('KEEPTTL', 3),
      say: ([, key, value]) => [scripts.keepTtl(key!, value!)],
    },
  ],
  UNLINK: [{ lacks: before(400), say: as('DEL') }],
  DELIFEQ: [{ lacks: () => true, say: ([, key]) => [['DEL', key!]] }],
  FLUSHALL: [{ lacks: before(602), when: hasMoreThan(1), say: () => [['FLUSHALL']] }],
  FLUSHDB: [{ lacks: before(602), when: hasMoreThan(1), say: () => [['FLUSHDB']] }],
  RESTORE: [{ lacks: before(500), when: names('ABSTTL', 4), say: restoreThenExpire }],
  COPY: [
    { lacks: before(300), say: copied },
    { lacks: before(602), say: (args) => [scripts.copy(args[1]!, args[2]!, wordAfter(args, 'DB', 3))] },
  ],
  BITFIELD: [{ lacks: before(302), say: copied }],
  MSETEX: [{ lacks: () => true, say: copied }],

  LMOVE: [
    {
      lacks: before(602),
      when: (args) => isWord(args[3], 'RIGHT') && isWord(args[4], 'LEFT'),
      say: popAndPush,
    },
    {
      lacks: before(602),
      say: ([, from, to, where, whereTo]) => [
        scripts.move(
          from!,
          to!,
          isWord(where, 'LEFT') ? 'LPOP' : 'RPOP',
          isWord(whereTo, 'LEFT') ? 'LPUSH' : 'RPUSH',
        ),
      ],
    },
  ],
  LPOP: [
    { lacks: before(602), when: hasMoreThan(2), say: ([, key, count]) => [['LTRIM', key!, text(count), -1]] },
  ],
  RPOP: [
    {
      lacks: before(602),
      when: hasMoreThan(2),
      say: ([, key, count]) => [['LTRIM', key!, 0, -1 - Number(text(count))]],
    },
  ],
  LPUSHX: [{ lacks: before(400), when: hasMoreThan(3), say: as('LPUSH') }],
  RPUSHX: [{ lacks: before(400), when: hasMoreThan(3), say: as('RPUSH') }],

  ZADD: [
    {
      lacks: before(602),
      when: (args) => flagsOfZadd(args).some((flag) => flag === 'GT' || flag === 'LT'),
      say: addScores,
    },
    { lacks: before(302), when: (args) => flagsOfZadd(args).length > 0, say: addScores },
  ],
  ZPOPMIN: [
    { lacks: before(500), say: ([, key, count]) => [['ZREMRANGEBYRANK', key!, 0, numberOr1(count) - 1]] },
  ],
  ZPOPMAX: [
    { lacks: before(500), say: ([, key, count]) => [['ZREMRANGEBYRANK', key!, -numberOr1(count), -1]] },
  ],
  ZRANGESTORE: [{ lacks: before(602), say: copied }],
  ZDIFFSTORE: [{ lacks: before(602), say: copied }],
  GEOSEARCHSTORE: [{ lacks: before(602), say: copied }],

  HSET: [{ lacks: before(400), when: hasMoreThan(4), say: as('HMSET') }],
  HPEXPIREAT: [{ lacks: lacksFieldExpiry, say: nothing }],
  HPERSIST: [{ lacks: lacksFieldExpiry, say: nothing }],
  HGETEX: [
    { lacks: lacksFieldExpiry, say: nothing },
    { lacks: lacksHashSetWithExpiry, say: expireFields },
  ],
  HSETEX: [
    { lacks: lacksFieldExpiry, say: (args) => [['HSET', args[1]!, ...fieldsOf(args)]] },
    { lacks: lacksHashSetWithExpiry, when: names('KEEPTTL', 2, 4), say: copied },
    {
      lacks: lacksHashSetWithExpiry,
      say: (args) => [['HSET', args[1]!, ...fieldsOf(args)], ...expireFields(args)],
    },
  ],

  XADD: [
    { lacks: before(500), say: lost },
    {
      lacks: before(602),
      when: (args) => hasOption(args, 'NOMKSTREAM'),
      say: (args) => [without(args, 'NOMKSTREAM', 1)],
    },
    { lacks: before(602), when: (args) => hasOption(args, 'MINID'), say: addThenTrim },
    {
      lacks: before(602),
      when: (args) => hasOption(args, 'LIMIT'),
      say: (args) => [without(args, 'LIMIT', 2)],
    },
  ],
  XTRIM: [
    { lacks: before(500), say: lost },
    { lacks: before(602), when: names('MINID', 2, 2), say: (args) => [trimBelow(args, 2)] },
    { lacks: before(602), when: names('LIMIT', 3), say: (args) => [without(args, 'LIMIT', 2)] },
  ],
  XGROUP: [
    { lacks: before(500), say: lost },
    { lacks: before(602), when: (args) => isWord(args[1], 'CREATECONSUMER'), say: nothing },
    { lacks: before(700), when: names('ENTRIESREAD', 5), say: (args) => [without(args, 'ENTRIESREAD', 2)] },
  ],
  XSETID: [
    { lacks: before(500), say: lost },
    { lacks: before(700), when: hasMoreThan(3), say: (args) => [args.slice(0, 3)] },
  ],
  XDEL: [{ lacks: before(500), say: lost }],
  XACK: [{ lacks: before(500), say: lost }],
  XCLAIM: [{ lacks: before(500), say: lost }],
  XACKDEL: [{ lacks: before(802), say: copied }],
  XDELEX: [{ lacks: before(802), say: copied }],

  FUNCTION: [{ lacks: before(700), say: lost }],
  SWAPDB: [{ lacks: before(400), say: lost }],
}

const table: ReadonlyMap<string, readonly Rule[]> = new Map(Object.entries(rules))

function setWithExpiry([, key, value, , at]: readonly Argument[]): Said {
  return [
    ['SET', key!, value!],
    ['PEXPIREAT', key!, at!],
  ]
}

function popAndPush([, from, to]: readonly Argument[]): Said {
  return [['RPOPLPUSH', from!, to!]]
}

/** RESTORE key at payload … ABSTTL: the time left would be out by what lies between us and the server. */
function restoreThenExpire([, key, at, payload]: readonly Argument[]): Said {
  return [
    ['RESTORE', key!, 0, payload!, 'REPLACE'],
    ['PEXPIREAT', key!, at!],
  ]
}

function flagsOfZadd(args: readonly Argument[]): readonly string[] {
  const flags: string[] = []
  for (let at = 2; at < args.length && zaddFlags.has(text(args[at]).toUpperCase()); at += 1)
    flags.push(text(args[at]).toUpperCase())
  return flags
}

const zaddFlags: ReadonlySet<string> = new Set(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'])

function addScores(args: readonly Argument[]): Said {
  const flags = flagsOfZadd(args)
  return [scripts.addScores(args[1]!, flags, args.slice(2 + flags.length))]
}

/** Options of XADD stand in front of the id; behind it are the fields, which may be called like them. */
function hasOption(args: readonly Argument[], word: string): boolean {
  const id = args.findIndex((arg, at) => at > 1 && /^\d+-\d+$/.test(text(arg)) && !isThreshold(args, at))
  return names(word, 2, id)(args)
}

function isThreshold(args: readonly Argument[], at: number): boolean {
  return isWord(args[at - 1], 'MINID') || (/^[=~]$/.test(text(args[at - 1])) && isWord(args[at - 2], 'MINID'))
}

/** XADD key … MINID [=|~] threshold [LIMIT count] id field value … */
function addThenTrim(args: readonly Argument[]): Said {
  const at = placeOf(args, 'MINID', 2)
  const hasSign = /^[=~]$/.test(text(args[at + 1]))
  const behind = at + (hasSign ? 3 : 2)
  const rest = isWord(args[behind], 'LIMIT') ? behind + 2 : behind
  return [[...args.slice(0, at), ...args.slice(rest)], trimBelow(args, at)]
}

/** The entries below the threshold that stands behind the word at this place. */
function trimBelow(args: readonly Argument[], at: number): readonly Argument[] {
  return scripts.trimBelow(args[1]!, args[/^[=~]$/.test(text(args[at + 1])) ? at + 2 : at + 1]!)
}

/** HSETEX key [PXAT at] FIELDS count field value … */
function fieldsOf(args: readonly Argument[]): readonly Argument[] {
  return args.slice(placeOf(args, 'FIELDS', 2) + 2)
}

/** The times that HSETEX or HGETEX set, by HPEXPIREAT; none where they set none. */
function expireFields(args: readonly Argument[]): readonly (readonly Argument[])[] {
  const at = wordAfter(args.slice(0, placeOf(args, 'FIELDS', 2)), 'PXAT', 2)
  if (at === null) return []
  const fields = fieldsOf(args).filter((_, index) => text(args[0]) === 'HGETEX' || index % 2 === 0)
  return [['HPEXPIREAT', args[1]!, at, 'FIELDS', fields.length, ...fields]]
}

function numberOr1(arg: Argument | undefined): number {
  return arg === undefined ? 1 : Number(text(arg))
}

/** The arguments without a word and what belongs to it, so many in all. */
function without(args: readonly Argument[], word: string, count: number): readonly Argument[] {
  const at = placeOf(args, word, 2)
  return [...args.slice(0, at), ...args.slice(at + count)]
}

function wordAfter(args: readonly Argument[], word: string, from: number): Argument | null {
  const at = placeOf(args, word, from)
  return at < 0 ? null : (args[at + 1] ?? null)
}

function placeOf(args: readonly Argument[], word: string, from: number): number {
  return args.findIndex((arg, at) => at >= from && isWord(arg, word))
}

function isWord(arg: Argument | undefined, word: string): boolean {
  return text(arg).toUpperCase() === word
}

const longestWord = 64

/** A short argument as text; empty for a longer one. */
function text(arg: Argument | undefined): string {
  if (typeof arg !== 'object') return String(arg ?? '')
  return arg.length > longestWord
    ? ''
    : Buffer.from(arg.buffer, arg.byteOffset, arg.length).toString('latin1')
}
