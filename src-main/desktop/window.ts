import { app, BrowserWindow, dialog, nativeTheme, screen, type WebPreferences } from 'electron'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataFolder } from '#console/data-folder.ts'
import { findParts } from '#console/parts.ts'
import { windowOrigin } from './scheme.ts'
import type { Speech } from './speech.ts'
import { isReachable, readWindowState, writeWindowState } from './window-state.ts'

/** Written out although most are Electron's defaults, so that no default to come can open a door. */
const webPreferences: Readonly<WebPreferences> = Object.freeze({
  preload: fileURLToPath(findParts().preload),
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  safeDialogs: true,
  spellcheck: false,
  devTools: !app.isPackaged,
})

/** The page's ground in `tokens.css`, shown until the page is there. */
const ground = { light: '#eff3f4', dark: '#0f191e' }

/** A page that ends so often, milliseconds apart, would only end again. */
const crashPauseMs = 10_000

/**
 * Opens the window where it was last, at `place` of the console (a hash) if given. It closes only once `mayClose`
 * says so; else it asks to quit. A page that crashes is loaded again: what is under way lives elsewhere.
 */
export function openWindow(mayClose: () => boolean, speech: Speech, place = ''): void {
  const stateFile = join(dataFolder(), 'window.json')
  const state = readWindowState(stateFile)
  const screens = screen.getAllDisplays().map(({ workArea }) => workArea)
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    ...(state && isReachable(state.bounds, screens) ? state.bounds : {}),
    minWidth: 720,
    minHeight: 520,
    show: false,
    title: 'Keyferry',
    icon: fileURLToPath(findParts().icon),
    backgroundColor: nativeTheme.shouldUseDarkColors ? ground.dark : ground.light,
    webPreferences,
  })
  if (state?.maximized) window.maximize()
  window.once('ready-to-show', () => window.show())
  window.on('close', (event) => {
    writeWindowState(stateFile, { bounds: window.getNormalBounds(), maximized: window.isMaximized() })
    if (process.platform === 'darwin' || mayClose()) return
    event.preventDefault()
    app.quit()
  })
  surviveCrash(window, speech)
  goTo(window, place)
}

/** Shows a place of the console (a hash such as `#/tasks`); a change of hash loads nothing anew. */
export function goTo(window: BrowserWindow, place: string): void {
  void window.loadURL(`${windowOrigin}/${place}`)
}

function surviveCrash(window: BrowserWindow, speech: Speech): void {
  let crashedAt = -Infinity
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return
    const again = Date.now() - crashedAt < crashPauseMs
    crashedAt = Date.now()
    if (again) {
      window.destroy()
      app.quit()
      return
    }
    window.webContents.reload()
    void dialog.showMessageBox(window, {
      type: 'info',
      message: speech.words['crash.message'],
      detail: speech.words['crash.detail'],
      noLink: true,
    })
  })
}
