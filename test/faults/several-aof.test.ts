import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RestoreResult } from '#contract/restore.ts'
import { commands, rewrite, startWriting, taken } from '../support/aof.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startCli, type RunningCli } from '../support/run-cli.ts'

/** Kills of a run; more of them with `KEYFERRY_KILLS`. */
const kills = Number(process.env['KEYFERRY_KILLS'] ?? 8)
const expireAt = Date.now() + 5_000_000

let folder: string
/** An RDB; a folder with an RDB in front of its commands; two files of commands. */
let inputs: string[]
let folders: string[]
/** A server that was told all of it. */
let own: RedisServer
let wanted: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-several-aof-'))
  own = await startRedis()
  const rdb = join(folder, 'shard-a.rdb')
  await using first = await startRedis()
  await fill(first, 'a')
  await first.call('SAVE')
  copyFileSync(join(first.dir, 'dump.rdb'), rdb)

  const args = ['--aof-use-rdb-preamble', 'yes']
  await using second = await startWriting({ args })
  await fill(second, 'b')
  await rewrite(second)
  await pipe(second, manyCommands('b', 9_000))
  const withBase = taken(second)

  inputs = [rdb, withBase]
  for (const shard of ['c', 'd']) {
    inputs.push(join(folder, `${shard}.aof`))
    writeFileSync(inputs.at(-1)!, manyCommands(shard, 9_000))
  }
  folders = [folder, withBase]
  for (const shard of ['a', 'b']) await fill(own, shard)
  for (const shard of ['b', 'c', 'd']) await pipe(own, manyCommands(shard, 9_000))
  wanted = await described(own)
}, 60_000)

afterAll(async () => {
  await own.stop()
  for (const one of folders) rmSync(one, { recursive: true })
})

/** Has a server carry out these commands. */
async function pipe({ host, port }: RedisServer, input: Buffer): Promise<void> {
  const socket = connect(port, host)
  socket.end(Buffer.concat([input, commands('QUIT')]))
  socket.resume()
  await once(socket, 'close')
}

async function fill(server: RedisServer, shard: string): Promise<void> {
  await server.call('DEBUG', 'POPULATE', 8_000, `${shard}:base`, 60)
  await server.call('SET', `${shard}:counter:1`, 100)
  await server.call('SET', `${shard}:dated`, 1, 'PXAT', expireAt)
}

/** None of which may be applied twice, or left out. */
function manyCommands(shard: string, count: number): Buffer {
  const parts: Buffer[] = [commands('SELECT 0')]
  for (let at = 0; at < count; at += 1) {
    const key = (at * 7919) % 400
    const forms: readonly (readonly string[])[] = [
      [`LPUSH ${shard}:queue:${key} ${at}`],
      [`HINCRBY ${shard}:hash:${key} field ${at}`],
      [`INCR ${shard}:expiring:${key}`, `PEXPIREAT ${shard}:expiring:${key} ${expireAt + key}`],
      ['SELECT 3', `INCRBY ${shard}:there:${key} 3`, 'SELECT 0'],
      [`INCRBY ${shard}:counter:${key} 2`, `APPEND ${shard}:log:${key} ${at},`],
    ]
    parts.push(commands(...forms[at % forms.length]!))
  }
  return Buffer.concat(parts)
}

/** All that a server holds, in one text: values, and expiries to the millisecond. */
async function described(redis: RedisServer): Promise<string> {
  const keys = ((await redis.call('KEYS', '*:expiring:*')) as string[]).sort()
  const dated = ['a:dated', 'b:dated', ...keys]
  const expiries = await Promise.all(dated.map((key) => redis.call('PEXPIRETIME', key)))
  return JSON.stringify([
    await redis.call('DEBUG', 'DIGEST'),
    await redis.call('DBSIZE'),
    await redis.call('GET', 'b:counter:1'),
    expiries,
    await redis.call('KEYS', 'keyferry:*'),
  ])
}

function start(to: { readonly port: number }): RunningCli {
  const named = inputs.flatMap((input) => ['-i', input])
  return startCli(['restore', ...named, '-t', `127.0.0.1:${to.port}`, '-n', '4', '--json'], {
    timeoutMs: 60_000,
  })
}

test(`killed ${kills} times at random moments, four inputs go on each time: nothing is lost, nothing doubled`, async () => {
  await using target = await startRedis()
  let interrupted = 0
  const reached: number[] = []
  for (let kill = 0; kill < kills; kill += 1) {
    const cli = start(target)
    await Promise.race([cli.says(/"phase":"(?:writing|replaying)"/).catch(() => undefined), cli.ended])
    await sleep(Math.random() * 120)
    cli.signal('SIGKILL')
    const { code, events } = await cli.ended
    if (code === null) {
      interrupted += 1
      reached.push(Number(events.at(-1)?.['resumedFrom'] ?? 0))
      continue
    }
    // It had ended before the signal, or had nothing left to do when it came: the next ones begin once more.
    const told = events.at(-1)
    if (code !== 0) expect(told).toMatchObject({ event: 'failed', code: 'target.not-empty' })
    expect(await described(target)).toBe(wanted)
    await target.call('FLUSHALL')
  }
  const { code, events, stderr } = await start(target).ended
  expect([code, stderr]).toEqual([0, ''])
  expect(await described(target)).toBe(wanted)
  const result = events.at(-1) as unknown as RestoreResult
  expect(result.commands).toMatchObject({ failed: 0, cutOff: [] })
  expect(result.inputs.map(({ file }) => file)).toEqual(inputs)
  expect(interrupted).toBeGreaterThan(kills * 0.6)
  // They were not all killed in the first input.
  expect(Math.max(...reached)).toBeGreaterThan(0)
}, 240_000)
