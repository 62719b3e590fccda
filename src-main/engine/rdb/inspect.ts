import { escapeKey } from '#contract/escape-key.ts'
import type { FileReport } from '#contract/inspect.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { entryKind, type EntryBatch } from '../flow/entry.ts'
import { paced } from '../flow/pace.ts'
import { RdbFile, readingBytes, walkRdbFile } from '../source/rdb-file.ts'
import { lengthAt } from './length.ts'
import { kindOf, opcode, opcodeName, type, typeName, type RdbHeader } from './opcodes.ts'

const biggestShown = 20

interface Big {
  readonly db: number
  readonly key: string
  readonly type: number
  readonly bytes: number
}

/** Counts what goes past. Columns over the type code, so that a key costs no object. */
class Tally {
  readonly keysByType = new Float64Array(256)
  readonly bytesByType = new Float64Array(256)
  readonly dbs = new Map<number, { keys: number; expiring: number }>()
  readonly opcodes = new Map<string, number>()
  readonly modules = new Set<string>()
  readonly aux: { name: string; value: string }[] = []
  functions = 0
  keys = 0
  expiring = 0
  biggest: Big[] = []
  #floor = 0

  batch(batch: EntryBatch): void {
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.kind[index] === entryKind.FUNCTION) {
        this.functions += 1
        continue
      }
      const code = batch.type[index]!
      const bytes = batch.valueEnd[index]! - batch.valueStart[index]!
      this.#count(code, batch.db[index]!, bytes, batch.expireAt[index]! >= 0)
      if (batch.idle[index]! >= 0) this.opcode(opcode.IDLE)
      if (batch.frequency[index]! >= 0) this.opcode(opcode.FREQ)
      if (code === type.MODULE_2) this.modules.add(moduleName(batch.buffer, batch.valueStart[index]!))
      if (bytes > this.#floor)
        this.#keep({ db: batch.db[index]!, key: escapeKey(batch.key(index)), type: code, bytes })
    }
  }

  big(
    entry: {
      readonly type: number
      readonly db: number
      readonly key: Uint8Array
      readonly expireAt: number
    },
    bytes: number,
  ): void {
    this.#count(entry.type, entry.db, bytes, entry.expireAt >= 0)
    this.#keep({ db: entry.db, key: escapeKey(entry.key), type: entry.type, bytes })
  }

  opcode(code: number): void {
    const name = opcodeName(code)
    this.opcodes.set(name, (this.opcodes.get(name) ?? 0) + 1)
  }

  #count(code: number, db: number, bytes: number, expires: boolean): void {
    this.keys += 1
    this.keysByType[code]! += 1
    this.bytesByType[code]! += bytes
    let row = this.dbs.get(db)
    if (row === undefined) this.dbs.set(db, (row = { keys: 0, expiring: 0 }))
    row.keys += 1
    if (!expires) return
    row.expiring += 1
    this.expiring += 1
  }

  #keep(big: Big): void {
    this.biggest.push(big)
    if (this.biggest.length < biggestShown * 4) return
    this.#trim()
  }

  #trim(): void {
    this.biggest = this.biggest.sort((a, b) => b.bytes - a.bytes).slice(0, biggestShown)
    if (this.biggest.length === biggestShown) this.#floor = this.biggest.at(-1)!.bytes
  }

  report(file: RdbFile, { flavour, version }: RdbHeader): Omit<FileReport, 'checksum' | 'trailingBytes'> {
    this.#trim()
    const types = [...this.keysByType.entries()].filter(([, keys]) => keys > 0)
    return {
      file: file.path,
      bytes: file.size,
      flavour,
      rdbVersion: version,
      aux: this.aux,
      keys: this.keys,
      expiring: this.expiring,
      functions: this.functions,
      dbs: [...this.dbs].map(([db, row]) => ({ db, ...row })).sort((a, b) => a.db - b.db),
      types: types.map(([code, keys]) => ({
        code,
        name: typeName(code, flavour),
        kind: kindOf(code) ?? '',
        keys,
        bytes: this.bytesByType[code]!,
      })),
      opcodes: [...this.opcodes].map(([name, count]) => ({ name, count })),
      modules: [...this.modules],
      biggest: this.biggest.map(({ type: code, ...big }) => ({ ...big, kind: kindOf(code) ?? '' })),
    }
  }
}

/** Six bits a character, nine characters, then ten bits of version (`moduleTypeNameByID` in `module.c`). */
function moduleName(buffer: Uint8Array, at: number): string {
  if (buffer[at] !== 0x81) return `module ${lengthAt(buffer, at)}`
  const id = new DataView(buffer.buffer, buffer.byteOffset + at + 1, 8).getBigUint64(0)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  let name = ''
  for (let index = 0; index < 9; index += 1)
    name = alphabet.charAt(Number((id >> BigInt(10 + index * 6)) & 63n)) + name
  return name
}

/** Reads a backup file once, checks it from end to end, and tells what is in it. Fails with `file.*` or `job.cancelled`. */
export async function inspectFile(
  spec: { readonly file: string },
  report: (progress: { readonly bytesDone: number; readonly bytesTotal: number }) => void,
  signal: AbortSignal,
): Promise<FileReport> {
  await using file = await RdbFile.open(spec.file)
  const tally = new Tally()
  const say = paced((bytesDone: number) => report({ bytesDone, bytesTotal: file.size }))
  const { header, checksum, trailingBytes } = await walkRdbFile(
    file,
    createCrc64Arena(readingBytes),
    {
      batch: (batch) => tally.batch(batch),
      big: (entry, bytes) => tally.big(entry, bytes),
      aux: (name, value) =>
        tally.aux.push({ name: escapeKey(Buffer.from(name)), value: escapeKey(value, 500) }),
      opcode: (code) => tally.opcode(code),
      progress: say,
    },
    signal,
  )
  return { ...tally.report(file, header), checksum, trailingBytes }
}
