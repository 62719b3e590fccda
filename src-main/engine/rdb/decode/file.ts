import { escapeKey } from '#contract/escape-key.ts'
import { fail } from '#contract/failure.ts'
import { createCrc64Arena } from '../../bytes/crc64.ts'
import type { ByteFeed } from '../../bytes/feed.ts'
import { entryKind, type BigEntry, type EntryBatch } from '../../flow/entry.ts'
import { unpackedValue } from '../../plan/compose.ts'
import type { KeyFilter } from '../../plan/filter.ts'
import { openAofInput } from '../../source/aof-input.ts'
import { landInput } from '../../source/land-input.ts'
import { locate, RdbFile, readingBytes, walkRdbFile } from '../../source/rdb-file.ts'
import { skipBigValue } from '../big-value.ts'
import { kindOf, typeName, type RdbFlavour } from '../opcodes.ts'
import { MemoryFeed, run, type Steps } from '../steps.ts'
import { JsonWriter, type WriteBytes } from './json-writer.ts'
import { writeValueJson } from './value.ts'

export interface DecodeOptions {
  readonly file: string
  /** Which keys; null for all. */
  readonly filter: KeyFilter | null
  /** Which databases; null for all. */
  readonly dbs: ReadonlySet<number> | null
  readonly signal: AbortSignal
}

export interface Decoded {
  /** What follows as commands, and is not told. */
  readonly commandBytes: number
}

/** What stands before a value. */
type Head = Omit<BigEntry, 'offset'>

/**
 * Writes a backup file as text: one JSON object a line for every key, in the order of the file, with `db`,
 * `key`, `type`, `encoding` (as in `rdb.h`, without the prefix), `expireAt` (milliseconds since the epoch),
 * `idle` (seconds) and `freq` where the file tells them, and `value` (`value.ts`). A library of functions is
 * a line with `type` `function` and its code as `value`; it goes along only where nothing is selected.
 *
 * Of an append-only file that is the RDB it begins with: what its commands make of that, only a server tells.
 *
 * Memory stays bounded whatever the file holds. The file is checked on the way: lines come before it has
 * proved whole, and what was told before a broken place stands. Fails with `file.*`, `job.cancelled`, or whatever `write` fails with.
 */
export async function decodeFile(options: DecodeOptions, write: WriteBytes): Promise<Decoded> {
  const { filter, dbs, signal } = options
  const quietly = { signal, onProgress: () => undefined, onWait: () => undefined }
  await using landed = await landInput(options.file, quietly)
  await using aof = landed.kind === 'rdb' ? null : await openAofInput(landed.path, landed.name)
  const [first] = aof?.files ?? []
  if (first?.beginsWithRdb === false) fail('file.not-rdb', { file: landed.name })
  await using file = await RdbFile.open(first?.path ?? landed.path, first?.path ?? landed.name)
  const json = new JsonWriter(write)
  const wanted = (db: number, key: Uint8Array): boolean =>
    (dbs === null || dbs.has(db)) && (filter === null || filter(key))
  try {
    const { trailingBytes } = await walkRdbFile(
      file,
      createCrc64Arena(readingBytes),
      {
        async batch(batch, header) {
          for (let index = 0; index < batch.count; index += 1) {
            if (batch.kind[index] === entryKind.FUNCTION) {
              if (filter === null && dbs === null) writeLibrary(unpackedValue(batch, index), json)
              continue
            }
            if (!wanted(batch.db[index]!, batch.key(index))) continue
            const value = new MemoryFeed(batch.buffer, batch.valueStart[index]!, batch.valueEnd[index]!)
            try {
              // Not through `run`: that would be a promise for every key.
              for (const waiting of writeLine(headOf(batch, index), value, header.flavour, json))
                await waiting
            } catch (thrown) {
              const offset = batch.offset[index]!
              throw locate(thrown, { file: file.path, offset, key: escapeKey(batch.key(index)) })
            }
          }
        },
        async bigValue(entry, feed, header) {
          if (wanted(entry.db, entry.key)) await run(writeLine(entry, feed, header.flavour, json))
          else await skipBigValue(entry.type, feed, header.flavour)
        },
      },
      signal,
    )
    return { commandBytes: aof === null ? 0 : aof.size - file.size + trailingBytes }
  } catch (thrown) {
    json.dropLine()
    throw thrown
  } finally {
    await json.flush()
  }
}

function headOf(batch: EntryBatch, index: number): Head {
  return {
    type: batch.type[index]!,
    db: batch.db[index]!,
    key: batch.key(index),
    expireAt: batch.expireAt[index]!,
    idle: batch.idle[index]!,
    frequency: batch.frequency[index]!,
  }
}

function* writeLine(head: Head, value: ByteFeed, flavour: RdbFlavour, json: JsonWriter): Steps<void> {
  const { type, expireAt, idle, frequency } = head
  json.raw(`{"db":${head.db},"key":`)
  json.string(head.key)
  json.raw(`,"type":"${kindOf(type) ?? ''}","encoding":"${typeName(type, flavour)}"`)
  if (expireAt >= 0) json.raw(`,"expireAt":${expireAt}`)
  if (idle >= 0) json.raw(`,"idle":${idle}`)
  if (frequency >= 0) json.raw(`,"freq":${frequency}`)
  json.raw(',"value":')
  yield* writeValueJson(type, value, flavour, json)
  json.raw('}')
  json.endLine()
  yield* json.drain()
}

function writeLibrary(code: Uint8Array, json: JsonWriter): void {
  json.raw('{"type":"function","value":')
  json.string(code)
  json.raw('}')
  json.endLine()
}
