import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { addressOf } from '#contract/connection.ts'
import type { ProfileInput } from '#contract/profile.ts'
import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { openStore } from '#store/open.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { everythingKept } from '../support/everything-kept.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startWriter } from '../support/writer.ts'

const secret = 'old-secret-of-the-source'

const dataFolder = dataFolderForEachTest()

function planOf(
  source: RedisServer,
  target: RedisServer,
  options: ProfileInput['options'] = undefined,
): ProfileInput {
  return {
    name: 'Shop cache',
    source: { host: source.host, port: source.port, password: secret },
    target: { host: target.host, port: target.port, password: 'new' },
    ...(options !== undefined && { options }),
  }
}

/** Waits until a task looks as wanted; tells how it looked when it never did. */
const isState =
  (state: TaskView['state']) =>
  (view: TaskView): boolean =>
    view.state === state

/** From a saved profile to a running task that is in step. */
async function follow(home: Migrations, plan: ProfileInput): Promise<string> {
  const profile = home.profiles.save(plan)
  const { id } = home.tasks.create(profile.id)
  home.tasks.check(id)
  await untilTask(home, id, isState('ready'))
  home.tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)
  return id
}

async function settingsAndDoors(server: RedisServer): Promise<string> {
  const [config, acl] = [await server.call('CONFIG', 'GET', '*'), await server.call('ACL', 'LIST')]
  return JSON.stringify([config, acl])
}

describe('a whole migration', () => {
  it('from a saved profile to finished, with writers that go on until they are refused', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new', args: ['--appendonly', 'yes'] })
    const before = await settingsAndDoors(source)
    const writer = startWriter({ port: source.port, password: secret, rate: 5_000 })
    await sleep(500)
    await using home = dataFolder.open()

    const id = await follow(home, planOf(source, target))
    const following = home.tasks.get(id)
    expect(following.state).toBe('following')
    expect(following.actions).toContain('freeze')
    expect(following.settings.map(({ name, state }) => [name, state])).toEqual([
      ['client-output-buffer-limit', 'changed'],
      ['repl-backlog-size', 'changed'],
      ['repl-timeout', 'changed'],
    ])
    expect(following.finishNeedsConsent).toBe('not-frozen')

    await home.tasks.freeze(id, { newPassword: 'the-operators-own' })
    const frozen = await untilTask(home, id, isState('frozen'))
    await sleep(100)
    expect(writer.written).toBeGreaterThan(2_000)
    expect(frozen.freeze).toMatchObject({ state: 'frozen', breach: null })
    // The writer, and the connection this test asks with; our own are not told of.
    expect(frozen.freeze.signedOut).toBe(2)
    expect(frozen.finishNeedsConsent).toBe('no-proof')
    await expect(home.tasks.finish(id, {})).rejects.toMatchObject({
      failure: { code: 'task.consent-needed' },
    })

    home.tasks.verify(id, 'full')
    const proven = await untilTask(
      home,
      id,
      ({ state, proof }) => state === 'frozen' && proof?.running === false,
    )
    expect(proven.proof?.failure).toBeNull()
    expect(proven.proof?.result).toMatchObject({ equal: true, differing: 0 })
    expect(proven.finishNeedsConsent).toBeNull()

    const finished = await home.tasks.finish(id, {})
    await writer.stop()
    expect(finished.state).toBe('finished')
    expect(finished.freeze).toMatchObject({
      state: 'undone',
      signedOut: frozen.freeze.signedOut,
      offset: frozen.freeze.offset,
    })
    expect(finished.settings.every(({ state }) => state === 'restored')).toBe(true)
    expect(finished.writePause).toMatchObject({ endedBy: 'finished' })
    const pauseMs = finished.writePause!.endedAt! - finished.writePause!.startedAt
    process.stdout.write(`write pause ${pauseMs} ms\n`)
    expect(pauseMs).toBeLessThan(10_000)
    expect(await settingsAndDoors(source)).toBe(before)
    expect((await target.call('KEYS', 'keyferry:*')) as string[]).toEqual([])
    expect(String(await source.call('INFO', 'replication'))).toContain('connected_slaves:0')

    expect(home.tasks.history(id, 0, 600).length).toBeGreaterThan(0)
    expect(home.tasks.events(id, undefined, 500).map(({ code }) => code)).toEqual(
      expect.arrayContaining([
        'checks.done',
        'settings.changed',
        'copy.done',
        'freeze.done',
        'freeze.drained',
        'proof.done',
        'pause.ended',
        'settings.restored',
        'freeze.undone',
      ]),
    )
    for (const word of [secret, 'the-operators-own'])
      expect(everythingKept(dataFolder.path)).not.toContain(word)
    expect(JSON.stringify([home.tasks.list(), home.profiles.list()])).not.toContain(secret)
  })

  it('is unfrozen on request: applications write again, the sync follows on, and a second cutover works', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    await source.call('SET', 'k', '1', 'EX', '1000')
    const before = await source.call('ACL', 'LIST')
    await using home = dataFolder.open()
    const id = await follow(home, planOf(source, target))
    await home.tasks.freeze(id)
    await untilTask(home, id, isState('frozen'))
    const unfrozen = await home.tasks.unfreeze(id)
    expect(unfrozen.state).toBe('following')
    expect(unfrozen.freeze.state).toBe('undone')
    expect(unfrozen.writePause?.endedBy).toBe('unfrozen')
    expect(await source.call('ACL', 'LIST')).toEqual(before)
    await source.call('SET', 'later', '2')
    await untilTask(home, id, ({ inStep, progress }) => inStep && progress?.targetKeys === 2)
    expect(await target.call('GET', 'later')).toBe('2')
    await home.tasks.freeze(id)
    await untilTask(home, id, isState('frozen'))
    home.tasks.verify(id)
    await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.running === false)
    const finished = await home.tasks.finish(id, { afterFinish: 'leave-frozen' })
    expect(finished).toMatchObject({ state: 'finished', freeze: { state: 'left' } })
    expect(finished.actions).toContain('unfreeze')
    await expect(source.call('SET', 'k', 'late')).rejects.toThrow()
    expect((await home.tasks.unfreeze(id)).freeze.state).toBe('undone')
    expect(await source.call('ACL', 'LIST')).toEqual(before)
  })

  it('a breach makes the proof void and the task follow on', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    await source.call('SET', 'k', '1')
    await using home = dataFolder.open()
    const id = await follow(home, planOf(source, target))
    await home.tasks.freeze(id)
    await untilTask(home, id, isState('frozen'))
    home.tasks.verify(id)
    await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.result?.equal === true)
    await source.restart()
    const broken = await untilTask(home, id, ({ freeze }) => freeze.state === 'broken')
    expect(broken).toMatchObject({ proof: { void: true }, failure: { code: 'freeze.broken' } })
    // It came back without our place in its stream: in step again only after a second copy.
    await untilTask(home, id, ({ inStep, progress }) => inStep && progress?.fullResyncs === 2)
    await source.call('SET', 'after', '2')
    await home.tasks.freeze(id)
    await untilTask(home, id, isState('frozen'))
    home.tasks.verify(id)
    await untilTask(
      home,
      id,
      ({ state, proof }) => state === 'frozen' && proof?.result?.equal === true && !proof.void,
    )
    await home.tasks.finish(id, {})
    expect(await target.call('GET', 'after')).toBe('2')
    expect(await source.call('CONFIG', 'GET', 'requirepass')).toEqual(['requirepass', secret])
  })

  it('is a move on request: proven to have arrived, the keys of the source are deleted, and those alone', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    await source.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
    await source.call('MSET', 'k', '1', Buffer.from([0xff, 0x00, 0x0a]), 'binary', 'no target has me', '2')
    await source.call('DEBUG', 'POPULATE', 2_500)
    const address = `${source.host}:${source.port}`
    await using home = dataFolder.open()
    const id = await follow(home, planOf(source, target))
    await home.tasks.freeze(id)
    await untilTask(home, id, isState('frozen'))

    const move = (typed: string): Promise<TaskView> => home.tasks.finish(id, { deleteSource: typed })
    home.tasks.verify(id, 'counts')
    await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.result?.equal === true)
    await expect(move(address)).rejects.toMatchObject({ failure: { code: 'task.move-unproven' } })
    home.tasks.verify(id, 'full')
    await untilTask(
      home,
      id,
      ({ state, proof }) => state === 'frozen' && proof?.mode === 'full' && !proof.running,
    )
    await expect(move('somewhere:6379')).rejects.toMatchObject({ failure: { code: 'task.move-consent' } })
    // As a key that expired at the target alone.
    await target.call('DEL', 'no target has me')

    const moved = await move(address)
    expect(moved).toMatchObject({ state: 'finished', moving: true, freeze: { state: 'undone' } })
    expect(moved.events.find(({ code }) => code === 'move.done')?.params).toEqual({ deleted: 2_502, kept: 1 })
    expect(await source.call('KEYS', '*')).toEqual(['no target has me'])
    expect(await target.call('DBSIZE')).toBe(2_502)
    expect(await target.call('GET', Buffer.from([0xff, 0x00, 0x0a]))).toBe('binary')
    expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
  })

  it('ended in the middle of a move, it is never followed again, but finished', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    await source.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
    await source.call('MSET', 'k', '1', 'gone already', '2')
    let id: string
    {
      await using home = dataFolder.open()
      id = await follow(home, planOf(source, target))
      await home.tasks.freeze(id)
      await untilTask(home, id, isState('frozen'))
      home.tasks.verify(id, 'full')
      await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.result?.equal === true)
    }
    {
      // As it is on disk from just before the first key goes.
      using store = openStore(join(dataFolder.path, 'keyferry.db'))
      const row = store.tasks.find(id)!
      const record = { ...(JSON.parse(row.record) as object), moving: true }
      store.tasks.stand(id, { ...row, record: JSON.stringify(record) })
    }
    await using home = dataFolder.open()
    expect(home.tasks.get(id)).toMatchObject({ state: 'interrupted', moving: true })
    expect(() => home.tasks.resume(id)).toThrow()

    const finished = await home.tasks.finish(id, {})
    expect(finished).toMatchObject({ state: 'finished', freeze: { state: 'undone' } })
    expect(finished.events.find(({ code }) => code === 'move.done')?.params).toEqual({ deleted: 2, kept: 0 })
    expect(await source.call('DBSIZE')).toBe(0)
    expect(await target.call('MGET', 'k', 'gone already')).toEqual(['1', '2'])
    expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
  })

  it('is paused and resumed; closed in the middle it is found interrupted, also when frozen, and goes on', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    for (let key = 0; key < 50; key += 1) await source.call('SET', `k:${key}`, 'x')
    let id: string
    {
      await using home = dataFolder.open()
      id = await follow(home, planOf(source, target))
      expect((await home.tasks.pause(id)).state).toBe('paused')
      await source.call('INCR', 'while-paused')
      home.tasks.resume(id)
      await untilTask(home, id, ({ inStep }) => inStep)
    }
    {
      await using home = dataFolder.open()
      expect(home.tasks.get(id)).toMatchObject({ state: 'interrupted', inStep: false })
      await source.call('INCR', 'while-closed')
      home.tasks.resume(id)
      await untilTask(home, id, ({ inStep }) => inStep)
      await home.tasks.freeze(id)
      await untilTask(home, id, isState('frozen'))
    }
    await using home = dataFolder.open()
    const again = home.tasks.get(id)
    expect(again).toMatchObject({ state: 'interrupted', freeze: { state: 'frozen' } })
    expect(again.actions).toEqual(expect.arrayContaining(['resume', 'unfreeze', 'stop']))
    home.tasks.resume(id)
    await untilTask(home, id, isState('frozen'))
    home.tasks.verify(id)
    await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.result?.equal === true)
    expect((await home.tasks.finish(id, {})).freeze.state).toBe('undone')
    expect(String(await source.call('INFO', 'stats'))).toContain('sync_full:1')
    expect(await target.call('MGET', 'while-paused', 'while-closed')).toEqual(['1', '1'])
  })

  it('is paused at once in the middle of the copy, and copies again when resumed', async () => {
    await using source = await startRedis({
      password: secret,
      args: ['--repl-diskless-sync-delay', '0', '--rdb-key-save-delay', '2000'],
    })
    await using target = await startRedis({ password: 'new' })
    await source.call('DEBUG', 'POPULATE', 20_000)
    await using home = dataFolder.open()
    const profile = home.profiles.save(planOf(source, target))
    const { id } = home.tasks.create(profile.id)
    home.tasks.check(id)
    await untilTask(home, id, isState('ready'))
    home.tasks.start(id)
    await untilTask(home, id, ({ progress }) => (progress?.copiedKeys ?? 0) > 0)
    const since = Date.now()
    expect((await home.tasks.pause(id)).state).toBe('paused')
    expect(Date.now() - since).toBeLessThan(5_000)

    await source.call('CONFIG', 'SET', 'rdb-key-save-delay', 0)
    home.tasks.resume(id)
    await untilTask(home, id, ({ inStep }) => inStep)
    expect(await target.call('DBSIZE')).toBeGreaterThanOrEqual(20_000)
  })

  it('given up, everything of ours is put back and what was copied stays', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    await source.call('SET', 'k', '1')
    const before = await settingsAndDoors(source)
    await using home = dataFolder.open()
    const id = await follow(home, planOf(source, target))
    await home.tasks.freeze(id)
    await untilTask(home, id, isState('frozen'))
    const stopped = await home.tasks.stop(id)
    expect(stopped).toMatchObject({ state: 'stopped', freeze: { state: 'undone' } })
    expect(await settingsAndDoors(source)).toBe(before)
    expect(await target.call('KEYS', '*')).toEqual(['k'])
    home.tasks.remove(id)
    expect(home.tasks.list()).toEqual([])
  })

  it('given up while it follows, every key expires again when it should', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    const at = Date.now() + 3_600_000
    await source.call('SET', 'k', '1', 'PXAT', at)
    await source.call('SET', 'for ever', '1')
    await using home = dataFolder.open()
    const id = await follow(home, planOf(source, target))
    expect(Number(await target.call('PEXPIRETIME', 'k'))).toBeGreaterThan(at)
    expect(await home.tasks.stop(id)).toMatchObject({ state: 'stopped', failure: null })
    expect(await target.call('PEXPIRETIME', 'k')).toBe(at)
    expect(await target.call('PEXPIRETIME', 'for ever')).toBe(-1)
    expect(await target.call('DBSIZE')).toBe(2)
  })

  it('given up while the target is away, it says that keys there will not expire', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    await source.call('SET', 'k', '1', 'EX', '1000')
    const before = await settingsAndDoors(source)
    await using home = dataFolder.open()
    const id = await follow(home, planOf(source, target))
    await target.kill9()
    const stopped = await home.tasks.stop(id)
    expect(stopped).toMatchObject({ state: 'stopped', failure: { code: 'task.expiries-shifted' } })
    expect(stopped.events.map(({ params }) => params['code'])).toContain('task.expiries-shifted')
    expect(await settingsAndDoors(source)).toBe(before)
  })

  it('does not start where a check fails, and says which; a warning is accepted by name', async () => {
    await using source = await startRedis({ password: secret })
    await using target = await startRedis({ password: 'new' })
    await target.call('SET', 'mine', '1')
    await using home = dataFolder.open()
    const first = home.tasks.create(home.profiles.save(planOf(source, target)).id)
    home.tasks.check(first.id)
    const draft = await untilTask(
      home,
      first.id,
      ({ state, checks }) => state === 'draft' && checks?.running === false,
    )
    expect(draft.checks?.results.find(({ id }) => id === 'target-empty')?.finding).toBe('not-empty')
    expect(() => home.tasks.start(first.id)).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'task.wrong-state' }) }),
    )

    const plan = { ...planOf(source, target), name: 'Over it', options: { onConflict: 'replace' as const } }
    const second = home.tasks.create(home.profiles.save(plan as ProfileInput).id)
    home.tasks.check(second.id)
    await untilTask(home, second.id, ({ state, checks }) => state === 'draft' && checks?.running === false)
    expect(home.tasks.accept(second.id, 'target-empty', true).state).toBe('ready')
    // What was accepted is no longer what is there: the start asks again.
    await target.call('SET', 'another', '1')
    home.tasks.start(second.id)
    const asked = await untilTask(home, second.id, isState('draft'))
    expect(asked.failure?.code).toBe('task.warnings-open')
    expect(addressOf(asked.target)).toBe(`${target.host}:${target.port}`)
  })
})
