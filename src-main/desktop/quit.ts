import { app, BrowserWindow, dialog, type MessageBoxOptions } from 'electron'
import type { ConsoleServices } from '#console/services.ts'
import { fill, type DesktopWords } from './words.ts'

/**
 * Asks before the app is left while something runs, and ends it in order before the process goes. Returns
 * whether leaving has been decided, so that a window knows if it may close.
 */
export function guardQuit(services: ConsoleServices & AsyncDisposable, words: DesktopWords): () => boolean {
  let stage: 'open' | 'asking' | 'ending' | 'ended' = 'open'

  const leave = async (): Promise<void> => {
    stage = 'asking'
    const running = services.restores.countRunning()
    if (running > 0 && !(await confirmQuit(running, words))) {
      stage = 'open'
      return
    }
    stage = 'ending'
    await services[Symbol.asyncDispose]()
    stage = 'ended'
    app.quit()
  }

  app.on('before-quit', (event) => {
    if (stage === 'ended') return
    event.preventDefault()
    if (stage === 'open') void leave()
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  return () => stage === 'ended'
}

async function confirmQuit(running: number, words: DesktopWords): Promise<boolean> {
  const options: MessageBoxOptions = {
    type: 'warning',
    message: fill(running === 1 ? words.quitOne : words.quitMany, { running }),
    detail: words.quitDetail,
    buttons: [words.keepRunning, words.cancelAndQuit],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  }
  const window = BrowserWindow.getAllWindows()[0]
  const { response } = await (window
    ? dialog.showMessageBox(window, options)
    : dialog.showMessageBox(options))
  return response === 1
}
