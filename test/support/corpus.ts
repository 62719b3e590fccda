import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env['KEYFERRY_CORPUS'] ?? join(import.meta.dirname, '../../../shared/corpus')

/** The folder of dumps that other projects publish with their tests; null where it is not here. */
export const corpus: string | null = existsSync(folder) ? folder : null
if (corpus === null) console.warn(`There is no corpus at ${folder}: tests over it are skipped.`)

/** Its files with names that end so, as full paths, in order. */
export function corpusFiles(ending: string): readonly string[] {
  if (corpus === null) return []
  return readdirSync(corpus, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => join(folder, file))
}
