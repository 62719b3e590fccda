import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { findElectron, startDesktop, type DesktopApp } from '../support/electron.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import * as walk from '../support/restore-walk.ts'

const electron = findElectron()
if (electron === null)
  console.warn('\nSKIPPED: restores in the window. No Electron found; set ELECTRON_OVERRIDE_DIST_PATH.\n')

describe.skipIf(electron === null)('a restore in the window', () => {
  const keys = 1_000_000
  const evil = ['<img src=x onerror="window.wasRun=1">', 'evil\u202Egpj', Buffer.from([0x61, 0xff, 0xc3])]
  let source: RedisServer
  let target: RedisServer
  let folder: string
  let dump: string
  let big: string
  let desktop: DesktopApp

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyferry-files-'))
    ;[source, target] = await Promise.all([startRedis(), startRedis()])
    await source.call('MSET', 'a', '1', 'b', '2')
    await source.call('ZADD', 'scores', '-inf', 'low', '+inf', 'high')
    for (const name of evil) await source.call('SET', name, name)
    dump = await saved('dump.rdb')
    await source.call('DEBUG', 'POPULATE', keys, 'key', 40)
    big = await saved('big.rdb')
  })

  afterAll(async () => {
    await Promise.all([source.stop(), target.stop()])
    await rm(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    await target.call('FLUSHALL')
    desktop = await startDesktop(electron ?? '')
  })

  afterEach(() => desktop[Symbol.asyncDispose]())

  async function saved(name: string): Promise<string> {
    await source.call('SAVE')
    await copyFile(join(source.dir, 'dump.rdb'), join(folder, name))
    return join(folder, name)
  }

  /** Has the system's dialogs answered by themselves from now on, as nobody sits before this screen. */
  function answerDialogs(answers: { file?: string; button?: number }): Promise<void> {
    return desktop.app.evaluate(({ dialog }, { file, button }) => {
      dialog.showOpenDialog = () =>
        Promise.resolve({ canceled: file === undefined, filePaths: file ? [file] : [] })
      dialog.showMessageBox = () => Promise.resolve({ response: button ?? 0, checkboxChecked: false })
    }, answers)
  }

  async function untilWriting(): Promise<void> {
    await vi.waitFor(async () => expect(await target.call('DBSIZE')).toBeGreaterThan(20_000), {
      timeout: 30_000,
    })
  }

  test('the file is chosen in the system’s dialog, and arrives whole', async () => {
    const { page, complaints } = desktop
    await answerDialogs({ file: dump })
    await walk.openWizard(page)
    await page.getByRole('button', { name: 'Choose a file…' }).click()
    const main = page.getByRole('main')
    await main.getByText('File read and checked').waitFor()
    expect(await main.getByRole('list').getByTitle(dump).count()).toBe(1)

    await walk.next(page, 'Target')
    await walk.enterTarget(page, target)
    await walk.testConnection(page)
    await walk.next(page, 'Scope')
    await walk.next(page, 'Options')
    await walk.next(page, 'Review')
    await walk.start(page)
    await main.getByText('The whole file is in the target').waitFor()

    expect(await target.call('DBSIZE')).toBe(3 + evil.length)
    expect(await target.call('ZRANGE', 'scores', 0, -1, 'WITHSCORES')).toEqual(['low', '-inf', 'high', 'inf'])

    // Names and values that would do harm are shown as what they are.
    for (const name of evil) await target.call('SET', name, Buffer.alloc(10_000_000, '<b>'))
    await main.getByRole('button', { name: 'Compare', exact: true }).click()
    for (const shown of ['<img src=x', 'evil\\xe2\\x80\\xaegpj', 'a\\xff\\xc3']) {
      await page.getByRole('option', { name: shown }).click()
      await main
        .getByText(/of 9\.54 MiB/)
        .first()
        .waitFor()
    }
    expect(await page.evaluate(() => 'wasRun' in window)).toBe(false)
    expect(await page.locator('img').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('a dialog closed without choosing changes nothing', async () => {
    const { page } = desktop
    await answerDialogs({})
    await walk.openWizard(page)
    await page.getByRole('button', { name: 'Choose a file…' }).click()
    await page.getByRole('button', { name: 'Choose a file…', disabled: false }).waitFor()

    await page.getByText('No file read yet').waitFor()
  })

  test('leaving while it runs is asked about: it goes on, or is cancelled in order', async () => {
    const { page, app } = desktop
    await walk.walkToReview(page, big, target)
    await walk.start(page)
    await untilWriting()
    await answerDialogs({ button: 0 })
    await app.evaluate(({ app: self }) => self.quit())
    const written = Number(await target.call('DBSIZE'))
    await vi.waitFor(async () => expect(await target.call('DBSIZE')).toBeGreaterThan(written), {
      timeout: 20_000,
    })

    await answerDialogs({ button: 1 })
    const closed = app.waitForEvent('close')
    await app.evaluate(({ app: self }) => self.quit())
    await closed
    const left = Number(await target.call('DBSIZE'))
    await new Promise((resolve) => setTimeout(resolve, 300))

    expect(left).toBeLessThan(keys)
    expect(await target.call('DBSIZE')).toBe(left)
    expect(String(await target.call('CLIENT', 'LIST'))).not.toContain('cmd=restore')
  })
})
