import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

export interface SmallDisk extends Disposable {
  readonly path: string
  /** Makes it larger, or smaller: not below what is on it. */
  resize(mebibytes: number): void
}

/** A disk at `path`, which is made; null where this user may not mount one, and then said so. */
export function mountSmallDisk(path: string, mebibytes = 4): SmallDisk | null {
  mkdirSync(path)
  const mount = (options: string): void =>
    void execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' })
  try {
    mount(`size=${mebibytes}m`)
    return {
      path,
      resize: (now) => mount(`remount,size=${now}m`),
      [Symbol.dispose]: () => void execFileSync('umount', [path]),
    }
  } catch {
    console.warn('This user may not mount a small disk: tests of a full one are skipped.')
    return null
  }
}
