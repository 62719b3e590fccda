import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { GuidedBackupView } from '#contract/guided-backup.ts'
import { defaultProfileOptions } from '#contract/profile.ts'
import { findParts } from '#console/parts.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { openMigrations, type Migrations } from '#migration/open.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startFileServer } from '../support/file-server.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { compareAll } from '../support/sync-ends.ts'
import { startWriter } from '../support/writer.ts'

const folders = mkdtempSync(join(tmpdir(), 'keyferry-guided-'))
afterAll(() => rmSync(folders, { recursive: true }))

const sourcePassword = 'old secret of the source'
const targetPassword = 'the target’s own'

const open = (folder: string): Migrations =>
  openMigrations({ folder, jobs: createJobRunner(findParts().worker) })

const begin = (
  { guidedBackups }: Migrations,
  source: RedisServer,
  target: RedisServer,
  folder: string,
  username?: string,
): GuidedBackupView =>
  guidedBackups.create({
    source: {
      host: '127.0.0.1',
      port: source.port,
      password: sourcePassword,
      ...(username !== undefined && { username }),
    },
    target: { host: '127.0.0.1', port: target.port, password: targetPassword },
    folder,
  })

/** The first view that is as wanted, as a console hears of it. */
async function until(
  { guidedBackups }: Migrations,
  id: string,
  wanted: (view: GuidedBackupView) => boolean,
): Promise<GuidedBackupView> {
  for await (const answer of guidedBackups.watch(id, AbortSignal.timeout(60_000)))
    if ('ok' in answer && wanted(answer.ok)) return answer.ok
  return expect.fail(`it stands at ${JSON.stringify(guidedBackups.get(id))}`)
}

const at =
  (step: GuidedBackupView['step']) =>
  (view: GuidedBackupView): boolean =>
    view.step === step && view.state === 'waiting'

describe('a move by backup', () => {
  test('from the first look to the new address, closed and opened again on the way', async () => {
    await using source = await startRedis({ password: sourcePassword })
    await using target = await startRedis({ password: targetPassword })
    await fillWithEveryType(source)
    const folder = mkdtempSync(join(folders, 'own-'))
    const writer = startWriter({ port: source.port, password: sourcePassword, rate: 500 })

    let id: string
    {
      await using migrations = open(folder)
      id = begin(migrations, source, target, join(folder, 'backups')).id
      const looked = await until(migrations, id, at('freeze'))
      expect(looked.figures.target).toMatchObject({ keys: 0 })
      expect(looked.figures.source?.usedMemory).toBeGreaterThan(0)
      expect(looked.frozen).toBeNull()

      // Two consoles press it at the same time: it is begun once.
      const pressed = [1, 2].map(() => migrations.guidedBackups.proceed(id, { step: 'freeze' }))
      expect(pressed.map(({ state }) => state)).toEqual(['running', 'running'])
      const saved = await until(migrations, id, at('restore'))
      await writer.stop()
      expect(saved).toMatchObject({ failure: null, actions: ['proceed', 'unfreeze'] })
      expect(saved.frozen?.at).toBeGreaterThan(0)
      expect(() => migrations.guidedBackups.remove(id)).toThrow('guided-backup.wrong-step')

      // Whoever else wants one of its servers is told who has it.
      const holder = `127.0.0.1:${source.port} → 127.0.0.1:${target.port}`
      await using elsewhere = await startRedis()
      const other = begin(migrations, elsewhere, target, join(folder, 'others'))
      expect(other.failure).toMatchObject({ code: 'task.instance-busy', params: { name: holder } })
      const side = { host: '127.0.0.1', port: target.port, password: targetPassword }
      const checks = await migrations.check({
        sources: [{ host: '127.0.0.1', port: elsewhere.port }],
        target: side,
        options: defaultProfileOptions,
      })
      expect(checks.find((one) => one.id === 'target-other-task')).toMatchObject({
        state: 'failed',
        params: { task: holder },
      })
      migrations.guidedBackups.remove(other.id)
    }

    await using migrations = open(folder)
    const { guidedBackups } = migrations
    expect(guidedBackups.list()).toMatchObject([{ id, step: 'restore', state: 'waiting' }])
    // Somebody presses a button that another one has pressed long ago.
    expect(guidedBackups.proceed(id, { step: 'freeze' })).toMatchObject({ step: 'restore', state: 'waiting' })
    guidedBackups.proceed(id, { step: 'restore' })
    const compared = await until(migrations, id, at('hand-over'))
    expect(compared.proof).toMatchObject({ equal: true, differing: 0 })
    // Of what the writer wrote last some lives for less than three seconds: it is in the file, and may be gone since.
    const saved = compared.saved[0]!.keys!
    expect(compared.proof!.compared).toBeLessThanOrEqual(saved)
    expect(compared.proof!.compared).toBeGreaterThan(saved * 0.8)
    expect(compared.figures.target).toMatchObject({ keys: compared.figures.source?.keys })
    guidedBackups.proceed(id, { step: 'hand-over', afterwards: 'unfreeze' })
    expect(await until(migrations, id, ({ state }) => state === 'done')).toMatchObject({
      frozen: null,
      actions: ['remove'],
    })
    expect(
      await compareAll(source, target, { source: sourcePassword, target: targetPassword }),
    ).toMatchObject({ equal: true })
    for (const secret of [sourcePassword, targetPassword])
      expect(readFileSync(join(folder, 'keyferry.db')).includes(secret)).toBe(false)
    guidedBackups.remove(id)
    expect(guidedBackups.list()).toEqual([])
  })

  test('of a source that nobody may change: shut by hand, its backup told by a link that is kept sealed', async () => {
    await using source = await startRedis()
    await using target = await startRedis({ password: targetPassword })
    await source.call('SET', 'a', 1)
    // It may save, and not tell where to.
    await source.call(
      'ACL',
      'SETUSER',
      'keeper',
      'on',
      `>${sourcePassword}`,
      '~*',
      '&*',
      '+@all',
      '-config',
      '-acl',
    )
    const folder = mkdtempSync(join(folders, 'link-'))
    await using migrations = open(folder)
    const { guidedBackups } = migrations
    const { id } = begin(migrations, source, target, join(folder, 'backups'), 'keeper')
    await until(migrations, id, at('freeze'))
    guidedBackups.proceed(id, { step: 'freeze' })
    expect(await until(migrations, id, at('freeze'))).toMatchObject({
      failure: { code: 'freeze.not-permitted' },
    })

    guidedBackups.proceed(id, { step: 'freeze', byHand: true, newPassword: 'set in the service’s console' })
    await until(migrations, id, ({ seen }) => seen !== null)
    await source.call('ACL', 'SETUSER', 'keeper', 'resetpass', '>set in the service’s console')
    const saved = await until(migrations, id, at('file'))
    expect(saved).toMatchObject({ saved: [{ file: null, madeAt: null }], frozen: { byHand: true } })

    await using files = await startFileServer(readFileSync(join(source.dir, 'dump.rdb')))
    const link = `${files.url}/dump.rdb?signature=only-for-those-who-may`
    expect(guidedBackups.proceed(id, { step: 'file', inputs: [link] })).toMatchObject({
      step: 'restore',
      inputs: [`${files.url}/dump.rdb`],
    })
    guidedBackups.proceed(id, { step: 'restore' })
    expect(await until(migrations, id, at('hand-over'))).toMatchObject({ proof: { equal: true } })
    expect(guidedBackups.proceed(id, { step: 'hand-over', afterwards: 'leave-frozen' })).toMatchObject({
      state: 'done',
    })
    for (const secret of ['only-for-those-who-may', 'set in the service'])
      expect(readFileSync(join(folder, 'keyferry.db')).includes(secret)).toBe(false)
  })

  test('whose target holds keys is not begun, and one that was given up gives the source back', async () => {
    await using source = await startRedis({ password: sourcePassword })
    await using target = await startRedis({ password: targetPassword })
    await source.call('SET', 'a', 1)
    await target.call('SET', 'left', 1)
    const folder = mkdtempSync(join(folders, 'given-up-'))
    await using migrations = open(folder)
    const { guidedBackups } = migrations
    const { id } = begin(migrations, source, target, join(folder, 'backups'))
    expect(await until(migrations, id, at('look'))).toMatchObject({
      failure: { code: 'target.not-empty' },
      frozen: null,
    })
    await target.call('DEL', 'left')
    guidedBackups.proceed(id, { step: 'look' })
    await until(migrations, id, at('freeze'))
    guidedBackups.proceed(id, { step: 'freeze' })
    await until(migrations, id, at('restore'))
    expect(await guidedBackups.unfreeze(id)).toMatchObject({
      step: 'look',
      frozen: null,
      saved: [],
      actions: ['proceed', 'remove'],
    })
    expect(await source.call('SET', 'b', 2)).toBe('OK')
  })
})
