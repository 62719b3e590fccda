import type { MenuItemConstructorOptions } from 'electron'
import type { DesktopWords } from './words.ts'

type Item = MenuItemConstructorOptions

/** The application menu: what text fields and windows need, and the developer's tools where wanted. */
export function menuFor(platform: NodeJS.Platform, words: DesktopWords, developer: boolean): Item[] {
  const mac = platform === 'darwin'
  const separator: Item = { type: 'separator' }
  const first: Item = mac
    ? {
        label: 'Keyferry',
        submenu: [
          { role: 'about', label: words.about },
          separator,
          { role: 'hide', label: words.hide },
          separator,
          { role: 'quit', label: words.quit },
        ],
      }
    : { label: words.file, submenu: [{ role: 'quit', label: words.quit }] }
  return [
    first,
    {
      label: words.edit,
      submenu: [
        { role: 'undo', label: words.undo },
        { role: 'redo', label: words.redo },
        separator,
        { role: 'cut', label: words.cut },
        { role: 'copy', label: words.copy },
        { role: 'paste', label: words.paste },
        { role: 'selectAll', label: words.selectAll },
      ],
    },
    {
      label: words.view,
      submenu: [
        { role: 'resetZoom', label: words.actualSize },
        { role: 'zoomIn', label: words.zoomIn },
        { role: 'zoomOut', label: words.zoomOut },
        separator,
        { role: 'togglefullscreen', label: words.fullScreen },
        ...(developer ? [separator, { role: 'toggleDevTools', label: words.developerTools } as Item] : []),
      ],
    },
    {
      label: words.window,
      submenu: [
        { role: 'minimize', label: words.minimize },
        { role: 'close', label: words.close },
      ],
    },
  ]
}
