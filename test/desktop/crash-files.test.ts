import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findElectron, startDesktop } from '../support/electron.ts'
import { everythingKept } from '../support/everything-kept.ts'
import { walkMigration } from '../support/migration-walk.ts'
import { startRedis } from '../support/redis-server.ts'
import { tracesOf } from '../support/traces.ts'

const electron = findElectron()
if (electron === null)
  console.warn('\nSKIPPED: what a crash leaves behind. No Electron found; set ELECTRON_OVERRIDE_DIST_PATH.\n')

/** What every minidump begins with. */
const minidump = 'MDMP'

test.skipIf(electron === null)(
  'neither a page nor a desktop that crashes writes down what it had in memory',
  async () => {
    const secrets = {
      source: randomBytes(12).toString('base64url'),
      target: randomBytes(12).toString('base64url'),
    }
    await using source = await startRedis({ password: secrets.source })
    await using target = await startRedis({ password: secrets.target })
    const home = await mkdtemp(join(tmpdir(), 'keyferry-home-'))
    try {
      await using desktop = await startDesktop(electron ?? '', home)
      const { app, page } = desktop
      const walk = walkMigration(page)
      await walk.openWizard()
      await walk.enterBothSides(
        'shop',
        { port: source.port, password: secrets.source },
        { port: target.port, password: secrets.target },
      )
      const dumps = await app.evaluate(async ({ app: self, BrowserWindow, dialog }) => {
        dialog.showMessageBox = () => Promise.resolve({ response: 0, checkboxChecked: false })
        const { webContents } = BrowserWindow.getAllWindows()[0]!
        const loaded = new Promise<void>((resolve) => webContents.once('did-finish-load', () => resolve()))
        process.kill(webContents.getOSProcessId(), 'SIGSEGV')
        await loaded
        return self.getPath('crashDumps')
      })
      expect(dumps.startsWith(home)).toBe(true)
      const closed = app.waitForEvent('close')
      process.kill(app.process().pid ?? 0, 'SIGSEGV')
      await closed

      const kept = everythingKept(home)
      expect(kept.includes('SQLite format 3')).toBe(true)
      expect(kept.includes(minidump)).toBe(false)
      expect(tracesOf(secrets, kept)).toEqual([])
    } finally {
      await rm(home, { recursive: true, force: true })
    }
  },
  120_000,
)
