import { describe, expect, it } from 'vitest'
import { defaultProfileOptions } from '#contract/profile.ts'
import { atLeast } from '#engine/redis/version.ts'
import { missingOf, startAcknowledging } from '../support/acknowledging-clients.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { otherServers, startRedis, versionOf, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'

const secret = 'secret-of-the-source'
const dataFolder = dataFolderForEachTest()

const own = { name: 'redis', version: versionOf('redis-server'), binary: 'redis-server' }
const before6 = otherServers()
  .filter(({ name, version }) => name === 'redis' && atLeast(version, 2, 8) && !atLeast(version, 6, 0))
  .sort((one, other) => (one.version < other.version ? -1 : 1))
const [oldest] = before6
const newest = before6.at(-1)
const cases = [
  { ...own, password: secret },
  ...(oldest === undefined ? [] : [{ ...oldest, password: undefined }]),
  ...(newest === undefined ? [] : [{ ...newest, password: secret }]),
].map((one) => ({ ...one, auth: one.password === undefined ? 'without a password' : 'with a password' }))

/** What a migration may change at a server, and has to put back. */
async function everythingSet(server: RedisServer): Promise<unknown> {
  const users = await server.call('ACL', 'LIST').catch(() => [])
  return [await server.call('CONFIG', 'GET', '*'), users]
}

describe('a migration under clients that never give up', () => {
  if (before6.length === 0)
    process.stdout.write('KEYFERRY_TEST_SERVERS has no server from 2.8 to 5: those cases are skipped\n')

  it.each(cases)(
    'from $name $version $auth: writes are refused at the freeze, and every acknowledged one is on the target',
    async ({ binary, password }) => {
      await using source = await startRedis({ binary, ...(password !== undefined && { password }) })
      if (atLeast(source.version, 7, 0)) await source.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
      await using target = await startRedis({ password: 'new-secret' })
      const hasUsers = atLeast(source.version, 6, 0)
      if (hasUsers) await source.call('ACL', 'SETUSER', 'app', 'on', '>of-the-app', '~*', '&*', '+@all')
      const before = [await everythingSet(source), await everythingSet(target)]
      {
        await using home = dataFolder.open()
        home.profiles.save({
          name: 'busy',
          source: { host: source.host, port: source.port, password: password ?? null },
          target: { host: target.host, port: target.port, password: 'new-secret' },
          options: { ...defaultProfileOptions, afterFinish: 'leave-frozen' },
        })
      }
      const shared = password === undefined ? {} : { password }
      const auths = Array.from({ length: 16 }, (_, at) =>
        hasUsers && at >= 12 ? { username: 'app', password: 'of-the-app' } : shared,
      )
      const application = startAcknowledging(source, auths, 20_000)
      await application.wrote(50)

      const env = { KEYFERRY_HOME: dataFolder.path }
      const run = await runCli(['run', 'busy', '--cutover', 'auto', '--accept-warnings', '--json'], {
        env,
        timeoutMs: 120_000,
      })
      expect(run.stderr).not.toContain('✗')
      expect(run.events.at(-1)).toMatchObject({ event: 'done', state: 'finished', freeze: 'left' })
      await application.turnedAway(1)
      await application.stop()

      expect(await missingOf(application, target)).toEqual([])
      const { writePauseMs } = run.events.at(-1) as { writePauseMs: number }
      expect(writePauseMs).toBeGreaterThan(0)
      const total = application.clients.reduce((all, { acknowledged }) => all + acknowledged.length, 0)
      process.stdout.write(
        `${source.version}: ${total} acknowledged writes are there, write pause ${writePauseMs} ms\n`,
      )

      expect((await runCli(['unfreeze'], { env })).code).toBe(0)
      expect([await everythingSet(source), await everythingSet(target)]).toEqual(before)
    },
    180_000,
  )
})
