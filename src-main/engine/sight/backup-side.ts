import type { Backup } from '#contract/verify.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { entryKind } from '../flow/entry.ts'
import { kindOf, type RdbFlavour } from '../rdb/opcodes.ts'
import { skipBigValue } from '../rdb/big-value.ts'
import { MemoryFeed } from '../rdb/steps.ts'
import { landInput } from '../source/land-input.ts'
import { RdbFile, readingBytes, walkRdbFile } from '../source/rdb-file.ts'
import { Placing } from '../verify/placing.ts'
import { targetNow, type TargetSide } from '../verify/target-side.ts'
import { holdValue, type HeldValue } from './held-value.ts'
import { noValue, type ValueSide } from './value-side.ts'

const sliceUnits = 500

/**
 * A key as backup files have it, by its name and database in the target: of several files, as the last one has it
 * that does. Reads them up to there. Fails with `file.*`, `fetch.*`, `job.cancelled`.
 */
export async function openBackupSide(
  { files, restoredAs }: Backup,
  target: TargetSide,
  db: number,
  key: Buffer,
  signal: AbortSignal,
): Promise<ValueSide> {
  const finder = new KeyFinder(new Placing(restoredAs, target.look.versionNumber), targetNow(target), db, key)
  for (const file of files.toReversed()) {
    const found = await finder.findIn(file, signal)
    if (found !== null) return sideOf(found)
  }
  return noValue
}

interface FoundValue extends HeldValue {
  readonly type: string
  readonly expireAt: number
}

/** Ends the walk through a file. */
class Found extends Error {
  readonly value: FoundValue

  constructor(value: FoundValue) {
    super()
    this.value = value
  }
}

class KeyFinder {
  readonly #placing: Placing
  readonly #now: number
  readonly #db: number
  readonly #key: Buffer
  readonly #arena = createCrc64Arena(readingBytes)

  constructor(placing: Placing, now: number, db: number, key: Buffer) {
    this.#placing = placing
    this.#now = now
    this.#db = db
    this.#key = key
  }

  async findIn(input: string, signal: AbortSignal): Promise<FoundValue | null> {
    await using landed = await landInput(input, {
      signal,
      onProgress: () => undefined,
      onWait: () => undefined,
    })
    await using file = await RdbFile.open(landed.path, landed.name)
    try {
      await walkRdbFile(
        file,
        this.#arena,
        {
          batch: async (batch, { flavour }) => {
            for (let index = 0; index < batch.count; index += 1) {
              if (batch.kind[index] === entryKind.FUNCTION) continue
              const { db, type, expireAt, buffer, keyStart, keyEnd, valueStart, valueEnd } = batch
              const code = type[index]!
              if (!this.#isIt(db[index]!, code, expireAt[index]!, buffer, keyStart[index], keyEnd[index]))
                continue
              const feed = new MemoryFeed(buffer, valueStart[index], valueEnd[index])
              throw await this.#found(code, feed, flavour)
            }
          },
          bigValue: async ({ db, type, expireAt, key }, feed, { flavour }) => {
            if (this.#isIt(db, type, expireAt, key)) throw await this.#found(type, feed, flavour)
            await skipBigValue(type, feed, flavour)
          },
        },
        signal,
      )
      return null
    } catch (thrown) {
      if (thrown instanceof Found) return thrown.value
      throw thrown
    }
  }

  #isIt(
    db: number,
    code: number,
    expireAt: number,
    bytes: Uint8Array,
    start = 0,
    end = bytes.length,
  ): boolean {
    const placing = this.#placing
    const placed = placing.take(db, code, expireAt, this.#now, bytes, start, end)
    return (
      placed !== 'filtered' && placed !== 'lost' && placing.db === this.#db && this.#key.equals(placing.key())
    )
  }

  async #found(code: number, feed: Parameters<typeof holdValue>[1], flavour: RdbFlavour): Promise<Found> {
    const { expireAt } = this.#placing
    const held = await holdValue(code, feed, flavour)
    return new Found({ ...held, type: kindOf(code) ?? 'module', expireAt })
  }
}

function sideOf({ type, expireAt, bytes, units, facts, length, cut }: FoundValue): ValueSide {
  const byName = new Map(units.map((unit) => [unit.name.toString('latin1'), unit]))
  return {
    sight: { type, encoding: null, length, expireAt, cut },
    bytes: (from, count) => Promise.resolve(bytes.subarray(from, from + count)),
    slice(cursor) {
      const from = Number(cursor ?? 0)
      const end = from + sliceUnits
      return Promise.resolve({
        units: units.slice(from, end),
        next: end < units.length ? String(end) : null,
      })
    },
    find: (names) => Promise.resolve(names.map((name) => byName.get(name.toString('latin1')) ?? null)),
    facts: () => Promise.resolve(facts),
  }
}
