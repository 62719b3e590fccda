/** The parts of Keyferry that are reached by their place and not by an import. */
export interface Parts {
  /** Entry of the thread that runs jobs. */
  readonly worker: URL
  /** Folder with the built console. */
  readonly renderer: URL
}

/**
 * Finds them from the place of any module of ours. In a build modules lie in `out/main/`, at whatever depth
 * the bundler chose; in the source tree in `src-main/`, and the console is the one built last.
 */
export function findParts(module: string = import.meta.url): Parts {
  const built = module.lastIndexOf('/out/main/')
  if (built >= 0) {
    const out = module.slice(0, built + '/out/'.length)
    return { worker: new URL('main/worker.js', out), renderer: new URL('renderer/', out) }
  }
  const root = module.slice(0, module.lastIndexOf('/src-main/') + 1)
  return {
    worker: new URL('src-main/engine/worker/main.ts', root),
    renderer: new URL('out/renderer/', root),
  }
}
