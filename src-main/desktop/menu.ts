import type { MenuItemConstructorOptions } from 'electron'
import type { DesktopWords } from './words.ts'

type Item = MenuItemConstructorOptions

/** What the menu does beyond what Electron's own roles do. */
export interface MenuDeeds {
  /** Brings the window forward at a place of the console. */
  readonly show: (place: string) => void
  /** Asks the system's dialog for profile files, and opens them. */
  readonly openProfiles: () => void
}

const separator: Item = { type: 'separator' }

/** The application menu, laid out as the platform's people expect it; the developer's tools where wanted. */
export function menuFor(
  platform: NodeJS.Platform,
  words: DesktopWords,
  deeds: MenuDeeds,
  developer: boolean,
): Item[] {
  const mac = platform === 'darwin'
  const settings = placeItem(words.settings, 'CmdOrCtrl+,', '#/settings', deeds)
  return [
    ...(mac ? [macApplication(words, settings)] : []),
    {
      label: words.file,
      submenu: [
        placeItem(words.newMigration, 'CmdOrCtrl+N', '#/profiles/new/source', deeds),
        placeItem(words.newRestore, 'CmdOrCtrl+Shift+N', '#/restores/new/file', deeds),
        { label: words.openProfile, accelerator: 'CmdOrCtrl+O', click: deeds.openProfiles },
        separator,
        ...(mac
          ? [{ role: 'close', label: words.close } as const]
          : [settings, separator, { role: 'quit', label: words.quit } as const]),
      ],
    },
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
        placeItem(words.tasks, 'CmdOrCtrl+1', '#/tasks', deeds),
        placeItem(words.restores, 'CmdOrCtrl+2', '#/restores', deeds),
        placeItem(words.profiles, 'CmdOrCtrl+3', '#/profiles', deeds),
        placeItem(words.connections, 'CmdOrCtrl+4', '#/connections', deeds),
        separator,
        { role: 'resetZoom', label: words.actualSize },
        { role: 'zoomIn', label: words.zoomIn },
        // The same without Shift, where the plus sign stands above the equals sign.
        { role: 'zoomIn', label: words.zoomIn, accelerator: 'CmdOrCtrl+=', visible: false },
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
        ...(mac
          ? [
              { role: 'zoom', label: words.zoom } as const,
              separator,
              { role: 'front', label: words.front } as const,
            ]
          : [{ role: 'close', label: words.close } as const]),
      ],
    },
    {
      label: words.help,
      role: 'help',
      submenu: [{ label: words.failures, click: () => deeds.show('#/failures') }],
    },
  ]
}

function macApplication(words: DesktopWords, settings: Item): Item {
  return {
    label: 'Keyferry',
    submenu: [
      { role: 'about', label: words.about },
      separator,
      settings,
      separator,
      { role: 'services', label: words.services },
      separator,
      { role: 'hide', label: words.hide },
      { role: 'hideOthers', label: words.hideOthers },
      { role: 'unhide', label: words.unhide },
      separator,
      { role: 'quit', label: words.quit },
    ],
  }
}

function placeItem(label: string, accelerator: string, place: string, { show }: MenuDeeds): Item {
  return { label, accelerator, click: () => show(place) }
}
