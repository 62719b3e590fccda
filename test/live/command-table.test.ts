import { expect, test } from 'vitest'
import { keyedCommands, shapeOf } from '../../src-main/engine/resp/commands.ts'
import { placesOfRead } from '../../src-main/engine/resp/read-commands.ts'
import { startRedis } from '../support/redis-server.ts'

/** One call of each command in the forms that have their keys in other places. */
const calls = `
SET k v PX 5|SETEX k 5 v|PSETEX k 5 v|SETNX k v|GETSET k v|GETDEL k|GETEX k PX 5|APPEND k v|SETRANGE k 1 v|SETBIT k 1 1
BITFIELD k SET u8 0 1|INCR k|DECR k|INCRBY k 1|DECRBY k 1|INCRBYFLOAT k 1|EXPIRE k 1|PEXPIRE k 1|EXPIREAT k 1|PEXPIREAT k 1
PERSIST k|MOVE k 1|RESTORE k 0 p|RESTORE-ASKING k 0 p|LPUSH k a|RPUSH k a|LPUSHX k a|RPUSHX k a|LPOP k|RPOP k|LTRIM k 0 1
LSET k 0 a|LINSERT k BEFORE a b|LREM k 0 a|SADD k a|SREM k a|SPOP k 2|ZADD k 1 a|ZINCRBY k 1 a|ZREM k a
ZREMRANGEBYSCORE k 0 1|ZREMRANGEBYRANK k 0 1|ZREMRANGEBYLEX k - +|ZPOPMIN k|ZPOPMAX k|GEOADD k 1 1 a|HSET k f v|HMSET k f v
HSETNX k f v|HDEL k f|HINCRBY k f 1|HINCRBYFLOAT k f 1|XADD k 1-1 f v|XTRIM k MAXLEN 1|XDEL k 1-1|XACK k g 1-1
XCLAIM k g c 0 1-1 FORCE JUSTID|XAUTOCLAIM k g c 0 0|XSETID k 1-1|PFADD k a|XGROUP CREATE k g $|XGROUP SETID k g 0
DEL a b c|UNLINK a b|PFCOUNT a b|PFMERGE a b c|SINTERSTORE a b c|SUNIONSTORE a b c|SDIFFSTORE a b|MSET a 1 b 2|MSETNX a 1 b 2
BLPOP a b 1|BRPOP a b 1|BZPOPMIN a b 1|BZPOPMAX a b 1|RENAME a b|RENAMENX a b|COPY a b DB 3|SMOVE a b m|RPOPLPUSH a b
BRPOPLPUSH a b 1|LMOVE a b LEFT RIGHT|BLMOVE a b LEFT RIGHT 1|ZRANGESTORE a b 0 1|GEOSEARCHSTORE a b FROMLONLAT 1 1 BYRADIUS 1 m
BITOP AND a b c|ZUNIONSTORE a 2 b c WEIGHTS 1 1|ZINTERSTORE a 2 b c|ZDIFFSTORE a 2 b c|LMPOP 2 a b LEFT|ZMPOP 2 a b MIN
BLMPOP 1 2 a b LEFT|BZMPOP 1 2 a b MIN|SORT a BY x_* LIMIT 0 1 STORE b|SORT a|GEORADIUS a 1 1 1 m STORE b
GEORADIUS a 1 1 1 m STOREDIST b|GEORADIUSBYMEMBER a m 1 m STORE b|XREADGROUP GROUP g c COUNT 1 STREAMS a b > >`
  .trim()
  .split(/[|\n]/)
  .map((line) => line.split(' '))

test('keys are where the server itself finds them', async () => {
  await using server = await startRedis()
  for (const call of calls) {
    const [name, ...rest] = call
    const theirs = await server.call('COMMAND', 'GETKEYS', name!, ...rest)
    const args = call.map((word) => Buffer.from(word))
    const ours = shapeOf(args[0]!)!
      .keyPlaces(args)
      .map((place) => call[place])
    expect([name, [...ours].sort()]).toEqual([name, [...(theirs as string[])].sort()])
  }
})

test('every command of the table that this server knows has been tried, and none that writes is missing', async () => {
  await using server = await startRedis()
  const listed = (await server.call('COMMAND')) as [string, number, string[]][]
  const tried = new Set(calls.map(([name]) => name))
  const known = new Map(listed.map(([name, , flags]) => [name.toUpperCase(), flags]))
  expect(keyedCommands.filter((name) => known.has(name) && !tried.has(name))).toEqual([])
  const writing = [...known].filter(([, flags]) => flags.includes('write')).map(([name]) => name)
  // Never in a stream: MIGRATE is sent as DEL, PFDEBUG is for the server's own tests.
  expect(writing.filter((name) => shapeOf(Buffer.from(name)) === null).sort()).toEqual(['MIGRATE', 'PFDEBUG'])
})

/** The same of commands that read several keys, or whose key is not the first. */
const reads = `
GET k|OBJECT ENCODING k|XINFO STREAM k|MEMORY USAGE k|MGET a b c|EXISTS a b|TOUCH a b|SINTER a b c|SUNION a b|SDIFF a b|WATCH a b
ZUNION 2 a b WEIGHTS 1 1|ZINTER 2 a b|ZDIFF 2 a b|SINTERCARD 2 a b LIMIT 1|ZINTERCARD 2 a b|EVAL_RO s 2 a b c|EVALSHA_RO s 1 a
FCALL_RO f 1 a b|LCS a b LEN|XREAD COUNT 1 STREAMS a b 0 0|SORT_RO a BY x_*|GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 m`
  .trim()
  .split(/[|\n]/)
  .map((line) => line.split(' '))

test('so are the keys of commands that read, and none that reads is missing', async () => {
  await using server = await startRedis()
  for (const call of reads) {
    const theirs = (await server.call('COMMAND', 'GETKEYS', ...(call as [string]))) as string[]
    const places = placesOfRead(call[0]!)!(call.map((word) => Buffer.from(word)))
    expect([call[0], ...places.map((place) => call[place])]).toEqual([call[0], ...theirs])
  }
  const listed = (await server.call('COMMAND')) as [string, number, string[], number][]
  const reading = listed.filter(([, , flags, key]) => flags.includes('readonly') && key > 0)
  const missing = reading.map(([name]) => name.toUpperCase()).filter((name) => placesOfRead(name) === null)
  expect(missing.filter((name) => shapeOf(Buffer.from(name)) === null)).toEqual([])
})
