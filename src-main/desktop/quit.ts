import { app, BrowserWindow, dialog, type MessageBoxOptions } from 'electron'
import { toFailure } from '#contract/failure.ts'
import type { ConsoleServices } from '#console/services.ts'
import { whatIsUnderWay, type UnderWay } from '#console/under-way.ts'
import type { Speech } from './speech.ts'
import type { DesktopWords } from './words.ts'

/**
 * Asks before the app is left while something runs, and ends it in order before the process goes. Returns
 * whether leaving has been decided, so that a window knows if it may close.
 */
export function guardQuit(services: ConsoleServices & AsyncDisposable, speech: Speech): () => boolean {
  let stage: 'open' | 'asking' | 'ending' | 'ended' = 'open'

  const leave = async (): Promise<void> => {
    stage = 'asking'
    const underWay = whatIsUnderWay(services)
    if (underWay !== 'nothing' && !(await confirmQuit(underWay, speech.words))) {
      stage = 'open'
      return
    }
    stage = 'ending'
    try {
      await services[Symbol.asyncDispose]()
    } catch (thrown) {
      services.log.error({ failure: toFailure(thrown) }, 'ending')
    }
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

async function confirmQuit(underWay: Exclude<UnderWay, 'nothing'>, words: DesktopWords): Promise<boolean> {
  const options: MessageBoxOptions = {
    type: 'warning',
    message: words[`quit.${underWay}`],
    detail: words[`quit.${underWay}.detail`],
    buttons: [words.stay, words.leave],
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
