import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { RestoreProgress, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena, type Crc64Arena } from '../bytes/crc64.ts'
import { composerBytes } from '../plan/compose.ts'
import { bigValueCommands } from '../plan/big-value-commands.ts'
import { makeDbMap, type DbMap } from '../plan/db-map.ts'
import { makeKeyFilter, type KeyFilter } from '../plan/filter.ts'
import { Link } from '../resp/link.ts'
import { RdbFile, readingBytes, walkRdbFile, type CheckedFile } from '../source/rdb-file.ts'
import { Block } from '../target/block.ts'
import {
  assertDatabases,
  ConflictFinder,
  countKeys,
  libraryNames,
  lookAtTarget,
  type TargetLook,
} from '../target/look.ts'
import { StandaloneTarget } from '../target/standalone.ts'
import { entryKind } from './entry.ts'
import { Ledger } from './ledger.ts'
import { isPassing, patienceMs } from './patience.ts'
import { RestoreMeter } from './restore-meter.ts'
import { libraryName, RestoreWriter } from './restore-writer.ts'
import { unpackedValue } from '../plan/compose.ts'

/** All blocks together; each connection has two, so many connections have small ones. */
const blocksBytes = 4 * 1024 * 1024
const largestBlock = 128 * 1024
/** Staged strings and a few commands must fit one. */
const smallestBlock = 96 * 1024

/** After a restart, an append-only file may lack what was answered for in its last moments (`appendfsync everysec`). */
const appendOnlyLossMs = 5_000

/** What reading the whole file, before the first write, has told. */
interface Survey {
  readonly checked: CheckedFile
  readonly keys: number
  readonly functions: number
  readonly libraries: readonly string[]
  /** Databases of the target that something will be written to. */
  readonly targetDbs: readonly number[]
}

/**
 * Restores an RDB file into one server. The file is read twice: once to vouch for it (nothing is written from a
 * file that is broken anywhere), once to write it. Survives a target that goes away and comes back.
 *
 * Fails with `file.*`, `connect.*`, `tls.*`, `auth.*`, `target.*` or `job.cancelled`; once writing has begun,
 * the failure's `written` and `total` tell how many keys are on the target.
 */
export async function runRestore(
  spec: RestoreSpec,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestoreResult> {
  await using file = await RdbFile.open(spec.file)
  const meter = new RestoreMeter(file.size, report)
  const blockCount = spec.connections * 2 + 1
  const blockBytes = Math.max(smallestBlock, Math.min(largestBlock, Math.floor(blocksBytes / blockCount)))
  const arena = createCrc64Arena(readingBytes + composerBytes + blockCount * blockBytes)
  const blocks = Array.from(
    { length: blockCount },
    (_, index) => new Block(arena.memory, readingBytes + composerBytes + index * blockBytes, blockBytes),
  )

  const filter = makeKeyFilter(spec.include, spec.exclude)
  const dbMap = makeDbMap(spec)
  meter.enter('checking')
  const survey = await surveyFile(file, arena, dbMap, meter, signal)
  const checkMs = meter.elapsedMs

  meter.enter('looking', survey.keys)
  const { look, empty } = await lookBeforeWriting(spec, { file, arena, survey, filter, dbMap, meter }, signal)
  await file.assertUnchanged()

  const run = randomBytes(4).toString('hex')
  const ledger = new Ledger({ offset: 0, sourceDb: 0 })
  const writer = new RestoreWriter({
    file,
    header: survey.checked.header,
    arena,
    composerOffset: readingBytes,
    ledger,
    plan: {
      address: addressOf(spec.target),
      onConflict: spec.onConflict,
      targetWasEmpty: empty,
      filter,
      dbMap,
      // A selection of keys says nothing of functions: they go along only with everything.
      functions: spec.include.length === 0,
      absoluteTtl: look.versionNumber >= 500,
      bigValues: bigValueCommands(look),
      clockAheadMs: look.clockAheadMs,
      expiryShiftMs: 0,
      temporaryPrefix: `keyferry:tmp:${run}`,
    },
    onAdvance: () => meter.advance(ledger.position.offset, ledger.counts),
  })
  meter.enter('writing', survey.keys)
  const reconnects = await writeToTheEnd(
    spec,
    { look, ledger, writer, blocks, meter, run, total: survey.keys },
    signal,
  )
  meter.enter('finishing')
  meter.advance(file.size, ledger.counts)

  const counts = ledger.counts
  const cpu = process.cpuUsage()
  return {
    file: file.path,
    target: addressOf(spec.target),
    bytes: file.size,
    keys: survey.keys,
    keysWritten: counts.written,
    keysSkipped: counts.skipped,
    keysFiltered: counts.filtered,
    keysExpired: counts.expired,
    keysFailed: counts.failed,
    functions: counts.functions,
    examples: writer.examples,
    checkMs: Math.round(checkMs),
    writeMs: Math.round(meter.elapsedMs - checkMs),
    elapsedMs: Math.round(meter.elapsedMs),
    reconnects,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  }
}

async function surveyFile(
  file: RdbFile,
  arena: Crc64Arena,
  dbMap: DbMap,
  meter: RestoreMeter,
  signal: AbortSignal,
): Promise<Survey> {
  let keys = 0
  let lastDb = -1
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
  return { checked, keys, functions: libraries.length, libraries, targetDbs }
}

interface LookParts {
  readonly file: RdbFile
  readonly arena: Crc64Arena
  readonly survey: Survey
  readonly filter: KeyFilter | null
  readonly dbMap: DbMap
  readonly meter: RestoreMeter
}

/** Looks before the first write: who the target is, whether it can take this, and what it has already. */
async function lookBeforeWriting(
  spec: RestoreSpec,
  { file, arena, survey, filter, dbMap, meter }: LookParts,
  signal: AbortSignal,
): Promise<{ look: TargetLook; empty: boolean }> {
  const address = addressOf(spec.target)
  using link = await Link.open(spec.target, { signal, name: 'keyferry:look' })
  const look = await lookAtTarget(link)
  if (look.role === 'replica') fail('target.read-only', { address })
  if (look.mode === 'cluster') fail('target.cluster', { address })
  if (survey.functions > 0 && look.versionNumber < 700)
    fail('target.cannot-hold', { address, type: 'function', count: survey.functions, version: look.version })
  await assertDatabases(link, survey.targetDbs)
  const present = await countKeys(link, survey.targetDbs)
  if (spec.onConflict !== 'fail') return { look, empty: present === 0 }

  const finder = new ConflictFinder(link, look)
  if (present > 0) {
    await walkRdbFile(
      file,
      arena,
      {
        async batch(batch) {
          for (let index = 0; index < batch.count; index += 1) {
            const key = batch.key(index)
            if (batch.kind[index] !== entryKind.KEY || (filter !== null && !filter(key))) continue
            const answers = finder.add(dbMap(batch.db[index]!), key)
            if (answers !== undefined) await answers
          }
        },
        async big(entry) {
          if (filter === null || filter(entry.key)) await finder.add(dbMap(entry.db), entry.key)
        },
        progress: (bytesDone) => meter.advance(bytesDone),
      },
      signal,
    )
    await finder.finish()
  }
  const taken = survey.functions > 0 ? await libraryNames(link) : new Set<string>()
  const libraries = survey.libraries.filter((name) => taken.has(name))
  const found = finder.found + libraries.length
  if (found > 0) {
    const examples = [...finder.examples.map(({ key }) => key), ...libraries]
    fail('target.not-empty', { address, keys: found, examples: examples.slice(0, 5).join(', ') })
  }
  return { look, empty: present === 0 }
}

interface Writing {
  readonly look: TargetLook
  readonly ledger: Ledger
  readonly writer: RestoreWriter
  readonly blocks: readonly Block[]
  readonly meter: RestoreMeter
  readonly run: string
  readonly total: number
}

/** Writes, and when the target goes away waits for it and goes on. Gives the number of times that happened. */
async function writeToTheEnd(spec: RestoreSpec, writing: Writing, signal: AbortSignal): Promise<number> {
  const { ledger, writer, blocks, meter, run, total } = writing
  const name = `keyferry:restore:${run}`
  let reconnects = 0
  let { runId } = writing.look
  let old: readonly (number | bigint)[] = []
  /** Since when nothing has got on, and for what reason. */
  let stuck: { since: number; position: number; failure: Failure } | null = null
  for (;;) {
    try {
      signal.throwIfAborted()
      if (stuck !== null) runId = await comeBack(spec, { runId, old, ledger }, signal)
      using target = await StandaloneTarget.open(spec.target, {
        connections: spec.connections,
        name,
        signal,
        blocks,
        onAnswered: writer.answered,
      })
      if (stuck !== null) {
        reconnects += 1
        meter.enter('writing')
      }
      old = target.clientIds
      await writer.run(target, signal)
      if (!signal.aborted) return reconnects
      fail('job.cancelled')
    } catch (thrown) {
      const failure = signal.aborted ? makeFailure('job.cancelled') : toFailure(thrown)
      const params = {
        ...failure.params,
        address: addressOf(spec.target),
        written: ledger.counts.written,
        total,
      }
      const now = performance.now()
      const position = ledger.position.offset
      if (stuck === null || stuck.position !== position || stuck.failure.code !== failure.code)
        stuck = { since: now, position, failure }
      if (!isPassing(failure.code) || now - stuck.since > patienceMs(failure.code))
        throw new FailureError({ ...failure, params })
      meter.wait({ ...failure, params })
      await sleep(Math.min(3000, 250 + (now - stuck.since) / 4), undefined, { signal }).catch(() => undefined)
    }
  }
}

/**
 * The target is there again: ends what is left of our old connections, so that nothing they still carry can be
 * applied late, and finds out what it may have lost.
 */
async function comeBack(
  spec: RestoreSpec,
  {
    runId,
    old,
    ledger,
  }: { readonly runId: string | null; readonly old: readonly (number | bigint)[]; readonly ledger: Ledger },
  signal: AbortSignal,
): Promise<string | null> {
  using link = await Link.open(spec.target, { signal, name: 'keyferry:look' })
  const look = await lookAtTarget(link)
  if (look.runId !== null && look.runId === runId) {
    for (const id of old) await link.call(['CLIENT', 'KILL', 'ID', id])
    return runId
  }
  // Started anew: with an append-only file it has all but the last moments, else nobody knows what.
  ledger.goBack(performance.now(), look.appendOnly ? appendOnlyLossMs : Infinity)
  return look.runId
}
