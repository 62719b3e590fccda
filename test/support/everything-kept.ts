import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Every byte of a folder's files, one character a byte: to look in it for what must not be there. */
export function everythingKept(path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, 'latin1')
  return readdirSync(path)
    .map((name) => everythingKept(join(path, name)))
    .join('\n')
}
