import { app, BrowserWindow, nativeTheme, screen, type WebPreferences } from 'electron'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataFolder } from '#console/data-folder.ts'
import { findParts } from '#console/parts.ts'
import { windowOrigin } from './scheme.ts'
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

/** Opens the window where it was last. It closes only once `mayClose` says so; else it asks to quit. */
export function openWindow(mayClose: () => boolean): void {
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
  void window.loadURL(`${windowOrigin}/`)
}
