import { expect, it } from 'vitest'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'
import { startWriter } from '../support/writer.ts'

const password = 'of-the-account'
const dataFolder = dataFolderForEachTest()

/** A source whose accounts may do all but follow it, as managed services have it. */
async function startManaged(): Promise<RedisServer> {
  const source = await startRedis()
  const rights = ['on', `>${password}`, '~*', '&*', '+@all', '-psync', '-sync', '-replconf']
  await source.call('ACL', 'SETUSER', 'account', ...rights)
  return source
}

it('where nobody may follow, a migration reads key by key once that is accepted, and is proven equal', async () => {
  await using source = await startManaged()
  await using target = await startRedis()
  const writer = startWriter({ port: source.port, rate: 2_000 })
  await using home = dataFolder.open()
  const profile = home.profiles.save({
    name: 'Managed cache',
    source: { host: source.host, port: source.port, username: 'account', password },
    target: { host: target.host, port: target.port },
  })
  const { id } = home.tasks.create(profile.id)
  home.tasks.check(id)
  const checked = await untilTask(home, id, ({ state }) => state !== 'checking')
  const warnings = checked.checks!.results.filter(({ state }) => state === 'warning')
  expect(warnings.map(({ finding }) => finding)).toEqual(['scan-instead'])
  expect(checked.actions).not.toContain('start')
  home.tasks.accept(id, 'source-psync', true)
  home.tasks.start(id)
  const following = await untilTask(home, id, ({ inStep }) => inStep)
  expect(following.settings.map(({ name, during, state }) => [name, during, state])).toEqual([
    ['notify-keyspace-events', 'AE', 'changed'],
  ])
  expect(following.events.map(({ code }) => code)).toContain('scan.begun')

  await home.tasks.pause(id)
  await source.call('SET', 'while paused', '1')
  home.tasks.resume(id)
  await untilTask(home, id, ({ inStep }) => inStep)

  await home.tasks.freeze(id)
  const frozen = await untilTask(home, id, ({ state }) => state === 'frozen')
  home.tasks.verify(id, 'full')
  const proven = await untilTask(
    home,
    id,
    ({ state, proof }) => state === 'frozen' && proof?.running === false,
  )
  expect(proven.proof?.result).toMatchObject({ equal: true, differing: 0, functionsDiffer: false })
  expect(proven.proof!.result!.compared).toBeGreaterThan(1_000)
  expect(proven.finishNeedsConsent).toBeNull()
  expect(frozen.progress?.events.map(({ code }) => code)).toContain('scan.reconciled')
  expect((await home.tasks.finish(id, {})).state).toBe('finished')
  await writer.stop()
  expect(await target.call('GET', 'while paused')).toBe('1')
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
  expect(await source.call('CONFIG', 'GET', 'notify-keyspace-events')).toEqual(['notify-keyspace-events', ''])
})

it('keyferry sync --mode scan ends in step, goes on from there, and is finished', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  await source.call('SET', 'k', '1', 'EX', '5000')
  await source.call('RPUSH', 'list', 'a', 'b')
  await source.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
  )
  const env = { KEYFERRY_HOME: dataFolder.path }
  const ends = ['-f', `127.0.0.1:${source.port}`, '-t', `127.0.0.1:${target.port}`]
  const sync = ['sync', ...ends, '--mode', 'scan', '--until', 'in-step']

  const first = await runCli([...sync, '--accept-warnings'], { env, timeoutMs: 60_000 })
  expect(first.code, first.stderr).toBe(0)
  expect(first.stdout).toContain('as it was read, key by key')
  expect(await target.call('LRANGE', 'list', '0', '-1')).toEqual(['a', 'b'])
  expect(Number(await target.call('TTL', 'k'))).toBeGreaterThan(4_900)
  expect(await target.call('FCALL', 'f', '0')).toBe(1)

  await source.call('DEL', 'k')
  await source.call('FUNCTION', 'DELETE', 'lib')
  await source.call('RENAME', 'list', 'other')
  expect((await runCli([...sync, '--accept-warnings'], { env, timeoutMs: 60_000 })).code).toBe(0)
  expect(await target.call('KEYS', '[^k]*')).toEqual(['other'])
  expect(await target.call('EXISTS', 'k')).toBe(0)
  expect(await target.call('FUNCTION', 'LIST')).toEqual([])
  const finished = await runCli(['finish', ...ends], { env, timeoutMs: 60_000 })
  expect(finished.code, finished.stderr + finished.stdout).toBe(0)
  expect(await target.call('KEYS', '*')).toEqual(['other'])
  expect(await source.call('CONFIG', 'GET', 'notify-keyspace-events')).toEqual(['notify-keyspace-events', ''])
})
