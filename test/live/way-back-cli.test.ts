import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { everythingKept } from '../support/everything-kept.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli, type CliRun, type RunningCli } from '../support/run-cli.ts'
import { compareAll } from '../support/sync-ends.ts'
import { startWriter } from '../support/writer.ts'

const oldSecret = 'secret-of-the-old-one'
const freshSecret = 'secret-of-the-new-one'
const dataFolder = dataFolderForEachTest()

const env = (): Record<string, string> => ({
  KEYFERRY_HOME: dataFolder.path,
  KEYFERRY_SOURCE_PASSWORD: oldSecret,
  KEYFERRY_TARGET_PASSWORD: freshSecret,
})
const at = ({ host, port }: RedisServer): string => `${host}:${port}`
const start = (...args: string[]): RunningCli => startCli(args, { env: env(), timeoutMs: 120_000 })
const keyferry = (...args: string[]): Promise<CliRun> => runCli(args, { env: env(), timeoutMs: 120_000 })

/** Counts up, waiting for each answer, until it is refused: the last answer, which nobody may lose. */
async function countUntilRefused(port: number, password: string): Promise<number> {
  const redis = new Redis({ port, password, maxRetriesPerRequest: 0, retryStrategy: () => null })
  redis.on('error', () => undefined)
  let acknowledged = 0
  try {
    for (;;) {
      acknowledged = await redis.incr('witness')
      await sleep(1)
    }
  } catch {
    redis.disconnect()
    return acknowledged
  }
}

test('a migration with a way back, killed while it follows, and rolled back: no acknowledged write is lost', async () => {
  await using old = await startRedis({ password: oldSecret, args: ['--appendonly', 'yes'] })
  await using fresh = await startRedis({ password: freshSecret, args: ['--appendonly', 'yes'] })
  await old.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  await fillWithEveryType(old)
  {
    await using home = dataFolder.open()
    home.profiles.save({
      name: 'shop',
      source: { host: old.host, port: old.port, password: oldSecret },
      target: { host: fresh.host, port: fresh.port, password: freshSecret },
    })
  }
  const ends = ['-f', at(old), '-t', at(fresh)]
  const run = start('run', 'shop', '--cutover', 'auto', '--way-back', '--accept-warnings')
  await run.says(/The way back is open/)
  const writer = startWriter({ port: fresh.port, password: freshSecret, rate: 1_000 })
  const counting = countUntilRefused(fresh.port, freshSecret)
  await sleep(500)
  run.signal('SIGKILL')
  expect((await run.ended).stdout).toContain('frozen, and follows it')
  const again = start('sync', '--reverse', ...ends)
  await again.says(/The way back is open/)
  again.signal('SIGKILL')
  await again.ended

  const back = await keyferry('roll-back', ...ends)
  const acknowledged = await counting
  await writer.stop()
  expect(back.stderr + back.stdout).toContain(`Rolled back: ${at(old)} is the original again`)
  expect(back.code).toBe(0)
  expect(acknowledged).toBeGreaterThan(100)
  expect(Number(await old.call('GET', 'witness'))).toBeGreaterThanOrEqual(acknowledged)
  expect(await compareAll(fresh, old, { source: freshSecret, target: oldSecret })).toMatchObject({
    equal: true,
    differing: 0,
  })
  for (const text of [everythingKept(dataFolder.path), back.stdout, back.stderr])
    for (const secret of [oldSecret, freshSecret]) expect(text).not.toContain(secret)
})

test('paused by Ctrl-C a way back stays open, and is closed by its own command', async () => {
  await using old = await startRedis({ password: oldSecret })
  await using fresh = await startRedis({ password: freshSecret })
  await old.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  await old.call('SET', 'k', '1')
  {
    await using home = dataFolder.open()
    home.profiles.save({
      name: 'shop',
      source: { host: old.host, port: old.port, password: oldSecret },
      target: { host: fresh.host, port: fresh.port, password: freshSecret },
      options: { wayBack: true },
    })
  }
  const ends = ['-f', at(old), '-t', at(fresh)]
  const told = join(dataFolder.path, 'told')
  const command = `sh -c 'echo "$KEYFERRY_FROM $KEYFERRY_TO" > ${told}'`
  const run = start(
    'run',
    'shop',
    '--cutover',
    'auto',
    '--accept-warnings',
    '--json',
    '--on-cutover',
    command,
  )
  await run.says(/"event":"way-back"/)
  run.signal('SIGINT')
  const { code, events } = await run.ended
  expect(code).toBe(0)
  expect(events.at(-1)).toMatchObject({ event: 'done', state: 'paused' })
  expect(readFileSync(told, 'utf8')).toBe(`${at(old)} ${at(fresh)}\n`)
  const closed = await keyferry('finish', '--reverse', ...ends)
  expect(closed.stdout).toContain(`The way back is closed: ${at(fresh)} is the original`)
  expect(closed.code).toBe(0)
  expect(await old.call('PING')).toBe('PONG')
  expect(await old.call('KEYS', '*')).toEqual(['k'])
})

test('a command that fails at the cutover ends nothing: the source is unfrozen, and the sync can go on', async () => {
  await using old = await startRedis({ password: oldSecret })
  await using fresh = await startRedis({ password: freshSecret })
  await old.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  await old.call('SET', 'k', '1')
  {
    await using home = dataFolder.open()
    home.profiles.save({
      name: 'shop',
      source: { host: old.host, port: old.port, password: oldSecret },
      target: { host: fresh.host, port: fresh.port, password: freshSecret },
    })
  }
  const command = `sh -c 'echo no such zone; exit 7'`
  const run = await keyferry('run', 'shop', '--cutover', 'auto', '--accept-warnings', '--on-cutover', command)
  expect(run.code).toBe(1)
  expect(run.stderr).toContain('command.failed')
  expect(run.stderr).toContain('no such zone')
  expect(await old.call('SET', 'k', '2')).toBe('OK')
  await using home = dataFolder.open()
  expect(home.tasks.board().open).toMatchObject([{ state: 'paused', name: 'shop' }])
})
