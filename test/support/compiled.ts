import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Makes `<name>.c` of this folder into a shared library in `folder`, and returns its path. Null where there is no
 * compiler, and then said so.
 */
export function compileShared(name: string, folder: string): string | null {
  const library = join(folder, `${name}.so`)
  const code = fileURLToPath(new URL(`${name}.c`, import.meta.url))
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, code, '-ldl'], { stdio: 'ignore' })
    return library
  } catch {
    console.warn(`There is no compiler for ${name}.c: what needs it is skipped.`)
    return null
  }
}
