import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ProfileInput } from '#contract/profile.ts'
import { latestStartMs } from '#contract/schedule.ts'
import type { TaskView } from '#contract/task.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import type { Clock } from '#migration/clock.ts'
import { openMigrations, type Migrations } from '#migration/open.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const worker = new URL('../../src-main/engine/worker/main.ts', import.meta.url)
const hour = 3_600_000
const zone = 'Asia/Seoul'

/** Time passes only when it is told to, and all at once: as on a machine that was asleep. */
class TurnedClock implements Clock {
  #now = Date.now()
  readonly #looks = new Set<() => void>()

  now(): number {
    return this.#now
  }

  every(_ms: number, look: () => void): Disposable {
    this.#looks.add(look)
    return { [Symbol.dispose]: () => this.#looks.delete(look) }
  }

  turn(ms: number): void {
    this.#now += ms
    for (const look of this.#looks) look()
  }
}

let source: RedisServer
let target: RedisServer
let folder: string
let clock: TurnedClock

beforeAll(async () => {
  source = await startRedis({ password: 's', args: ['--repl-diskless-sync-delay', '0'] })
  await source.call('SET', 'key', 'value')
})
afterAll(() => source.stop())

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-schedule-'))
  clock = new TurnedClock()
  target = await startRedis({ password: 't' })
})
afterEach(async () => {
  await target.stop()
  rmSync(folder, { recursive: true, force: true })
})

const open = (): Migrations => openMigrations({ folder, jobs: createJobRunner(worker), clock })

const plan = (more: Partial<ProfileInput> = {}): ProfileInput => ({
  name: 'Shop',
  source: { host: source.host, port: source.port, password: 's' },
  target: { host: target.host, port: target.port, password: 't' },
  ...more,
})

async function until(home: Migrations, id: string, wanted: (view: TaskView) => boolean): Promise<TaskView> {
  for (const deadline = Date.now() + 60_000; ; await sleep(30)) {
    const view = home.tasks.get(id)
    if (wanted(view)) return view
    if (Date.now() > deadline)
      throw new Error(`never as wanted: ${JSON.stringify({ ...view, progress: null })}`)
  }
}

/** A task whose checks have passed. */
async function ready(home: Migrations, profileId: string): Promise<string> {
  const { id } = home.tasks.create(profileId)
  home.tasks.check(id)
  const checked = await until(home, id, ({ state }) => state !== 'checking')
  for (const { id: check, state } of checked.checks?.results ?? [])
    if (state === 'warning') home.tasks.accept(id, check, true)
  expect(home.tasks.get(id).state).toBe('ready')
  return id
}

async function armed(home: Migrations, input = plan()): Promise<{ id: string; profileId: string }> {
  const { id: profileId } = home.profiles.save(input)
  const id = await ready(home, profileId)
  expect(home.tasks.schedule(id, { at: clock.now() + hour, zone }).state).toBe('scheduled')
  return { id, profileId }
}

const codes = (view: TaskView): readonly string[] => view.events.map(({ code }) => code)

describe('a migration that is armed', () => {
  it('is started at its time and not before, and goes on as any other', async () => {
    await using home = open()
    const { id } = await armed(home)

    clock.turn(hour - 1)
    expect(home.tasks.get(id)).toMatchObject({ state: 'scheduled', startedAt: null })
    clock.turn(1)
    expect(home.tasks.get(id).state).toBe('starting')
    await until(home, id, ({ inStep }) => inStep)
    expect(await target.call('GET', 'key')).toBe('value')
    await home.tasks.stop(id)
  })

  it('is disarmed on request, and its time remembered; a time that is past is refused', async () => {
    await using home = open()
    const { id } = await armed(home)
    const at = clock.now() + hour

    expect(await home.tasks.unschedule(id)).toMatchObject({ state: 'ready', schedule: { at, zone } })
    clock.turn(hour)
    expect(home.tasks.get(id)).toMatchObject({ state: 'ready', startedAt: null })
    expect(() => home.tasks.schedule(id, { at, zone })).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'schedule.past' }) }),
    )
  })

  it('has to be armed again once its profile was edited and checked', async () => {
    await using home = open()
    const { id, profileId } = await armed(home)
    const { schedule } = home.tasks.get(id)

    home.profiles.save(plan({ id: profileId, options: { lanes: 2 } }))
    const edited = home.tasks.get(id)
    expect(edited).toMatchObject({ state: 'draft', schedule })
    expect(codes(edited)).toContain('schedule.disarmed')

    const again = await ready(home, profileId)
    expect(home.tasks.list().map((task) => task.id)).toEqual([again])
    expect(home.tasks.get(again)).toMatchObject({ state: 'ready', schedule, options: { lanes: 2 } })
    home.tasks.schedule(again, schedule!)
    clock.turn(hour)
    expect(home.tasks.get(again).state).toBe('starting')
    await until(home, again, ({ inStep }) => inStep)
    await home.tasks.stop(again)
  })

  it('whose time a sleeping machine let pass is not started by itself, but on request', async () => {
    await using home = open()
    const { id } = await armed(home)

    clock.turn(hour + latestStartMs + 1)
    const missed = home.tasks.get(id)
    expect(missed).toMatchObject({ state: 'ready', failure: { code: 'schedule.missed' } })
    expect(missed.actions).toContain('start')
    expect(codes(missed)).toContain('schedule.missed')

    home.tasks.start(id)
    await until(home, id, ({ inStep }) => inStep)
    await home.tasks.stop(id)
  })

  it('is kept over a restart of Keyferry, but not by a command that only passes by', async () => {
    let id: string
    {
      await using home = open()
      id = (await armed(home)).id
    }
    {
      await using passing = open()
      clock.turn(hour)
      expect(passing.tasks.get(id).state).toBe('scheduled')
    }
    await using home = open()
    home.tasks.keepForAll()
    expect(home.tasks.get(id).state).toBe('starting')
    await until(home, id, ({ inStep }) => inStep)
    await home.tasks.stop(id)
  })

  it('with a password that was only typed cannot outlive a restart, and says so at once', async () => {
    const asking = plan({ target: { host: target.host, port: target.port, ask: true } })
    let id: string
    {
      await using home = open()
      const { id: profileId } = home.profiles.save(asking)
      id = home.tasks.create(profileId).id
      home.tasks.check(id, { target: 't' })
      await until(home, id, ({ state }) => state !== 'checking')
      for (const { id: check, state } of home.tasks.get(id).checks?.results ?? [])
        if (state === 'warning') home.tasks.accept(id, check, true)
      home.tasks.schedule(id, { at: clock.now() + hour, zone })
    }
    await using home = open()
    expect(home.tasks.get(id).state).toBe('scheduled')
    home.tasks.keepForAll()
    expect(home.tasks.get(id)).toMatchObject({ state: 'ready', failure: { code: 'task.password-needed' } })
    expect(() => home.tasks.schedule(id, { at: clock.now() + hour, zone })).toThrow()
    expect(home.tasks.schedule(id, { at: clock.now() + hour, zone }, { target: 't' }).state).toBe('scheduled')
  })

  it('stays armed while the key of its passwords is locked, and is started once that is opened', async () => {
    let id: string
    {
      await using home = open()
      id = (await armed(home)).id
      home.secrets.keep({ keeping: 'passphrase', passphrase: 'three words and a number' })
    }
    await using home = open()
    home.tasks.keepForAll()
    expect(home.tasks.get(id)).toMatchObject({ state: 'scheduled', failure: null })
    clock.turn(hour)
    expect(home.tasks.get(id)).toMatchObject({ state: 'scheduled', failure: { code: 'secret.locked' } })
    home.secrets.unlock('three words and a number')
    clock.turn(1_000)
    expect(home.tasks.get(id).state).toBe('starting')
    await until(home, id, ({ inStep }) => inStep)
    await home.tasks.stop(id)
  })

  it('waits while another task is at work on one of its servers, and starts when that has ended', async () => {
    await using elsewhere = await startRedis({ password: 't' })
    await using home = open()
    const { id } = await armed(home)
    const other = home.profiles.save(
      plan({ name: 'Other', target: { host: elsewhere.host, port: elsewhere.port, password: 't' } }),
    )
    const first = await ready(home, other.id)
    home.tasks.start(first)
    await until(home, first, ({ inStep }) => inStep)
    expect(() => home.tasks.start(id)).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'task.instance-busy' }) }),
    )

    clock.turn(hour)
    expect(home.tasks.get(id)).toMatchObject({ state: 'scheduled', failure: { code: 'task.instance-busy' } })
    await home.tasks.stop(first)
    clock.turn(1_000)
    expect(home.tasks.get(id).state).toBe('starting')
    await until(home, id, ({ inStep }) => inStep)
    const stopped = await home.tasks.together({ ids: [id, first, 'nobody'], deed: 'stop' })
    expect(stopped.map(({ failure }) => failure?.code ?? null)).toEqual([
      null,
      'task.wrong-state',
      'task.not-found',
    ])
    expect([id, first].map((one) => home.tasks.get(one).state)).toEqual(['stopped', 'stopped'])
    expect(await home.tasks.clearHistory('')).toBe(2)
    expect(home.tasks.list()).toEqual([])
  })

  it('is not started with others where it overwrites keys: that is asked for by itself', async () => {
    await using home = open()
    const { id } = await armed(home, plan({ options: { onConflict: 'replace' } }))

    const [answer] = await home.tasks.together({ ids: [id], deed: 'start' })
    expect(answer?.failure).toMatchObject({ code: 'task.overwrites' })
    expect(home.tasks.get(id)).toMatchObject({ state: 'scheduled', startedAt: null })
  })
})
