import { BrowserWindow, dialog, type OpenDialogOptions } from 'electron'

/** The system's dialog for one file; null when it was closed without choosing. */
export async function pickFile(): Promise<string | null> {
  const options: OpenDialogOptions = {
    properties: ['openFile', 'showHiddenFiles'],
    filters: [
      { name: 'RDB', extensions: ['rdb'] },
      { name: '*', extensions: ['*'] },
    ],
  }
  const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0]
  const { filePaths } = await (window
    ? dialog.showOpenDialog(window, options)
    : dialog.showOpenDialog(options))
  return filePaths[0] ?? null
}
