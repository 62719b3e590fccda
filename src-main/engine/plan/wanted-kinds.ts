import { keyKinds, wantsKind, type FollowedRules, type KeyKind } from '#contract/selection.ts'
import { kindOf } from '../rdb/opcodes.ts'
import type { UnitCommand } from '../flow/units.ts'
import { readsTheRest, writesTheLast } from './key-roles.ts'

/**
 * What a command means where only keys of some types go along:
 * - `goes`: what it changes goes along, or is not there
 * - `goes-not`: what it changes does not go along, and did not before
 * - an array, the places of keys: whatever they were before, they do not go along any more
 * - `unsure`: that depends on what its keys are
 */
export type KindRuling = 'goes' | 'goes-not' | 'unsure' | readonly number[]

type OfKinds = Pick<FollowedRules, 'types' | 'excludeTypes'>

/** Null where the rules ask for no type. */
export function makeKindRules(rules: OfKinds): ((command: UnitCommand) => KindRuling) | null {
  if (rules.types === undefined && rules.excludeTypes === undefined) return null
  const wanted = (kind: KeyKind): boolean => wantsKind(rules, kind)
  return ({ shape, args }) => {
    if (shape?.kind !== 'write' || ofEveryKind.has(shape.name))
      return shape?.kind === 'everything' && shape.keyPlaces(args).length > 0 ? 'unsure' : 'goes'
    const kind = restoring.has(shape.name) ? kindOf(args[3]?.[0] ?? noCode) : kindOfCommand.get(shape.name)
    if (kind === undefined) return 'unsure'
    if (ofSetsToo.has(shape.name) && !(wanted('set') && wanted('zset'))) return 'unsure'
    if (wanted(kind)) return 'goes'
    const places = shape.keyPlaces(args)
    if (readsTheRest.has(shape.name)) return places.slice(0, 1)
    if (writesTheLast.has(shape.name)) return places.slice(-1)
    return replacing.has(shape.name) ? places : 'goes-not'
  }
}

/** What TYPE says, in our words. */
export function kindNamed(type: string): KeyKind {
  return keyKinds.find((kind) => kind === type) ?? 'module'
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

/** What they do to a key that is not there is nothing. */
const ofEveryKind: ReadonlySet<string> = new Set(
  words('DEL UNLINK EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST'),
)

/** What was there before, of whichever type, is gone behind them. */
const replacing: ReadonlySet<string> = new Set(
  words('SET SETEX PSETEX GETSET MSET MSETEX RESTORE RESTORE-ASKING'),
)

const noCode = -1
/** What they bring begins with its type (DUMP). */
const restoring: ReadonlySet<string> = new Set(words('RESTORE RESTORE-ASKING'))

/** They make sorted sets of sets too. */
const ofSetsToo: ReadonlySet<string> = new Set(words('ZUNIONSTORE ZINTERSTORE ZDIFFSTORE'))

/** Of commands of one type alone; RENAME, COPY, MOVE and SORT are of none. */
const kindOfCommand: ReadonlyMap<string, KeyKind> = new Map(
  (
    [
      [
        'string',
        `SET SETEX PSETEX SETNX GETSET GETDEL GETEX APPEND SETRANGE SETBIT BITFIELD INCR DECR INCRBY DECRBY
         INCRBYFLOAT PFADD PFCOUNT PFMERGE MSET MSETNX MSETEX BITOP DELIFEQ`,
      ],
      [
        'list',
        `LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LTRIM LSET LINSERT LREM BLPOP BRPOP RPOPLPUSH BRPOPLPUSH LMOVE BLMOVE
         LMPOP BLMPOP`,
      ],
      ['set', 'SADD SREM SPOP SMOVE SINTERSTORE SUNIONSTORE SDIFFSTORE'],
      [
        'zset',
        `ZADD ZINCRBY ZREM ZREMRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYLEX ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX ZMPOP
         BZMPOP ZRANGESTORE ZUNIONSTORE ZINTERSTORE ZDIFFSTORE GEOADD GEOSEARCHSTORE GEORADIUS GEORADIUSBYMEMBER`,
      ],
      [
        'hash',
        `HSET HMSET HSETNX HDEL HINCRBY HINCRBYFLOAT HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST HGETDEL HGETEX
         HSETEX`,
      ],
      ['stream', 'XADD XTRIM XDEL XACK XCLAIM XAUTOCLAIM XSETID XACKDEL XDELEX XGROUP XREADGROUP'],
    ] as const
  ).flatMap(([kind, names]) => words(names).map((name): [string, KeyKind] => [name, kind])),
)
