import type { Tray } from 'electron'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findElectron, startDesktop, type DesktopApp } from '../support/electron.ts'
import { childrenOf, isRunning, watchOutside, type OutsideWatch } from '../support/process-tree.ts'
import { walkMigration, type MigrationWalk } from '../support/migration-walk.ts'

const electron = findElectron()
if (electron === null)
  console.warn('\nSKIPPED: what the system shows. No Electron found; set ELECTRON_OVERRIDE_DIST_PATH.\n')

/** What the main process was seen to tell the system. Under Xvfb nobody else shows it. */
interface Seen {
  notices: { title: string; body: string; click(): void }[]
  tray: { lines: string[]; tip: string }
  progress: { fraction: number; mode: string | undefined }[]
  questions: string[]
  /** Which button the next one is answered with. */
  answer: number
  crash(): Promise<void>
  installRedis(): void
}

declare global {
  var seen: Seen
}

/** One after another: each goes on where the one before it has left the window. */
describe.skipIf(electron === null)('a citizen of the desktop', () => {
  let desktop: DesktopApp
  let walk: MigrationWalk
  let outside: OutsideWatch

  beforeAll(async () => {
    desktop = await startDesktop(electron ?? '')
    outside = watchOutside(desktop.app.process().pid ?? 0)
    walk = walkMigration(desktop.page)
    await desktop.app.evaluate(({ BrowserWindow, Menu, Notification, Tray, dialog }) => {
      const seen: Seen = {
        notices: [],
        tray: { lines: [], tip: '' },
        progress: [],
        questions: [],
        answer: 0,
        crash: () => Promise.reject(new Error('no sync was started')),
        installRedis: () => undefined,
      }
      globalThis.seen = seen
      // Nobody looks at the window.
      BrowserWindow.getFocusedWindow = () => null
      Notification.prototype.show = function (this: Electron.Notification) {
        seen.notices.push({ title: this.title, body: this.body, click: () => this.emit('click') })
      }
      Tray.prototype.setToolTip = function (this: Tray, tip: string) {
        seen.tray.tip = tip
      }
      Tray.prototype.setContextMenu = function (this: Tray, menu: Electron.Menu | null) {
        seen.tray.lines = menu?.items.map(({ label }) => label).filter((label) => label !== '') ?? []
      }
      const show = BrowserWindow.prototype.setProgressBar
      BrowserWindow.prototype.setProgressBar = function (this: Electron.BrowserWindow, fraction, options) {
        seen.progress.push({ fraction, mode: options?.mode })
        show.call(this, fraction, options)
      }
      dialog.showMessageBox = ((...args: { message?: string }[]) => {
        seen.questions.push(args.at(-1)?.message ?? '')
        return Promise.resolve({ response: seen.answer, checkboxChecked: false })
      }) as typeof dialog.showMessageBox
      const { Worker } = process.getBuiltinModule('node:worker_threads')
      const post = Worker.prototype.postMessage
      Worker.prototype.postMessage = function (this: typeof Worker.prototype, message: { kind?: string }) {
        if (message.kind === 'sync') seen.crash = () => this.terminate().then(() => undefined)
        post.call(this, message)
      }
      return Menu.getApplicationMenu() !== null
    })
  })

  afterAll(() => desktop[Symbol.asyncDispose]())

  /** Chooses what stands in the application menu, as a click or its shortcut does. */
  function choose(label: string): Promise<string | null> {
    return desktop.app.evaluate(({ Menu, BrowserWindow }, wanted) => {
      const all = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []) ?? []
      const item = all.find((one) => one.label === wanted)
      item?.click(undefined, BrowserWindow.getAllWindows()[0])
      return item?.accelerator ?? null
    }, label)
  }

  const noticed = (title: string): Promise<string | undefined> =>
    desktop.app.evaluate((_, wanted) => seen.notices.find((one) => one.title === wanted)?.body, title)

  const untilInStepOnTray = (): Promise<void> =>
    expect
      .poll(() => desktop.app.evaluate(() => seen.tray.lines.join('\n')), { timeout: 30_000 })
      .toContain('in step')

  test('the menu leads to every place', async () => {
    const { page } = desktop
    const places = [
      ['Settings', 'CmdOrCtrl+,', /#\/settings$/],
      ['New migration', 'CmdOrCtrl+N', /#\/profiles\/new\/source$/],
      ['Restore a file', 'CmdOrCtrl+Shift+N', /#\/restores\/new\/file$/],
      ['Tasks', 'CmdOrCtrl+1', /#\/tasks$/],
      ['Connections', 'CmdOrCtrl+4', /#\/connections$/],
      ['What failures mean', null, /#\/failures$/],
    ] as const
    for (const [label, shortcut, place] of places) {
      expect(await choose(label)).toBe(shortcut)
      await page.waitForURL(place)
    }
  })

  test('menu and tray follow the language of the window', async () => {
    const { page, app } = desktop
    const menu = (): Promise<readonly string[]> =>
      app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.items.map(({ label }) => label) ?? [])
    const tray = (): Promise<readonly string[]> => app.evaluate(() => seen.tray.lines)
    await choose('Settings')
    await page.getByText('한국어', { exact: true }).click()
    await expect.poll(menu).toEqual(['파일', '편집', '보기', '윈도우', '도움말'])
    await expect.poll(tray).toContain('Keyferry 열기')
    await page.getByText('English', { exact: true }).click()
    await expect.poll(menu).toEqual(['File', 'Edit', 'View', 'Window', 'Help'])
  })

  test('without a Redis server on this machine the practice door says what to do', async () => {
    const { page, app } = desktop
    // Wherever it lies, it cannot be started.
    await app.evaluate(() => {
      const programs = process.getBuiltinModule('node:child_process')
      const { syncBuiltinESMExports } = process.getBuiltinModule('node:module')
      const before = programs.execFileSync
      programs.execFileSync = () => {
        throw new Error('ENOENT')
      }
      syncBuiltinESMExports()
      seen.installRedis = () => {
        programs.execFileSync = before
        syncBuiltinESMExports()
      }
    })
    await page.getByRole('link', { name: 'Start', exact: true }).click()
    await walk.main.getByRole('button', { name: 'Start practice servers' }).click()
    await walk.main.getByText('usage.missing-prerequisite').waitFor()
    expect(await walk.main.innerText()).toContain('redis-server')
    await app.evaluate(() => seen.installRedis())
  })

  test('tells the taskbar, the tray and who looks elsewhere how a migration stands', async () => {
    const { page, app } = desktop
    await walk.main.getByRole('button', { name: 'Start practice servers' }).click()
    await page.getByRole('heading', { name: 'Is everything ready to cross?' }).waitFor({ timeout: 60_000 })
    await walk.acceptWarnings()
    await walk.start()
    await walk.untilInStep()
    await untilInStepOnTray()

    const name = await noticed('In step with the source')
    const { tray, progress } = await app.evaluate(() => seen)
    expect(name).toBeTruthy()
    expect(tray.lines).toEqual(['Open Keyferry', `${name}  ·  in step`, 'Quit Keyferry'])
    expect(tray.tip).toContain(`${name}  ·  in step`)
    expect(progress.at(-1)).toMatchObject({ mode: 'normal' })

    await choose('Settings')
    await page.waitForURL(/#\/settings$/)
    await app.evaluate(() => seen.notices[0]?.click())
    await page.waitForURL(/#\/tasks\/[^/]+$/)
  })

  test('asks before it is left, and stays', async () => {
    await desktop.app.evaluate(({ app }) => app.quit())
    await expect
      .poll(() => desktop.app.evaluate(() => seen.questions))
      .toEqual(['A migration is still under way.'])
    expect(await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
    await walk.untilInStep()
  })

  test('a thread that crashes takes nothing with it: it is told, and the migration goes on from where it was', async () => {
    await desktop.app.evaluate(() => seen.crash())
    await expect.poll(() => noticed('Failed: it needs you'), { timeout: 30_000 }).toBeTruthy()
    await walk.main.getByText('job.crashed').first().waitFor()
    await walk.main.getByRole('button', { name: 'Resume' }).click()
    await walk.untilInStep()
    await untilInStepOnTray()
  })

  test('a page that crashes is there again, with the migration under way', async () => {
    const { app } = desktop
    const text = await app.evaluate(async ({ BrowserWindow }) => {
      const { webContents } = BrowserWindow.getAllWindows()[0]!
      const loaded = new Promise<void>((resolve) => webContents.once('did-finish-load', () => resolve()))
      webContents.forcefullyCrashRenderer()
      await loaded
      return (await webContents.executeJavaScript(`new Promise((resolve) => {
        const look = () => document.querySelector('main')?.innerText.includes('in step')
          ? resolve(location.hash) : setTimeout(look, 50)
        look()
      })`)) as string
    })

    expect(text).toMatch(/^#\/tasks\//)
    expect(await app.evaluate(() => seen.questions.at(-1))).toBe('The window had to be opened again.')
  })

  test('asked nobody outside, all this time', () => {
    expect(outside.stop()).toEqual([])
  })

  test('left at last, it takes its practice servers with it', async () => {
    const { app } = desktop
    const closed = app.waitForEvent('close')
    const servers = childrenOf(app.process().pid ?? 0, /^(redis|valkey)-server/)
    expect(servers).toHaveLength(2)
    await app.evaluate(({ app: self }) => {
      seen.answer = 1
      self.quit()
    })
    await closed
    expect(servers.filter(isRunning)).toEqual([])
  })
})
