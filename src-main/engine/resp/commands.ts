/**
 * - `write`: changes keys that its arguments name
 * - `everything`: changes what no argument names (FLUSHALL, a script, a function library)
 * - `select`, `multi`, `exec`: the stream's own frame
 * - `nothing`: of no meaning to a data set (PING, PUBLISH, REPLCONF)
 */
export type CommandKind = 'write' | 'everything' | 'select' | 'multi' | 'exec' | 'nothing'

/** What is known of a command that may stand in a replication stream. */
export interface CommandShape {
  readonly name: string
  readonly kind: CommandKind
  /** The places of its keys among the arguments (the name is at 0), in order; empty where it has none. */
  keyPlaces(args: readonly Buffer[]): readonly number[]
}

/** The places of a command's keys among its arguments; the name is at 0. */
export type Places = (args: readonly Buffer[]) => readonly number[]

const first: readonly number[] = [1]
const firstTwo: readonly number[] = [1, 2]
const second: readonly number[] = [2]
const none: readonly number[] = []

const at1: Places = () => first
const at2: Places = () => second
const at1and2: Places = () => firstTwo
const noKeys: Places = () => none
const range =
  (from: number, untilLast: number, step: number): Places =>
  (args) => {
    const places: number[] = []
    for (let at = from; at < args.length - untilLast; at += step) places.push(at)
    return places
  }
export const from1 = range(1, 0, 1)

/** `… numkeys key [key …]` with the number at `place`, and the key at `also` before it where there is one. */
export const counted =
  (place: number, also: number | null = null): Places =>
  (args) => {
    const places = also === null ? [] : [also]
    const count = numberAt(args, place)
    for (let at = place + 1; at <= place + count && at < args.length; at += 1) places.push(at)
    return places
  }

/** The key, and the one behind the option word where it is given (SORT … STORE, GEORADIUS … STOREDIST). */
const optional =
  (from: number, ...words: readonly string[]): Places =>
  (args) => {
    for (let at = args.length - 2; at >= from; at -= 1)
      if (words.includes(args[at]!.toString('latin1').toUpperCase())) return [1, at + 1]
    return first
  }

/** The first half of what follows STREAMS. */
export const streams: Places = (args) => {
  const word = args.findIndex((arg) => arg.length === 7 && arg.toString('latin1').toUpperCase() === 'STREAMS')
  if (word < 0) return none
  const count = (args.length - word - 1) >> 1
  return Array.from({ length: count }, (_, index) => word + 1 + index)
}

function numberAt(args: readonly Buffer[], place: number): number {
  const value = Number(args[place]?.toString('latin1'))
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}

/**
 * Commands that servers from 2.6 to Redis 8 and Valkey 9 put into their stream, by the shape of their keys.
 * Source: `src/commands/*.json` of Redis (key_specs), checked against COMMAND GETKEYS by a live test.
 */
const table: readonly (readonly [CommandKind, Places, string])[] = [
  [
    'write',
    at1,
    `SET SETEX PSETEX SETNX GETSET GETDEL GETEX APPEND SETRANGE SETBIT BITFIELD INCR DECR INCRBY DECRBY INCRBYFLOAT
     EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST MOVE RESTORE RESTORE-ASKING
     LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LTRIM LSET LINSERT LREM
     SADD SREM SPOP
     ZADD ZINCRBY ZREM ZREMRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYLEX ZPOPMIN ZPOPMAX GEOADD
     HSET HMSET HSETNX HDEL HINCRBY HINCRBYFLOAT HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST HGETDEL HGETEX HSETEX
     XADD XTRIM XDEL XACK XCLAIM XAUTOCLAIM XSETID XACKDEL XDELEX PFADD DELIFEQ`,
  ],
  ['write', at2, 'XGROUP'],
  ['write', from1, 'DEL UNLINK PFCOUNT PFMERGE SINTERSTORE SUNIONSTORE SDIFFSTORE'],
  ['write', range(1, 0, 2), 'MSET MSETNX'],
  ['write', range(1, 1, 1), 'BLPOP BRPOP BZPOPMIN BZPOPMAX'],
  [
    'write',
    at1and2,
    'RENAME RENAMENX COPY SMOVE RPOPLPUSH BRPOPLPUSH LMOVE BLMOVE ZRANGESTORE GEOSEARCHSTORE',
  ],
  ['write', range(2, 0, 1), 'BITOP'],
  ['write', counted(2, 1), 'ZUNIONSTORE ZINTERSTORE ZDIFFSTORE'],
  ['write', counted(1), 'LMPOP ZMPOP MSETEX'],
  ['write', counted(2), 'BLMPOP BZMPOP'],
  ['write', optional(2, 'STORE'), 'SORT'],
  ['write', optional(6, 'STORE', 'STOREDIST'), 'GEORADIUS'],
  ['write', optional(5, 'STORE', 'STOREDIST'), 'GEORADIUSBYMEMBER'],
  ['write', streams, 'XREADGROUP'],
  ['everything', counted(2), 'EVAL EVALSHA FCALL'],
  ['everything', noKeys, 'FLUSHALL FLUSHDB SWAPDB FUNCTION SCRIPT'],
  ['select', noKeys, 'SELECT'],
  ['multi', noKeys, 'MULTI'],
  ['exec', noKeys, 'EXEC'],
  ['nothing', noKeys, 'PING REPLCONF PUBLISH SPUBLISH ECHO OPINFO'],
]

const shapes: ReadonlyMap<string, CommandShape> = new Map(
  table.flatMap(([kind, keyPlaces, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): [string, CommandShape] => [name, { name, kind, keyPlaces }]),
  ),
)

/** Names as clients write them, upper and lower case, found without folding case each time. */
const spelled = new Map<string, CommandShape | null>()

/** What is known of the command with this name; null for one that is not in the table. */
export function shapeOf(name: Buffer): CommandShape | null {
  const text = name.toString('latin1')
  const known = spelled.get(text)
  if (known !== undefined) return known
  const shape = shapes.get(text.toUpperCase()) ?? null
  if (spelled.size < 4096) spelled.set(text, shape)
  return shape
}

/** Has such a command, of so many arguments with its name, no key but the one behind its name? */
export function hasOneKey({ kind, keyPlaces }: CommandShape, args: number): boolean {
  return kind === 'write' && (keyPlaces === at1 || (keyPlaces === from1 && args === 2))
}

/** Every command of the table that names keys. */
export const keyedCommands: readonly string[] = [...shapes.values()]
  .filter((shape) => shape.kind === 'write')
  .map((shape) => shape.name)
