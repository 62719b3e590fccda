import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listInterrupted } from '#engine/flow/interrupted-restores.ts'
import type { RestoreResult } from '#contract/restore.ts'
import { commands, loaded, rewrite, startWriting, taken } from '../support/aof.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startCli, type RunningCli } from '../support/run-cli.ts'

/** Kills of a run; more of them with `KEYFERRY_KILLS`. */
const kills = Number(process.env['KEYFERRY_KILLS'] ?? 15)
let folder: string
let home: string
/** A server that has loaded the same file itself. */
let own: RedisServer
let wanted: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'keyferry-home-'))
  await using source = await startWriting()
  await source.call('DEBUG', 'POPULATE', 40_000, 'base', 60)
  await source.call('SET', 'counter:1', 100)
  await source.call('RPUSH', 'queue:1', 'a', 'b')
  await rewrite(source)
  folder = taken(source)
  const dir = join(folder, 'appendonlydir')
  const increment = readdirSync(dir).find((name) => name.endsWith('.incr.aof'))!
  appendFileSync(join(dir, increment), manyCommands(40_000))
  own = await loaded(folder)
  wanted = await described(own)
}, 60_000)

afterAll(async () => {
  await own.stop()
  for (const each of [folder, home]) rmSync(each, { recursive: true })
})

/** None of which may be applied twice, or left out. Few concern several keys: else one connection would do it all. */
function manyCommands(count: number): Buffer {
  const soon = Date.now() + 1_000
  const later = Date.now() + 5_000_000
  const parts: Buffer[] = [commands('SELECT 0')]
  for (let at = 0; at < count; at += 1) {
    const key = (at * 7919) % 400
    const expireAt = at < count / 2 ? soon : later + at
    const single: readonly (readonly string[])[] = [
      [`LPUSH queue:${key} ${at}`],
      [`RPOP queue:${key}`],
      [`HINCRBY hash:${key} field ${at}`],
      [`ZINCRBY scores:${key} 1.5 m${at % 9}`],
      [`INCR expiring:${key}`, `PEXPIREAT expiring:${key} ${expireAt}`],
      ['SELECT 3', `INCRBY there:${key} 3`, 'SELECT 0'],
      [`INCRBY counter:${key} 2`, `APPEND log:${key} ${at},`],
    ]
    if (at % 250 === 0)
      parts.push(
        commands('MULTI', `INCR counter:${key}`, `INCR counter:${key + 1}`, `APPEND log:${key} x`, 'EXEC'),
      )
    else if (at % 250 === 125) parts.push(commands(`RPOPLPUSH queue:${key} queue:${(key + 13) % 400}`))
    else parts.push(commands(...single[at % single.length]!))
    if (at === Math.floor(count / 3)) parts.push(commands('SELECT 9', 'SET gone 1', 'FLUSHDB', 'SELECT 0'))
  }
  return Buffer.concat(parts)
}

/** All that a server holds, in one text: values, and expiries to the millisecond. */
async function described(redis: RedisServer): Promise<string> {
  const keys = ((await redis.call('KEYS', 'expiring:*')) as string[]).sort()
  const expiries = await Promise.all(keys.map((key) => redis.call('PEXPIRETIME', key)))
  const ours = await redis.call('KEYS', 'keyferry:*')
  return JSON.stringify([await redis.call('DEBUG', 'DIGEST'), keys, expiries, ours])
}

function start(to: { readonly port: number }): RunningCli {
  return startCli(['restore', '-i', folder, '-t', `127.0.0.1:${to.port}`, '-n', '4', '--json'], {
    env: { KEYFERRY_HOME: home },
    timeoutMs: 60_000,
  })
}

test(`killed ${kills} times at random moments, it goes on each time: nothing is lost, nothing doubled`, async () => {
  await using target = await startRedis()
  let interrupted = 0
  let told = 0
  for (let kill = 0; kill < kills; kill += 1) {
    const cli = start(target)
    await Promise.race([cli.says(/"phase":"(?:writing|replaying)"/).catch(() => undefined), cli.ended])
    await sleep(Math.random() * (kill < 6 ? 60 : 250))
    cli.signal('SIGKILL')
    const { code, events } = await cli.ended
    if (code === null) {
      interrupted += 1
      const listed = await listInterrupted(join(home, 'restores'))
      // Killed when all was done, and only not said yet, it is told of no more.
      if (listed.length > 0)
        expect(listed).toMatchObject([
          {
            inputs: [folder],
            target: `127.0.0.1:${target.port}`,
            changed: [],
            asked: { spec: { connections: 4 } },
          },
        ])
      told += listed.length
    } else {
      // It had ended before the signal, or had nothing left to do when it came: the next ones begin once more.
      const last = events.at(-1)
      // Then all that is there is another's to this one; its FLUSHALL may be what it is held back for first.
      if (code !== 0) expect(['target.not-empty', 'aof.would-flush']).toContain(last?.['code'])
      expect(await described(target)).toBe(wanted)
      await target.call('FLUSHALL')
    }
  }
  const { code, events, stderr } = await start(target).ended
  expect([code, stderr]).toEqual([0, ''])
  expect(await described(target)).toBe(wanted)
  const result = events.at(-1) as unknown as RestoreResult
  expect(result.commands).toMatchObject({ failed: 0, cutOff: [] })
  expect(interrupted).toBeGreaterThan(kills * 0.6)
  expect(told).toBeGreaterThan(interrupted / 2)
  expect(await listInterrupted(join(home, 'restores'))).toEqual([])
}, 180_000)

test('the target killed four times, its append-only file on: each command is applied once', async () => {
  await using target = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const cli = start(target)
  for (let kill = 0; kill < 4; kill += 1) {
    await Promise.race([cli.says(/"phase":"(?:writing|replaying)"/).catch(() => undefined), cli.ended])
    await sleep(150 + Math.random() * 300)
    await target.kill9()
    await target.restart()
  }
  const { code, events, stderr } = await cli.ended
  expect([code, stderr]).toEqual([0, ''])
  expect(await described(target)).toBe(wanted)
  expect((events.at(-1) as unknown as RestoreResult).reconnects).toBeGreaterThan(0)
}, 120_000)

test('links cut over and over: each command is applied once', async () => {
  await using target = await startRedis()
  await using wire = await startProxy(target.port)
  const cli = start(wire)
  let running = true
  void cli.ended.then(() => (running = false))
  await cli.says(/"phase":"writing"/)
  for (let cut = 0; cut < 12 && running; cut += 1) {
    await sleep(150 + Math.random() * 250)
    wire.cut()
  }
  const { code, stderr } = await cli.ended
  expect([code, stderr]).toEqual([0, ''])
  expect(await described(target)).toBe(wanted)
}, 120_000)
