import { counted, from1, streams, type Places } from './commands.ts'

const first: Places = () => [1]
const second: Places = () => [2]

/** Commands that read keys, by the shape of their keys (key_specs of `src/commands/*.json` of Redis). */
const table: readonly (readonly [Places, string])[] = [
  [
    first,
    `GET STRLEN GETRANGE SUBSTR GETBIT BITCOUNT BITPOS BITFIELD_RO TTL PTTL EXPIRETIME PEXPIRETIME TYPE DUMP
     LRANGE LINDEX LLEN LPOS SISMEMBER SMISMEMBER SMEMBERS SCARD SRANDMEMBER SSCAN
     ZSCORE ZMSCORE ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZRANK ZREVRANK ZCARD
     ZCOUNT ZLEXCOUNT ZRANDMEMBER ZSCAN
     HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HRANDFIELD HSCAN HTTL HPTTL HEXPIRETIME HPEXPIRETIME
     XRANGE XREVRANGE XLEN XPENDING GEOPOS GEODIST GEOHASH GEOSEARCH GEORADIUS_RO GEORADIUSBYMEMBER_RO SORT_RO`,
  ],
  [second, 'OBJECT XINFO MEMORY'],
  [from1, 'MGET EXISTS TOUCH SINTER SUNION SDIFF WATCH'],
  [counted(1), 'ZUNION ZINTER ZDIFF SINTERCARD ZINTERCARD'],
  [counted(2), 'EVAL_RO EVALSHA_RO FCALL_RO'],
  [() => [1, 2], 'LCS'],
  [streams, 'XREAD'],
]

const places: ReadonlyMap<string, Places> = new Map(
  table.flatMap(([keys, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): [string, Places] => [name, keys]),
  ),
)

/** The places of the keys of a command that reads; null for one that reads none, or is not known. `name` in upper case. */
export function placesOfRead(name: string): Places | null {
  return places.get(name) ?? null
}
