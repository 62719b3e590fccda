import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll } from 'vitest'
import { encodeCommand } from '#engine/resp/encode.ts'
import { readServer } from '../matrix/read.ts'
import type { MatrixServer } from '../matrix/servers.ts'
import { startRedis, type RedisServer } from './redis-server.ts'

/** Commands as they stand in an append-only file; words are parted by one blank. */
export function commands(...lines: readonly string[]): Buffer {
  return Buffer.concat(lines.map((line) => encodeCommand(line.split(' '))))
}

const folders = new Set<string>()
// Registered first, so it comes after the file's own.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Removed at the end of the test file. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-aof-'))
  folders.add(folder)
  return folder
}

/** A folder of its own with these files; a name may have a folder in front. */
export function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = ownFolder()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

export interface Loading {
  readonly binary?: string
  /** More of the server's own flags. */
  readonly args?: readonly string[]
}

/** A server that has loaded the append-only file in a copy of this data folder. Rejects where it will not. */
export async function loaded(folder: string, { binary, args = [] }: Loading = {}): Promise<RedisServer> {
  const copy = ownFolder()
  cpSync(folder, copy, { recursive: true })
  return await startRedis({
    dir: copy,
    args: ['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0', ...args],
    ...(binary === undefined ? {} : { binary }),
  })
}

/**
 * A server that writes an append-only file, of one file or many, in `dir`: each command before it is answered. By
 * `everysec` a write waits for up to two seconds where an earlier one is still on its way to the disk (aof.c).
 */
export async function startWriting({ binary, args = [] }: Loading = {}): Promise<RedisServer> {
  const writing = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0']
  return await startRedis({
    args: [...writing, ...args],
    ...(binary === undefined ? {} : { binary }),
  })
}

/** Has the server write its append-only file anew, and waits for it. */
export async function rewrite(redis: RedisServer): Promise<void> {
  await redis.call('BGREWRITEAOF')
  for (let turn = 0; turn < 400; turn += 1) {
    const info = String(await redis.call('INFO'))
    const busy = /(?:aof_rewrite_in_progress|bgrewriteaof_in_progress|aof_rewrite_scheduled):1/.test(info)
    if (!busy) return
    await sleep(25)
  }
  throw new Error('the append-only file was not written anew')
}

/** A copy of what the server has written so far. */
export function taken(redis: RedisServer): string {
  const folder = ownFolder()
  for (const name of ['appendonly.aof', 'appendonlydir'])
    if (existsSync(join(redis.dir, name)))
      cpSync(join(redis.dir, name), join(folder, name), { recursive: true })
  return folder
}

/** What is restored of a data folder: the folder itself, or the one old file in it. */
export function inputOf(folder: string): string {
  const single = join(folder, 'appendonly.aof')
  return existsSync(single) ? single : folder
}

/**
 * All a client can see of a server, as lines, but for what differs from one loading to the next (when consumers
 * were seen last). Expiries apart: they are told to the millisecond only since 7.0.
 */
export async function seen(
  redis: RedisServer,
  server: MatrixServer,
): Promise<{ readonly lines: readonly string[]; readonly expiries: ReadonlyMap<string, number> }> {
  const { keys, functions } = await readServer(redis, server)
  const expiries = new Map<string, number>()
  const lines = [...keys].map(([name, { expireAt, stream, ...key }]) => {
    if (expireAt !== null) expiries.set(name, expireAt.ms)
    const groups = stream?.groups.map((group) => ({
      ...group,
      // A server does not write it into its append-only file each time.
      entriesRead: null,
      pending: group.pending.map(({ id, consumer, deliveries }) => [id, consumer, deliveries]),
      consumers: group.consumers.map((consumer) => consumer.name),
    }))
    return JSON.stringify([name, key, expireAt !== null, { ...stream, groups }])
  })
  return { lines: [...lines, ...functions].sort(), expiries }
}

/**
 * Has a server do what only an append-only file can carry: counters, pushes and pops, transactions, scripts, several
 * databases, and keys whose expiry is renewed, taken away, or past by the time the file is loaded. `turn` makes
 * another round differ.
 */
export async function work(redis: RedisServer, server: MatrixServer, turn: number): Promise<void> {
  const { call } = redis
  const { version } = server
  for (let at = 0; at < 40; at += 1) {
    await call('INCR', `counter:${at % 7}`)
    await call('APPEND', 'log', `${turn}.${at} `)
    await call('LPUSH', 'queue', `${turn}:${at}`)
    if (at % 3 === 0) await call('RPOP', 'queue')
    await call('HINCRBY', 'hash', `field ${at % 5}`, at)
    await call('ZINCRBY', 'scores', at / 4, `member ${at % 6}`)
    await call('SADD', 'set', at)
    if (at % 4 === 0) await call('SPOP', 'set')
  }
  await call('SETRANGE', 'log', 10, `changed in turn ${turn}`)
  await call('SET', Buffer.from([0, 255, 13, 10, turn]), Buffer.from('*3\r\n$3\r\nSET\r\n'))
  await call('RENAME', 'counter:6', `renamed:${turn}`)
  await call('SORT', 'queue', 'ALPHA', 'STORE', 'sorted')

  await call('SET', 'kept', turn)
  await call('EXPIRE', 'kept', 1)
  await call('INCR', 'kept')
  await call('PERSIST', 'kept')
  await call('SETEX', 'renewed', 1, 'value')
  await call('APPEND', 'renewed', ' and more')
  await call('EXPIRE', 'renewed', 3_600 + turn)
  await call('SET', `gone:${turn}`, 1)
  await call('EXPIRE', `gone:${turn}`, 1)
  await call('INCR', `gone:${turn}`)
  await call('SETEX', 'expiring', 7_200, 'later')

  await call('MULTI')
  await call('INCR', 'counter:1')
  await call('SELECT', 3)
  await call('RPUSH', 'list', turn)
  await call('SELECT', 0)
  await call('DEL', `never ${turn}`)
  await call('APPEND', 'log', 'in a transaction')
  await call('EXEC')
  await call('SET', `moved:${turn}`, 'to database 3')
  await call('MOVE', `moved:${turn}`, 3)
  await call('SELECT', 15)
  await call('INCRBY', 'there', turn + 5)
  await call('SELECT', 0)

  if (version >= 206) {
    await call('EVAL', "return redis.call('INCRBY', KEYS[1], ARGV[1])", 1, 'by script', turn + 3)
    await call('EVAL', "redis.call('INCR', KEYS[1]) redis.call('APPEND', KEYS[2], 'x')", 2, 'one', 'two')
    await call('HINCRBYFLOAT', 'hash', 'float', '0.5')
    await call('PEXPIREAT', 'two', Date.now() + 5_000_000)
  }
  if (version >= 400) await call('SWAPDB', 3, 15)
  if (version >= 500) {
    for (let at = 0; at < 6; at += 1)
      await call('XADD', 'stream', 'MAXLEN', '~', 100, '*', 'turn', turn, 'at', at)
    if (turn === 0) await call('XGROUP', 'CREATE', 'stream', 'group', 0)
    await call('XREADGROUP', 'GROUP', 'group', `consumer ${turn}`, 'COUNT', 3, 'STREAMS', 'stream', '>')
    const [[, entries]] = (await call(
      'XREADGROUP',
      ...['GROUP', 'group', 'other', 'COUNT', 1, 'STREAMS', 'stream', '>'],
    )) as [[string, [string][]]]
    await call('XACK', 'stream', 'group', entries[0]![0])
    await call('ZPOPMIN', 'scores')
  }
  if (version >= 602) {
    await call('LMOVE', 'queue', 'sorted', 'LEFT', 'RIGHT')
    await call('COPY', 'expiring', `copy ${turn}`, 'DB', 3)
    await call('SET', 'dated', 'value', 'PXAT', Date.now() + 9_000_000)
    await call('GETEX', 'log', 'EX', 10_000)
    await call('SET', 'log', 'again', 'KEEPTTL')
  }
  if (version >= 700) {
    const code = `#!lua name=library\nredis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1] + ${turn}) end)`
    await call('FUNCTION', 'LOAD', 'REPLACE', code)
    await call('FCALL', 'add', 1, 'by function', 4)
    await call('LMPOP', 1, 'sorted', 'LEFT', 'COUNT', 2)
  }
  if (server.fieldExpiry) {
    await call('HSET', 'expiring fields', 'stays', 1, 'renewed', 1, `goes ${turn}`, 1)
    await call('HPEXPIRE', 'expiring fields', 600, 'FIELDS', 2, 'renewed', `goes ${turn}`)
    await call('HINCRBY', 'expiring fields', 'renewed', 1)
    await call('HEXPIRE', 'expiring fields', 4_000, 'FIELDS', 1, 'renewed')
  }
}
