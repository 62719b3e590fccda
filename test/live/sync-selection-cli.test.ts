import { expect, test } from 'vitest'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { startRedis } from '../support/redis-server.ts'
import { runCli, type CliRun } from '../support/run-cli.ts'

const dataFolder = dataFolderForEachTest()
const keyferry = (...args: string[]): Promise<CliRun> =>
  runCli(args, { env: { KEYFERRY_HOME: dataFolder.path }, timeoutMs: 60_000 })

test('sync by rules: gone on with by the same rules alone, proven and finished by them', async () => {
  await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  await using target = await startRedis()
  await source.call('MSET', 'user:1', 'a', 'user:2', 'b', 'other', 'c')
  await source.call('EXPIRE', 'user:2', 5_000)
  await source.call('FUNCTION', 'LOAD', "#!lua name=l\nredis.register_function('f', function() end)")
  const sides = ['-f', `127.0.0.1:${source.port}`, '-t', `127.0.0.1:${target.port}`]
  const rules = ['--include', 'user:*', '--strip-prefix', 'user:', '--target-db', '3']
  const sync = ['sync', ...sides, '--until', 'in-step', '--accept-warnings', '--json']

  const first = await keyferry(...sync, ...rules)
  expect(first.code, first.stdout + first.stderr).toBe(0)
  await source.call('SET', 'user:3', 'd')
  await source.call('RENAME', 'other', 'user:4')
  const others = await keyferry(...sync, '--include', 'user:*')
  expect(others.code).toBe(1)
  expect(others.stdout).toContain('task.other-rules')
  const again = await keyferry(...sync, ...rules)
  expect(again.code, again.stdout + again.stderr).toBe(0)
  await target.call('SELECT', 3)
  expect(await target.call('MGET', '1', '2', '3', '4', 'other')).toEqual(['a', 'b', 'd', 'c', null])

  const proven = await keyferry('verify', ...sides, ...rules)
  expect(proven.code).toBe(0)
  expect(proven.stdout).toContain('Functions were not compared: the rules for keys leave them out.')
  const meeting = await keyferry('sync', ...sides, '--strip-prefix', 'user:')
  expect(meeting.code).toBe(2)
  expect(meeting.stderr).toContain('--strip-prefix')
}, 120_000)
