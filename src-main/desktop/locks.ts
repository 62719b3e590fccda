import { app, type Session } from 'electron'
import { windowOrigin } from './scheme.ts'

/** The one thing a page of ours may ask of the system: to copy text it was told to copy. */
const granted = 'clipboard-sanitized-write'

/**
 * Keeps every window on our own pages: no navigation, no second window, no webview, no permission, no request
 * to anywhere else. See Electron's security checklist, items 5 and 11 to 15. Call before the app is ready.
 */
export function keepWindowsIn(): void {
  app.on('session-created', keepSessionIn)
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-frame-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}

function keepSessionIn(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => answer(permission === granted))
  session.setPermissionCheckHandler((_contents, permission) => permission === granted)
  session.setDevicePermissionHandler(() => false)
  // What the page has made itself, such as a report: the system's dialog asks where to, or whether at all.
  session.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`blob:${windowOrigin}/`)) event.preventDefault()
  })
  const elsewhere = { urls: ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*', 'file://*/*'] }
  session.webRequest.onBeforeRequest(elsewhere, (_details, answer) => answer({ cancel: true }))
}
