import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { defaultProfileOptions } from '#contract/profile.ts'
import { missingOf, startAcknowledging } from '../support/acknowledging-clients.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { everythingKept } from '../support/everything-kept.ts'
import { powerLoss } from '../support/power-loss.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'

const secret = 'secret-of-the-source'
const dataFolder = dataFolderForEachTest()

/** What it says on the way; it is killed within half a second after one of them. */
const milestones = [
  '"event":"proof"',
  '"event":"in-step"',
  '"event":"frozen"',
  '"state":"copying"',
  '"state":"freezing"',
]
const kills = Number(process.env['KEYFERRY_KILLS'] ?? 3)

async function everythingSet(server: RedisServer): Promise<unknown> {
  return [await server.call('CONFIG', 'GET', '*'), await server.call('ACL', 'LIST')]
}

it.each(Array.from({ length: kills }, (_, at) => at))(
  'killed at a random moment (%i), what was not fsynced lost, a migration is offered again and ends as if nothing had been',
  async (round) => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({
      password: 'new-secret',
      args: ['--maxmemory-policy', 'allkeys-lru'],
    })
    await source.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
    await source.call('ACL', 'SETUSER', 'app', 'on', '>of-the-app', '~*', '&*', '+@all')
    await source.call('DEBUG', 'POPULATE', 20_000)
    const before = [await everythingSet(source), await everythingSet(target)]
    {
      await using home = dataFolder.open()
      home.profiles.save({
        name: 'mortal',
        source: { host: source.host, port: source.port, password: secret },
        target: { host: target.host, port: target.port, password: 'new-secret' },
        options: { ...defaultProfileOptions, afterFinish: 'leave-frozen', lockTarget: true },
      })
    }
    const loss = powerLoss(join(dataFolder.path, 'keyferry.db'), dataFolder.path)
    if (loss === null) process.stdout.write('no C compiler: writes that were not fsynced are not lost here\n')
    const application = startAcknowledging(
      source,
      [
        { password: secret },
        { username: 'app', password: 'of-the-app' },
        { password: secret },
        { password: secret },
      ],
      2_000,
    )
    await application.wrote(10)

    const args = ['run', 'mortal', '--cutover', 'auto', '--accept-warnings', '--json']
    const env = { KEYFERRY_HOME: dataFolder.path }
    loss?.begin()
    const mortal = startCli(args, { env: { ...env, ...loss?.env }, timeoutMs: 120_000 })
    const milestone = milestones[round % milestones.length]!
    const afterMs = Math.floor(Math.random() * 500)
    // One that is through before is not killed.
    await mortal.says(new RegExp(milestone)).catch(() => undefined)
    await sleep(afterMs)
    mortal.signal('SIGKILL')
    const killed = await mortal.ended
    if (killed.code === null) loss?.forgetUnsynced()

    const [{ state } = {}] = (await runCli(['tasks', '--json'], { env })).events
    process.stdout.write(`killed ${afterMs} ms after ${milestone}: found ${String(state)}\n`)
    if (state !== 'finished') {
      expect(state).toBe('interrupted')
      const again = await runCli(args, { env, timeoutMs: 120_000 })
      expect(again.stderr).toBe('')
      expect(again.events.at(-1)).toMatchObject({ event: 'done', state: 'finished', freeze: 'left' })
    }
    await application.turnedAway(1)
    await application.stop()
    expect(await missingOf(application, target)).toEqual([])
    expect((await runCli(['unfreeze'], { env })).stderr).toBe('')
    expect([await everythingSet(source), await everythingSet(target)]).toEqual(before)
    for (const form of [['--json'], []])
      expect(
        (await runCli(['report', ...form, '-o', join(dataFolder.path, `report${form.length}`)], { env }))
          .code,
      ).toBe(0)
    for (const password of [secret, 'new-secret', 'of-the-app'])
      expect([killed.stdout, killed.stderr, everythingKept(dataFolder.path)].join('\n')).not.toContain(
        password,
      )
    expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
    expect(await target.call('DBSIZE')).toBe(await source.call('DBSIZE'))
  },
  180_000,
)
