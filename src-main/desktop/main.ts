import { app, BrowserWindow, Menu } from 'electron'
import { join } from 'node:path'
import { composeServices } from '#console/compose.ts'
import { dataFolder } from '#console/data-folder.ts'
import { openDoor } from '#console/door.ts'
import { findParts } from '#console/parts.ts'
import { readRendererFiles } from '#console/renderer-files.ts'
import { pickFile, pickProfileFiles } from './dialogs.ts'
import { keepWindowsIn } from './locks.ts'
import { systemKeyRing } from './key-ring.ts'
import { menuFor } from './menu.ts'
import { collectEarlyFiles, openFilesWith } from './open-files.ts'
import { answerPorts } from './port.ts'
import { bePresent } from './presence.ts'
import { guardQuit } from './quit.ts'
import { claimScheme, serveScheme } from './scheme.ts'
import { Speech } from './speech.ts'
import { goTo, openWindow } from './window.ts'

/** The desktop's composition root: everything that must precede `ready`, then services, scheme and window. */
app.setName('Keyferry')
app.setPath('userData', join(dataFolder(), 'desktop'))
// Root can have no sandbox and must say so with this switch; enabling it all the same would leave no process alive.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
claimScheme()
keepWindowsIn()
const earlyFiles = collectEarlyFiles()

if (app.requestSingleInstanceLock()) void app.whenReady().then(start)
else app.quit()

async function start(): Promise<void> {
  const speech = new Speech(app.getLocale())
  const services = composeServices({
    shell: 'desktop',
    pickFile,
    keyRing: systemKeyRing(),
    commands: true,
    speak: (locale) => speech.speak(locale),
  })
  serveScheme(await readRendererFiles(findParts().renderer))
  answerPorts(openDoor(services))
  const leaving = guardQuit(services, speech)

  const show = (place?: string): void => {
    const [window] = BrowserWindow.getAllWindows()
    if (window === undefined) openWindow(leaving, speech, place)
    else {
      if (window.isMinimized()) window.restore()
      if (place !== undefined) goTo(window, place)
      window.show()
      window.focus()
    }
  }
  const opener = openFilesWith(services.profiles, speech, show, earlyFiles())
  const openProfiles = (): void => void pickProfileFiles(speech.words).then(opener.open)
  const setMenu = (): void => {
    const menu = menuFor(process.platform, speech.words, { show, openProfiles }, !app.isPackaged)
    Menu.setApplicationMenu(Menu.buildFromTemplate(menu))
  }
  setMenu()
  speech.onChange(setMenu)
  app.on('second-instance', (_event, args) => {
    show()
    opener.openAmong(args)
  })
  app.on('activate', () => show())
  show()
  opener.openAmong(process.argv)
  bePresent(services, speech, show)
}
