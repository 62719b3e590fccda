import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultProfileOptions } from '#contract/profile.ts'
import type { SyncSpec } from '#contract/sync.ts'
import type { SettingChange, TaskEvent, TaskView } from '#contract/task.ts'
import { openControl } from '#engine/redis/control.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { systemClock, type Clock } from '#migration/clock.ts'
import { openMigrations } from '#migration/open.ts'
import { putSettingsBack, setSettings, settingsOf, type SettingsOf } from '#migration/settings.ts'
import { wantedSettings } from '#migration/wanted-settings.ts'
import { openStore } from '#store/open.ts'
import { at } from '../support/checks.ts'
import type { DeathAt } from '../support/die-in-settings.ts'
import { untilTask } from '../support/data-folder.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startWatched } from '../support/sentinels.ts'
import { connectionTo } from '../support/sync-ends.ts'

const mortal = new URL('../support/die-in-settings.ts', import.meta.url).pathname

describe('settings of a task', () => {
  const names = ['client-output-buffer-limit', 'repl-backlog-size', 'repl-timeout']
  const read = async (server: RedisServer): Promise<unknown[]> =>
    Promise.all(names.map((name) => server.call('CONFIG', 'GET', name)))

  async function withSettings(
    work: (settings: SettingsOf, told: TaskEvent['code'][]) => Promise<void>,
  ): Promise<void> {
    const dir = mkdtempSync(join(tmpdir(), 'keyferry-settings-'))
    using store = openStore(join(dir, 'keyferry.db'))
    const told: TaskEvent['code'][] = []
    await work({ taskId: 'one', journal: store.journal, tell: (_, code) => told.push(code) }, told)
    rmSync(dir, { recursive: true })
  }

  it('are set, and put back to what they were', () =>
    withSettings(async (settings) => {
      await using source = await startRedis()
      const before = await read(source)
      await using control = await openControl(at(source))
      await setSettings('source', control, settings)
      expect(await read(source)).not.toEqual(before)
      expect(settingsOf('one', settings.journal).map(({ name, state }) => [name, state])).toEqual(
        names.map((name) => [name, 'changed']),
      )
      await putSettingsBack('source', control, settings)
      expect(await read(source)).toEqual(before)
      expect(settingsOf('one', settings.journal).every(({ state }) => state === 'restored')).toBe(true)
    }))

  it('a value somebody else changed meanwhile is told and left; one the server forgot counts as put back', () =>
    withSettings(async (settings, told) => {
      await using source = await startRedis()
      {
        await using control = await openControl(at(source))
        await setSettings('source', control, settings)
      }
      await source.restart()
      await source.call('CONFIG', 'SET', 'repl-timeout', '77')
      await using control = await openControl(at(source))
      await putSettingsBack('source', control, settings)
      expect(await source.call('CONFIG', 'GET', 'repl-timeout')).toEqual(['repl-timeout', '77'])
      expect(told).toContain('settings.left')
      expect(settingsOf('one', settings.journal).map(({ state }) => state)).toEqual([
        'restored',
        'restored',
        'left',
      ])
    }))

  it('are set after all where a start was cut off before the last of them, and told once', () =>
    withSettings(async (settings) => {
      await using source = await startRedis()
      const before = await read(source)
      const [first] = before as [string, string][]
      await using control = await openControl(at(source))
      // As a start that died between the first intention and its deed.
      const note = {
        side: 'source',
        name: names[0],
        before: 'slave 268435456 67108864 60',
        during: 'slave 0 0 0',
      }
      expect(first![1]).toContain(note.before)
      settings.journal.write({ taskId: 'one', kind: 'setting', note: JSON.stringify(note), secret: null })
      for (let start = 0; start < 2; start += 1) await setSettings('source', control, settings)
      expect(settingsOf('one', settings.journal).map(({ name, state }) => [name, state])).toEqual(
        names.map((name) => [name, 'changed']),
      )
      expect(JSON.stringify(await source.call('CONFIG', 'GET', names[0]!))).toContain('slave 0 0 0')
      await putSettingsBack('source', control, settings)
      expect(await read(source)).toEqual(before)
    }))

  it('events of keys that others listen to go on, and are theirs alone again afterwards', () =>
    withSettings(async (settings, told) => {
      await using source = await startRedis({ args: ['--notify-keyspace-events', 'KEx$n'] })
      const before = await source.call('CONFIG', 'GET', 'notify-keyspace-events')
      await using control = await openControl(at(source))
      const choice = { mode: 'scan', adjustSettings: true, pauseSaves: false } as const
      await setSettings('source', control, settings, choice)
      expect(told).toEqual(['settings.changed'])
      expect(
        settings.journal.open('setting').map(({ note }) => (JSON.parse(note) as SettingChange).during),
      ).toEqual(['AKEn'])
      await putSettingsBack('source', control, settings)
      expect(told).toEqual(['settings.changed', 'settings.restored'])
      expect(await source.call('CONFIG', 'GET', 'notify-keyspace-events')).toEqual(before)
    }))

  it('what we may not set is told, to be done by hand', () =>
    withSettings(async (settings, told) => {
      await using source = await startRedis()
      await source.call('ACL', 'SETUSER', 'weak', 'on', '>weak', '~*', '&*', '+@all', '-config|set')
      await using control = await openControl(at(source, { username: 'weak', password: 'weak' }))
      await setSettings('source', control, settings)
      expect(told).toEqual(names.map(() => 'settings.by-hand'))
      expect(settings.journal.open('setting')).toEqual([])
    }))
})

/** What somebody else may wish of a setting: neither what it was nor what a migration wants. */
const theirs: Readonly<Record<string, string>> = {
  'client-output-buffer-limit': 'replica 123456789 0 0',
  'repl-backlog-size': '12345678',
  'repl-timeout': '77',
  'notify-keyspace-events': 'Kg',
  timeout: '33',
  'maxmemory-policy': 'volatile-lru',
  'proto-max-bulk-len': '2mb',
  save: '60 9',
  'auto-aof-rewrite-percentage': '42',
}

const modeOf = (name: string): SyncSpec['mode'] | undefined =>
  wantedSettings.find((one) => one.name === name)?.mode

describe.each(['source', 'target'] as const)(
  'settings of the %s, with a crash of ours in between',
  (side) => {
    const names = wantedSettings.filter((one) => one.side === side).map(({ name }) => name)
    /** Not one of them as a migration wants it. */
    const args = [
      '--timeout',
      '20',
      '--maxmemory-policy',
      'allkeys-lru',
      '--proto-max-bulk-len',
      '1mb',
      '--save',
      '3600 1 300 100',
    ]
    const read = async (server: RedisServer): Promise<unknown[]> =>
      Promise.all(names.map((name) => server.call('CONFIG', 'GET', name)))
    let dir: string
    let file: string

    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'keyferry-settings-'))
      file = join(dir, 'keyferry.db')
      openStore(file)[Symbol.dispose]()
    })
    afterEach(() => rmSync(dir, { recursive: true }))

    /** Sets them in a process of its own, which ends, kill -9, when it has come so far with this one. */
    function setAndDie(server: RedisServer, moment: DeathAt, name: string): void {
      const died = spawnSync(process.execPath, [
        ...[mortal, file, server.host, String(server.port)],
        ...[side, moment, name],
      ])
      expect(died.signal, String(died.stderr)).toBe('SIGKILL')
    }

    /** As the next start does; returns what was told. */
    async function putBack(server: RedisServer, name: string): Promise<TaskEvent['code'][]> {
      using store = openStore(file)
      const { journal } = store
      expect(journal.open('setting', name)).not.toEqual([])
      const told: TaskEvent['code'][] = []
      await using control = await openControl(at(server))
      await putSettingsBack(side, control, { taskId: name, journal, tell: (_, code) => told.push(code) })
      expect(journal.open('setting')).toEqual([])
      return told
    }

    it.each(['journaled', 'set', 'put-back'] satisfies DeathAt[])(
      'are put back, each one, after kill -9 when one was: %s',
      async (moment) => {
        await using server = await startRedis({ args })
        const before = await read(server)
        for (const name of names) {
          setAndDie(server, moment, name)
          if (moment === 'set')
            expect(await server.call('CONFIG', 'GET', name)).not.toEqual(before[names.indexOf(name)])
          expect(await putBack(server, name)).not.toContain('settings.left')
          expect(await read(server)).toEqual(before)
        }
      },
    )

    it('are left as somebody else has set each meanwhile, and told', async () => {
      for (const mode of ['stream', 'scan']) {
        const set = names.filter((name) => (modeOf(name) ?? 'stream') === mode)
        const last = set.at(-1)
        if (last === undefined) continue
        await using server = await startRedis({ args })
        setAndDie(server, 'set', last)
        for (const name of set) await server.call('CONFIG', 'SET', name, theirs[name]!)
        const left = await read(server)
        expect(await putBack(server, last)).toEqual(set.map(() => 'settings.left'))
        expect(await read(server)).toEqual(left)
      }
    })
  },
)

it('left behind by a task, are put back once the key of its passwords is unlocked', async () => {
  await using target = await startRedis({ password: 't' })
  await target.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  const policy = async (): Promise<unknown> => target.call('CONFIG', 'GET', 'maxmemory-policy')
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-settings-'))
  const passphrase = 'three words and a number'
  const jobs = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
  try {
    let id: string
    {
      await using home = openMigrations({ folder: dir, jobs })
      const side = { ...at(target), password: 't' }
      const source = { host: target.host, port: 1 }
      ;({ id } = home.tasks.create(home.profiles.save({ name: 'left', source, target: side }).id))
      home.secrets.keep({ keeping: 'passphrase', passphrase })
    }
    {
      using store = openStore(join(dir, 'keyferry.db'))
      const note = { side: 'target', name: 'maxmemory-policy', before: 'allkeys-lru', during: 'noeviction' }
      store.journal.write({ taskId: id, kind: 'setting', note: JSON.stringify(note), secret: null })
    }
    await using home = openMigrations({ folder: dir, jobs })
    // What is done at a start has been tried.
    await expect.poll(() => home.tasks.get(id).events, { timeout: 20_000 }).not.toEqual([])
    expect(home.tasks.get(id).settings).toMatchObject([{ state: 'changed' }])
    home.secrets.unlock(passphrase)
    await expect
      .poll(() => home.tasks.get(id).settings, { timeout: 20_000 })
      .toMatchObject([{ state: 'restored' }])
    expect(await policy()).toEqual(['maxmemory-policy', 'allkeys-lru'])
  } finally {
    rmSync(dir, { recursive: true })
  }
})

it('a configuration file that a failover has written meanwhile is written once more, or told to be by hand', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-settings-'))
  await using source = await startRedis({ configFile: true })
  await using other = await startRedis()
  await source.call('ACL', 'SETUSER', 'weak', 'on', '>weak', '~*', '&*', '+@all', '-config|rewrite')
  const file = (): string => readFileSync(join(source.dir, 'server.conf'), 'utf8')
  using store = openStore(join(dir, 'keyferry.db'))
  const told: TaskEvent['code'][] = []
  const settings = (taskId: string): SettingsOf => ({
    ...{ taskId, journal: store.journal },
    tell: (_, code) => told.push(code),
  })
  const watched = { watched: true, later: null }
  for (const [user, outcome] of [
    ['weak', 'by-hand'],
    ['default', 'restored'],
  ] as const) {
    await using control = await openControl(
      at(source, user === 'weak' ? { username: user, password: user } : {}),
    )
    await setSettings('source', control, settings(user))
    expect(file()).not.toContain('repl-timeout 600')
    // As Sentinels do it.
    await source.call('REPLICAOF', other.host, other.port)
    await source.call('CONFIG', 'REWRITE')
    await source.call('REPLICAOF', 'NO', 'ONE')
    expect(file()).toContain('repl-timeout 600')
    await putSettingsBack('source', control, settings(user), undefined, watched)
    expect(settingsOf(user, store.journal).map(({ state }) => state)).toEqual([outcome, outcome, outcome])
    expect(await source.call('CONFIG', 'GET', 'repl-timeout')).toEqual(['repl-timeout', '60'])
    if (user === 'weak') await source.call('CONFIG', 'REWRITE')
    expect(file()).not.toContain('repl-timeout 600')
  }
  expect(new Set(told)).toEqual(new Set(['settings.changed', 'settings.by-hand', 'settings.restored']))
  rmSync(dir, { recursive: true })
})

it.each(['open to others', 'locked'])(
  'behind Sentinels, on a target that is %s: after a failover nothing of ours is left, in no file either',
  { timeout: 120_000 },
  async (how) => {
    await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    await using watched = await startWatched({ nodePassword: 'new', downAfterMs: 2_000, configFiles: true })
    const servers = [watched.primary, watched.replica]
    for (const server of servers) {
      await server.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      await server.call('CONFIG', 'REWRITE')
    }
    const file = ({ dir }: RedisServer): string => readFileSync(join(dir, 'server.conf'), 'utf8')
    const dir = mkdtempSync(join(tmpdir(), 'keyferry-settings-'))
    try {
      const jobs = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
      await using home = openMigrations({ folder: dir, jobs })
      const { tasks } = home
      const { id } = tasks.create(
        home.profiles.save({
          name: 'into what is watched',
          source: at(source),
          target: watched.connection,
          options: { ...defaultProfileOptions, lockTarget: how === 'locked' },
        }).id,
      )
      tasks.check(id)
      await untilTask(home, id, ({ state }) => state !== 'checking')
      for (const check of tasks.get(id).checks!.results)
        if (check.state === 'warning') tasks.accept(id, check.id, true)
      tasks.start(id)
      await untilTask(home, id, ({ inStep }) => inStep)
      await watched.sentinels[0]!.call('SENTINEL', 'FAILOVER', watched.name)
      await watched.replicaTookOver()
      await expect
        .poll(() => file(watched.primary), { timeout: 60_000 })
        .toContain('maxmemory-policy noeviction')
      const isSetAt = ({ port }: RedisServer, { settings }: TaskView): boolean =>
        settings.some(
          ({ name, server, state }) =>
            name === 'maxmemory-policy' && server === `127.0.0.1:${port}` && state === 'changed',
        )
      await untilTask(
        home,
        id,
        (task) => servers.every((server) => isSetAt(server, task)) && task.inStep,
        60_000,
      )
      expect((await tasks.stop(id)).state).toBe('stopped')
      expect(tasks.get(id).settings.map(({ state }) => state)).not.toContain('changed')
      for (const server of servers) {
        expect(await server.call('CONFIG', 'GET', 'maxmemory-policy')).toEqual([
          'maxmemory-policy',
          'allkeys-lru',
        ])
        expect(file(server)).toContain('maxmemory-policy allkeys-lru')
        expect(file(server)).not.toContain(`kf-${id}`)
        expect(file(server)).toMatch(/^requirepass "?new"?$/m)
      }
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },
)

it('of a server that was away when the migration ended are put back when it is there again, which is told once', async () => {
  await using source = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  await using target = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru', '--timeout', '20'] })
  await using wire = await startProxy(target.port)
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-settings-'))
  const looks: (() => void)[] = []
  const clock: Clock = {
    now: () => Date.now(),
    every(ms, look) {
      if (ms >= 60_000) looks.push(look)
      return systemClock.every(ms, ms >= 60_000 ? () => undefined : look)
    },
  }
  try {
    const jobs = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
    await using home = openMigrations({ folder: dir, jobs, clock })
    const { tasks, profiles } = home
    tasks.keepForAll()
    const { id } = tasks.create(
      profiles.save({ name: 'away', source: at(source), target: connectionTo(wire) }).id,
    )
    tasks.check(id)
    await untilTask(home, id, ({ state }) => state !== 'checking')
    for (const check of tasks.get(id).checks!.results)
      if (check.state === 'warning') tasks.accept(id, check.id, true)
    tasks.start(id)
    await untilTask(home, id, ({ inStep }) => inStep)
    await tasks.pause(id)
    let attempts = 0
    await using nobody = createServer((client) => {
      attempts += 1
      client.on('error', () => undefined).destroy()
    })
    nobody.listen(0, '127.0.0.1')
    await once(nobody, 'listening')
    wire.leadTo((nobody.address() as AddressInfo).port)
    wire.cut()
    await tasks.stop(id)
    const states = (): readonly unknown[] => tasks.get(id).settings.map(({ name, state }) => [name, state])
    expect(states()).toEqual(expect.arrayContaining([['maxmemory-policy', 'changed']]))
    const failures = (): number => tasks.get(id).events.filter(({ code }) => code === 'task.failed').length
    const told = failures()
    expect(told).toBeGreaterThan(0)
    // The second begins when the first has ended.
    for (let look = 0; look < 2; look += 1) {
      const before = attempts
      for (const one of looks) one()
      await expect.poll(() => attempts, { timeout: 30_000 }).toBeGreaterThan(before)
    }
    wire.leadTo(target.port)
    for (const look of looks) look()
    await expect
      .poll(states, { timeout: 30_000 })
      .toEqual(expect.arrayContaining([['maxmemory-policy', 'restored']]))
    expect(failures()).toBe(told)
    expect(await target.call('CONFIG', 'GET', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'allkeys-lru',
    ])
    expect(await target.call('CONFIG', 'GET', 'timeout')).toEqual(['timeout', '20'])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

// Sentinels take their time: the long form has it.
it.skipIf(process.env['KEYFERRY_LONG'] === undefined)(
  'whoever becomes the primary of a source gets them too, and both are put back at the end',
  { timeout: 180_000 },
  async () => {
    await using watched = await startWatched()
    await using target = await startRedis()
    const servers = [watched.primary, watched.replica]
    const read = (server: RedisServer): Promise<unknown> => server.call('CONFIG', 'GET', 'repl-*')
    const before = await Promise.all(servers.map(read))
    const dir = mkdtempSync(join(tmpdir(), 'keyferry-settings-'))
    try {
      const jobs = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
      await using home = openMigrations({ folder: dir, jobs })
      const { tasks, profiles } = home
      const until = async (id: string, met: (task: TaskView) => boolean): Promise<void> => {
        for await (const answer of tasks.watch(id, AbortSignal.timeout(60_000)))
          if ('ok' in answer && met(answer.ok)) return
        throw new Error(`never came: ${JSON.stringify(tasks.get(id).failure)}`)
      }
      const profile = profiles.save({
        name: 'watched',
        source: watched.connection,
        target: at(target),
      })
      const { id } = tasks.create(profile.id)
      tasks.check(id)
      await until(id, ({ state }) => state !== 'checking')
      for (const check of tasks.get(id).checks!.results)
        if (check.state === 'warning') tasks.accept(id, check.id, true)
      tasks.start(id)
      await until(id, ({ inStep }) => inStep)
      expect(await read(watched.primary)).not.toEqual(before[0])
      const raised = new Set(tasks.get(id).settings.map(({ server }) => server))
      expect([...raised].filter((server) => server !== undefined)).toEqual([
        `127.0.0.1:${watched.primary.port}`,
      ])

      await watched.sentinels[0]!.call('SENTINEL', 'FAILOVER', watched.name)
      await watched.replicaTookOver()
      const isReplicas = ({ server }: SettingChange): boolean =>
        server === `127.0.0.1:${watched.replica.port}`
      await until(id, ({ settings }) => settings.some((one) => isReplicas(one) && one.state === 'changed'))
      await until(id, ({ inStep }) => inStep)
      expect(await read(watched.replica)).not.toEqual(before[1])

      await tasks.stop(id)
      expect(await Promise.all(servers.map(read))).toEqual(before)
      expect(tasks.get(id).settings.map(({ state }) => state)).not.toContain('changed')
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },
)
