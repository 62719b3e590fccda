import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { MigrationReport } from '#contract/report.ts'
import { reportKo } from '#contract/words/report-ko.ts'
import { dataFolderForEachTest, startJobs } from '../support/data-folder.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli, type CliRun } from '../support/run-cli.ts'
import { startWriter } from '../support/writer.ts'

const secret = 'secret-of-the-source'
const dataFolder = dataFolderForEachTest()

const env = (): Record<string, string> => ({
  KEYFERRY_HOME: dataFolder.path,
  KEYFERRY_SOURCE_PASSWORD: secret,
  KEYFERRY_TARGET_PASSWORD: 'new-secret',
})
const at = ({ host, port }: RedisServer): string => `${host}:${port}`
const keyferry = (...args: string[]): Promise<CliRun> => runCli(args, { env: env(), timeoutMs: 60_000 })

/** Nothing a person should not see: no secret, no stack. */
function clean({ stdout, stderr }: CliRun): void {
  for (const text of [stdout, stderr]) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain('new-secret')
    expect(text).not.toMatch(/^\s+at .*:\d+:\d+/m)
  }
}

async function pair(): Promise<{ source: RedisServer; target: RedisServer } & AsyncDisposable> {
  const source = await startRedis({ password: secret })
  const target = await startRedis({ password: 'new-secret' })
  await source.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  return {
    source,
    target,
    async [Symbol.asyncDispose]() {
      await source.stop()
      await target.stop()
    },
  }
}

async function waitFor(is: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 600; turn += 1) {
    if (await is()) return
    await sleep(50)
  }
  throw new Error('what was waited for never came')
}

describe('keyferry sync, verify and finish', () => {
  it('copies until in step, goes on from there, is compared and finished', async () => {
    await using servers = await pair()
    const { source, target } = servers
    await source.call('SET', 'k', '1', 'EX', '5000')
    await source.call('RPUSH', 'list', 'a', 'b')
    const settings = await source.call('CONFIG', 'GET', 'repl-*')
    const ends = ['-f', at(source), '-t', at(target)]

    const first = await keyferry('sync', ...ends, '--until', 'in-step', '--json')
    clean(first)
    expect(first.code).toBe(0)
    expect(first.events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['following', 'in-step', 'done']),
    )
    expect(await target.call('LRANGE', 'list', '0', '-1')).toEqual(['a', 'b'])
    const ttl = Number(await target.call('TTL', 'k'))
    expect(ttl).toBeGreaterThan(4_900)
    expect(ttl).toBeLessThanOrEqual(5_000)

    await source.call('INCR', 'later')
    const differing = await keyferry('verify', ...ends)
    clean(differing)
    expect(differing.code).toBe(3)
    expect(differing.stdout).toContain('later')

    const second = await keyferry('sync', ...ends, '--until', 'in-step')
    clean(second)
    expect(second.code).toBe(0)
    expect(await target.call('GET', 'later')).toBe('1')
    expect(String(await source.call('INFO', 'stats'))).toContain('sync_full:1')

    const equal = await keyferry('verify', ...ends, '--mode', 'full', '--json')
    expect(equal.code).toBe(0)
    expect(equal.events.at(-1)).toMatchObject({ event: 'done', equal: true, compared: 3 })
    expect((await keyferry('verify', ...ends, '--mode', 'counts')).code).toBe(0)

    const finished = await keyferry('finish', ...ends)
    clean(finished)
    expect(finished.code).toBe(0)
    expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
    expect(await source.call('CONFIG', 'GET', 'repl-*')).toEqual(settings)
    expect((await keyferry('finish', ...ends)).stderr).toContain('(task.not-found)')
  })

  it('killed in the middle of following it goes on, and finish drains it first', async () => {
    await using servers = await pair()
    const { source, target } = servers
    const writer = startWriter({ port: source.port, password: secret, rate: 2_000 })
    const ends = ['-f', at(source), '-t', at(target)]
    const running = startCli(['sync', ...ends, '--json'], { env: env(), timeoutMs: 60_000 })
    await running.says(/"event":"in-step"/)
    running.signal('SIGKILL')
    await running.ended
    const again = startCli(['sync', ...ends, '--json'], { env: env(), timeoutMs: 60_000 })
    await again.says(/"event":"in-step"/)
    again.signal('SIGINT')
    const ended = await again.ended
    clean(ended)
    expect(ended.code).toBe(0)
    expect(ended.events.at(-1)).toMatchObject({ event: 'done', state: 'paused' })
    await writer.stop()
    const finished = await keyferry('finish', ...ends)
    clean(finished)
    expect(finished.code).toBe(0)
    expect((await keyferry('verify', ...ends)).code).toBe(0)
    expect(String(await source.call('INFO', 'stats'))).toContain('sync_full:1')
  })

  it('says what the checks found, and writes nothing', async () => {
    await using servers = await pair()
    const { source, target } = servers
    await target.call('SET', 'mine', '1')
    const refused = await keyferry('sync', '-f', at(source), '-t', at(target))
    clean(refused)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('The target holds 1 key already.')
    expect(refused.stderr).toContain('(task.checks-failed)')
    expect(await target.call('KEYS', '*')).toEqual(['mine'])
    const same = await keyferry('sync', '-f', at(source), '-t', at(source), '-A', secret)
    expect(same.stderr).toContain('are the same server')
  })

  it('takes other options after checks that failed, and leaves what was never begun to sync', async () => {
    await using servers = await pair()
    const { source, target } = servers
    await source.call('SET', 'k', 'new')
    await target.call('SET', 'k', 'old')
    const ends = ['-f', at(source), '-t', at(target)]

    const refused = await keyferry('sync', ...ends, '--until', 'in-step')
    clean(refused)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('holds 1 key already')

    const finished = await keyferry('finish', ...ends)
    expect(finished.code).toBe(1)
    expect(finished.stderr).toContain('(task.not-found)')
    expect(await target.call('GET', 'k')).toBe('old')

    const replaced = await keyferry(
      'sync',
      ...ends,
      '--until',
      'in-step',
      '--on-conflict',
      'replace',
      '--accept-warnings',
    )
    clean(replaced)
    expect(replaced.code).toBe(0)
    expect(await target.call('GET', 'k')).toBe('new')
  })

  it('says after a wrong password on the way on what the target holds already', async () => {
    await using servers = await pair()
    const { source, target } = servers
    await source.call('MSET', 'a', '1', 'b', '2')
    const ends = ['-f', at(source), '-t', at(target)]
    expect((await keyferry('sync', ...ends, '--until', 'in-step')).code).toBe(0)
    const refused = await keyferry('sync', ...ends, '-A', 'not-this', '--until', 'in-step')
    clean(refused)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('At least 2 keys are already written and stay on the target.')
  })

  it('step by step: frozen with a password nobody knows, it is compared and finished with the old one typed', async () => {
    await using servers = await pair()
    const { source, target } = servers
    await source.call('SET', 'early', '1')
    const ends = ['-f', at(source), '-t', at(target)]
    expect((await keyferry('sync', ...ends, '--until', 'in-step')).code).toBe(0)
    await source.call('SET', 'late', '1')
    expect((await keyferry('freeze', '-f', at(source))).code).toBe(0)

    const differing = await keyferry('verify', ...ends)
    clean(differing)
    expect(differing.code).toBe(3)
    expect(differing.stdout).toContain('late')

    const finished = await keyferry('finish', ...ends)
    clean(finished)
    expect(finished.code).toBe(0)
    expect(await target.call('GET', 'late')).toBe('1')

    expect((await keyferry('verify', ...ends)).code).toBe(0)
    expect((await keyferry('unfreeze')).code).toBe(0)
    expect((await keyferry('verify', ...ends)).code).toBe(0)
  })
})

describe('keyferry run', () => {
  it('takes a saved profile from start to finished by itself, under writes', async () => {
    await using servers = await pair()
    const { source, target } = servers
    const doors = await source.call('ACL', 'LIST')
    {
      const jobs = startJobs()
      await using home = dataFolder.open({ jobs })
      home.profiles.save({
        name: 'shop <1>',
        source: { host: source.host, port: source.port, password: secret },
        target: { host: target.host, port: target.port, ask: true },
      })
    }
    const writer = startWriter({ port: source.port, password: secret, rate: 3_000 })
    await sleep(300)
    const run = await keyferry('run', 'shop <1>', '--cutover', 'auto', '--json')
    await writer.stop()
    clean(run)
    expect(run.code).toBe(0)
    const done = run.events.at(-1) as { event: string; state: string; writePauseMs: number; freeze: string }
    expect(done).toMatchObject({ event: 'done', state: 'finished', freeze: 'undone' })
    process.stdout.write(`write pause ${done.writePauseMs} ms\n`)
    expect(writer.refused).toBeGreaterThan(0)
    expect(await source.call('ACL', 'LIST')).toEqual(doors)
    const ends = ['-f', at(source), '-t', at(target)]
    expect((await keyferry('verify', ...ends)).code).toBe(0)
    expect((await keyferry('run', 'nobody')).stderr).toContain('(profile.not-found)')

    const listed = await keyferry('tasks')
    expect(listed.stdout).toMatch(/shop <1> +finished/)
    const data = join(dataFolder.path, 'report.json')
    expect((await keyferry('report', '--json', '-o', data)).code).toBe(0)
    const report = JSON.parse(readFileSync(data, 'utf8')) as MigrationReport
    expect(report).toMatchObject({ format: 'keyferry-migration-report', task: { state: 'finished' } })
    expect(report.task.writePause?.endedBy).toBe('finished')
    expect(report.task.proof?.result?.equal).toBe(true)
    expect(report.events[0]!.id).toBeLessThan(report.events.at(-1)!.id)
    const page = join(dataFolder.path, 'report.html')
    const written = await keyferry('report', 'shop <1>', '-o', page, '--language', 'ko')
    const html = readFileSync(page, 'utf8')
    expect(html).toContain('shop &lt;1&gt;')
    expect(html).toContain(reportKo.proofUnderFreeze)
    expect(html).not.toContain('<script')
    clean(written)
    clean({ ...written, stdout: html, stderr: readFileSync(data, 'utf8') })
    expect(statSync(page).mode & 0o777).toBe(0o600)

    const plan = join(dataFolder.path, 'shop.keyferry')
    const exported = await keyferry('profiles', 'export', 'shop <1>', '-o', plan)
    clean({ ...exported, stderr: readFileSync(plan, 'utf8') })
    expect((await keyferry('profiles', 'import', plan)).stdout).toContain('Profile "shop <1> (2)" made')
    const [, copy] = (await keyferry('profiles', '--json')).events
    expect(copy).toMatchObject({ name: 'shop <1>', source: at(source), target: at(target) })

    const again = ['duplicate', 'shop <1>', 'once more']
    expect((await keyferry('profiles', ...again, '--json')).events).toMatchObject([
      { event: 'deed', deed: 'duplicate', name: 'once more', profile: expect.any(String) },
    ])
    const packed = await keyferry('profiles', 'export', 'once more', '-o', `${plan}2`, '--json')
    expect(packed.events).toMatchObject([{ event: 'deed', deed: 'export', file: `${plan}2` }])
    const unpacked = await keyferry('profiles', 'import', `${plan}2`, '--json')
    expect(unpacked.events).toMatchObject([{ event: 'deed', deed: 'import', name: 'once more (2)' }])
    const shown = await keyferry('profiles', 'show', 'once more')
    clean(shown)
    expect(shown.stdout).toMatch(/from +127\.0\.0\.1:\d+, password kept\n.*to +\S+, password asked for/)
    const deleted = await keyferry('profiles', 'delete', 'once more', '--json')
    expect(deleted.events).toMatchObject([{ event: 'deed', deed: 'delete', name: 'once more' }])
    expect((await keyferry('profiles', 'show', 'once more')).stderr).toContain('(profile.not-found)')
    const told = await keyferry('tasks', 'show', 'shop <1>')
    clean(told)
    expect(told.stdout).toMatch(/finished, 127\S+ → 127[^]*Writes are frozen at offset \d+/)
    const kept = await keyferry('tasks', 'pause', 'shop <1>', '--json')
    expect([kept.code, kept.events]).toMatchObject([
      1,
      [{ event: 'deed', deed: 'pause', name: 'shop <1>', failure: { code: 'task.wrong-state' } }],
    ])
    expect((await keyferry('tasks', 'clear', '--json')).events).toEqual([
      { event: 'deed', deed: 'clear', removed: 1 },
    ])
  }, 180_000)

  it('waits with --by-hand until writers were shut out, and goes on to its end by itself', async () => {
    const args = [
      '--rename-command',
      'CONFIG',
      '',
      '--rename-command',
      'ACL',
      '',
      '--repl-diskless-sync-delay',
      '0',
    ]
    await using source = await startRedis({ password: secret, args })
    await using target = await startRedis({ password: 'new-secret' })
    {
      await using home = dataFolder.open()
      home.profiles.save({
        name: 'managed',
        source: { host: source.host, port: source.port, password: secret },
        target: { host: target.host, port: target.port, password: 'new-secret' },
      })
    }
    const writer = startWriter({ port: source.port, password: secret, rate: 500 })
    const running = startCli(
      ['run', 'managed', '--cutover', 'auto', '--accept-warnings', '--by-hand', '--json'],
      {
        env: env(),
        timeoutMs: 60_000,
      },
    )
    await running.says(/"event":"waiting-for-hands"/)
    await writer.stop()
    const run = await running.ended
    clean(run)
    expect(run.stderr).toBe('')
    expect(run.events.at(-1)).toMatchObject({ event: 'done', state: 'finished' })
    expect((await keyferry('verify', '-f', at(source), '-t', at(target))).code).toBe(0)
  })
})

describe('keyferry freeze and unfreeze', () => {
  it('freezes, says so, and puts everything back without being told a password', async () => {
    await using source = await startRedis({ password: secret })
    await source.call('ACL', 'SETUSER', 'app', 'on', '>x', '~*', '&*', '+@all')
    const doors = await source.call('ACL', 'LIST')
    const dry = await keyferry('freeze', '-f', at(source), '--dry-run')
    clean(dry)
    expect(dry.stdout).toContain('CONFIG SET requirepass •••••')
    expect(await source.call('ACL', 'LIST')).toEqual(doors)

    const frozen = await keyferry('freeze', '-f', at(source))
    clean(frozen)
    expect(frozen.code).toBe(0)
    await expect(source.call('SET', 'k', 'v')).rejects.toThrow()
    const undone = await runCli(['unfreeze', '-f', at(source)], { env: { KEYFERRY_HOME: dataFolder.path } })
    clean(undone)
    expect(undone.code).toBe(0)
    expect(await source.call('ACL', 'LIST')).toEqual(doors)
    expect((await keyferry('unfreeze')).stderr).toContain('(freeze.not-frozen)')
  })

  it('is undone by whoever has the passphrase of the key, and by nobody else', async () => {
    await using source = await startRedis({ password: secret })
    const doors = await source.call('ACL', 'LIST')
    const passphrase = 'three words and a number'
    const run = (args: readonly string[], passphraseNow: string): ReturnType<typeof runCli> =>
      runCli(args, { env: { ...env(), KEYFERRY_PASSPHRASE: passphraseNow } })
    expect((await run(['freeze', '-f', at(source)], passphrase)).code).toBe(0)

    const refusals = { '': 'secret.locked', 'another passphrase': 'secret.wrong-passphrase' }
    for (const [other, why] of Object.entries(refusals)) {
      const refused = await run(['unfreeze'], other)
      expect(refused.stderr).toContain(`(${why})`)
      expect(refused.code).not.toBe(0)
    }
    await expect(source.call('SET', 'k', 'v')).rejects.toThrow()
    expect((await run(['unfreeze'], passphrase)).code).toBe(0)
    expect(await source.call('ACL', 'LIST')).toEqual(doors)
  })

  it('waits, where it may change nothing, until writes were stopped by hand', async () => {
    await using source = await startRedis({ password: secret, args: ['--rename-command', 'CONFIG', ''] })
    const refused = await keyferry('freeze', '-f', at(source))
    clean(refused)
    expect(refused.stderr).toContain('(freeze.not-permitted)')
    const frozen = await keyferry('freeze', '-f', at(source), '--by-hand', '--json')
    clean(frozen)
    expect(frozen.code).toBe(0)
    expect(frozen.events.find(({ event }) => event === 'frozen')).toMatchObject({ signedOut: 0 })
    const undone = await keyferry('unfreeze')
    clean(undone)
    expect(undone.stdout).toContain('by hand')
  })

  it('lets the rest go where a server is gone for ever, and the journal is closed', async () => {
    await using primary = await startRedis({ password: secret, args: ['--repl-diskless-sync-delay', '0'] })
    const args = ['--masterauth', secret, '--replicaof', `127.0.0.1 ${primary.port}`]
    await using replica = await startRedis({ password: secret, args })
    await waitFor(async () =>
      String(await replica.call('INFO', 'replication')).includes('master_link_status:up'),
    )
    const doors = await primary.call('ACL', 'LIST')
    expect((await keyferry('freeze', '-f', at(primary))).code).toBe(0)
    await replica.kill9()

    const refused = await keyferry('unfreeze')
    clean(refused)
    expect(refused.stderr).toContain('(connect.refused)')
    expect((await keyferry('unfreeze', '--forget', '127.0.0.1:1')).stderr).toContain('(freeze.not-frozen)')
    const undone = await keyferry('unfreeze', '--forget', at(replica))
    clean(undone)
    expect(undone.code).toBe(0)
    expect(await primary.call('ACL', 'LIST')).toEqual(doors)
    expect((await keyferry('unfreeze')).stderr).toContain('(freeze.not-frozen)')
  })
})

describe('keyferry tasks', () => {
  const states = async (): Promise<readonly unknown[]> =>
    (await keyferry('tasks', '--json')).events.map(({ state }) => state)

  it('pauses what another command runs', async () => {
    await using servers = await pair()
    const { source, target } = servers
    const running = startCli(['sync', '-f', at(source), '-t', at(target), '--json'], {
      env: env(),
      timeoutMs: 120_000,
    })
    await running.says(/"event":"in-step"/)
    const [{ task } = {}] = (await keyferry('tasks', '--json')).events

    const paused = await keyferry('tasks', 'pause', String(task).slice(0, 8))
    expect(paused).toMatchObject({ code: 0, stderr: '' })
    await running.ended
    expect(await states()).toEqual(['paused'])

    // Its passwords were typed for the command that has ended.
    const refused = await keyferry('tasks', 'stop', String(task))
    clean(refused)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('(task.password-needed)')
    expect(await states()).toEqual(['paused'])
  })

  it('a run that was armed for a time is disarmed by whoever interrupts it', async () => {
    await using servers = await pair()
    const { source, target } = servers
    {
      await using home = dataFolder.open()
      home.profiles.save({
        name: 'nightly',
        source: { host: source.host, port: source.port, password: secret },
        target: { host: target.host, port: target.port, password: 'new-secret' },
      })
    }
    const past = await keyferry('run', 'nightly', '--accept-warnings', '--at', '2020-01-01 02:00 Asia/Seoul')
    clean(past)
    expect(past.code).toBe(1)
    expect(past.stderr).toContain('(schedule.past)')

    const time = new Date(Date.now() + 86_400_000).toISOString()
    const waiting = startCli(['run', 'nightly', '--accept-warnings', '--json', '--at', time], {
      env: env(),
      timeoutMs: 120_000,
    })
    await waiting.says(/"event":"armed"/)
    expect(await states()).toEqual(['scheduled'])
    waiting.signal('SIGINT')
    expect((await waiting.ended).code).toBe(1)
    expect(await states()).toEqual(['ready'])
    expect(await target.call('DBSIZE')).toBe(0)
  })
})
