import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The folder of RDB and AOF files written by many servers: `KEYFERRY_CORPUS`, else `../shared/corpus` beside the
 * checkout; null where there is none. Says so once, because tests that need it are skipped then.
 */
export function findCorpus(): string | null {
  const folder =
    process.env['KEYFERRY_CORPUS'] ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url))
  if (existsSync(folder)) return folder
  process.stderr.write(`SKIPPED: no corpus at ${folder} (KEYFERRY_CORPUS names another place)\n`)
  return null
}
