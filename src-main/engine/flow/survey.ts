import type { Crc64Arena } from '../bytes/crc64.ts'
import type { DbMap } from '../plan/db-map.ts'
import { unpackedValue } from '../plan/compose.ts'
import { libraryName } from '../rdb/function-library.ts'
import { walkRdbFile, type CheckedFile, type RdbFile } from '../source/rdb-file.ts'
import { entryKind } from './entry.ts'
import type { RestoreMeter } from './restore-meter.ts'

/** What reading the whole file, before the first write, has told. */
export interface Survey {
  readonly checked: CheckedFile
  readonly keys: number
  /** Type codes of the values that fit a window; the others go as commands anyway. */
  readonly types: readonly number[]
  readonly libraries: readonly string[]
  /** Databases of the target that something will be written to. */
  readonly targetDbs: readonly number[]
  /** Two databases of the file go into one: a key may be there twice. */
  readonly merges: boolean
}

/** Reads the whole file once, and vouches for it. Fails with `file.*` or `job.cancelled`. */
export async function surveyFile(
  file: RdbFile,
  arena: Crc64Arena,
  dbMap: DbMap,
  meter: RestoreMeter,
  signal: AbortSignal,
): Promise<Survey> {
  let keys = 0
  let lastDb = -1
  const seen = new Uint8Array(256)
  const libraries: string[] = []
  const dbs = new Set<number>()
  const checked = await walkRdbFile(
    file,
    arena,
    {
      batch(batch) {
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.kind[index] === entryKind.FUNCTION) {
            libraries.push(libraryName(unpackedValue(batch, index)))
            continue
          }
          keys += 1
          seen[batch.type[index]!] = 1
          if (batch.db[index] !== lastDb) dbs.add((lastDb = batch.db[index]!))
        }
      },
      big(entry) {
        keys += 1
        dbs.add(entry.db)
      },
      progress: (bytesDone) => meter.advance(bytesDone),
    },
    signal,
  )
  const targetDbs = [...new Set([...dbs].map(dbMap))].sort((a, b) => a - b)
  return {
    checked,
    keys,
    types: [...seen.keys()].filter((code) => seen[code] === 1),
    libraries,
    targetDbs,
    merges: targetDbs.length < dbs.size,
  }
}
