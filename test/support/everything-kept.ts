import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every byte of a folder's files, one character a byte: to look in it for what must not be there. Links lead elsewhere. */
export function everythingKept(path: string): string {
  const entry = lstatSync(path)
  if (!entry.isDirectory()) return entry.isFile() ? readFileSync(path, 'latin1') : ''
  return readdirSync(path)
    .map((name) => everythingKept(join(path, name)))
    .join('\n')
}
