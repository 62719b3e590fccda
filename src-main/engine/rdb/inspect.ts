import { escapeKey } from '#contract/escape-key.ts'
import type { FileReport } from '#contract/inspect.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { entryKind, type BigEntry, type EntryBatch } from '../flow/entry.ts'
import { readingBytes, walkRdbFile, type RdbFile } from '../source/rdb-file.ts'
import { bucketsMemory, keyMemory, ValueSizes } from './memory.ts'
import { moduleTypeName } from './module.ts'
import { kindOf, opcode, opcodeName, type, typeName, type RdbFlavour, type RdbHeader } from './opcodes.ts'
import { PrefixTally, type PrefixOptions } from './prefix-tally.ts'
import { MemoryFeed, run, runNow } from './steps.ts'
import { readUint64 } from './string.ts'

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
  memoryBytes = 0
  readonly sizes = new ValueSizes()
  readonly #prefixes: PrefixTally
  biggest: Big[] = []
  #floor = 0

  constructor(prefixes: PrefixOptions) {
    this.#prefixes = new PrefixTally(prefixes)
  }

  batch(batch: EntryBatch, flavour: RdbFlavour): void {
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.kind[index] === entryKind.FUNCTION) {
        this.functions += 1
        continue
      }
      const code = batch.type[index]!
      const bytes = batch.valueEnd[index]! - batch.valueStart[index]!
      const expires = batch.expireAt[index]! >= 0
      this.#count(code, batch.db[index]!, bytes, expires)
      const keyStart = batch.keyStart[index]!
      const keyEnd = batch.keyEnd[index]!
      const memory = keyMemory(keyEnd - keyStart, expires) + this.#valueMemory(batch, index, flavour)
      this.memoryBytes += memory
      this.#prefixes.add(batch.buffer, keyStart, keyEnd, bytes, memory)
      if (batch.idle[index]! >= 0) this.opcode(opcode.IDLE)
      if (batch.frequency[index]! >= 0) this.opcode(opcode.FREQ)
      if (code === type.MODULE_2) this.modules.add(moduleName(batch, index))
      if (bytes > this.#floor)
        this.#keep({ db: batch.db[index]!, key: escapeKey(batch.key(index)), type: code, bytes })
    }
  }

  big(entry: BigEntry, bytes: number, valueBytes: number): void {
    const { key, expireAt } = entry
    this.#count(entry.type, entry.db, bytes, expireAt >= 0)
    const memory = keyMemory(key.length, expireAt >= 0) + valueBytes
    this.memoryBytes += memory
    this.#prefixes.add(key, 0, key.length, bytes, memory)
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

  #valueMemory(
    { buffer, type: codes, valueStart, valueEnd }: EntryBatch,
    index: number,
    flavour: RdbFlavour,
  ): number {
    return this.sizes.ofValue(codes[index]!, buffer, valueStart[index]!, valueEnd[index]!, flavour)
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

  report(
    file: RdbFile,
    { flavour, version }: RdbHeader,
  ): Omit<FileReport, 'checksum' | 'trailingBytes' | 'aof'> {
    this.#trim()
    let buckets = 0
    for (const { keys, expiring } of this.dbs.values())
      buckets += bucketsMemory(keys) + bucketsMemory(expiring)
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
      prefixes: this.#prefixes.report(),
      memoryBytes: Math.round(this.memoryBytes + buckets),
      biggest: this.biggest.map(({ type: code, ...big }) => ({ ...big, kind: kindOf(code) ?? '' })),
    }
  }
}

function moduleName(batch: EntryBatch, index: number): string {
  const value = new MemoryFeed(batch.buffer, batch.valueStart[index]!, batch.valueEnd[index]!)
  return moduleTypeName(runNow(readUint64(value)))
}

/**
 * Reads an RDB once, checks it from end to end, and tells what is in it. `progress` is told how many bytes have been gone
 * past. Fails with `file.*` or `job.cancelled`.
 */
export async function inspectRdb(
  file: RdbFile,
  prefixes: PrefixOptions,
  progress: (bytesDone: number) => void,
  signal: AbortSignal,
): Promise<FileReport> {
  const tally = new Tally(prefixes)
  let valueBytes = 0
  const { header, checksum, trailingBytes } = await walkRdbFile(
    file,
    createCrc64Arena(readingBytes),
    {
      batch: (batch, { flavour }) => tally.batch(batch, flavour),
      async bigValue({ type: code }, feed, { flavour }) {
        valueBytes = await run(tally.sizes.ofFeed(code, feed, flavour))
      },
      big: (entry, bytes) => tally.big(entry, bytes, valueBytes),
      aux: (name, value) =>
        tally.aux.push({ name: escapeKey(Buffer.from(name)), value: escapeKey(value, 500) }),
      opcode: (code) => tally.opcode(code),
      progress,
    },
    signal,
  )
  return { ...tally.report(file, header), checksum, trailingBytes, aof: null }
}

/** What is told of an RDB where there is none. */
export function reportOfNothing(prefixes: PrefixOptions): FileReport {
  return {
    file: '',
    bytes: 0,
    aof: null,
    flavour: 'redis',
    rdbVersion: 0,
    checksum: 'absent',
    aux: [],
    keys: 0,
    expiring: 0,
    functions: 0,
    dbs: [],
    types: [],
    opcodes: [],
    modules: [],
    biggest: [],
    prefixes: new PrefixTally(prefixes).report(),
    memoryBytes: 0,
    trailingBytes: 0,
  }
}
