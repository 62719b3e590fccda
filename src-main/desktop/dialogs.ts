import { BrowserWindow, dialog, type OpenDialogOptions } from 'electron'
import { profileFileEnding } from '#contract/profile-file.ts'
import type { DesktopWords } from './words.ts'

const anything = { name: '*', extensions: ['*'] }

/** The system's dialog for one backup file; null when it was closed without choosing. */
export async function pickFile(): Promise<string | null> {
  const [file] = await ask({
    properties: ['openFile', 'showHiddenFiles'],
    filters: [{ name: 'RDB', extensions: ['rdb'] }, anything],
  })
  return file ?? null
}

/** The system's dialog for profile files; none when it was closed without choosing. */
export function pickProfileFiles(words: DesktopWords): Promise<readonly string[]> {
  const profiles = { name: words.profileFiles, extensions: [profileFileEnding.slice(1)] }
  return ask({ properties: ['openFile', 'multiSelections'], filters: [profiles, anything] })
}

async function ask(options: OpenDialogOptions): Promise<readonly string[]> {
  const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0]
  const { filePaths } = await (window
    ? dialog.showOpenDialog(window, options)
    : dialog.showOpenDialog(options))
  return filePaths
}
