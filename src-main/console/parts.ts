/** The parts of Keyferry that are reached by their place and not by an import. */
export interface Parts {
  /** Entry of the thread that runs jobs. */
  readonly worker: URL
  /** Folder with the built console. */
  readonly renderer: URL
  /** Script that is loaded into the window before its page. */
  readonly preload: URL
  /** Picture of the window where the system wants one. */
  readonly icon: URL
  /** Small picture for the system's tray; on macOS drawn in the bar's own colour. */
  readonly trayIcon: URL
}

/**
 * Finds them from the place of any module of ours. In a build modules lie in `out/main/`, at whatever depth
 * the bundler chose; in the source tree in `src-main/`, and the console is the one built last.
 */
export function findParts(module: string = import.meta.url): Parts {
  const built = module.lastIndexOf('/out/main/')
  const root = module.slice(0, (built >= 0 ? built : module.lastIndexOf('/src-main/')) + 1)
  return {
    worker: new URL(built >= 0 ? 'out/main/worker.js' : 'src-main/engine/worker/main.ts', root),
    renderer: new URL('out/renderer/', root),
    preload: new URL('out/preload/preload.cjs', root),
    icon: new URL('resources/icon.png', root),
    trayIcon: new URL(
      process.platform === 'darwin' ? 'resources/trayTemplate.png' : 'resources/tray.png',
      root,
    ),
  }
}
