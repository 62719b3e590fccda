import type { Crc64Arena } from '../bytes/crc64.ts'
import type { LeftOut } from '#contract/selection.ts'
import { unpackedValue } from '../plan/compose.ts'
import { Demands } from '../plan/demands.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { goesAlong, leftOutOf } from '../plan/selection.ts'
import { libraryName } from '../rdb/function-library.ts'
import { walkRdbFile, type CheckedFile, type RdbFile, type Visitor } from '../source/rdb-file.ts'
import { entryKind } from './entry.ts'
import type { RestoreMeter } from './restore-meter.ts'

/** What was found in one file. */
export interface SurveyedFile {
  readonly checked: CheckedFile
  readonly keys: number
  /** Type codes of the values that go along and fit a window; the others go as commands anyway. */
  readonly types: readonly number[]
  /** It has a function library that no file before it has. */
  readonly bringsLibraries: boolean
}

/** What reading everything, before the first write, has told. */
export interface Survey {
  readonly keys: number
  /** Keys that a rule leaves out. All that follows is of the others. */
  readonly leftOut: LeftOut
  readonly renamed: number
  /** Names of the function libraries that go along; and how many do not. */
  readonly libraries: readonly string[]
  readonly librariesLeftOut: number
  /** What not every server can hold of it. */
  readonly demands: Demands
  /** Databases of the target that something will be written to. */
  readonly targetDbs: readonly number[]
  /** Two keys of a file may come to be one: two databases go into one, or some names only lose a prefix. */
  readonly mayCollide: boolean
}

/** Reads all files once, and vouches for them. Fails with `file.*` or `job.cancelled`. */
export async function surveyFiles(
  files: readonly RdbFile[],
  arena: Crc64Arena,
  rules: KeyRules,
  meter: RestoreMeter,
  signal: AbortSignal,
): Promise<{ readonly survey: Survey; readonly files: readonly SurveyedFile[] }> {
  const surveyor = new Surveyor(rules)
  const surveyed: SurveyedFile[] = []
  for (const file of files) surveyed.push(await surveyor.read(file, arena, meter, signal))
  return { survey: surveyor.survey, files: surveyed }
}

/** Takes stock of what goes along, and of what does not, in one file after another. */
export class Surveyor {
  readonly #rules: KeyRules
  readonly #leftOut = new Float64Array(8)
  readonly #libraries = new Set<string>()
  readonly #librariesLeftOut = new Set<string>()
  readonly #demands: Demands
  readonly #dbs = new Set<number>()
  #lastDb = -1
  #renamed = 0
  #stripped = 0
  #keys = 0

  constructor(rules: KeyRules) {
    this.#rules = rules
    this.#demands = new Demands(rules.ttl, Date.now())
  }

  /** Of all that has been read. */
  get survey(): Survey {
    const goAlong = this.#leftOut[goesAlong]!
    const targetDbs = [...new Set([...this.#dbs].map(this.#rules.dbMap))].sort((a, b) => a - b)
    return {
      keys: this.#keys,
      leftOut: leftOutOf(this.#leftOut),
      renamed: this.#renamed,
      libraries: [...this.#libraries],
      librariesLeftOut: this.#librariesLeftOut.size,
      demands: this.#demands,
      targetDbs,
      mayCollide: targetDbs.length < this.#dbs.size || (this.#stripped > 0 && this.#stripped < goAlong),
    }
  }

  /** Reads one more file, and vouches for it. Fails with `file.*` or `job.cancelled`. */
  async read(
    file: RdbFile,
    arena: Crc64Arena,
    meter: RestoreMeter,
    signal: AbortSignal,
  ): Promise<SurveyedFile> {
    const keysBefore = this.#keys
    const librariesBefore = this.#libraries.size
    const types = new Uint8Array(256)
    const progress = (bytesDone: number): void => meter.advance(bytesDone)
    const checked = await walkRdbFile(file, arena, { ...this.#visitor(types), progress }, signal)
    return {
      checked,
      keys: this.#keys - keysBefore,
      types: [...types.keys()].filter((code) => types[code] === 1),
      bringsLibraries: this.#libraries.size > librariesBefore,
    }
  }

  /** Walks past one file; `seen` by type code gets 1 for what is there. */
  #visitor(seen: Uint8Array): Visitor {
    const { functions } = this.#rules
    return {
      batch: (batch) => {
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.kind[index] === entryKind.FUNCTION) {
            const name = libraryName(unpackedValue(batch, index))
            if (functions) this.#library(name)
            else this.#librariesLeftOut.add(name)
            continue
          }
          const code = batch.type[index]!
          if (
            this.#take(batch.db[index]!, code, batch.buffer, batch.keyStart[index]!, batch.keyEnd[index]!)
          ) {
            seen[code] = 1
            this.#demands.key(batch, index)
          }
        }
      },
      big: (entry) => {
        const { db, type: code, key } = entry
        if (this.#take(db, code, key, 0, key.length)) this.#demands.big(entry)
      },
      opcode: (code) => this.#demands.opcode(code),
    }
  }

  #library(name: string): void {
    if (this.#libraries.has(name)) return
    this.#libraries.add(name)
    this.#demands.library(name)
  }

  /** Counts a key; true where it goes along. */
  #take(db: number, code: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { selection, names } = this.#rules
    this.#keys += 1
    const rule = selection === null ? goesAlong : selection.judge(db, code, bytes, start, end)
    this.#leftOut[rule]! += 1
    if (rule !== goesAlong) return false
    if (db !== this.#lastDb) this.#dbs.add((this.#lastDb = db))
    if (names === null) return true
    names.take(db, bytes, start, end)
    if (names.changed) this.#renamed += 1
    if (names.stripped) this.#stripped += 1
    return true
  }
}
