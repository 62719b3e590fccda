import { fail } from '#contract/failure.ts'
import { restoreSpecSchema } from '#contract/restore.ts'
import type {
  Backup,
  DbCount,
  FunctionsFound,
  RepairResult,
  VerifyOrder,
  VerifyProgress,
  VerifyResult,
  VerifySpec,
} from '#contract/verify.ts'
import { createCrc64Arena, type Crc64Arena } from '../bytes/crc64.ts'
import type { WindowFeed } from '../bytes/feed.ts'
import { entryKind, type BigEntry, type EntryBatch } from '../flow/entry.ts'
import { refuseMoment, restoreOnly } from '../flow/restore.ts'
import { unpackedValue } from '../plan/compose.ts'
import { skipBigValue } from '../rdb/big-value.ts'
import type { RdbHeader } from '../rdb/opcodes.ts'
import { landInput, type LandedInput } from '../source/land-input.ts'
import { RdbFile, readingBytes, walkRdbFile } from '../source/rdb-file.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import { aofAsRdb } from './aof-as-rdb.ts'
import { compareBigValue } from './backup-in-slices.ts'
import { compareWithBackup, expiryDifference, type BackupKey } from './compare-backup.ts'
import { sum } from './counts.ts'
import { ExtraKeys } from './extra-keys.ts'
import { Findings } from './findings.ts'
import { compareLibraries, librariesOf, libraryText } from './functions.ts'
import { KeySet } from './key-set.ts'
import { NamedKeys, onlyKeys } from './only-keys.ts'
import { Placing } from './placing.ts'
import { repair } from './repair.ts'
import { judgeCompared } from './result.ts'
import { Sampler } from './sampler.ts'
import { openSide, type OpenSide } from './open-side.ts'
import { targetNow, type TargetSide } from './target-side.ts'
import { VerifyMeter } from './verify-meter.ts'

/** Keys compared with one round trip or two, and how many of their bytes. */
const chunkKeys = 500
const chunkBytes = 4 * 1024 * 1024

export interface BackupSpec extends VerifySpec {
  readonly source: Backup
}

/**
 * Compares backup files, all together, with one target: counts, some values, or every value both ways. Each file
 * is read once to vouch for it and to learn its keys, and for values once more. Fails with `file.*`, `connect.*`,
 * `auth.*`, `job.cancelled`.
 */
export async function verifyBackup(
  spec: BackupSpec,
  report: (progress: VerifyProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<VerifyOrder>,
): Promise<VerifyResult> {
  // Dialled first: a wrong password is told before a large file has been read.
  using target = await openSide(spec.target, signal)
  using _ending = target.endWith(signal)
  const inputs: LandedInput[] = []
  try {
    const findings = new Findings()
    const meter = new VerifyMeter(report, findings, spec.keysPerSecond, signal)
    for (const file of spec.source.files) inputs.push(await landAsRdb(file, spec.source, meter, signal))
    return await new BackupComparison(spec, inputs, target, { findings, meter }, signal).run(orders)
  } catch (thrown) {
    if (signal.aborted) fail('job.cancelled')
    throw thrown
  } finally {
    for (const input of inputs) await input[Symbol.asyncDispose]()
  }
}

/** An RDB on this machine: fetched or unpacked where it is not one, and made of what is an append-only file. */
async function landAsRdb(
  file: string,
  { restoredAs, server }: Backup,
  meter: VerifyMeter,
  signal: AbortSignal,
): Promise<LandedInput> {
  const landed = await landInput(file, { signal, onProgress: () => undefined, onWait: () => undefined })
  try {
    if (landed.kind === 'rdb') {
      refuseMoment(restoredAs, [landed])
      return landed
    }
    const { path, ...made } = await aofAsRdb(landed, {
      ...{ program: server, until: restoredAs.until, signal },
      progress: (bytesDone, bytesTotal) => meter.load(bytesDone, bytesTotal),
    })
    return {
      ...{ name: landed.name, path, kind: 'rdb', kept: false },
      async [Symbol.asyncDispose]() {
        await made[Symbol.asyncDispose]()
        await landed[Symbol.asyncDispose]()
      },
    }
  } catch (thrown) {
    await landed[Symbol.asyncDispose]()
    throw thrown
  }
}

class BackupComparison {
  readonly #spec: BackupSpec
  readonly #inputs: readonly LandedInput[]
  readonly #target: OpenSide
  /** The target, to be asked in several ways at a time. */
  readonly #sides: readonly TargetSide[]
  readonly #signal: AbortSignal
  readonly #placing: Placing
  readonly #findings: Findings
  readonly #meter: VerifyMeter
  readonly #arena: Crc64Arena = createCrc64Arena(readingBytes)
  readonly #placed = new KeySet()
  readonly #libraries = new Set<string>()
  /** By database of the target: keys that should be there, and those of them that have expired by now. */
  readonly #wanted = new Map<number, { keys: number; expired: number }>()
  #filtered = 0
  #expired = 0
  #lost = 0
  #compared = 0

  constructor(
    spec: BackupSpec,
    inputs: readonly LandedInput[],
    target: OpenSide,
    { findings, meter }: { readonly findings: Findings; readonly meter: VerifyMeter },
    signal: AbortSignal,
  ) {
    this.#findings = findings
    this.#meter = meter
    this.#spec = spec
    this.#inputs = inputs
    this.#target = target
    const { expiryToleranceMs } = spec
    this.#sides = target.links.map((link) => ({ link, look: target.look, expiryToleranceMs }))
    this.#signal = signal
    this.#placing = new Placing(spec.source.restoredAs, target.look.versionNumber)
  }

  async run(orders: OrderInbox<VerifyOrder>): Promise<VerifyResult> {
    const { mode } = this.#spec
    this.#meter.enter('reading')
    for (const input of this.#inputs) await this.#survey(input)
    this.#meter.enter('counting')
    const counts = this.#besideEachOther(await this.#target.count())
    const total = sum(counts, 'source')
    if (mode === 'full') {
      this.#meter.enter('comparing', total + sum(counts, 'target'))
      await Promise.all([this.#compare(() => true), this.#findExtra()])
    } else if (mode === 'sample') {
      const alive = total - this.#expired
      this.#meter.enter('comparing', Math.min(alive, this.#spec.sampleKeys))
      const sampler = new Sampler(alive, this.#spec.sampleKeys)
      await this.#compare(() => sampler.take())
    }
    const repaired = await this.#repair(orders)
    const now = repaired === null ? counts : this.#besideEachOther(await this.#target.count())
    return await this.#result(now, repaired)
  }

  /** Writes again what differs, by a restore of these keys alone, and compares them again. */
  async #repair(orders: OrderInbox<VerifyOrder>): Promise<RepairResult | null> {
    const { source, target } = this.#spec
    return await repair({
      spec: this.#spec,
      findings: this.#findings,
      functionsDiffer: (await this.#functions()) === 'differ',
      meter: this.#meter,
      orders,
      target: this.#sides[0]!.link,
      signal: this.#signal,
      write: async (differences) => {
        // Up to which moment is answered by what the RDB holds.
        const restoredAs = { ...source.restoredAs, until: undefined }
        const files = this.#inputs.map(({ path }) => path)
        const spec = restoreSpecSchema.parse({ files, target, ...restoredAs, onConflict: 'replace' })
        const only = onlyKeys(differences, restoredAs)
        const result = await restoreOnly(spec, only, this.#signal)
        return result.keysWritten
      },
      compareAgain: async (differences) => {
        const named = new NamedKeys(differences)
        const compared = this.#compared
        await this.#compare((db, key) => named.has(db, key))
        this.#compared = compared
      },
    })
  }

  /** Reads a file once: is it whole, and what should the target have of it? */
  async #survey({ path, name }: LandedInput): Promise<void> {
    await using file = await RdbFile.open(path, name)
    let unsaid = 0
    const now = targetNow(this.#sides[0]!)
    const take = (
      db: number,
      code: number,
      expireAt: number,
      bytes: Uint8Array,
      start = 0,
      end = bytes.length,
    ): void => {
      unsaid += 1
      const placed = this.#placing.take(db, code, expireAt, now, bytes, start, end)
      if (placed === 'filtered') this.#filtered += 1
      else if (placed === 'lost') this.#lost += 1
      else this.#want(placed === 'expired')
    }
    await walkRdbFile(
      file,
      this.#arena,
      {
        batch: (batch) => {
          for (let index = 0; index < batch.count; index += 1) {
            if (batch.kind[index] === entryKind.FUNCTION) {
              this.#libraries.add(libraryText(unpackedValue(batch, index)))
              continue
            }
            const { db, type, expireAt, buffer, keyStart, keyEnd } = batch
            take(db[index]!, type[index]!, expireAt[index]!, buffer, keyStart[index], keyEnd[index])
          }
          this.#meter.pass(unsaid)
          unsaid = 0
        },
        big: ({ db, type, expireAt, key }) => take(db, type, expireAt, key),
      },
      this.#signal,
    )
  }

  #want(isExpired: boolean): void {
    const { db } = this.#placing
    // Two keys of the backup may have come to be one.
    if (!this.#placed.add(db, this.#placing.key())) return
    let wanted = this.#wanted.get(db)
    if (wanted === undefined) this.#wanted.set(db, (wanted = { keys: 0, expired: 0 }))
    wanted.keys += 1
    if (!isExpired) return
    wanted.expired += 1
    this.#expired += 1
  }

  #besideEachOther(there: ReadonlyMap<number, number>): readonly DbCount[] {
    const dbs = [...new Set([...this.#wanted.keys(), ...there.keys()])].sort((a, b) => a - b)
    return dbs.map((db) => {
      const { keys, expired } = this.#wanted.get(db) ?? { keys: 0, expired: 0 }
      return { db, source: keys, target: there.get(db) ?? 0, expired }
    })
  }

  /** Compares the values of those keys that are `chosen`, each asked for once, in the order of the files. */
  async #compare(chosen: (db: number, key: Uint8Array) => boolean): Promise<void> {
    for (const { path, name } of this.#inputs) {
      await using file = await RdbFile.open(path, name)
      await walkRdbFile(
        file,
        this.#arena,
        {
          batch: (batch, header) => this.#compareBatch(batch, header, chosen),
          bigValue: (entry, feed, header) => this.#compareBig(entry, feed, header, chosen),
        },
        this.#signal,
      )
      await file.assertUnchanged()
    }
  }

  async #compareBatch(
    batch: EntryBatch,
    { flavour }: RdbHeader,
    chosen: (db: number, key: Uint8Array) => boolean,
  ): Promise<void> {
    const now = targetNow(this.#sides[0]!)
    const placing = this.#placing
    const { buffer } = batch
    const chunks: { readonly db: number; readonly keys: BackupKey[] }[] = []
    let bytes = 0
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.kind[index] === entryKind.FUNCTION) continue
      const type = batch.type[index]!
      const placed = placing.take(
        batch.db[index]!,
        type,
        batch.expireAt[index]!,
        now,
        buffer,
        batch.keyStart[index],
        batch.keyEnd[index],
      )
      if (placed !== 'placed' || !chosen(placing.db, placing.key())) continue
      const { db, expireAt } = placing
      const start = batch.valueStart[index]!
      const end = batch.valueEnd[index]!
      let chunk = chunks.at(-1)
      if (chunk?.db !== db || chunk.keys.length >= chunkKeys || bytes > chunkBytes) {
        chunks.push((chunk = { db, keys: [] }))
        bytes = 0
      }
      bytes += end - start
      chunk.keys.push({
        key: Buffer.from(placing.key()),
        expireAt,
        value: { type, flavour, buffer, start, end },
      })
    }
    const left = chunks.values()
    await Promise.all(
      this.#sides.map(async (side) => {
        for (const { db, keys } of left) {
          const found = await compareWithBackup(side, db, keys)
          this.#findings.note(found.filter((one) => !this.#isLost(one.kind, keys, one.key)))
          this.#compared += keys.length
          await this.#meter.advance(keys.length)
        }
      }),
    )
  }

  #isLost(kind: string, keys: readonly BackupKey[], key: Buffer): boolean {
    if (kind !== 'missing') return false
    const one = keys.find((candidate) => candidate.key.equals(key))
    if (one === undefined || !this.#placing.mayBeLost(one.value.type)) return false
    this.#lost += 1
    return true
  }

  async #compareBig(
    entry: BigEntry,
    feed: WindowFeed,
    { flavour }: RdbHeader,
    chosen: (db: number, key: Uint8Array) => boolean,
  ): Promise<void> {
    const placing = this.#placing
    const side = this.#sides[0]!
    const { type, expireAt } = entry
    const placed = placing.take(entry.db, type, expireAt, targetNow(side), entry.key)
    if (placed !== 'placed' || !chosen(placing.db, placing.key())) {
      await skipBigValue(type, feed, flavour)
      return
    }
    const { db } = placing
    const key = Buffer.from(placing.key())
    const known = await expiryDifference(side, db, key, placing.expireAt)
    if (known === null) {
      const found = await compareBigValue(side, db, key, type, feed, flavour)
      if (found !== null) this.#findings.note([{ db, key, ...found }])
    } else {
      await skipBigValue(type, feed, flavour)
      this.#findings.note([{ db, key, ...known }])
    }
    this.#compared += 1
    await this.#meter.advance(1)
  }

  /** Keys that the target has and the backup has not. */
  async #findExtra(): Promise<void> {
    const extra = new ExtraKeys(this.#spec.source.restoredAs, this.#wanted.keys())
    for await (const { db, keys, misplaced } of this.#target.keys()) {
      const held = new Set(misplaced)
      const unknown = keys.filter(
        (key) => !held.has(key) && extra.mayBe(db, key) && !this.#placed.has(db, key),
      )
      const found = await extra.chosenOf(db, unknown, this.#sides[0]!.link)
      this.#findings.note(found.map((key) => ({ db, key, kind: 'extra', detail: null })))
      this.#findings.note(misplaced.map((key) => ({ db, key, kind: 'misplaced', detail: null })))
      await this.#meter.advance(keys.length)
    }
  }

  async #functions(): Promise<FunctionsFound> {
    if (this.#spec.mode === 'counts') return 'counts'
    if (!this.#placing.rules.functions) return 'left-out'
    return compareLibraries([...this.#libraries].sort(), await librariesOf(this.#sides[0]!.link))
  }

  async #result(counts: readonly DbCount[], repaired: RepairResult | null): Promise<VerifyResult> {
    const { mode, listed } = this.#spec
    const functions = await this.#functions()
    return {
      ...judgeCompared({
        mode,
        listed,
        counts,
        findings: this.#findings,
        functions,
        slotsCovered: this.#target.slotsCovered,
      }),
      compared: this.#compared,
      explained: { expired: this.#expired, filtered: this.#filtered, lost: this.#lost },
      repaired,
      rounds: 0,
      elapsedMs: Math.round(this.#meter.elapsedMs),
    }
  }
}
