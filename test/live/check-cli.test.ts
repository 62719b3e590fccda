import { describe, expect, it } from 'vitest'
import type { CheckResult } from '#contract/precheck.ts'
import { defaultProfileOptions } from '#contract/profile.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, type CliRun } from '../support/run-cli.ts'

const secret = 'secret-of-the-source'
const dataFolder = dataFolderForEachTest()

const check = (...args: string[]): Promise<CliRun> =>
  runCli(['check', ...args], {
    env: { KEYFERRY_HOME: dataFolder.path, KEYFERRY_SOURCE_PASSWORD: secret },
    timeoutMs: 60_000,
  })
const at = ({ host, port }: RedisServer): string => `${host}:${port}`

describe('keyferry check', () => {
  it('tells what passes, warns and stands in the way, by how it ends too', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis()
    const before = await source.call('CONFIG', 'GET', '*')
    const servers = ['-f', at(source), '-t', at(target)]
    const fine = await check(...servers)
    expect(fine.code, fine.stderr).toBe(0)
    expect(fine.stdout).toContain('Passed  source-rights:')
    expect(fine.stdout).toMatch(/^\d+ passed, 0 warnings, 0 in the way\.$/m)

    const warned = await check(...servers, '--no-settings', '--json')
    expect(warned.code).toBe(3)
    expect(warned.events.at(-1)).toMatchObject({ event: 'done', failed: 0, exitCode: 3 })

    const away = await check('-f', at(source), '-t', `127.0.0.1:${await freePort()}`)
    expect(away.code).toBe(1)
    expect(away.stdout).toMatch(/^\d+ passed, 0 warnings, 1 in the way, \d+ waiting for these\.$/m)

    await target.call('SET', 'mine', '1')
    const refused = await check(...servers)
    expect(refused.code).toBe(1)
    expect(refused.stdout).toContain('Failed  target-empty: The target holds 1 key')
    expect(refused.stdout + fine.stdout + JSON.stringify(warned.events)).not.toContain(secret)
    expect(await source.call('CONFIG', 'GET', '*')).toEqual(before)
  })

  it('checks a saved profile; without one both servers have to be named', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis()
    {
      await using home = dataFolder.open()
      const { host } = source
      home.profiles.save({
        name: 'Shop',
        source: { host, port: source.port, password: secret },
        target: { host, port: target.port },
      })
    }
    const checked = await check('Shop', '--json')
    expect(checked.code, checked.stderr).toBe(0)
    const found = checked.events.find(({ event }) => event === 'checked')
    expect(found?.['results']).toContainEqual(expect.objectContaining({ id: 'clocks', state: 'passed' }))

    expect((await check('-f', at(source))).code).toBe(2)
    expect((await check('nobody')).code).toBe(1)
  })

  it('what a setting mends is set for good when asked for, told, and checked again', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    await using home = dataFolder.open()
    const side = ({ host, port }: RedisServer): { host: string; port: number } => ({ host, port })
    const profile = home.profiles.save({
      name: 'Shop',
      source: side(source),
      target: side(target),
      options: { ...defaultProfileOptions, adjustSettings: false },
    })
    const { id } = home.tasks.create(profile.id)
    const checked = async (): Promise<CheckResult> => {
      for await (const answer of home.tasks.watch(id))
        if ('ok' in answer && answer.ok.state !== 'checking')
          return answer.ok.checks!.results.find((one) => one.id === 'source-timeout')!
      throw new Error('the watch ended')
    }
    home.tasks.check(id)
    expect(await checked()).toMatchObject({
      state: 'warning',
      mend: { side: 'source', name: 'repl-timeout', value: '600' },
    })
    await home.tasks.mend(id, 'source-timeout')
    expect(await checked()).toMatchObject({ state: 'passed', finding: 'timeout-enough', mend: null })
    expect(await source.call('CONFIG', 'GET', 'repl-timeout')).toEqual(['repl-timeout', '600'])
    expect(home.tasks.events(id, undefined, 50)).toContainEqual(
      expect.objectContaining({
        code: 'settings.mended',
        params: { side: 'source', name: 'repl-timeout', before: '60', now: '600' },
      }),
    )
    // A check that no setting mends only runs again.
    await home.tasks.mend(id, 'clocks')
    expect((await checked()).state).toBe('passed')
  })
})
