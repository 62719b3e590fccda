import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { makeFailure, FailureError } from '#contract/failure.ts'
import type { TaskState } from '#contract/task-states.ts'
import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { openStore } from '#store/open.ts'
import { dataFolderForEachTest, startJobs, untilTask } from '../support/data-folder.ts'
import { application, doors } from '../support/doors.ts'
import { proveFrozen } from '../support/proven-task.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'

const oldSecret = 'secret of the old one'
const freshSecret = 'secret of the new one'

const dataFolder = dataFolderForEachTest()

const startOld = (): Promise<RedisServer> =>
  startRedis({ password: oldSecret, args: ['--repl-diskless-sync-delay', '0'] })
const startFresh = (): Promise<RedisServer> => startRedis({ password: freshSecret })
const doorsOf = (server: RedisServer, password: string): Promise<unknown> =>
  doors({ host: server.host, port: server.port, password })

/** To *frozen* and proven equal. */
async function proveUnderFreeze(home: Migrations, id: string): Promise<void> {
  await home.tasks.freeze(id)
  const { finishNeedsConsent } = await proveFrozen(home, id)
  expect(finishNeedsConsent).toBeNull()
}

/** A migration that is to keep a way back, unless told otherwise, with its target locked, up to its cutover. */
async function upToCutover(
  home: Migrations,
  old: RedisServer,
  fresh: RedisServer,
  wayBack = true,
): Promise<string> {
  await old.call('SET', 'k', '1')
  const { id } = home.tasks.create(
    home.profiles.save({
      name: 'shop',
      source: { host: old.host, port: old.port, password: oldSecret },
      target: { host: fresh.host, port: fresh.port, password: freshSecret },
      options: { wayBack, lockTarget: true },
    }).id,
  )
  home.tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const one of checks?.results ?? []) if (one.state === 'warning') home.tasks.accept(id, one.id, true)
  home.tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)
  await proveUnderFreeze(home, id)
  return id
}

/** As a process leaves it that is killed right after the sync was ended for good; `state`: of one that was given up by then. */
function cutShort(id: string, ending: TaskView['ending'] = null, state: TaskState = 'interrupted'): void {
  using store = openStore(join(dataFolder.path, 'keyferry.db'))
  const row = store.tasks.find(id)!
  const record = JSON.stringify({ ...JSON.parse(row.record), concluding: true, ending })
  store.tasks.stand(id, { ...row, state, record, ownerPid: null, ownerSeenAt: null })
}

async function writes(server: RedisServer, password: string): Promise<string> {
  const client = application(server, { password })
  try {
    await client.connect()
    return await client.set('theirs', 'x')
  } finally {
    client.disconnect()
  }
}

const codes = ({ events }: TaskView): readonly string[] => events.map(({ code }) => code)

test('a locked target is opened once the way back has its place in the stream, and none of its writes is missed', async () => {
  await using old = await startOld()
  await using fresh = await startFresh()
  const before = [await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]
  await using home = dataFolder.open()
  const id = await upToCutover(home, old, fresh)
  // An application that waits for the door to open.
  const finished = home.tasks.finish(id, {})
  const first = (async () => {
    for (;;) {
      try {
        return await writes(fresh, freshSecret)
      } catch {
        await sleep(1)
      }
    }
  })()
  expect((await finished).state).toBe('way-back')
  expect(await first).toBe('OK')
  // What was kept of the old server's stream is of no more use.
  expect(existsSync(join(dataFolder.path, 'tasks', id))).toBe(false)
  const back = home.tasks.get(id).wayBack!
  await untilTask(home, back, ({ inStep }) => inStep)
  await proveUnderFreeze(home, back)
  expect((await home.tasks.finish(back, {})).state).toBe('finished')
  expect(await old.call('GET', 'theirs')).toBe('x')
  expect(home.tasks.get(id).state).toBe('rolled-back')
  expect([await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]).toEqual(before)
  expect(home.freezes.open()).toEqual([])
})

test('a migration that was killed while it was finished still opens the way back that was chosen, and unlocks its target', async () => {
  await using old = await startOld()
  await using fresh = await startFresh()
  const before = [await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]
  let id: string
  {
    await using home = dataFolder.open()
    id = await upToCutover(home, old, fresh, false)
  }
  cutShort(id, { afterFinish: 'unfreeze', moving: false, wayBack: true })
  await using home = dataFolder.open()
  await expect(writes(fresh, freshSecret)).rejects.toThrow()
  const kept = await home.tasks.finish(id, {})
  expect(codes(kept)).not.toContain('way-back.not-opened')
  expect(kept.state).toBe('way-back')
  expect(await writes(fresh, freshSecret)).toBe('OK')
  await untilTask(home, kept.wayBack!, ({ progress }) => progress!.writes > 0)
  await home.tasks.stop(kept.wayBack!)
  expect(home.tasks.get(id).state).toBe('finished')
  expect(await old.call('GET', 'theirs')).toBe('x')
  expect([await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]).toEqual(before)
})

test.each(['gone on with', 'given up'] as const)(
  'a migration that was killed while its way back was opened is %s',
  async (what) => {
    await using old = await startOld()
    await using fresh = await startFresh()
    const before = [await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]
    let id: string
    {
      await using home = dataFolder.open()
      id = await upToCutover(home, old, fresh)
      await home.tasks.finish(id, {})
    }
    cutShort(id)
    await using home = dataFolder.open()
    const back = home.tasks.get(id).wayBack!
    expect(home.tasks.get(id).actions).toEqual(['stop'])
    if (what === 'given up') {
      expect((await home.tasks.stop(id)).state).toBe('stopped')
      expect(home.tasks.board().open).toEqual([])
    } else {
      await writes(fresh, freshSecret)
      home.tasks.resume(back)
      await untilTask(home, id, ({ state }) => state === 'way-back')
      await untilTask(home, back, ({ progress }) => progress!.writes > 0)
      await home.tasks.stop(back)
      expect(home.tasks.get(id).state).toBe('finished')
      expect(await old.call('GET', 'theirs')).toBe('x')
    }
    expect([await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]).toEqual(before)
    expect(home.freezes.open()).toEqual([])
  },
)

test('a migration that was killed after its way back was given up again is finished without one', async () => {
  await using old = await startOld()
  await using fresh = await startFresh()
  const before = [await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]
  let id: string
  let back: string
  {
    await using home = dataFolder.open()
    id = await upToCutover(home, old, fresh)
    back = (await home.tasks.finish(id, {})).wayBack!
  }
  cutShort(id)
  cutShort(back, null, 'stopped')
  await using home = dataFolder.open()
  await untilTask(home, id, ({ wayBack }) => wayBack === null)
  expect(home.tasks.get(back).state).toBe('stopped')
  expect((await home.tasks.finish(id, { wayBack: false })).state).toBe('finished')
  expect([await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]).toEqual(before)
  expect(home.freezes.open()).toEqual([])
})

test('a way back that cannot be opened is told, and the migration ends without one', async () => {
  await using old = await startOld()
  await using fresh = await startFresh()
  const before = [await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]
  const jobs = startJobs()
  await using home = dataFolder.open({
    jobs: {
      prepare: (kind) => jobs.prepare(kind),
      run: (kind, spec, options) =>
        'from' in spec && 'sources' in spec
          ? Promise.reject(new FailureError(makeFailure('job.cancelled')))
          : jobs.run(kind, spec, options),
    },
  })
  const id = await upToCutover(home, old, fresh)
  const finished = await home.tasks.finish(id, {})
  expect(finished).toMatchObject({ state: 'finished', wayBack: null })
  expect(codes(finished)).toContain('way-back.not-opened')
  expect(codes(finished)).not.toContain('way-back.closed')
  expect(home.tasks.board().open).toEqual([])
  expect([await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]).toEqual(before)
  expect(home.freezes.open()).toEqual([])
})

test('a profile that is run again goes on with its way back, and rolls nothing back', async () => {
  await using old = await startOld()
  await using fresh = await startFresh()
  let id: string
  {
    await using home = dataFolder.open()
    id = await upToCutover(home, old, fresh)
    await home.tasks.finish(id, {})
  }
  const args = ['run', 'shop', '--cutover', 'auto', '--accept-warnings']
  const again = startCli(args, { env: { KEYFERRY_HOME: dataFolder.path }, timeoutMs: 60_000 })
  await again.says(/The way back is open/)
  expect(await writes(fresh, freshSecret)).toBe('OK')
  await expect(writes(old, oldSecret)).rejects.toThrow()
  again.signal('SIGINT')
  expect((await again.ended).code).toBe(0)
  await using home = dataFolder.open()
  expect(home.tasks.get(id).state).toBe('way-back')
})

test('a roll back that was killed while it was finished is finished on the command line', async () => {
  await using old = await startOld()
  await using fresh = await startFresh()
  const before = [await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]
  let back: string
  {
    await using home = dataFolder.open()
    const id = await upToCutover(home, old, fresh)
    back = (await home.tasks.finish(id, {})).wayBack!
    await proveUnderFreeze(home, back)
  }
  cutShort(back)
  const addresses = ['-f', `${old.host}:${old.port}`, '-t', `${fresh.host}:${fresh.port}`]
  const { code, stderr, stdout } = await runCli(['roll-back', ...addresses], {
    env: {
      KEYFERRY_HOME: dataFolder.path,
      KEYFERRY_SOURCE_PASSWORD: oldSecret,
      KEYFERRY_TARGET_PASSWORD: freshSecret,
    },
    timeoutMs: 60_000,
  })
  expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: expect.stringContaining('Rolled back') })
  expect([await doorsOf(old, oldSecret), await doorsOf(fresh, freshSecret)]).toEqual(before)
})

test('a way back can be closed though the old server is gone for ever', async () => {
  await using old = await startOld()
  await using fresh = await startFresh()
  await using home = dataFolder.open()
  const id = await upToCutover(home, old, fresh)
  const back = (await home.tasks.finish(id, {})).wayBack!
  await home.tasks.pause(back)
  await old.stop()
  expect((await home.tasks.stop(back)).state).toBe('stopped')
  expect(home.tasks.get(id).state).toBe('finished')
})

test('the old server is frozen again where it was started anew, and that is told', async () => {
  await using old = await startRedis({
    password: oldSecret,
    args: ['--repl-diskless-sync-delay', '0', '--appendonly', 'yes'],
  })
  await using fresh = await startFresh()
  await using home = dataFolder.open()
  const id = await upToCutover(home, old, fresh)
  const back = (await home.tasks.finish(id, {})).wayBack!
  await home.tasks.pause(back)
  await old.restart()
  expect(await old.call('GET', 'k')).toBe('1')
  home.tasks.resume(back)
  const followed = await untilTask(home, back, ({ inStep, failure }) => inStep || failure !== null)
  expect(followed.failure).toBeNull()
  expect(codes(followed)).toContain('freeze.broken')
  await expect(writes(old, oldSecret)).rejects.toThrow()

  // The same while we look on, and follow.
  const told = codes(home.tasks.get(back)).filter((code) => code === 'freeze.again').length
  await old.restart()
  await untilTask(home, back, (task) => codes(task).filter((code) => code === 'freeze.again').length > told)
  await expect(writes(old, oldSecret)).rejects.toThrow()
  await writes(fresh, freshSecret)
  await untilTask(home, back, ({ inStep, progress }) => inStep && progress!.writes > 0)
  expect(home.tasks.get(back)).toMatchObject({ state: 'following', failure: null })
  await home.tasks.stop(back)
  expect(await old.call('GET', 'theirs')).toBe('x')
  expect(await writes(old, oldSecret)).toBe('OK')
  expect(home.freezes.open()).toEqual([])
}, 120_000)
