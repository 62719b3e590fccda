import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findElectron, startDesktop, type DesktopApp } from '../support/electron.ts'
import { keyboard } from '../support/hand.ts'
import { asPromised, setMigrationScene } from '../support/migration-scene.ts'
import { en } from '../../src-renderer/src/i18n/en.ts'
import { ko } from '../../src-renderer/src/i18n/ko.ts'
import { zh } from '../../src-renderer/src/i18n/zh.ts'
import { walkMigration } from '../support/migration-walk.ts'
import { infoField } from '../support/sync-ends.ts'

const electron = findElectron()
if (electron === null)
  console.warn('\nSKIPPED: migrations in the window. No Electron found; set ELECTRON_OVERRIDE_DIST_PATH.\n')

describe.skipIf(electron === null)('a migration in the window', () => {
  /** Answers the question that is asked before leaving, and waits until the app has ended. */
  async function leave({ app }: DesktopApp): Promise<void> {
    await app.evaluate(({ dialog }) => {
      dialog.showMessageBox = () => Promise.resolve({ response: 1, checkboxChecked: false })
    })
    const closed = app.waitForEvent('close')
    await app.evaluate(({ app: self }) => self.quit())
    await closed
  }

  test.each([
    ['en', 'en-US', en, 50_000],
    ['zh', 'zh-CN', zh, 1_000],
    ['ko', 'ko', ko, 1_000],
  ] as const)(
    'with nothing but the keyboard, in %s: closed in the middle, resumed, finished, and run once more',
    async (name, locale, words, keys) => {
      await using folder = await temporaryFolder()
      const home = folder.path
      await using scene = await setMigrationScene(keys)
      scene.startApplications()
      const start = (): Promise<DesktopApp> =>
        startDesktop(electron ?? '', home, undefined, [`--lang=${locale}`])
      const source = { port: scene.source.port, password: scene.sourcePassword }
      {
        await using desktop = await start()
        const walk = walkMigration(desktop.page, words, keyboard)
        await walk.openWizard()
        await walk.enterBothSides('Shop cache', source, {
          port: scene.target.port,
          password: scene.targetPassword,
        })
        await walk.keepOptions()
        expect(await walk.acceptWarnings()).toBe(0)
        await walk.start()
        await walk.untilInStep()
        expect(desktop.complaints).toEqual([])
        await leave(desktop)
      }
      const writtenBefore = scene.written
      await using desktop = await start()
      const { page } = desktop
      const walk = walkMigration(page, words, keyboard)
      await walk.openTask('Shop cache')
      await keyboard.press(walk.main.getByRole('button', { name: words['task.resume'], exact: true }))
      await walk.untilInStep()
      expect(infoField(scene.source, 'stats', 'sync_full')).toBe('1')
      expect(scene.written).toBeGreaterThan(writtenBefore)

      await walk.freeze(source)
      expect(await walk.prove()).toBeGreaterThan(keys)
      const pause = await walk.finish()
      process.stdout.write(`write pause, as the window gives it: ${pause}\n`)
      expect(await scene.outcome()).toEqual(asPromised)

      const file = join(home, 'report.html')
      await desktop.app.evaluate(({ session }, path) => {
        session.defaultSession.once('will-download', (_event, item) => item.setSavePath(path))
      }, file)
      await walk.openTask('Shop cache')
      await walk.saveReport()
      await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toContain(`<html lang="${name}`)

      await scene.target.call('FLUSHALL')
      await walk.openProfile('Shop cache')
      await walk.acceptWarnings()
      await walk.start()
      await walk.untilInStep()
      await leave(desktop)
      expect(desktop.complaints).toEqual([])
    },
    240_000,
  )
})

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'keyferry-home-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
