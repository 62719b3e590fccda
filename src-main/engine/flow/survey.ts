import type { Crc64Arena } from '../bytes/crc64.ts'
import type { LeftOut } from '#contract/selection.ts'
import { unpackedValue } from '../plan/compose.ts'
import { Demands } from '../plan/demands.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { goesAlong, leftOutOf } from '../plan/selection.ts'
import { libraryName } from '../rdb/function-library.ts'
import { walkRdbFile, type CheckedFile, type RdbFile } from '../source/rdb-file.ts'
import { entryKind } from './entry.ts'
import type { RestoreMeter } from './restore-meter.ts'

/** What reading the whole file, before the first write, has told. */
export interface Survey {
  readonly checked: CheckedFile
  readonly keys: number
  /** Keys that a rule leaves out. All that follows is of the others. */
  readonly leftOut: LeftOut
  readonly renamed: number
  /** Type codes of the values that fit a window; the others go as commands anyway. */
  readonly types: readonly number[]
  /** Names of the function libraries that go along. */
  readonly libraries: readonly string[]
  /** What not every server can hold of it. */
  readonly demands: Demands
  /** Databases of the target that something will be written to. */
  readonly targetDbs: readonly number[]
  /** Two keys of the file may come to be one: two databases go into one, or some names only lose a prefix. */
  readonly mayCollide: boolean
}

/** Reads the whole file once, and vouches for it. Fails with `file.*` or `job.cancelled`. */
export async function surveyFile(
  file: RdbFile,
  arena: Crc64Arena,
  { selection, names, dbMap, functions, ttl }: KeyRules,
  meter: RestoreMeter,
  signal: AbortSignal,
): Promise<Survey> {
  let keys = 0
  let renamed = 0
  let stripped = 0
  let lastDb = -1
  const leftOut = new Float64Array(8)
  const seen = new Uint8Array(256)
  const libraries: string[] = []
  const demands = new Demands(ttl, Date.now())
  const dbs = new Set<number>()
  /** Counts a key; true where it goes along. */
  const take = (db: number, code: number, bytes: Uint8Array, start: number, end: number): boolean => {
    keys += 1
    const rule = selection === null ? goesAlong : selection.judge(db, code, bytes, start, end)
    leftOut[rule]! += 1
    if (rule !== goesAlong) return false
    if (db !== lastDb) dbs.add((lastDb = db))
    if (names === null) return true
    names.take(db, bytes, start, end)
    if (names.changed) renamed += 1
    if (names.stripped) stripped += 1
    return true
  }
  const checked = await walkRdbFile(
    file,
    arena,
    {
      batch(batch, header) {
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.kind[index] === entryKind.FUNCTION) {
            if (functions) {
              const name = libraryName(unpackedValue(batch, index))
              libraries.push(name)
              demands.library(name)
            }
            continue
          }
          const code = batch.type[index]!
          if (take(batch.db[index]!, code, batch.buffer, batch.keyStart[index]!, batch.keyEnd[index]!)) {
            seen[code] = 1
            demands.key(batch, index, header)
          }
        }
      },
      big(entry) {
        const { db, type: code, key } = entry
        if (take(db, code, key, 0, key.length)) demands.big(entry)
      },
      opcode: (code) => demands.opcode(code),
      progress: (bytesDone) => meter.advance(bytesDone),
    },
    signal,
  )
  const targetDbs = [...new Set([...dbs].map(dbMap))].sort((a, b) => a - b)
  return {
    checked,
    keys,
    leftOut: leftOutOf(leftOut),
    renamed,
    types: [...seen.keys()].filter((code) => seen[code] === 1),
    libraries,
    demands,
    targetDbs,
    mayCollide: targetDbs.length < dbs.size || (stripped > 0 && stripped < leftOut[goesAlong]!),
  }
}
