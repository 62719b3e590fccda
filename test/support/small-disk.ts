import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

export interface SmallDisk extends Disposable {
  readonly path: string
}

/** A disk of 4 MiB at `path`, which is made; null where this user may not mount one, and then said so. */
export function mountSmallDisk(path: string): SmallDisk | null {
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path], { stdio: 'ignore' })
    return { path, [Symbol.dispose]: () => void execFileSync('umount', [path]) }
  } catch {
    console.warn('This user may not mount a small disk: tests of a full one are skipped.')
    return null
  }
}
