import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TaskEvent, TaskView } from '#contract/task.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { openMigrations, type Migrations } from '#migration/open.ts'
import { guardTarget, TargetGuards, type ForeignDeed } from '#migration/target-guard.ts'
import { at } from '../support/checks.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'

const worker = new URL('../../src-main/engine/worker/main.ts', import.meta.url)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-guard-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let turn = 0; turn < 1_200; turn += 1) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(50)
  }
  throw new Error(`never: ${what}`)
}

/** From 6.0 on a server tells which keys change. */
const tellingServers = [
  ['the one at hand', {}] as const,
  ...otherServers().flatMap(({ name, version, binary }) =>
    parseInt(version) < 6 ? [] : [[`${name} ${version}`, { binary }] as const],
  ),
]

const side = ({ host, port }: RedisServer): { host: string; port: number } => ({ host, port })

describe('others at the target of a migration', () => {
  it('are told while it is followed; after the freeze they make a proof void, and keys that expire do not', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    await source.call('SET', 'k', 'v')
    await using home: Migrations = openMigrations({ folder, jobs: createJobRunner(worker) })
    const { tasks, profiles } = home
    const { id } = tasks.create(
      profiles.save({ name: 'Shop', source: side(source), target: side(target) }).id,
    )
    const event = (code: TaskEvent['code']): TaskEvent | undefined =>
      tasks.events(id, undefined, 500).find((one) => one.code === code)
    const view = (wanted: (task: TaskView) => boolean) => (): TaskView | undefined =>
      wanted(tasks.get(id)) ? tasks.get(id) : undefined
    tasks.check(id)
    await until(
      'ready',
      view(({ state }) => state === 'ready'),
    )
    tasks.start(id)
    await until(
      'in step',
      view(({ inStep }) => inStep),
    )

    const other = tasks.create(
      profiles.save({ name: 'Other', source: side(source), target: side(target) }).id,
    )
    tasks.check(other.id)
    const refused = await until('checked', () =>
      tasks.get(other.id).state === 'draft' ? tasks.get(other.id) : undefined,
    )
    for (const check of ['source-other-task', 'target-other-task'] as const)
      expect(refused.checks?.results.find((one) => one.id === check)).toMatchObject({
        state: 'failed',
        params: { task: 'Shop' },
      })

    expect(event('target.foreign-client')).toBeUndefined()
    await target.call('CLIENT', 'SETNAME', 'stranger')
    await target.call('SADD', 'theirs', 'x')
    const told = await until('a foreign client', () => event('target.foreign-client'))
    expect(told.params).toMatchObject({ client: '127.0.0.1', name: 'stranger', command: 'sadd' })
    await target.call('DEL', 'theirs')

    for (let key = 0; key < 20; key += 1) await source.call('SET', `soon:${key}`, 'v', 'PX', 12_000)
    await tasks.freeze(id)
    await until(
      'frozen',
      view(({ state }) => state === 'frozen'),
    )
    tasks.verify(id, 'full')
    const proven = await until(
      'proof',
      view(({ proof, state }) => state === 'frozen' && proof?.running === false),
    )
    expect(proven.proof).toMatchObject({ result: { equal: true }, void: false })
    await until('expired', async () => ((await target.call('DBSIZE')) as number) < 10 || undefined)

    // In database 0, beside what is only ours; and the very next moment it is to end.
    await target.call('APPEND', 'k', '!')
    await expect(tasks.finish(id, {})).rejects.toMatchObject({ failure: { code: 'task.consent-needed' } })
    await until(
      'void',
      view(({ proof }) => proof?.void === true),
    )
    expect(event('target.foreign-write')?.params).toEqual({ key: 'k' })
    expect(tasks.get(id).finishNeedsConsent).toBe('no-proof')
    await tasks.stop(id)
  })

  it.each([
    ['removes a key', ['DEL', 'a'], { what: 'key', key: 'a' }],
    ['writes a key', ['SET', 'b', '3'], { what: 'key', key: 'b' }],
    ['empties it', ['FLUSHALL'], { what: 'key', key: null }],
    [
      'has keys thrown out',
      ['CONFIG', 'SET', 'maxmemory', '1'],
      { what: 'evicted', keys: expect.any(Number) as number },
    ],
  ] as const)('are seen while nothing of ours writes: somebody %s', async (_, [name, ...args], deed) => {
    await using target = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    await target.call('MSET', 'a', '1', 'b', '2', 'keyferry:one:lease', '3')
    const end = new AbortController()
    const deeds: ForeignDeed[] = []
    const guarding = guardTarget(at(target), {
      taskId: 'one',
      signal: end.signal,
      quiet: () => ({ applied: 0, anew: 0 }),
      onDeed: (one) => deeds.push(one),
    })
    await until(
      'tracking',
      async () => String(await target.call('CLIENT', 'LIST')).includes('=tB') || undefined,
    )
    await target.call('SET', 'keyferry:one:lease', '4')
    await target.call(name, ...args)
    await until('seen', () => deeds.find(({ what }) => what === deed.what))
    end.abort()
    await guarding
    expect(deeds.find(({ what }) => what === deed.what)).toEqual(deed)
    expect(deeds.filter(({ what }) => what === 'key').length).toBeLessThan(2)
  })

  it.each(tellingServers)(
    'are seen from the moment a proof begins to the last look before the end, and for each proof anew: %s',
    async (_, server) => {
      await using target = await startRedis(server)
      const end = new AbortController()
      const deeds: ForeignDeed[] = []
      const keysTold = (): readonly ForeignDeed[] => deeds.filter(({ what }) => what === 'key')
      const guards = new TargetGuards()
      let anew: number | null = null
      const guarding = guardTarget(at(target), {
        taskId: 'one',
        signal: end.signal,
        quiet: () => (anew === null ? null : { applied: 0, anew }),
        onDeed: (one) => deeds.push(one),
        guards,
      })
      for (const [proof, key] of [
        [1, 'a'],
        [2, 'b'],
      ] as const) {
        anew = proof
        await guards.inPlace(end.signal)
        await guards.lookNow()
        expect(keysTold()).toHaveLength(proof - 1)
        await target.call('SET', 'keyferry:one:lease', proof)
        await target.call('SET', key, '1')
        await guards.lookNow()
        expect(keysTold().at(-1)).toEqual({ what: 'key', key })
        anew = null
        await target.call('SET', 'ours', '1')
        await sleep(100)
      }
      expect(keysTold()).toHaveLength(2)
      end.abort()
      await guarding
    },
  )

  it('are looked for no more once that has ended, also where the target answers only then', async () => {
    await using target = await startRedis()
    const end = new AbortController()
    let asked = 0
    const quiet = (): null => {
      asked += 1
      return null
    }
    const guarding = guardTarget(side(target), {
      taskId: 't',
      signal: end.signal,
      quiet,
      onDeed: () => undefined,
    })
    await until('the first look', () => asked || undefined)
    await target.call('CLIENT', 'PAUSE', 3_000, 'ALL')
    // The next look is under way by then.
    await sleep(1_500)
    end.abort()
    const before = asked
    await guarding
    expect(asked).toBe(before)
  })
})
