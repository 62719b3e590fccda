import { expect, test } from 'vitest'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, sourceOffset, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'

const older = otherServers().filter(({ name, version }) => name === 'redis' && /^[456]\./.test(version))
if (older.length === 0) {
  console.warn('no server from 4.0 to 6.2 at hand: KEYFERRY_TEST_SERVERS names none')
  test.skip('older servers are said things in older words', () => undefined)
}

const later = 4_000_000_000_000

/** What servers up to 6.2 have no words for, on keys that tell whether it was done, and done once. */
const commands = `
RPUSH list a b c d e f g h|LMOVE list other RIGHT LEFT|LMOVE list other LEFT LEFT|LMOVE list other LEFT RIGHT
LMOVE list list RIGHT RIGHT|LMOVE list list LEFT RIGHT|LPOP list 2|RPOP list 1|RPUSH gone a b|LPOP gone 5
SET text a PXAT ${later}|SET text b KEEPTTL|SET text2 v EXAT 4000000000|GETEX text2 PERSIST|SET text3 v|GETEX text3 PXAT ${later}
SET copied x PX 900000|COPY copied copy|COPY copied copy DB 5|SET copy2 other|COPY list copy2 REPLACE|UNLINK text3
PEXPIREAT copied ${later} GT|EXPIRE copied 900 NX
ZADD board 1 a 2 b 3 c 4 d|ZADD board GT 9 a 1 b 8 e|ZADD board LT CH 1 c 5 d|ZADD board XX GT INCR 2 a|ZADD board NX 7 a 7 f
ZADD board GT inf c|ZADD queue 1 a 2 b 3 c 4 d 5 e|ZPOPMIN queue|ZPOPMAX queue 2|ZADD near 1 a 2 b
ZRANGESTORE range board 0 1|ZDIFFSTORE diff 2 board range|SUNIONSTORE union missing|SADD set 1
GEOADD geo 13.36 38.11 p 15.08 37.5 c|GEOSEARCHSTORE around geo FROMLONLAT 15 37 BYRADIUS 100 km
HSET hash f 1 g 2|HINCRBYFLOAT hash f 0.5|INCRBYFLOAT copied2 1.5|EXPIRE copied2 700|INCRBYFLOAT copied2 1.5`
const streamCommands = `
XADD stream 1-1 f v|XADD stream 2-1 f v|XADD stream 3-1 f v|XADD stream NOMKSTREAM 4-1 MINID 5|XADD stream MINID = 2 5-1 f MINID
XADD stream MAXLEN 100 6-1 LIMIT 1|XTRIM stream MINID 3|XGROUP CREATE stream group 3-1 ENTRIESREAD 2
XREADGROUP GROUP group reader COUNT 1 STREAMS stream >|XGROUP SETID stream group 5-1 ENTRIESREAD 3
XSETID stream 9-9 ENTRIESADDED 20 MAXDELETEDID 2-1`

function listed(lines: string): readonly (readonly string[])[] {
  return lines
    .trim()
    .split(/[|\n]/)
    .map((line) => line.split(' '))
}

async function run(source: RedisServer, lines: readonly (readonly string[])[]): Promise<void> {
  for (const [name, ...args] of lines) await source.call(name!, ...args)
}

test.each(older)(
  'what $name $version has no command for is said in older words, each thing once',
  async ({ binary, version }) => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await using target = await startRedis({ binary })
    using folder = taskFolder()
    const request = {
      task: 'older',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
    }
    const hasStreams = Number.parseInt(version, 10) >= 5
    {
      await using sync = startSync(request)
      await sync.until(({ phase }) => phase === 'in-step')
      await run(source, listed(commands))
      if (hasStreams) await run(source, listed(streamCommands))
      await run(source, [
        ['MULTI'],
        ['LMOVE', 'other', 'list', 'LEFT', 'LEFT'],
        ['SET', 'whole', '1'],
        ['EXEC'],
      ])
      await source.call(
        'FUNCTION',
        'LOAD',
        '#!lua name=lib\nredis.register_function("f", function() return 1 end)',
      )
      const offset = sourceOffset(source)
      await sync.until(
        ({ appliedOffset, keysInRepair }) => (appliedOffset ?? 0) >= offset && keysInRepair === 0,
      )
      const told = sync.progress!.events.filter(({ level }) => level === 'warning')
      // A library is a thing that nothing before 7.0 can hold.
      expect(told.map(({ code, params }) => [code, params['command']])).toEqual([
        ['apply.cannot-hold', 'FUNCTION'],
      ])
      await sync.kill9()
    }
    await source.call('FUNCTION', 'FLUSH')
    await source.call('LMOVE', 'list', 'other', 'RIGHT', 'RIGHT')
    await using sync = startSync(request)
    await sync.until(({ phase }) => phase === 'in-step')
    await drain(sync, source)
    expect(await compareAll(source, target, {}, 5)).toMatchObject({
      equal: true,
      differing: 0,
      differences: [],
    })
    await using flushed = startSync({
      ...request,
      task: 'flushed',
      onConflict: 'replace',
      folder: `${folder.path}/b`,
    })
    await flushed.until(({ phase }) => phase === 'in-step')
    await source.call('FLUSHALL', 'ASYNC')
    await source.call('SET', 'after', 1)
    await drain(flushed, source)
    expect(await compareAll(source, target, {}, 5)).toMatchObject({ equal: true, compared: 1 })
  },
)
