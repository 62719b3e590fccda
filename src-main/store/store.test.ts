import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Difference } from '#contract/difference.ts'
import { steps } from './migrate.ts'
import { openStore } from './open.ts'
import { openDatabase } from './sqlite.ts'
import type { TaskRow } from './tasks.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-store-'))
  file = join(folder, 'inner', 'keyferry.db')
})

afterEach(() => rmSync(folder, { recursive: true }))

const task: TaskRow = {
  id: 't',
  profileId: 'p',
  name: 'a task',
  from: 'a:1',
  to: 'b:2',
  body: '{}',
  sourceSecret: new Uint8Array([0, 255]),
  targetSecret: null,
  state: 'draft',
  stateSince: 1,
  record: '{}',
  standing: '{}',
  ownerPid: null,
  ownerSeenAt: null,
  createdAt: 1,
}

const failing = (code: string): unknown =>
  expect.objectContaining({ failure: expect.objectContaining({ code }) })

describe('the store', () => {
  test('keeps what was written, for this user only', () => {
    {
      using store = openStore(file)
      store.tasks.insert(task)
      store.tasks.stand('t', {
        state: 'ready',
        stateSince: 2,
        record: '{"a":1}',
        standing: '{"b":2}',
        ownerPid: 7,
        ownerSeenAt: 3,
      })
      store.events.add('t', {
        at: 5,
        level: 'info',
        code: 'task.state',
        params: { from: 'draft', to: 'ready' },
      })
    }
    if (process.platform !== 'win32') {
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(statSync(join(folder, 'inner')).mode & 0o777).toBe(0o700)
    }
    using store = openStore(file)
    expect(store.tasks.find('t')).toEqual({
      ...task,
      state: 'ready',
      stateSince: 2,
      record: '{"a":1}',
      standing: '{"b":2}',
      ownerPid: 7,
      ownerSeenAt: 3,
    })
    expect(store.events.newest('t', 10)).toEqual([
      { id: 1, at: 5, level: 'info', code: 'task.state', params: { from: 'draft', to: 'ready' } },
    ])
  })

  test('of an older Keyferry is widened, and a copy of it kept for this user only', () => {
    const before = openDatabase(file)
    before.exec(steps(0, 1))
    const side = { host: 'h', port: 1, username: null, tls: null, passwordKept: 'none' }
    const body = JSON.stringify({ source: side, target: null, options: {} })
    before.prepare('INSERT INTO profiles VALUES (?, ?, ?, NULL, NULL, 1, 1)').run('p', 'Shop', body)
    before.close()
    using store = openStore(file)
    expect(JSON.parse(store.profiles.find('p')!.body)).toEqual({
      source: { ...side, via: null, sentinel: null, secretsKept: {} },
      target: null,
      options: {},
    })
    if (process.platform !== 'win32') expect(statSync(`${file}.before-10`).mode & 0o777).toBe(0o600)
  })

  test('lists are widened with what they show of tasks that were there before', () => {
    const before = openDatabase(file)
    before.exec(steps(0, 2))
    const side = { host: '::1', port: 6379, sentinel: null }
    const insert = before.prepare(
      `INSERT INTO tasks (id, profile_id, name, body, state, state_since, record, created_at)
       VALUES (?, 'p', 'Shop', ?, 'paused', 2, ?, 1)`,
    )
    const body = JSON.stringify({ source: side, target: { ...side, sentinel: { master: 'mymaster' } } })
    const record = {
      startedAt: 3,
      endedAt: null,
      checks: { ranAt: 2 },
      inStepSince: null,
      freeze: { state: 'none' },
    }
    const progress = { phase: 'in-step', guard: 'final', copiedKeys: 7, writes: 9 }
    insert.run('begun', body, JSON.stringify({ ...record, progress, proof: { running: true } }))
    insert.run('new', body, JSON.stringify({ ...record, startedAt: null, progress: null, proof: null }))
    before.close()
    using store = openStore(file)
    const [begun, fresh] = store.tasks.inStates(['paused'])
    expect(begun).toMatchObject({ id: 'begun', from: '[::1]:6379', to: 'mymaster@[::1]:6379', createdAt: 1 })
    expect(JSON.parse(begun!.standing)).toMatchObject({
      startedAt: 3,
      endedAt: null,
      checkedAt: 2,
      inStep: false,
      progress: { phase: 'in-step', guard: 'final', copiedKeys: 7, lagBytes: null },
      freeze: 'none',
      proving: true,
    })
    expect(JSON.parse(fresh!.standing)).toMatchObject({ startedAt: null, progress: null, proving: false })
  })

  test('of proofs that were there before it is said what they found of functions', () => {
    const before = openDatabase(file)
    before.exec(steps(0, 7))
    const insert = before.prepare(
      `INSERT INTO tasks (id, profile_id, name, body, state, state_since, record, created_at, standing)
       VALUES (?, 'p', 'Shop', ?, 'finished', 2, ?, 1, '{}')`,
    )
    const proofs: Readonly<Record<string, readonly [rules: object, mode: string, functionsDiffer: boolean]>> =
      {
        equal: [{ include: [], addPrefix: 'new:' }, 'full', false],
        differ: [{}, 'full', true],
        'left-out': [{ include: ['user:*'] }, 'full', false],
        counts: [{ include: ['user:*'] }, 'counts', false],
      }
    for (const [id, [rules, mode, functionsDiffer]] of Object.entries(proofs))
      insert.run(
        id,
        JSON.stringify({ options: { rules } }),
        JSON.stringify({ proof: { void: false, result: { mode, functionsDiffer } } }),
      )
    insert.run('unproven', '{}', JSON.stringify({ proof: null }))
    before
      .prepare("INSERT INTO guided_backups VALUES ('g', ?, NULL, NULL, NULL, NULL, NULL, 1, 1)")
      .run(JSON.stringify({ proof: { mode: 'full', functionsDiffer: false } }))
    before.close()
    using store = openStore(file)
    for (const [id, [, mode]] of Object.entries(proofs))
      expect(JSON.parse(store.tasks.find(id)!.record)).toEqual({
        proof: { void: false, result: { mode, functions: id } },
      })
    expect(store.tasks.find('unproven')!.record).toBe('{"proof":null}')
    expect(JSON.parse(store.guidedBackups.find('g')!.body)).toEqual({
      proof: { mode: 'full', functions: 'equal' },
    })
  })

  test('of differences that were kept in one piece every page is found as before', () => {
    const kept = (count: number): readonly Difference[] =>
      Array.from({ length: count }, (_, at) => ({ db: 0, key: `k${at}`, kind: 'missing', detail: null }))
    const before = openDatabase(file)
    before.exec(steps(0, 9))
    before.exec(
      `INSERT INTO tasks (id, profile_id, name, body, state, state_since, record, created_at, standing)
       VALUES ('t', 'p', 'Shop', '{}', 'finished', 2, '{}', 1, '{}')`,
    )
    before.prepare('INSERT INTO differences VALUES (?, ?)').run('t', JSON.stringify(kept(700)))
    before.close()
    using store = openStore(file)
    const { differences } = store
    const expectAll = (found: readonly Difference[]): void => {
      expect(differences.of('t')).toEqual(found)
      expect(differences.count('t')).toBe(found.length)
      for (const [from, limit] of [
        [0, 100],
        [450, 100],
        [690, 100],
        [1_200, 500],
        [5_000, 10],
      ] as const)
        expect(differences.page('t', from, limit)).toEqual(found.slice(from, from + limit))
    }
    expectAll(kept(700))
    differences.keep('t', kept(1_234))
    expectAll(kept(1_234))
    differences.keep('t', [])
    expectAll([])
  })

  test('counts the changes of each list, whatever process makes them, and none that nobody sees', () => {
    using store = openStore(file)
    using other = openStore(file)
    const changed = (deed: () => void): string[] => {
      const before = store.revisions.all()
      deed()
      return Object.entries(store.revisions.all())
        .filter(([name, revision]) => before[name as keyof typeof before] !== revision)
        .map(([name]) => name)
        .sort()
    }
    const times = { createdAt: 1, updatedAt: 1 }
    const profile = { id: 'p', name: 'Shop', body: '{}', sourceSecret: null, targetSecret: null, ...times }
    const connection = { id: 'c', name: 'Shop', body: '{}', secret: null, lastTest: null, ...times }
    const nobody = { ownerPid: null, ownerSeenAt: null }
    const move = { id: 'g', body: '{}', sourceSecret: null, targetSecret: null, inputsSecret: null }
    expect(changed(() => other.profiles.put(profile))).toEqual(['connections', 'profiles'])
    expect(changed(() => other.profiles.put(profile))).toEqual(['connections', 'profiles'])
    expect(changed(() => other.connections.put(connection))).toEqual(['connections'])
    expect(changed(() => other.connections.put(connection))).toEqual(['connections'])
    expect(changed(() => other.guidedBackups.put({ ...move, ...nobody, ...times }))).toEqual([
      'guidedBackups',
    ])
    expect(changed(() => other.guidedBackups.take('g', nobody, 7, 1))).toEqual(['guidedBackups'])
    expect(changed(() => other.guidedBackups.seen('g', 2))).toEqual([])
    expect(changed(() => other.preferences.write('preferences', '{}'))).toEqual(['preferences', 'profiles'])
    expect(changed(() => other.tasks.insert(task))).toEqual([])
    const stand = (state: TaskRow['state']) => () => other.tasks.stand('t', { ...task, state, stateSince: 2 })
    expect(changed(stand('copying'))).toEqual(['profiles'])
    expect(changed(stand('copying'))).toEqual([])
    expect(changed(() => other.tasks.remove('t'))).toEqual(['profiles'])
    expect(changed(() => other.guidedBackups.remove('g'))).toEqual(['guidedBackups'])
    expect(changed(() => other.connections.remove('c'))).toEqual(['connections'])
    expect(changed(() => other.profiles.remove('p'))).toEqual(['connections', 'profiles'])
  })

  test('tasks are read page by page, and found by name and address', () => {
    using store = openStore(file)
    for (let at = 1; at <= 30; at += 1)
      store.tasks.insert({
        ...task,
        id: `t${at}`,
        name: at % 10 === 0 ? `Shop ${at}` : `Mail ${at}`,
        to: `10.0.0.${at}:6379`,
        state: at === 30 ? 'draft' : 'finished',
        stateSince: at,
      })
    const page = { states: ['finished' as const], search: '', limit: 10, offset: 0 }
    expect(store.tasks.count(page)).toEqual({ count: 29, latest: 29 })
    expect(store.tasks.page(page).map(({ stateSince }) => stateSince)).toEqual([
      29, 28, 27, 26, 25, 24, 23, 22, 21, 20,
    ])
    expect(store.tasks.page({ ...page, offset: 20 })).toHaveLength(9)
    expect(store.tasks.page({ ...page, search: 'sHOP' }).map(({ id }) => id)).toEqual(['t20', 't10'])
    expect(store.tasks.page({ ...page, search: '0.0.7:' }).map(({ id }) => id)).toEqual(['t7'])
    expect(store.tasks.countByProfile(['draft'])).toEqual(new Map([['p', 1]]))
  })

  test('one process takes a task, and word left for another one is not for it', () => {
    using store = openStore(file)
    store.tasks.insert(task)
    expect(store.tasks.take('t', task, 7, 100)).toBe(true)
    // The other one had seen it free too.
    expect(store.tasks.take('t', task, 8, 100)).toBe(false)

    store.tasks.want('t', 'pause')
    expect(store.tasks.takeWanted(8)).toEqual([])
    expect(store.tasks.takeWanted(7)).toEqual([{ id: 't', wanted: 'pause' }])
    expect(store.tasks.takeWanted(7)).toEqual([])

    store.tasks.want('t', 'stop')
    expect(store.tasks.take('t', store.tasks.find('t')!, 9, 200)).toBe(true)
    expect(store.tasks.takeWanted(9)).toEqual([])
  })

  test('a removed task takes its events and samples along', () => {
    using store = openStore(file)
    store.tasks.insert(task)
    store.events.add('t', { at: 5, level: 'info', code: 'task.state', params: {} })
    store.tasks.remove('t')
    expect(store.tasks.find('t')).toBeUndefined()
    expect(store.events.newest('t', 10)).toEqual([])
  })

  test('profile names are one each, whatever their case', () => {
    using store = openStore(file)
    const row = {
      id: 'a',
      name: 'Shop',
      body: '{}',
      sourceSecret: null,
      targetSecret: null,
      createdAt: 1,
      updatedAt: 1,
    }
    store.profiles.put(row)
    expect(store.profiles.findByName('SHOP')?.id).toBe('a')
    store.profiles.put({ ...row, name: 'Shop 2', updatedAt: 2 })
    expect(store.profiles.all()).toEqual([{ ...row, name: 'Shop 2', updatedAt: 2 }])
  })

  test('samples are thinned out to the limit, the newest always among them', () => {
    using store = openStore(file)
    store.tasks.insert(task)
    const figures = {
      keysPerSecond: 1,
      bytesPerSecond: 2,
      writesPerSecond: 3,
      lagBytes: null,
      lagMs: null,
      sourceKeys: 4,
      targetKeys: 5,
      sourceOps: null,
    }
    for (let at = 1; at <= 100; at += 1) store.samples.add('t', { at, ...figures })
    const all = store.samples.since('t', 0, 1_000)
    expect(all).toHaveLength(100)
    expect(all[0]).toEqual({ at: 1, ...figures })
    const thinned = store.samples.since('t', 51, 10)
    expect(thinned).toHaveLength(10)
    expect(thinned.at(-1)?.at).toBe(100)
    expect(thinned[0]!.at).toBeGreaterThan(50)
  })

  test('a journal entry is open until it is closed, and its secret is gone then', () => {
    using store = openStore(file)
    const secret = Buffer.from('sealed')
    const id = store.journal.write({ taskId: 't', kind: 'freeze', note: '1', secret })
    store.journal.amend(id, { note: '2', secret })
    expect(store.journal.open('freeze')).toMatchObject([{ id, taskId: 't', note: '2', outcome: null }])
    expect(store.journal.open('setting')).toEqual([])
    store.journal.close(id, 'undone')
    store.journal.amend(id, { note: '3', secret })
    expect(store.journal.open('freeze', 't')).toEqual([])
    expect(store.journal.of('t', 'freeze')).toMatchObject([{ note: '2', outcome: 'undone', secret: null }])
  })

  test('what was written is there after kill -9 of the writer', () => {
    const script = `
      import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)}
      const store = openStore(${JSON.stringify(file)})
      store.journal.write({ taskId: 't', kind: 'setting', note: 'before the deed', secret: null })
      process.kill(process.pid, 'SIGKILL')`
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script])
    expect(ended.signal).toBe('SIGKILL')
    using store = openStore(file)
    expect(store.journal.open('setting')).toMatchObject([{ note: 'before the deed' }])
  })

  test('a file of a newer Keyferry is refused and left alone', () => {
    openStore(file)[Symbol.dispose]()
    const database = openDatabase(file)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => openStore(file)).toThrow(failing('store.newer'))
    const again = openDatabase(file)
    expect(again.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 })
    again.close()
  })

  test('a file that is no database, and a folder that cannot be, are told by name', () => {
    const damaged = join(folder, 'damaged.db')
    writeFileSync(damaged, 'this is no database, and long enough to be read as one'.repeat(100))
    expect(() => openStore(damaged)).toThrow(failing('store.damaged'))
    expect(() => openStore(join(damaged, 'inside', 'keyferry.db'))).toThrow(failing('store.unavailable'))
    expect(readdirSync(folder)).toEqual(['damaged.db'])
  })
})
