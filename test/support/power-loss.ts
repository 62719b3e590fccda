import { copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { compileShared } from './compiled.ts'

export interface PowerLoss {
  /** For a process whose files are to be forgotten but for what it has fsynced. */
  readonly env: Readonly<Record<string, string>>
  /** Before such a process is started: what is there counts as fsynced. */
  begin(): void
  /** After its death: puts the files to what was fsynced of them. */
  forgetUnsynced(): void
}

/**
 * The loss of what a process has written to `file`, and the files whose names begin with that, but not fsynced. Null
 * where there is no compiler to make it with. `folder` is where the compiled part goes.
 */
export function powerLoss(file: string, folder: string): PowerLoss | null {
  const library = compileShared('only-what-is-synced', folder)
  if (library === null) return null
  const those = (): readonly string[] =>
    readdirSync(dirname(file))
      .filter((name) => name.startsWith(basename(file)))
      .map((name) => join(dirname(file), name))
  return {
    env: { LD_PRELOAD: library, ONLY_SYNCED: file },
    begin() {
      for (const path of those()) if (isNote(path)) rmSync(path)
      for (const path of those()) if (!isMapped(path)) copyFileSync(path, `${path}.synced`)
    },
    forgetUnsynced() {
      for (const path of those()) {
        if (isNote(path)) continue
        if (existsSync(`${path}.synced`)) renameSync(`${path}.synced`, path)
        else rmSync(path)
      }
    },
  }
}

/** Kept by the compiled part, beside the files themselves. */
const isNote = (path: string): boolean => /\.(synced|making)$/.test(path)

/** The index of a write-ahead log, which is made anew from the log. */
const isMapped = (path: string): boolean => path.endsWith('-shm')
